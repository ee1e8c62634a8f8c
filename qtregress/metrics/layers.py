"""Metrics of gates that play at once: errors of layers beside those of their gates alone."""

from collections.abc import Iterator

from qtregress.channels.changed import ALL_SX
from qtregress.channels.problem import patch_of
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.rb.layer_error import (
    Board,
    LayerError,
    chip_layer_error,
    layer_errors,
    static_zz_hz,
)


def layer_metrics(measurement: Measurement, error_tolerance: float) -> Iterator[Metric]:
    """Of every joint layer of a pair, of sx on all qubits at once, and each pair's static ZZ."""
    profile, plan = measurement.profile, measurement.plan
    drive_hz = {int(k[1:]): hz for k, hz in profile.drive_frequency_hz.items() if k[0] == "d"}
    chip = measurement.chip
    board = Board(chip=chip, channels=measurement.channels, drive_hz=drive_hz, extra={})
    for found in layer_errors(board, [gate.id for gate in plan.layers]):
        yield from _of(found, found.layer, error_tolerance)
    playing = [gate.qubits[0] for gate in plan.gates if gate.name == "sx"]
    if len(playing) > 1 and ALL_SX not in plan.left_out:
        yield from _of(chip_layer_error(board, playing), ALL_SX, error_tolerance)
    for left, right in plan.pairs:
        zz_hz = static_zz_hz(patch_of(chip, (left, right)))
        yield measured("chip.static_zz_hz", f"{left}-{right}", "Hz", zz_hz)


def _of(found: LayerError, subject: str, error_tolerance: float) -> Iterator[Metric]:
    values = {
        "layer.joint_error": found.error,
        "layer.gates_error": found.sum_of_gates,
        "layer.excess": found.excess,
    }
    too_rough = found.error_estimate > error_tolerance
    why = "its maps may be wrong by too much" if too_rough else found.why
    for name, value in values.items():
        if value is None or too_rough:
            yield undecided(name, subject, "1", why)
        else:
            yield measured(name, subject, "1", value)
