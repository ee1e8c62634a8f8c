"""The importer of Qibolab platforms, against real ones."""

import base64
import copy
import io
import json
import math
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtregress.cli.import_ import command
from qtregress.errors import InputError
from qtregress.files.documents import load
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.files.qibolab import read_qibolab
from qtregress.identity import digest
from qtregress.pulses.envelopes import samples
from qtregress.pulses.profile import Constant, CutDrag, Delay, Profile, Samples, ShiftPhase

FOLDERS = {
    "tuna5/2026-07-28_8c106253": ("tuna5", "2026-07-28", "8c106253"),
    "tuna5/2026-07-31_86df756a": ("tuna5", "2026-07-31", "86df756a"),
    "qw5q_platinum/2025-03-18_10d35e05": ("qw5q_platinum", "2025-03-18", "10d35e05"),
    "qw5q_platinum/2026-08-13_e8a22cf7": ("qw5q_platinum", "2026-08-13", "e8a22cf7"),
}
TUNA = "tuna5/2026-07-31_86df756a"
OLD = "qw5q_platinum/2025-03-18_10d35e05"
RX = ("native_gates", "single_qubit", "0", "RX", 0, 1)
Broken = Callable[..., ImportedBackend]


@pytest.fixture(scope="session")
def qibolab(root: Path) -> Path:
    """The folder of Qibolab platforms."""
    return root / "tests" / "fixtures" / "qibolab"


@pytest.fixture(scope="module")
def tuna(qibolab: Path) -> ImportedBackend:
    """tuna5 on 2026-07-31."""
    return read_qibolab(qibolab / TUNA, date=None, device=None)


@pytest.fixture(scope="module")
def old(qibolab: Path) -> ImportedBackend:
    """A platform of version 0.1."""
    return read_qibolab(qibolab / OLD, date=None, device=None)


def put(document: Any, path: tuple[str | int, ...], value: object) -> None:
    """Replace the value at the path."""
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


@pytest.fixture
def broken(qibolab: Path, tmp_path: Path) -> Broken:
    """Reads tuna5 with one value, named by its path, replaced."""

    def read(stem: str, *path: str | int, value: object, folder: str = TUNA) -> ImportedBackend:
        target = tmp_path / "tuna5" / "2026-07-31_x"
        shutil.copytree(qibolab / folder, target, dirs_exist_ok=True)
        file = target / f"{stem}.json"
        document: Any = json.loads(file.read_text())
        put(document, path, value)
        file.write_text(json.dumps(document, indent=1))
        return read_qibolab(target, date=None, device=None)

    return read


@pytest.mark.parametrize("name", FOLDERS)
def test_every_sample_platform_is_imported(qibolab: Path, name: str) -> None:
    """Device, day and firmware follow from the folders' names; every qubit has x and sx."""
    found = read_qibolab(qibolab / name, date=None, device=None)

    assert (found.profile.device, found.date, found.profile.firmware) == FOLDERS[name]
    assert found.chip.device == found.profile.device
    assert all(
        {f"x:{q.index}", f"sx:{q.index}", f"rz:{q.index}"} <= found.profile.by_id.keys()
        for q in found.chip.qubits
    )


def test_the_shipped_profiles_are_what_the_platforms_say(qibolab: Path, root: Path) -> None:
    """tuna5's profiles are imports of the published files, and nothing else."""
    for name, (device, date, _) in FOLDERS.items():
        if device == "tuna5":
            found = read_qibolab(qibolab / name, date=None, device=None)
            shipped = load(root / "pulse_profiles" / device / f"{date}.yaml", Profile)
            assert shipped.digest == digest(found.profile)


def test_day_and_device_can_be_given(qibolab: Path, tmp_path: Path) -> None:
    """A platform's own folder has the device's name and no day."""
    shutil.copytree(qibolab / TUNA, tmp_path / "mine")
    found = read_qibolab(tmp_path / "mine", date="2026-01-02", device=None)

    assert (found.profile.device, found.profile.firmware) == ("mine", "2026-01-02")
    with pytest.raises(InputError, match="or use --date"):
        read_qibolab(tmp_path / "mine", date=None, device=None)
    with pytest.raises(InputError, match="must be a day such as 2026-08-03, but is '2026-13-01'"):
        read_qibolab(tmp_path / "mine", date="2026-13-01", device=None)
    with pytest.raises(InputError, match="or use --device"):
        read_qibolab(tmp_path / "mine", date="2026-01-02", device="a b")


