"""The fridge over time for people: stages, jobs, and how soon it recovers."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qtregress.printable import printable
from qtregress.thermal.timeline import JobLoad, Kind, Recovery, Timeline, hottest
from qtregress.units import engineering

JOB_ROWS = 20
_GATES = 8
_NONE = "—"
_LAST_DIGITS = 1e-9
"""Of a temperature, below which its ripple is rounding."""
_KINDS: dict[Kind, str] = {
    "once": "Temperatures start where nothing plays.",
    "repeated": "Temperatures are those of a timeline that repeats for ever.",
    "steady": "The load never changes, so that temperatures stand still.",
}


def load_table(found: Timeline, unknown: Sequence[str] = ()) -> RenderableType:
    """Stages, then jobs, then what to know about them; readable at 80 columns.

    Args:
        found: the cryostat under its workload.
        unknown: gates of its circuits whose heat is not known.
    """
    shown = found.jobs[:JOB_ROWS]
    notes = [_KINDS[found.kind], *_recovered(found.recovery), *_warnings(found, unknown)]
    if len(found.jobs) > len(shown):
        notes.insert(0, f"… and {len(found.jobs) - len(shown)} more jobs")
    return Group(
        _stages(found),
        Text(),
        _jobs(shown, found),
        Text(),
        *(Text(printable(line), style="dim") for line in notes),
    )


def _stages(found: Timeline) -> Table:
    """Temperatures and budgets; temperatures that must not be believed are dashes."""
    table = _table("stage", "mean", "peak", "swing", "ripple", "used", "at peak", "budget")
    columns: list[dict[str, float]] = [{}] * 4
    if found.status == "ok":
        past = found.history
        mean_k, ripple_k = past.mean_k(), past.ripple_k()
        seen_k = {
            stage: k if k > _LAST_DIGITS * mean_k[stage] else 0.0 for stage, k in ripple_k.items()
        }
        columns = [mean_k, past.peak_k(), past.swing_k(), seen_k]
    for stage, budget_w in found.budget_w.items():
        table.add_row(
            printable(stage),
            *(_kelvin(column.get(stage)) for column in columns),
            _percent(found.mean_utilization[stage]),
            _percent(found.peak_utilization[stage]),
            engineering(budget_w, "W"),
        )
    return table


def _jobs(jobs: Sequence[JobLoad], found: Timeline) -> Table:
    """What pulses put on the two coldest stages, and the stage that a job takes most of."""
    coldest = list(found.budget_w)[-2:]
    table = _table("job", "start", "length", *coldest, "tightest stage")
    hot = hottest(found.jobs)
    for job in jobs:
        shares = {stage: job.active_w[stage] / w for stage, w in found.budget_w.items()}
        tightest = max(shares, key=lambda stage: shares[stage])
        table.add_row(
            Text(printable(job.name), style="bold" if job is hot else ""),
            _time(job.start_s),
            _time(job.duration_s),
            *(engineering(job.active_w[stage], "W") for stage in coldest),
            f"{printable(tightest)} {_percent(shares[tightest])}",
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, name in enumerate(names):
        table.add_column(printable(name), justify="right" if place else "left", no_wrap=True)
    return table


def _recovered(recovery: Recovery) -> list[str]:
    """How long after the hottest job."""
    lines = []
    for what, time_s in (("photons", recovery.photons_s), ("error", recovery.error_s)):
        if time_s is not None:
            lines.append(
                f"A tenth of the plates' extra {what} is left {_time(time_s)} after "
                f"job {recovery.job}."
            )
    if recovery.why:
        lines.append(f"Recovery after job {recovery.job} is not known: {recovery.why}")
    return lines


def _warnings(found: Timeline, unknown: Sequence[str]) -> list[str]:
    lines = []
    if found.status != "ok":
        lines.append(f"Temperatures are not known ({found.status}): {found.advice}")
    elif found.advice:
        lines.append(found.advice)
    if unknown:
        more = f" and {len(unknown) - _GATES} more" if len(unknown) > _GATES else ""
        lines.append(
            f"No heat is known of {', '.join(unknown[:_GATES])}{more}: temperatures are too low."
        )
    return lines


def _kelvin(temperature_k: float | None) -> str:
    return _NONE if temperature_k is None else engineering(temperature_k, "K", digits=4)


def _time(time_s: float) -> str:
    for unit_s, name in ((3600.0, "h"), (60.0, "min")):
        if time_s >= 2 * unit_s:
            return f"{time_s / unit_s:.3g} {name}"
    return engineering(time_s, "s")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
