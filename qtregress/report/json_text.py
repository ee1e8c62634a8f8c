"""Documents as JSON text: ``verdict.json`` and the metrics of ``simulate --json``."""

import json

from qtregress.metrics.metric import MetricsDocument
from qtregress.verdict.verdict import Verdict


def document_text(document: Verdict | MetricsDocument) -> str:
    """ASCII JSON in the documented order of keys, maps sorted, every number finite."""
    value = document.model_dump(mode="json")
    for key in ("inputs", "environment"):
        value[key] = dict(sorted(value[key].items()))
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
