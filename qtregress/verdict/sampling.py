"""Sampled metrics, looked at a few times: when one has regressed, is ok, or needs more sequences.

Whoever looks again and again and stops at the first alarm raises more false ones: 5 % at each
of six looks make 15 %. Looks are therefore declared before anything is played, and each gets
the same share of alpha (Bonferroni; an error spending function as of Lan and DeMets, Biometrika
70, 659 (1983), would give later looks a little more, at the price of a model of how looks
depend on each other). Within a look, regressions are tested over the whole family by the
step-down of Holm, Scand. J. Statist. 6, 65 (1979). Together, the chance that anything no worse
than its margin is called regressed, in any metric at any look, is at most alpha.

That a metric is ok needs no such correction, because a promotion needs all of them: each upper
bound has the error alpha over looks. What is decided is not played again and stays decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from qtregress.metrics.difference import SAMPLED, Difference, SampledDifference
from qtregress.verdict.policy import Policy, Rule, rule_for
from qtregress.verdict.rules import margin_of
from qtregress.verdict.terms import Sampling
from qtregress.verdict.verdict import turned, within

_NOTHING: Mapping[str, Difference] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The family after a look.

    Attributes:
        differences: of every metric, by id.
        regressed: ids of those that surely got worse by more than their margin.
        pending: ids of those that need more sequences.
        looks: how many there were.
    """

    differences: Mapping[str, Difference] = field(default_factory=lambda: _NOTHING)
    regressed: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    looks: int = 0


NOT_YET = Looked()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """A metric with worse counted positive: its change, and above what it has regressed.

    Both are None where nobody knows them.
    """

    of: SampledDifference
    rule: Rule
    worse: float | None
    threshold: float | None

    def bounds(self, below: float, above: float) -> tuple[float, float] | None:
        """Confidence bounds of the change, worse positive, of these one-sided errors."""
        error = self.of.error
        if self.worse is None or error is None:
            return None
        return (
            self.worse - _quantile(below, self.of.sequences) * error,
            self.worse + _quantile(above, self.of.sequences) * error,
        )


def look(family: Sequence[SampledDifference], policy: Policy, before: Looked = NOT_YET) -> Looked:
    """The family after one more look.

    Args:
        family: every metric, the same ones at each look; what is decided may be as it was.
        policy: its rules say the margins, its ``sampling`` the looks and alpha.
        before: the family after the look before.

    Raises:
        ValueError: the looks are used up, or the family is not that of the look before.
    """
    sampling, number = policy.sampling, before.looks + 1
    if number > sampling.looks:
        raise ValueError(f"there must be at most {sampling.looks} looks, but this is one more")
    if before.looks and before.differences.keys() != {one.id for one in family}:
        raise ValueError("every look must be at the same metrics, but this one is not")
    open_ = before.pending if before.looks else {one.id for one in family}
    tested = [_tested(one, rule_for(policy, one.id)) for one in family if one.id in open_]
    share = sampling.alpha / sampling.looks
    levels, regressed = _step_down(tested, share, len(family) - len(before.regressed))
    found = {
        one.of.id: _difference(one, (levels[one.of.id], share), sampling, number) for one in tested
    }
    return Looked(
        differences={**before.differences, **found},
        regressed=before.regressed | regressed,
        pending=frozenset(
            one.of.id for one in tested if one.of.id not in regressed and not _is_ok(one, share)
        ),
        looks=number,
    )


def _step_down(
    tested: Sequence[_Tested], share: float, remaining: int
) -> tuple[dict[str, float], frozenset[str]]:
    """The error at which each metric's lower bound is tested, and which ones regressed.

    Args:
        tested: metrics that are not decided yet.
        share: of alpha, for this look.
        remaining: metrics of the family that did not regress at an earlier look; those that
            are ok count, because they could have been tested on.
    """
    levels: dict[str, float] = {}
    regressed: frozenset[str] = frozenset()
    while True:
        level = share / max(1, remaining - len(regressed))
        rest = [one for one in tested if one.of.id not in regressed]
        levels |= {one.of.id: level for one in rest}
        found = frozenset(one.of.id for one in rest if _is_worse(one, level))
        if not found:
            return levels, regressed
        regressed |= found


def _tested(one: SampledDifference, rule: Rule) -> _Tested:
    margin = margin_of(rule, one.scale)
    # nothing was accepted of a sampled metric, so its drift is this change
    threshold = None if margin is None else min(1.0, rule.drift_budget) * margin
    known = one.old is not None and one.new is not None and one.change is not None
    worse = turned((one.change or 0.0,) * 2, rule.direction)[0] if known else None
    return _Tested(of=one, rule=rule, worse=worse, threshold=threshold)


def _is_worse(one: _Tested, level: float) -> bool:
    bounds = one.bounds(level, level)
    return bounds is not None and one.threshold is not None and bounds[0] > one.threshold


def _is_ok(one: _Tested, level: float) -> bool:
    bounds = one.bounds(level, level)
    return bounds is not None and one.threshold is not None and within(bounds[1], one.threshold)


def _difference(
    one: _Tested, levels: tuple[float, float], sampling: Sampling, number: int
) -> Difference:
    bounds = one.bounds(*levels)
    return Difference(
        id=one.of.id,
        metric=SAMPLED,
        subject=one.of.subject,
        unit="1",
        old=one.of.old,
        new=one.of.new,
        interval=None if bounds is None else turned(bounds, one.rule.direction),
        scale=one.of.scale,
        problem=one.of.problem,
        note=(
            f"Look {number} of {sampling.looks}, {one.of.sequences} sequences of each length; "
            f"at most {100 * sampling.alpha:g} % chance of any false alarm."
        ),
    )


def _quantile(error: float, sequences: int) -> float:
    """How many standard deviations a bound of this one-sided error is away.

    Of Student's t with one degree of freedom less than there are sequences: resampling so few
    of them supports no tail of its own. Several lengths have more freedom than that.
    """
    # SciPy is slow to import, and only sampled benchmarking needs it here.
    from scipy.special import stdtrit

    return float(stdtrit(sequences - 1, 1 - error))
