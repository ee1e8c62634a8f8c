"""Metrics of heat: what gates send, what the cryostat makes of it, what the qubits see."""

from collections.abc import Callable, Iterator, Mapping

from qtregress.channels.coherence import coherence_limit
from qtregress.chip.bath import NO_EXTRA, Extra, TransmonRates, transmon_rates
from qtregress.chip.chip import Chip, Qubit
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.load import LineState, Load, kappa_share, warm_lines
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.timeline import Timeline
from qtregress.thermal.use import GateHeat

_WAIT_S = 1e-6
_STAGE = {
    "thermal.mean_power_w": "W",
    "thermal.active_power_w": "W",
    "thermal.utilization": "1",
    "thermal.temperature_k": "K",
}
_LINE = {
    "thermal.line_power_w": "W",
    "thermal.film_k": "K",
    "thermal.film_peak_k": "K",
    "thermal.line_photons": "1",
}
_QUBIT = {
    "thermal.extra_photons": "1",
    "thermal.extra_dephasing_per_s": "1/s",
    "qubit.t1_at_load_s": "s",
    "qubit.t2_at_load_s": "s",
}


def heat_metrics(gate_id: str, heat: GateHeat, chip: Chip) -> Iterator[Metric]:
    """Energy of one execution at the chip, by line, and by stage of the cryostat."""
    energies = {line: heat.energy_j(line) for line in heat.lines}
    yield measured("heat.chip_energy_j", gate_id, "J", sum(energies.values()))
    stages: dict[str, float] = {}
    for line, energy_j in energies.items():
        peak_w = float(heat.lines[line].power_w.max())
        yield measured("heat.line_energy_j", f"{gate_id}@{line}", "J", energy_j)
        yield measured("heat.line_peak_w", f"{gate_id}@{line}", "W", peak_w)
        for stage, share_j in line_heat(chip.qubit(int(line[1:])), line, energy_j).items():
            stages[stage] = stages.get(stage, 0.0) + share_j
    for stage, energy_j in stages.items():
        yield measured("heat.stage_energy_j", f"{gate_id}@{stage}", "J", energy_j)


def load_metrics(load: Load, chip: Chip, stages: list[str]) -> Iterator[Metric]:
    """The fridge at the declared workload, and what its photons do to the qubits."""
    for qubit in chip.qubits:
        t1_s, t2_s = decay_times_s(qubit, NO_EXTRA)
        yield measured("qubit.t1_s", str(qubit.index), "s", t1_s)
        yield measured("qubit.t2_s", str(qubit.index), "s", t2_s)
    if load.problem or load.plates is None:
        yield from _unknown(load.problem, chip, stages)
        return
    for name in stages:
        plates = load.plates
        yield measured("thermal.mean_power_w", name, "W", plates.load_w[name])
        yield measured("thermal.active_power_w", name, "W", load.active_w[name])
        yield measured("thermal.utilization", name, "1", plates.utilization[name])
        yield measured("thermal.temperature_k", name, "K", plates.temperature_k[name])
    for line, state in load.lines.items():
        yield from _line_metrics(line, state)
    for qubit in chip.qubits:
        seen = load.qubits[qubit.index]
        t1_s, t2_s = decay_times_s(qubit, seen.mean)
        subject = str(qubit.index)
        yield measured("thermal.extra_photons", subject, "1", seen.playing.photons)
        yield measured("thermal.extra_dephasing_per_s", subject, "1/s", seen.mean.dephasing_per_s)
        yield measured("qubit.t1_at_load_s", subject, "s", t1_s)
        yield measured("qubit.t2_at_load_s", subject, "s", t2_s)


def _line_metrics(line: str, state: LineState) -> Iterator[Metric]:
    """Its mean power, the films of its coldest pad, and its photons where they arrive."""
    yield measured("thermal.line_power_w", line, "W", state.power_w)
    films = {"thermal.film_k": state.last_film_k, "thermal.film_peak_k": state.coldest_peak_k}
    for name, film_k in films.items():
        if film_k is None:
            yield undecided(name, line, "K", "the line has no attenuator")
        else:
            yield measured(name, line, "K", film_k)
    yield measured("thermal.line_photons", line, "1", state.photons.playing, state.uncertainty)


def _unknown(why: str, chip: Chip, stages: list[str]) -> Iterator[Metric]:
    for name in stages:
        yield from (undecided(metric, name, unit, why) for metric, unit in _STAGE.items())
    for line in warm_lines(chip):
        yield from (undecided(metric, line, unit, why) for metric, unit in _LINE.items())
    for qubit in chip.qubits:
        subject = str(qubit.index)
        yield from (undecided(metric, subject, unit, why) for metric, unit in _QUBIT.items())


def timeline_metrics(found: Timeline) -> Iterator[Metric]:
    """Peak, ripple and recovery of a fridge whose load changes."""
    past = found.history
    values = {"thermal.peak_k": past.peak_k, "thermal.ripple_k": past.ripple_k}
    for name, by_stage in values.items():
        for stage in past.stages:
            if found.status == "ok":
                yield measured(name, stage, "K", by_stage()[stage])
            else:
                yield undecided(name, stage, "K", found.advice)
    after = found.recovery
    times = {"photons": after.photons_s, "error": after.error_s}
    for subject, time_s in times.items():
        if time_s is None:
            yield undecided("thermal.recovery_s", subject, "s", after.why)
        else:
            yield measured("thermal.recovery_s", subject, "s", time_s)


def error_of_temperatures(chip: Chip) -> Callable[[Mapping[str, float]], float]:
    """From plate temperatures to the error that an idling qubit makes in 1 us, mean over all.

    Films are as cold as their plates: they follow a burst's end within microseconds.
    """
    shares = {qubit.index: min(1.0, kappa_share(qubit)) for qubit in chip.qubits}

    def lost(temperature_k: Mapping[str, float]) -> float:
        errors = []
        for qubit in chip.qubits:
            photons = cascade_photons(
                qubit.frequency_hz, qubit.drive.attenuators, temperatures_k=temperature_k
            )
            times_s = decay_times_s(qubit, Extra(photons=shares[qubit.index] * photons))
            errors.append(coherence_limit(_WAIT_S, [times_s]))
        return sum(errors) / len(errors)

    return lost


def decay_times_s(qubit: Qubit, extra: Extra) -> tuple[float, float]:
    """T1 and T2 in s with that bath beyond the calibration's.

    1/T1 is the sum of the rates between the two lowest states. 1/T2 grows by half of what
    both of them are left faster, upwards from the first excited state included, and by the
    extra pure dephasing.
    """
    cold, warm = (transmon_rates(qubit, 3, one) for one in (NO_EXTRA, extra))
    slower_per_s = (_leaving(warm) - _leaving(cold)) / 2 + warm.dephasing - cold.dephasing
    t1_per_s = 1 / qubit.t1_s + (warm.down[0] + warm.up[0]) - (cold.down[0] + cold.up[0])
    return 1 / t1_per_s, 1 / (1 / qubit.t2_s + slower_per_s)


def _leaving(rates: TransmonRates) -> float:
    """Rate at which the two lowest states are left, together."""
    return rates.up[0] + rates.down[0] + rates.up[1]
