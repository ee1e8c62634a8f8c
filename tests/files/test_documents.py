"""Documents on disk: what is accepted, and the sentence for everything else."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qtregress.chip.chip import Chip
from qtregress.errors import ExitCode, InputError
from qtregress.files import documents
from qtregress.files.documents import KINDS, dump, load, load_any, model_of
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.files.text import MAX_BYTES
from qtregress.identity import digest
from qtregress.pulses.profile import Profile

Edited = Callable[[str, str, str], Path]


def test_a_dumped_profile_loads_with_its_digest(lima: ImportedBackend, tmp_path: Path) -> None:
    """What is loaded is the value that was written, known by its content."""
    path = tmp_path / "profile.yaml"
    path.write_text(dump(lima.profile), encoding="utf-8")
    loaded = load(path, Profile)

    assert lima.profile == loaded.value
    assert digest(lima.profile) == loaded.digest
    assert str(path) == loaded.path


def test_json_and_yaml_of_one_value_have_one_digest(lima: ImportedBackend, tmp_path: Path) -> None:
    """The format of a file is no part of what it says."""
    (tmp_path / "a.json").write_text(lima.profile.model_dump_json(), encoding="utf-8")
    (tmp_path / "a.yaml").write_text(dump(lima.profile), encoding="utf-8")

    assert load_any(tmp_path / "a.yaml").digest == load_any(tmp_path / "a.json").digest


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_lines_of_parts_are_known(lima: ImportedBackend, tmp_path: Path, suffix: str) -> None:
    """``line_of`` finds the line of a pulse in both formats."""
    value = lima.profile.model_dump(mode="json", exclude_defaults=True)
    text = dump(lima.profile) if suffix == "yaml" else json.dumps(value, indent=1)
    path = tmp_path / f"a.{suffix}"
    path.write_text(text, encoding="utf-8")
    line = load(path, Profile).line_of(("gates", 15, "pulses", 0, "envelope"))

    assert line is not None
    assert "drag" in text.splitlines()[line - 1]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_of_editors_do_no_harm(
    lima: ImportedBackend, tmp_path: Path, newline: str
) -> None:
    """A BOM and Windows line ends change nothing."""
    path = tmp_path / "a.yaml"
    text = dump(lima.profile).replace("\n", newline)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())

    assert digest(lima.profile) == load_any(path).digest


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_model_of_its_format(kind: str) -> None:
    """The registry names a model whose ``format`` is of that kind."""
    properties = model_of(kind).model_json_schema()["properties"]

    assert properties["format"]["const"].startswith(f"qtregress/{kind}@")


PROFILE_EDITS = [
    ("sigma: 40.0, beta", "sigmaa: 40.0, beta",
     r":84:\d+: gates\[15\].pulses\[0\].sigmaa is not a known key; did you mean sigma\?; known"),
    ("dt_ns:", "dt_s:", r":4:1: dt_s is not a known key; did you mean dt_ns\?"),
    ("beta: 0.5498595093583161", "beta: .nan", r":84:\d+: .*beta must be finite, but is nan"),
    ("beta: 0.5498595093583161", "beta: 1e999", r":84:\d+: .*beta must be finite, but is inf"),
    ("beta: 0.5498595093583161", "beta: '0.5'",
     r":84:\d+: .*beta must be a number, but is '0.5' \(numbers stand without quotes\)"),
    ("t0: 0, duration: 160", "t0: 0, duration: -160",
     r":84:30: gates\[15\].pulses\[0\].duration must be greater than 0, but is -160"),
    ("t0: 0, duration: 160", "t0: 0, duration: 160.5",
     r":84:30: .*duration must be a whole number, but is 160.5"),
    ("t0: 0, duration: 160", "t0: 10, duration: 160",
     r":84:9: gates\[15\]: pulse 0 on d0 must end by the gate's duration 160, but ends at 170"),
    ("channel: d0", "channel: q0", r":24:10: .*channel must match .*, but is 'q0'"),
    ("channel: d0", "channel: d7", r":20:5: gate id:0 uses channel d7, which drive_freq"),
    ("  d0: 5", "  dd0: 5", r":9:3: this key must match .*, but is 'dd0'"),
    ("envelope: drag,", "envelope: dragg,",
     r":84:9: gates\[15\].pulses\[0\].envelope must be one of drag, .*, delay, but is 'dragg'"),
    ("envelope: drag, ", "", r":84:9: gates\[15\].pulses\[0\] must say which of drag, .* it is"),
    ("- {channel: d0, t0: 0, delay: 160}", "- 5",
     r":24:9: gates\[0\].pulses\[0\] must be a mapping, but is 5"),
    ("amp: 0.0612", "amp: 1.0612", r":84:\d+: .*amp must be at most 1, but is 1.0612"),
    ('firmware: "1.0.5"', "firmware: 1.1",
     r':3:1: firmware must be text, but is 1.1 \(write it in quotes: "..."\)'),
    ("name: sx", "name: x", r":105:5: every gate must appear once, but x:0 appears twice"),
    ("device: ibm_lima\n", "", ":1:1: device must be given, but is missing"),
    ("device:", "firmware: x\ndevice:", ":4:1: the key 'firmware' appears twice"),
    ("device:", "<<: {a: 1}\ndevice:", ":2:1: '<<' is not a known key"),
    ("device:", "<<<<<<< HEAD\ndevice:", r":2: has an unresolved merge conflict \(<<<<<<<\)"),
    ("device:", ">>>>>>> branch\ndevice:", r":2: has an unresolved merge conflict \(>>>>>>>\)"),
    ("duration: 160", "duration: 2000000", r":22:5: .*duration must be at most 1000000"),
    ("profile@1", "profile@2", ":1:1: format must be .*profile@1.*, but is .*profile@2"),
    ("profile@1", "prophile@1", ":1:1: format must be one of qtregress/profile@1, "),
    ("format: qtregress/profile@1\n", "", ":1:1: must say its format"),
    ("device: ibm_lima", 'device: "\x07"', r":2: must be plain text, but has a control"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), PROFILE_EDITS)
def test_a_broken_profile_gets_a_sentence_with_its_place(
    edited: Edited, old: str, new: str, sentence: str
) -> None:
    """File, line, column, key, value and what would be right."""
    path = edited("profile", old, new)

    with pytest.raises(InputError, match=sentence):
        load_any(path)


CHIP_EDITS = [
    ("t1_s: ", "t1_us: ", r":11:5: qubits\[0\].t1_us is not a known key; did you mean t1_s\?"),
    ("  frequency_hz: ", "  frequency_ghz: ", r"frequency_ghz .* did you mean frequency_hz\?"),
    ("t2_s: 0.000113", "t2_s: 0.0113", r":8:5: qubits\[0\]: t2_s must be at most 2 \* t1_s"),
    ("qubit: 0,", "qubit: 9,", "must name known qubits, but name 9"),
    ("assumed:", "cryostat: {name: a, stages: [], citation: x}\nassumed:",
     r"cryostat.stages must have at least 1 entries, but has 0$"),
    ("assumed:", "cryostat: a b\nassumed:", "cryostat must match .*, but is 'a b'$"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CHIP_EDITS)
def test_a_broken_chip_gets_a_sentence_with_its_place(
    edited: Edited, old: str, new: str, sentence: str
) -> None:
    """Wrong units suggest the right key, and only the union's meant member complains."""
    path = edited("chip", old, new)

    with pytest.raises(InputError, match=sentence):
        load_any(path)