# The table


def test_drag_keeps_its_parameters(tuna: ImportedBackend) -> None:
    """Sigma and beta in samples of a nanosecond; the samples are Qibolab's."""
    (pulse,) = tuna.profile.by_id["x:0"].pulses

    assert isinstance(pulse, CutDrag)
    assert (pulse.duration, pulse.sigma, pulse.beta) == (40, 8.0, -2.022645238226469)
    assert tuna.profile.dt_ns == 1.0
    times = np.arange(40) - 19.5
    window = 0.3160477027058636 * np.exp(-((times / 8) ** 2) / 2)
    expected = window * (1 + 2.022645238226469j * times / 64)
    assert samples(pulse) == pytest.approx(expected, abs=1e-15)


def test_sx_is_half_an_rx_where_there_is_no_rx90(tuna: ImportedBackend) -> None:
    """As ``rotation`` of Qibolab's ``native.py`` plays it; the reader is told."""
    (x,), (sx,) = tuna.profile.by_id["x:0"].pulses, tuna.profile.by_id["sx:0"].pulses

    assert samples(sx) == pytest.approx(samples(x) / 2)  # type: ignore[arg-type]
    assert any("sx is the RX at half amplitude" in note for note in tuna.notes)


def test_an_rx90_is_the_sx(broken: Broken, qibolab: Path) -> None:
    """Where the table has one it is taken as it is."""
    table = json.loads((qibolab / TUNA / "parameters.json").read_text())
    row = copy.deepcopy(table["native_gates"]["single_qubit"]["0"]["RX"])
    row[0][1]["amplitude"] = 0.123
    found = broken("parameters", "native_gates", "single_qubit", "0", "RX90", value=row)
    (pulse,) = found.profile.by_id["sx:0"].pulses

    assert isinstance(pulse, CutDrag)
    assert pulse.amp == 0.123


def test_rx12_plays_at_a_carrier_of_its_own(tuna: ImportedBackend) -> None:
    """Its channel is no qubit's drive line; it is named, and its carrier kept."""
    (pulse,) = tuna.profile.by_id["rx12:0"].pulses

    assert isinstance(pulse, Constant)
    assert tuna.profile.drive_frequency_hz[pulse.channel] == 5180772236.8845215
    assert "channel 0/drive/(1, 2) is u0" in tuna.notes


def test_a_cz_is_in_the_table(tuna: ImportedBackend) -> None:
    """Flux pulse, waits and virtual Z, cut to whole nanoseconds with a note."""
    gate = tuna.profile.by_id["cz:0-2"]

    assert gate.pulses[0].channel == "f2"
    assert isinstance(gate.pulses[0], Constant)
    assert gate.pulses[0].duration == 48
    assert [isinstance(row, Delay) for row in gate.pulses[1:]] == [True, False, True, False]
    assert gate.duration == 80
    assert any("cut to whole nanoseconds" in note for note in tuna.notes)


def test_custom_samples_are_kept(qibolab: Path) -> None:
    """Waveforms embedded as ``.npy`` become samples times the amplitude."""
    found = read_qibolab(qibolab / "qw5q_platinum/2026-08-13_e8a22cf7", date=None, device=None)
    row = found.profile.by_id["cz:2-0"].pulses[0]

    assert isinstance(row, Samples)
    assert len(row.re) == 70
    assert max(row.re) == pytest.approx(0.39126, abs=1e-5)


def test_shapes_of_version_0_1(old: ImportedBackend) -> None:
    """``Drag(5, 0.2)`` is a fifth of the pulse; pairs have their virtual Z."""
    (pulse,) = old.profile.by_id["x:0"].pulses
    rows = old.profile.by_id["cz:0-2"].pulses

    assert isinstance(pulse, CutDrag)
    assert (pulse.duration, pulse.sigma, pulse.beta) == (100, 20.0, 0.2)
    assert old.profile.drive_frequency_hz["d0"] == 4768205459
    assert [row.channel for row in rows] == ["f2", "d0", "d2"]
    assert ShiftPhase(channel="d0", t0=0, shift_phase=-0.07445983992153973) in rows


