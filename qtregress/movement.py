"""How far a release moved the errors since the one before, recalibrations apart.

What a line's drift explains is counted against the line's own prior. The rest is what a
drift budget is for, and steps of it must add up, with their signs, to what it comes to.
"""

from dataclasses import replace

from qtregress.calibrate.recalibration import shifted
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import BOUNDED, Measured
from qtregress.pipeline import Means, Side, grounds, measure
from qtregress.verdict.policy import Policy


def movement(
    old: Measured, new: Measured, side: Side, policy: Policy, means: Means
) -> dict[str, float]:
    """NEW's errors on lines that drifted as a check would absorb, less OLD's, by metric id.

    In the metrics' units, worse and better. Empty where nothing would be absorbed: then the
    difference of the values says it.

    Args:
        old: the release before.
        new: the release.
        side: what ``new`` was measured as.
        policy: whose margins say what may be absorbed.
        means: how it is simulated.
    """
    shifts = grounds(old[0], new[0], policy, means).absorbed.absorbed
    if not shifts:
        return {}
    (drifted,) = measure([replace(side, chip=shifted(side.chip, shifts))], means)
    before = {metric.id: metric.value for metric in old[1]}
    found = {}
    for metric in collect(drifted):
        was = before.get(metric.id)
        if metric.metric in BOUNDED and metric.value is not None and was is not None:
            found[metric.id] = metric.value - was
    return found