def test_a_wrong_unit_is_reported_once(edited: Edited) -> None:
    """The right key is not also called missing."""
    path = edited("chip", "t1_s: ", "t1_us: ")

    with pytest.raises(InputError) as raised:  # noqa: PT011
        load_any(path)

    assert "missing" not in str(raised.value)


def test_ten_problems_are_shown_and_the_rest_counted(lima: ImportedBackend, tmp_path: Path) -> None:
    """A file with a problem on every line does not flood the log."""
    path = tmp_path / "profile.yaml"
    path.write_text(dump(lima.profile).replace("sigma", "sigmaa"), encoding="utf-8")

    with pytest.raises(InputError, match=r"and 69 more problems") as raised:
        load_any(path)

    assert len(str(raised.value).splitlines()) == 11


RAW = [
    ("a.yaml", b"", "must hold a document, but is empty"),
    ("a.yaml", b" \n\t\n", "must hold a document, but is empty"),
    ("a.yaml", b"format: x\n\xff\xfe", "a.yaml:2: must be UTF-8 text, but byte 10 .0xff. is not"),
    ("a.yaml", "format: x".encode("utf-16"), "a.yaml:1: must be UTF-8 text"),
    ("a.yaml", b"QISKIT\x0c\x01", "is a QPY file, which is refused because .* run code"),
    ("a.qpy", b"anything", "is a QPY file.*export the schedule as a profile document"),
    ("a.yaml", b" " * (MAX_BYTES + 1), "must be at most 8388608 bytes long"),
    ("a.yaml", b"a: &a [1]\nb: [*a, *a]", "a.yaml:1:4: anchors and aliases are refused"),
    ("a.yaml", b"!!python/object/apply:os.system [id]", "a.yaml:1:1: tags are refused"),
    ("a.yaml", b"[" * 100_000, "must be nested at most 40 deep"),
    ("a.yaml", b"- 1", "a.yaml:1:1: must be a mapping of keys, but is a list"),
    ("a.yaml", b".nan", "a.yaml:1:1: the document must be finite"),
    ("a.json", b'{"format": "x",\n "a": [1, 2', "a.json:2:12: must be JSON, but ends too early"),
    ("a.json", b'{"format": "x', "a.json:1:12: must be JSON, but ends too early: unterminated"),
    ("a.json", b'{"format": x}', "a.json:1:12: must be JSON, but is not"),
    ("a.json", b'{"a": 1,\n "a": 2}', "a.json:2:2: the key 'a' appears twice"),
    ("a.json", b'{"a": 1,\n "b": NaN}', "a.json:2:2: b must be finite, but is nan"),
    ("a.json", b'{"a": -1e999}', "a.json:1:2: a must be finite, but is -infinity"),
    ("a.json", b"[" * 100_000, "must be nested less deeply|nested at most 40"),
    ("a.json", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "must be nested at most 40 deep"),
    ("a.json", b'{"a": ' + b"9" * 5000 + b"}", "a.json:1:7: a number must have at most 400 digits"),
    ("a.json", b'{\n<<<<<<< HEAD\n"a": 1}', "a.json:2: has an unresolved merge conflict"),
]