def test_what_cannot_be_expressed_is_left_out_with_its_reason(broken: Broken) -> None:
    """A chirp, and an envelope without samples; the gate is named."""
    mz = ("native_gates", "single_qubit", "1", "MZ", 0, 1, "probe")
    chirped = broken("parameters", *mz, "chirp", value=[1000, "Hz/nsec"])
    empty = broken(
        "parameters", *mz, "envelope", value={"kind": "custom", "i_": [0.5], "q_": [0.0]}
    )

    assert "measure:1 is left out: its frequency changes while it plays (chirp)" in chirped.notes
    assert any("must have 800 samples, but has 1 and 1" in note for note in empty.notes)
    assert "measure:1" not in chirped.profile.by_id
    assert "measure:0" in chirped.profile.by_id


def test_channels_that_align_wait_for_each_other(broken: Broken) -> None:
    """``align`` sets the sequence's channels to the latest."""
    half = {
        "kind": "pulse",
        "duration": 10.0,
        "amplitude": 0.1,
        "envelope": {"kind": "rectangular"},
    }
    sequence = [
        ["2/flux", half], ["0/drive", {"kind": "align"}], ["0/drive", half],
    ]  # fmt: skip
    found = broken("parameters", "native_gates", "two_qubit", "0-2", "CZ", value=sequence)

    assert [row.t0 for row in found.profile.by_id["cz:0-2"].pulses] == [0, 10]


def test_a_table_of_ones_is_noted(qibolab: Path, tmp_path: Path) -> None:
    """Every RX at amplitude 1 imports, and the reader is told."""
    target = tmp_path / "q" / "2026-01-01"
    shutil.copytree(qibolab / TUNA, target)
    document = json.loads((target / "parameters.json").read_text())
    for row in document["native_gates"]["single_qubit"].values():
        row["RX"][0][1]["amplitude"] = 1.0
    (target / "parameters.json").write_text(json.dumps(document))
    found = read_qibolab(target, date=None, device=None)

    assert any("every RX has amplitude 1" in note for note in found.notes)


# The chip


def test_units_are_converted(tuna: ImportedBackend) -> None:
    """Nanoseconds become seconds; the echo's T2; the second transition an anharmonicity."""
    qubit = tuna.chip.qubit(0)

    assert qubit.frequency_hz == 5330041860.0
    assert qubit.anharmonicity_hz == 5180772236.8845215 - 5330041860.0
    assert qubit.t1_s == pytest.approx(37.43129e-6, rel=1e-6)
    assert qubit.t2_s == pytest.approx(51.33203e-6, rel=1e-6)
    assert qubit.readout.frequency_hz == 7089547985.067959
    assert qubit.readout.chi_hz == pytest.approx(-3006335.34 / 2)
    assert tuna.chip.calibrated == "2026-07-31"


def test_x_turns_by_pi(tuna: ImportedBackend) -> None:
    """The line's gain follows from the x pulse's own area."""
    (pulse,) = tuna.profile.by_id["x:0"].pulses
    area = abs(samples(pulse).sum())  # type: ignore[arg-type]

    turn = 2 * math.pi * tuna.chip.qubit(0).drive.rabi_hz_per_amp * area * 1e-9
    assert turn == pytest.approx(math.pi)


def test_a_t2_above_2_t1_is_clamped(tuna: ImportedBackend) -> None:
    """Qubit 2's echo time is longer than physics allows."""
    qubit = tuna.chip.qubit(2)

    assert qubit.t2_s == 2 * qubit.t1_s
    assert "qubit 2: T2 = 58.61 us is above 2 T1 and is clamped to 48.56 us" in tuna.notes


def test_what_was_not_measured_is_assumed_and_said(broken: Broken) -> None:
    """0 and null are placeholders; a typical value is listed as assumed."""
    found = broken(
        "calibration",
        "single_qubits",
        "3",
        value={"t1": [0.0, None], "t2": None, "qubit": {"frequency_01": 5.5e9}},
    )

    assert {"qubits[3].t1_s", "qubits[3].t2_s"} <= set(found.chip.assumed)
    assert "qubit 3: its T1 was not measured; 30 us is assumed" in found.notes
    assert any("qubit 3: is driven" in note for note in found.notes)


