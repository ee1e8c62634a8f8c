"""The verdict as the text of ``verdict.json``."""

import json

from qtregress.verdict.verdict import Verdict


def verdict_text(verdict: Verdict) -> str:
    """ASCII JSON in the documented order of keys, maps sorted, every number finite."""
    value = verdict.model_dump(mode="json")
    for key in ("inputs", "environment"):
        value[key] = dict(sorted(value[key].items()))
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
