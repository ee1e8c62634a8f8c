"""``qtregress explain``: why a saved verdict is what it is."""

from pathlib import Path

import click

from qtregress.errors import ExitCode
from qtregress.files.documents import load


@click.command("explain")
@click.argument("verdict_json", type=click.Path(path_type=Path))
@click.argument("metric", required=False)
def command(*, verdict_json: Path, metric: str | None) -> ExitCode:
    """Explain METRIC of VERDICT_JSON, or the worst few.

    METRIC is an id or a glob (gate.error/*, rb.epc/0-1). For each: value, interval, margin,
    drift since the anchor, the parts of the change where the chip moved, too, the pulses and
    fields of NEW's table that changed, and what they do to the heat. Nothing is simulated;
    exits 0 whatever the verdict (see enforce).
    """
    from qtregress.report.explain import chosen, explanation
    from qtregress.verdict.verdict import Verdict

    verdict = load(verdict_json, Verdict).value
    for line in explanation(verdict, chosen(verdict, metric)):
        click.echo(line)
    return ExitCode.PROMOTE