@pytest.mark.parametrize(("name", "data", "sentence"), RAW, ids=lambda x: str(x)[:30])
def test_hostile_bytes_get_a_sentence(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    """Whatever a file holds, reading it ends in a sentence and exit status 13."""
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(InputError, match=sentence) as raised:
        load_any(path)

    assert raised.value.exit_code == ExitCode.BAD_INPUT


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is named as such."""
    with pytest.raises(InputError, match="must be a file, but is a folder"):
        load_any(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is bad input."""
    with pytest.raises(InputError, match=r"a.yaml: does not exist"):
        load_any(tmp_path / "a.yaml")


def test_another_kind_of_document_is_refused(edited: Edited) -> None:
    """A chip is no profile."""
    path = edited("chip", "ibm_lima", "ibm_lima")

    with pytest.raises(InputError, match=r"must be qtregress/profile@1, but is 'qtregress/chip"):
        load(path, Profile)


def test_all_gates_together_are_bounded(
    lima: ImportedBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that would expand to too many samples is refused before it does."""
    monkeypatch.setattr(documents, "MAX_PLAYED", 1000)
    path = tmp_path / "profile.yaml"
    path.write_text(dump(lima.profile), encoding="utf-8")

    with pytest.raises(InputError, match=r"yaml:19:1: all gates together must play at most 1000"):
        load(path, Profile)


def test_the_shipped_documents_are_valid(root: Path) -> None:
    """Every profile and chip in the repository can be loaded."""
    kinds = {load_any(path).kind for path in (root / "pulse_profiles").glob("*/*.yaml")}

    assert kinds == {"profile", "chip"}


def test_a_chip_loads_as_a_chip(edited: Edited, lima: ImportedBackend) -> None:
    """A dumped chip is the chip again."""
    path = edited("chip", "ibm_lima", "ibm_lima")

    assert lima.chip == load(path, Chip).value


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    """What would wait for somebody to write is no document."""
    os.mkfifo(tmp_path / "p.yaml")

    with pytest.raises(InputError, match="must be a file, but is a device, pipe or socket"):
        load_any(tmp_path / "p.yaml")


def test_too_many_problems_are_counted(tmp_path: Path) -> None:
    """A document of nonsense costs a sentence, not the machine's memory."""
    gates = "[" + "{}," * 4000 + "{}]"
    text = f'{{"format": "qtregress/profile@1", "gates": {gates}}}'
    (tmp_path / "p.json").write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=r"has \d+ problems, too many to list"):
        load_any(tmp_path / "p.json")


def test_too_many_values_are_refused(tmp_path: Path) -> None:
    """JSON has the limit that YAML has."""
    (tmp_path / "p.json").write_text("[" + "0," * 600_000 + "0]", encoding="utf-8")

    with pytest.raises(InputError, match="must have at most 500000 values"):
        load_any(tmp_path / "p.json")
