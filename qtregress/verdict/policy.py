"""The policy: how far each metric may move, which way is worse, and whether it decides.

Rules are consulted in order, the user's before the shipped ones; the first whose glob
matches a metric's id judges it, alone and whole (nothing is merged between rules). What
no rule names falls to ``FALLBACK``, which is advisory: a number nobody thought about
must not roll a release back, and it cannot promote one either, because promotion needs a
critical metric and a change that only advisory metrics see is unjudged and holds.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.document import Model, NonNegative, Positive, Real
from qtregress.verdict.terms import (
    MAX_TERMS,
    Because,
    Exclusion,
    Glob,
    Sampling,
    SkillRule,
    Waiver,
    matches,
)

Direction = Literal["lower", "higher"]


class Rule(Model):
    """How metrics whose id matches ``metrics`` are judged.

    The margin is the larger of ``margin_relative`` (a share of the metric's scale) and
    ``margin_absolute`` (in its unit). ``limit`` is a value that the new firmware must
    not exceed (fall below, where higher is better), whatever the old one did.
    ``drift_budget`` is how many margins the metric may move since the baseline's anchor,
    over all releases accepted since. A metric that is not ``critical`` is shown and never
    decides.
    """

    metrics: Glob
    margin_relative: NonNegative = 0.0
    margin_absolute: NonNegative = 0.0
    direction: Direction = "lower"
    critical: Annotated[bool, Field(strict=True)]
    limit: Real | None = None
    drift_budget: Positive = 1.0
    why: Because

    @model_validator(mode="after")
    def _has_a_margin(self) -> Self:
        if self.margin_relative == self.margin_absolute == 0:
            msg = "a rule must have margin_relative or margin_absolute above 0, but has neither"
            raise ValueError(msg)
        return self

    def matches(self, metric_id: str) -> bool:
        """Whether this rule speaks of the metric."""
        return matches(self.metrics, metric_id)


class Policy(Model):
    """``qtregress/policy@1``: a user's rules; the shipped ones follow them.

    Waivers and exclusions are tried in order, see ``qtregress.verdict.terms``.
    """

    format: Literal["qtregress/policy@1"]
    rules: Annotated[tuple[Rule, ...], Field(max_length=1000)] = ()
    waivers: Annotated[tuple[Waiver, ...], Field(max_length=MAX_TERMS)] = ()
    exclusions: Annotated[tuple[Exclusion, ...], Field(max_length=MAX_TERMS)] = ()
    skill: SkillRule = SkillRule()
    sampling: Sampling = Sampling()


_ONE_LINE = "A ratio of energies on one physical line: the assumed coupling cancels."
_ASSUMED = "Rests on an assumed coupling of the line to the qubit, so it is shown only."
_DRIFT = "Absorbed only inside the chip's drift prior, so it is shown and decides nothing."
_SHOWN = "Explains other metrics and decides nothing."

DEFAULT_POLICY = Policy(
    format="qtregress/policy@1",
    rules=(
        Rule(
            metrics="gate.error_at_load/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=False,
            why=_ASSUMED,
        ),
        Rule(
            metrics="gate.error/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=True,
            why="Operators accept a tenth of a gate's error, and nobody measures below 1e-5.",
        ),
        *(
            Rule(
                metrics=f"layer.{name}/*",
                margin_relative=0.10,
                margin_absolute=1e-5,
                critical=False,
                why=_SHOWN,
            )
            for name in ("joint_error", "gates_error", "excess")
        ),
        Rule(
            metrics="layer.error/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=True,
            why="A longer gate is cooler, and everybody else waits for it.",
        ),
        Rule(
            metrics="rb.epc_at_load/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=False,
            why=_ASSUMED,
        ),
        Rule(
            metrics="rb.epc/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=True,
            why="Error per Clifford is what randomized benchmarking will show on the fridge.",
        ),
        Rule(
            metrics="rb.sampled_epc/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=False,
            why="Exact benchmarking decides; the sampled one exists to be compared with hardware.",
        ),
        Rule(
            metrics="gate.slow_noise_error/*",
            margin_relative=0.10,
            margin_absolute=1e-5,
            critical=True,
            why="A gate that slow frequency noise hurts more is worse on most days.",
        ),
        Rule(
            metrics="gate.leakage_at_load/*",
            margin_relative=0.10,
            margin_absolute=1e-4,
            critical=False,
            why=_ASSUMED,
        ),
        Rule(
            metrics="gate.leakage/*",
            margin_relative=0.10,
            margin_absolute=1e-4,
            critical=True,
            why="Leakage outlives the gate and error correction does not see it.",
        ),
        Rule(
            metrics="gate.duration_s/*",
            margin_relative=0.10,
            critical=True,
            why="While a gate plays, every idle neighbour decays.",
        ),
        Rule(
            metrics="heat.line_energy_j/*",
            margin_relative=0.05,
            critical=True,
            why=_ONE_LINE,
        ),
        Rule(
            metrics="heat.stage_energy_j/*",
            margin_relative=0.05,
            critical=False,
            why=_ASSUMED,
        ),
        *(
            Rule(metrics=f"{name}/*", margin_relative=0.05, critical=False, why=_ASSUMED)
            for name in ("heat.chip_energy_j", "heat.clifford_energy_j")
        ),
        Rule(
            metrics="thermal.mean_power_w/*",
            margin_relative=0.05,
            critical=False,
            why=_ASSUMED,
        ),
        Rule(
            metrics="thermal.line_power_w/*",
            margin_relative=0.05,
            critical=False,
            why=_ASSUMED,
        ),
        *(
            Rule(metrics=f"{name}/*", margin_relative=0.05, critical=False, why=_ASSUMED)
            for name in (
                "heat.line_peak_w",
                "thermal.active_power_w",
                "thermal.film_k",
                "thermal.film_peak_k",
                "thermal.line_photons",
                "thermal.temperature_k",
            )
        ),
        *(
            Rule(
                metrics=f"{name}/*",
                margin_relative=0.10,
                direction="higher",
                critical=False,
                why=_ASSUMED,
            )
            for name in ("qubit.t1_at_load_s", "qubit.t2_at_load_s")
        ),
        Rule(
            metrics="thermal.recovery_s/*",
            margin_relative=0.20,
            margin_absolute=1.0,
            critical=False,
            why="After a burst nobody wants to wait a fifth longer.",
        ),
        Rule(
            metrics="thermal.ripple_k/*",
            margin_relative=0.20,
            margin_absolute=1e-4,
            critical=False,
            limit=0.1,
            why="Above 0.1 K of ripple a plate is no constant bath.",
        ),
        Rule(
            metrics="thermal.utilization/*",
            margin_relative=0.05,
            critical=False,
            limit=0.8,
            why="Above 80 % of a stage's budget the plate's temperature runs away with load.",
        ),
        Rule(
            metrics="rb.p/*",
            margin_relative=0.10,
            direction="higher",
            critical=False,
            why=_SHOWN,
        ),
        Rule(
            metrics="rb.gap/*",
            margin_relative=0.10,
            direction="higher",
            critical=False,
            why=_SHOWN,
        ),
        Rule(metrics="rb.error_per_gate/*", margin_relative=0.10, critical=False, why=_SHOWN),
        Rule(metrics="gate.incoherent_error/*", margin_relative=0.10, critical=False, why=_SHOWN),
        *(
            Rule(
                metrics=f"{name}/*",
                margin_relative=0.10,
                margin_absolute=1e-28,
                critical=False,
                why=_SHOWN,
            )
            for name in ("heat.quantum_j", "heat.bath_j", "thermo.*_j")
        ),
        Rule(
            metrics="thermo.entropy_production/*",
            margin_relative=0.10,
            margin_absolute=1e-6,
            critical=False,
            why=_SHOWN,
        ),
        Rule(metrics="recalibration.gain/*", margin_absolute=0.01, critical=False, why=_DRIFT),
        Rule(
            metrics="recalibration.phase_rad/*",
            margin_absolute=0.02,
            critical=False,
            why=_DRIFT,
        ),
        Rule(
            metrics="recalibration.frequency_hz/*",
            margin_absolute=40e3,
            critical=False,
            why=_DRIFT,
        ),
    ),
)
"""What judges a metric when the user's policy says nothing about it."""

FALLBACK = Rule(
    metrics="*",
    margin_relative=0.10,
    critical=False,
    why="No rule of the policy names this metric, so it is shown only.",
)


def effective(policy: Policy) -> Policy:
    """The user's rules, then the shipped ones, and the sampling: whose digest a baseline stores.

    Waivers, exclusions and the rule on skill are left out on purpose. They say what follows
    from the figures, not what the figures are, so that a waiver added at night does not make
    the baseline stale.
    """
    shipped = tuple(rule for rule in DEFAULT_POLICY.rules if rule not in policy.rules)
    return Policy(format=policy.format, rules=policy.rules + shipped, sampling=policy.sampling)


def rule_for(policy: Policy, metric_id: str) -> Rule:
    """The first of the user's, then of the shipped rules that matches, else ``FALLBACK``."""
    for rule in (*policy.rules, *DEFAULT_POLICY.rules):
        if rule.matches(metric_id):
            return rule
    return FALLBACK


def idle_rules(policy: Policy, metric_ids: Iterable[str]) -> tuple[Rule, ...]:
    """The user's critical rules that judge none of these metrics (a typo, or a lost metric)."""
    judging = [rule_for(policy, metric_id) for metric_id in metric_ids]
    return tuple(
        rule
        for rule in policy.rules
        if rule.critical and rule not in judging and rule not in DEFAULT_POLICY.rules
    )