def test_an_impossible_anharmonicity_is_not_taken(old: ImportedBackend) -> None:
    """A placeholder 3 MHz from the first transition is refused, RX12's carrier used."""
    assert old.chip.qubit(0).anharmonicity_hz == 4482584846 - 4768229301
    assert "qubits[4].anharmonicity_hz" in old.chip.assumed
    assert any("qubit 4: the carrier of its RX12 would mean" in note for note in old.notes)


def test_benchmarking_becomes_the_error_of_a_pulse(qibolab: Path) -> None:
    """1.875 pulses a Clifford; 0 stands for not measured."""
    found = read_qibolab(qibolab / "qw5q_platinum/2026-08-13_e8a22cf7", date=None, device=None)

    assert found.chip.measured_error("x:0") == pytest.approx((1 - 0.9975309517) / 1.875)
    assert found.chip.measured_error("x:4") is None


def test_residual_photons_are_not_made_of_readout_errors(tuna: ImportedBackend) -> None:
    """Effective temperatures of classified shots are no population: the note says so."""
    assert {q.residual_photons for q in tuna.chip.qubits} == {0.0}
    assert "qubits[*].residual_photons" in tuna.chip.assumed
    assert any("effective temperatures" in note for note in tuna.notes)


# Hostile input


@pytest.mark.parametrize(
    ("stem", "path", "value", "sentence"),
    [
        ("parameters", (*RX, "amplitude"), 1.5, r"RX\[0\]\[1\].*amplitude must be at most 1"),
        ("parameters", (*RX, "duration"), "40", "duration must be a number"),
        ("parameters", (*RX, "duration"), -1.0, "duration must be at least 0"),
        ("parameters", (*RX, "envelope", "kind"), "magic", "kind must be one of"),
        ("parameters", (*RX, "envelope", "rel_sigma"), 0, "rel_sigma must be greater than 0"),
        ("parameters", (*RX, "kind"), "noise", "kind must be one of"),
        ("parameters", ("configs", "0/drive", "frequency"), 0.0, "the frequency of 0/drive"),
        ("parameters", ("configs", "0/drive", "frequency"), "5e9", "frequency must be a number"),
        ("parameters", ("configs",), [], "configs must be a mapping"),
        ("parameters", ("native_gates",), {}, "single_qubit must hold a qubit"),
        ("parameters", ("native_gates", "single_qubit", "B1"), {}, "must be a number such as 0"),
        ("parameters", ("native_gates", "two_qubit", "0"), {"CZ": []}, "two numbers such as 0-1"),
        ("parameters", (*RX[:-2],), [], "must have an x or sx gate"),
        ("calibration", ("single_qubits", "0", "t1"), ["a", 1], "single_qubits"),
        ("calibration", ("single_qubits",), None, "single_qubits must be a mapping"),
    ],
)
def test_broken_files_are_sentences(
    broken: Broken, stem: str, path: tuple[str | int, ...], value: object, sentence: str
) -> None:
    """Each names the file and the key."""
    with pytest.raises(InputError, match=sentence) as problem:
        broken(stem, *path, value=value)
    assert problem.value.exit_code == 13
    assert len(str(problem.value)) < 3000


def test_a_merge_conflict_has_its_own_sentence(qibolab: Path, tmp_path: Path) -> None:
    """As one published file was committed."""
    target = tmp_path / "tuna5" / "2026-07-31"
    shutil.copytree(qibolab / TUNA, target)
    text = (target / "parameters.json").read_text()
    conflict = "<<<<<<< HEAD\n{\n=======\n" + text + "\n>>>>>>> other\n"
    (target / "parameters.json").write_text(conflict)

    with pytest.raises(InputError, match=r"json:1: has an unresolved merge conflict \(<<<<<<<\)"):
        read_qibolab(target, date=None, device=None)


def test_missing_files_are_sentences(tmp_path: Path) -> None:
    """A folder without the two files, or none at all."""
    folder = tmp_path / "2026-01-01"
    with pytest.raises(InputError, match=r"must be a folder with parameters\.json and cal"):
        read_qibolab(folder, date=None, device="x")
    folder.mkdir()
    with pytest.raises(InputError, match=r"parameters\.json: does not exist"):
        read_qibolab(folder, date=None, device="x")


