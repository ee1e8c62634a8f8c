"""``explain`` from a saved verdict alone: what is told of a metric, and what is not."""

from dataclasses import replace
from typing import Any

import pytest

from qtregress.errors import InputError
from qtregress.metrics.attribution import MAX_SHARES
from qtregress.metrics.difference import SAMPLED, Difference
from qtregress.metrics.metric import Input
from qtregress.report.explain import chosen, explanation
from qtregress.verdict.decide import Circumstances, Said, decide, document
from qtregress.verdict.policy import Policy
from qtregress.verdict.verdict import MAX_CHANGES, HeatRow, Split, TableChange, Verdict
from tests.verdict.made import CIRCUMSTANCES, difference

DIGEST = "sha256:" + "0" * 64
AMP = TableChange(gate="x:0", pulse="d0@0", field="amp", old="0.1", new="0.2", line=7)
HEAT = replace(difference("regressed", "x:0@d0", metric="heat.line_energy_j"), unit="J")


def verdict(*differences: Difference, said: Said | None = None, **fields: Any) -> Verdict:
    """The verdict on these differences."""
    decision = decide(differences, policy=Policy(format="qtregress/policy@1"), said=said or Said())
    circumstances: Circumstances = replace(CIRCUMSTANCES, **fields)
    return document(decision, circumstances)


def lines(given: Verdict, wanted: str | None = None) -> list[str]:
    """The explanation's lines, without their indentation."""
    return [line.strip() for line in explanation(given, chosen(given, wanted))]


def test_the_worst_are_chosen_first() -> None:
    """Three of them where nobody asked for any."""
    subjects = [difference("regressed", f"x:{n}") for n in range(5)]
    found = chosen(verdict(difference("ok", "sx:0"), *subjects), None)

    assert [metric.outcome for metric in found] == ["regressed"] * 3


def test_a_glob_chooses_many() -> None:
    """``gate.error/x:*`` are all x."""
    given = verdict(*(difference("ok", name) for name in ("x:0", "x:1", "sx:0")))

    assert [metric.subject for metric in chosen(given, "gate.error/x:*")] == ["x:0", "x:1"]


def test_an_unknown_metric_is_refused_with_its_like() -> None:
    """Escapes of a terminal are harmless in the sentence."""
    with pytest.raises(InputError, match=r"like it: gate\.error/x:0"):
        chosen(verdict(difference("ok")), "gate.eror/x:0")


def test_a_gate_s_own_fields_are_told_alone() -> None:
    """With file and line; another gate's field is not."""
    other = AMP.model_copy(update={"gate": "sx:0", "line": 9})
    inputs = {"new": Input(path="new.yaml", digest=DIGEST)}
    given = verdict(difference("regressed"), changed=2, changes=(AMP, other), inputs=inputs)

    assert [line for line in lines(given) if "amp" in line] == [
        "new.yaml:7: x:0 d0@0 amp 0.1 -> 0.2"
    ]


@pytest.mark.parametrize(("subject", "told"), [("x:0", 1), ("x:1", 0), ("cx:0-1", 1)])
def test_a_carrier_is_told_of_the_gates_of_its_qubit(subject: str, told: int) -> None:
    """d0 belongs to qubit 0's gates and its pairs'."""
    carrier = TableChange(gate="", pulse="d0", field="drive_frequency_hz", old="1.0", new="2.0")
    given = verdict(difference("regressed", subject), changed=1, changes=(carrier,))

    assert sum("drive_frequency_hz" in line for line in lines(given)) == told


def test_a_cut_list_says_so() -> None:
    """What was not recorded is not denied."""
    given = verdict(difference("regressed", "x:5"), changed=900, changes=(AMP,))

    assert "no changed field of the table belongs to it among those recorded" in lines(given)


def test_heat_is_shared_out() -> None:
    """Largest first, the unexplained among them."""
    rows = (
        HeatRow(metric="heat.line_energy_j/x:0@d0", pulse="", change_j=1e-21),
        HeatRow(metric="heat.line_energy_j/x:0@d0", pulse="d0@0", change_j=9e-21),
        HeatRow(metric="heat.line_energy_j/x:1@d1", pulse="d1@0", change_j=5e-21),
    )
    found = lines(verdict(HEAT, heat=rows), "heat.line_energy_j/x:0@d0")
    start = found.index("heat at the chip, pulse by pulse; the parts add up to the change:")

    assert found[start + 1 : start + 3] == [
        "d0@0: +9 zJ",
        "no pulse, but carriers, compression or the chip: +1 zJ",
    ]


def test_the_parts_are_told_with_the_judged_one_named() -> None:
    """Pulse edit, line gain, chip drift."""
    split = Split(chip_drift=0.1, line_gain=-0.2, pulse_edit=0.3)
    given = verdict(difference("regressed"), said=Said(splits={"gate.error/x:0": split}))
    (line,) = [one for one in lines(given) if "pulse edit" in one]

    assert line.endswith("pulse edit +0.3 (judged), line gain -0.2, chip drift +0.1")


def sampled(low: float, high: float) -> Verdict:
    """The verdict on one sampled error that changed by something in this interval."""
    rule = {"metrics": f"{SAMPLED}/*", "margin_absolute": 1e-3, "critical": True, "why": "Ours."}
    policy = Policy.model_validate({"format": "qtregress/policy@1", "rules": [rule]})
    row = replace(difference("undecided", "0", metric=SAMPLED), interval=(low, high), scale=0.0)
    return document(decide([row], policy=policy), CIRCUMSTANCES)


def test_how_many_more_sequences_would_decide_is_told() -> None:
    """Twice the way to the margin wide: four times as many."""
    told = "about 4 times as many sequences would decide, if the change stays"

    assert told in lines(sampled(-2e-3, 2e-3))


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        (-1e200, 1e200, "the change is not known at all"),
        (-1.7e308, 1.7e308, "the change is not known at all"),
        (-1e-3, 3e-3, "the change is the margin itself"),
    ],
)
def test_an_interval_without_end_is_told(low: float, high: float, why: str) -> None:
    """Whatever numbers a verdict holds, they are explained."""
    assert f"no number of sequences would decide: {why}" in lines(sampled(low, high))


def test_the_command_is_one_for_a_shell() -> None:
    """Paths are quoted, what was shipped is left out."""
    inputs = {
        "old": Input(path="old one.yaml", digest=DIGEST),
        "new": Input(path="new.yaml", digest=DIGEST),
        "new_chip": Input(path="c.yaml", digest=DIGEST),
        "policy": Input(path="(shipped)", digest=DIGEST),
    }
    given = verdict(difference("ok"), inputs=inputs)

    assert "Reproduce: qtregress check 'old one.yaml' new.yaml --new-chip c.yaml" in lines(given)


def test_text_of_a_file_cannot_speak_to_the_terminal() -> None:
    """An escape sequence in a field arrives as text."""
    hostile = AMP.model_copy(update={"new": "\x1b[2J"})
    given = verdict(difference("regressed"), changed=1, changes=(hostile,))

    assert not any("\x1b" in line for line in lines(given))


def test_a_verdict_can_hold_all_shares() -> None:
    """What the attribution may give fits into the document."""
    assert MAX_SHARES <= MAX_CHANGES
