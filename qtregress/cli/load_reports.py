"""What ``simulate`` writes about the fridge: cost card, heat map, temperatures over time."""

from typing import TYPE_CHECKING

from qtregress.cli.edge import console, deliver

if TYPE_CHECKING:
    from qtregress.metrics.measurement import Measurement
    from qtregress.metrics.metric import Metric
    from qtregress.pipeline import Side
    from qtregress.thermal.timeline import Timeline


def write_load(
    side: "Side",
    measurement: "Measurement",
    *,
    cost_card: str | None,
    temperatures: str | None,
    table: bool,
) -> None:
    """The fridge under the side's workload: its table, cost card and picture, those asked for.

    Raises:
        InputError: the workload does not fit the gates, or a file cannot be written.
    """
    if not (cost_card or temperatures or table):
        return
    from qtregress.metrics.thermal import error_of_temperatures
    from qtregress.report.cost_card import cost_card as card_of
    from qtregress.report.cost_card import cost_card_text
    from qtregress.report.load_table import load_table
    from qtregress.thermal.timeline import timeline
    from qtregress.thermal.use import unknown_heat

    gates = list(measurement.heats.values())
    lost = error_of_temperatures(side.chip)
    found = measurement.over_time or timeline(
        side.chip, gates, side.workload, side.counts, extra_error=lost
    )
    if table:
        console().print(load_table(found, unknown_heat(gates, side.counts)))
    if cost_card:
        card = card_of(side.profile, side.chip, gates, side.workload, found, side.counts)
        deliver(cost_card, cost_card_text(card))
    if temperatures:
        deliver(temperatures, _plot(found))


def _plot(found: "Timeline") -> str:
    from qtregress.errors import InputError
    from qtregress.report.temperature_plot import temperature_plot

    if found.status != "ok":
        raise InputError(f"There are no temperatures to draw: {found.advice}")
    past = found.history
    return temperature_plot(
        past.time_s,
        past.temperature_k,
        past.stages,
        jobs=[(job.name, job.start_s, job.end_s) for job in found.jobs],
        title=f"Temperatures in {found.cryostat}",
    )


def write_heat_map(
    target: str, side: "Side", metrics: "tuple[Metric, ...]", old: "tuple[Metric, ...] | None"
) -> None:
    """The chip as a picture, or with ``old`` what has become of it.

    Raises:
        InputError: the file cannot be written.
    """
    from qtregress.report.heat_map import heat_map, heat_map_of

    couplings = [row.qubits for row in side.chip.couplings]
    title = f"{side.profile.device} {side.profile.firmware}"
    title += "" if old is None else ": new over old"
    deliver(target, heat_map(heat_map_of(metrics, couplings, old=old, title=title)))