NUMBERS = st.one_of(st.floats(-2, 2), st.integers(-3, 10**20), st.just(1e300))
JUNK = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=5), st.just([]), st.just({}),
    st.just({"kind": "iir", "a": [0], "b": [1], "target": {"kind": "rectangular"}}),
)  # fmt: skip


def paths(document: object, head: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path of the document."""
    rows: Any = ()
    if isinstance(document, dict):
        rows = document.items()
    elif isinstance(document, list):
        rows = enumerate(document)
    return [found for key, row in rows for found in ((*head, key), *paths(row, (*head, key)))]


@given(data=st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_platforms_never_crash(
    data: st.DataObject, qibolab: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in one place, the answer is a sentence or an import."""
    folder = data.draw(st.sampled_from([TUNA, OLD]))
    target = tmp_path_factory.mktemp("q") / "2026-01-01"
    shutil.copytree(qibolab / folder, target)
    stem = data.draw(st.sampled_from(["parameters", "calibration"]))
    document = json.loads((target / f"{stem}.json").read_text())
    if stem == "parameters":
        document = {k: v for k, v in document.items() if k in {"configs", "native_gates"}}
    put(document, data.draw(st.sampled_from(paths(document))), data.draw(JUNK))
    (target / f"{stem}.json").write_text(json.dumps(document))

    with suppress(InputError):
        assert read_qibolab(target, date=None, device="q").profile.by_id


SIGMAS = st.floats(0.05, 1)
ENVELOPES = st.one_of(
    st.just({"kind": "rectangular"}),
    st.fixed_dictionaries({"kind": st.just("gaussian"), "rel_sigma": SIGMAS}),
    st.fixed_dictionaries({"kind": st.just("drag"), "rel_sigma": SIGMAS, "beta": st.floats(-3, 3)}),
    st.fixed_dictionaries(
        {"kind": st.just("exponential"), "tau": SIGMAS, "upsilon": SIGMAS, "g": st.floats(0, 1)}
    ),
)


@given(
    envelope=ENVELOPES,
    duration=st.integers(4, 60),
    amplitude=st.floats(0.05, 0.3),
    phase=st.floats(-3, 3),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_valid_platforms_import(
    envelope: dict[str, Any],
    duration: int,
    amplitude: float,
    phase: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Random pulses of one qubit; a phase turns the whole waveform and leaves the gain."""
    target = tmp_path_factory.mktemp("q") / "2026-01-01"
    target.mkdir()
    pulse = {
        "kind": "pulse", "duration": float(duration), "amplitude": amplitude,
        "envelope": envelope, "relative_phase": phase,
    }  # fmt: skip
    natives = {"single_qubit": {"0": {"RX": [["0/drive", pulse]]}}}
    parameters = {"configs": {"0/drive": {"frequency": 5e9}}, "native_gates": natives}
    (target / "parameters.json").write_text(json.dumps(parameters))
    (target / "calibration.json").write_text(json.dumps({"single_qubits": {"0": {}}}))
    found = read_qibolab(target, date=None, device="q")
    (x,) = found.profile.by_id["x:0"].pulses

    played = samples(x)  # type: ignore[arg-type]
    assert len(played) == duration
    area = abs(played.sum())
    assert found.chip.qubit(0).drive.rabi_hz_per_amp == pytest.approx(0.5 / (area * 1e-9))


def test_pickled_waveforms_are_refused(broken: Broken) -> None:
    """An embedded ``.npy`` of objects is refused unread."""
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}] * 40), allow_pickle=True)
    text = base64.b64encode(file.getvalue()).decode()

    with pytest.raises(InputError, match="must be a list of numbers"):
        broken("parameters", *RX, "envelope", value={"kind": "custom", "i_": text, "q_": text})


# The command


def test_the_command_writes_and_tells(qibolab: Path, tmp_path: Path) -> None:
    """Profile, chip and every remark."""
    run = CliRunner().invoke(command, ["qibolab", str(qibolab / TUNA), "-o", str(tmp_path)])

    assert run.exit_code == 0
    assert f"wrote {tmp_path / '2026-07-31.yaml'}" in run.output
    assert "dt_ns = 1 is assumed" in run.output
    assert (tmp_path / "chip.yaml").exists()
