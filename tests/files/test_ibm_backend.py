"""The importer of IBM backend dumps."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtregress.errors import InputError
from qtregress.files.ibm_backend import ImportedBackend, read_ibm_backend
from qtregress.pulses.profile import Delay, Drag, Samples, ShiftPhase

FOLDERS = [
    "armonk_2020-08-10",
    "lima_2021-03-14",
    "lima_2021-03-15",
    "manila_2024-05-27",
    "nairobi_2024-04-10",
    "nairobi_2024-05-27",
]
X0 = ("cmd_def", 44, "sequence", 0)
Broken = Callable[..., Path]


@pytest.fixture(scope="module")
def armonk(ibm: Path) -> ImportedBackend:
    """ibm_armonk on 2020-08-10: sampled waveforms, u1 instead of rz."""
    return read_ibm_backend(ibm / "armonk_2020-08-10")


@pytest.fixture
def broken(ibm: Path, tmp_path: Path) -> Broken:
    """Copies lima's dump with one value, named by its path, replaced."""

    def write(stem: str, *path: str | int, value: object) -> Path:
        folder = tmp_path / "dump"
        shutil.copytree(ibm / "lima_2021-03-14", folder, dirs_exist_ok=True)
        file = folder / f"{stem}_lima.json"
        document: Any = json.loads(file.read_text())
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        file.write_text(json.dumps(document, indent=1))
        return folder

    return write


@pytest.mark.parametrize("name", FOLDERS)
def test_every_sample_backend_is_imported(ibm: Path, name: str) -> None:
    """Each dump becomes a profile and a chip of one device and date."""
    backend = read_ibm_backend(ibm / name)
    device, date = name.split("_")

    assert f"ibm_{device}" == backend.profile.device == backend.chip.device
    assert date == backend.date


def test_the_firmware_is_the_backends_version(lima: ImportedBackend) -> None:
    """``backend_version`` names the release."""
    assert lima.profile.firmware == "1.0.5"


def test_frequencies_are_hertz(lima: ImportedBackend) -> None:
    """Frequency estimates in GHz become exact hertz for d and m channels."""
    assert lima.profile.drive_frequency_hz["d0"] == 5029681534.207264
    assert lima.profile.drive_frequency_hz["m0"] == 7425143125.000001


def test_the_qubit_and_its_drive_may_differ(ibm: Path) -> None:
    """The chip takes the measured frequency, the profile the one it is driven at."""
    backend = read_ibm_backend(ibm / "nairobi_2024-04-10")

    assert backend.chip.qubit(1).frequency_hz == pytest.approx(5.17021e9, abs=1e5)
    assert backend.profile.drive_frequency_hz["d1"] == pytest.approx(5.13837e9, abs=1e5)


def test_a_complex_amplitude_becomes_magnitude_and_angle(lima: ImportedBackend) -> None:
    """The sx of qubit 0 is the DRAG pulse of the dump in polar form."""
    (pulse,) = lima.profile.by_id["sx:0"].pulses

    assert isinstance(pulse, Drag)
    assert pulse.amp == pytest.approx(math.hypot(0.061266985777932034, 0.0014641049029768434))
    assert pulse.angle == pytest.approx(math.atan2(0.0014641049029768434, 0.061266985777932034))
    assert (pulse.sigma, pulse.beta, pulse.duration) == (40.0, 0.5498595093583161, 160)


def test_a_gate_lasts_until_its_last_instruction(lima: ImportedBackend) -> None:
    """The readout's trailing delay counts, the acquisition does not play."""
    gate = lima.profile.by_id["measure:0"]

    assert gate.duration == 24080
    assert [type(pulse).__name__ for pulse in gate.pulses] == ["GaussianSquare", "Delay"]


def test_frame_changes_keep_their_phase(lima: ImportedBackend) -> None:
    """A numeric ``fc`` of a cx is a phase shift before the pulse at the same time."""
    first = lima.profile.by_id["cx:0-1"].pulses[0]

    assert ShiftPhase(channel="d0", t0=0, shift_phase=math.pi / 2) == first


def test_rz_lists_the_channels_it_turns(lima: ImportedBackend) -> None:
    """A parametrised ``fc`` is a virtual Z gate on all its channels."""
    assert lima.profile.by_id["rz:1"].virtual_z == ("d1", "u0", "u4", "u5")


def test_a_silent_library_pulse_is_a_delay(lima: ImportedBackend) -> None:
    """``QId_d0`` holds only zeros."""
    assert lima.profile.by_id["id:0"].pulses == (Delay(channel="d0", t0=0, delay=160),)


def test_a_library_pulse_is_sampled(armonk: ImportedBackend) -> None:
    """Early dumps play waveforms by name."""
    (pulse,) = armonk.profile.by_id["x:0"].pulses

    assert isinstance(pulse, Samples)
    assert (pulse.duration, pulse.re[0]) == (640, 0.0011211346136406064)


def test_u1_stands_in_for_a_missing_rz(armonk: ImportedBackend) -> None:
    """Where there is no rz, u1 is the virtual Z gate, and a note says so."""
    assert armonk.profile.by_id["rz:0"].is_virtual
    assert "u1 is taken as the virtual Z gate rz (1x)" in armonk.notes


@pytest.mark.parametrize("name", ["u1:0", "u2:0", "u3:0", "measure:0-1-2-3-4"])
def test_compositions_are_left_out(lima: ImportedBackend, name: str) -> None:
    """Gates whose pulses depend on parameters, and joint readout, are skipped with a note."""
    assert name not in lima.profile.by_id
    assert any(note.startswith(name.partition(":")[0]) for note in lima.notes)


def test_times_are_seconds(lima: ImportedBackend) -> None:
    """T1 in microseconds becomes exact seconds."""
    assert lima.chip.qubit(0).t1_s == 0.00013068892037190346


def test_anharmonicity_and_couplings_come_from_the_hamiltonian(lima: ImportedBackend) -> None:
    """Angular rates in rad/ns become hertz; both agree with the measured properties."""
    assert lima.chip.qubit(0).anharmonicity_hz == pytest.approx(-0.33574155258829724e9)
    assert lima.chip.couplings[0].qubits == (0, 1)
    assert lima.chip.couplings[0].j_hz == pytest.approx(0.001764809587423861e9)


def test_a_control_channel_knows_its_line_and_its_carrier(lima: ImportedBackend) -> None:
    """``omegad1*X0||U0`` plays on qubit 0 at qubit 1's frequency."""
    channel = lima.chip.control_channels["u0"]

    assert (channel.qubit, channel.frequency_of) == (0, 1)


def test_measured_errors_keep_their_dates(lima: ImportedBackend) -> None:
    """The hardware's own benchmark of cx:0-1 and when it was made."""
    (row,) = [row for row in lima.chip.measured_errors if row.gate == "cx:0-1"]

    assert (row.error, row.date) == (0.005899955864123868, "2021-03-14T00:47:19-05:00")


@pytest.mark.parametrize("name", FOLDERS)
def test_every_x_turns_by_pi_on_its_line(ibm: Path, name: str) -> None:
    """Two pi times the gain times the area of x is pi, by an independent sum."""
    backend = read_ibm_backend(ibm / name)
    dt_s = backend.profile.dt_ns * 1e-9
    turns = []
    for qubit in backend.chip.qubits:
        (pulse,) = backend.profile.by_id[f"x:{qubit.index}"].pulses
        match pulse:
            case Samples():
                area = abs(complex(sum(pulse.re), sum(pulse.im)))
            case Drag():
                centre = pulse.duration / 2
                values = [
                    math.exp(-((k - centre) ** 2) / (2 * pulse.sigma**2))
                    for k in (-1, *(k + 0.5 for k in range(pulse.duration)))
                ]
                area = pulse.amp * sum((v - values[0]) / (1 - values[0]) for v in values[1:])
            case _:
                pytest.fail(f"unexpected {pulse}")
        turns.append(2 * math.pi * qubit.drive.rabi_hz_per_amp * area * dt_s)

    assert turns == pytest.approx([math.pi] * len(turns), rel=1e-12)


def test_the_gain_of_x_is_where_compression_is_referred_to(lima: ImportedBackend) -> None:
    """``compression_at`` is the amplitude of x."""
    assert lima.chip.qubit(0).drive.compression_at == 0.12407900297935248


def test_what_the_dump_does_not_say_is_marked(lima: ImportedBackend) -> None:
    """Coupling rates, attenuators, films and the fridge are assumptions."""
    assert lima.chip.assumed == (
        "qubits[*].drive.kappa_ext_hz",
        "qubits[*].drive.attenuators",
        "qubits[*].drive.film",
        "qubits[*].readout",
        "thermal_links",
        "cryostat",
    )


def test_an_unknown_anharmonicity_is_assumed_and_marked(armonk: ImportedBackend) -> None:
    """The earliest dump has delta = 0 and no property: a typical value, said aloud."""
    assert "qubits[0].anharmonicity_hz" in armonk.chip.assumed
    assert any("gives no anharmonicity" in note for note in armonk.notes)


def test_t2_above_twice_t1_is_clamped(broken: Broken) -> None:
    """An unphysical T2 becomes 2 T1, with a note."""
    backend = read_ibm_backend(broken("props", "qubits", 0, 1, "value", value=300.0))
    qubit = backend.chip.qubit(0)

    assert qubit.t2_s == 2 * qubit.t1_s
    assert any("qubit 0: T2 = 300 us is above 2 T1" in note for note in backend.notes)


def test_an_amplitude_above_full_scale_is_clipped(broken: Broken) -> None:
    """|amp| = 1.0000001 is rounding; it becomes 1 with a note."""
    folder = broken("defs", *X0, "parameters", "amp", value=[1.0000001, 0])
    backend = read_ibm_backend(folder)

    assert "an amplitude above full scale is clipped to 1 (1x)" in backend.notes


def test_a_sample_time_in_seconds_is_recognised(broken: Broken) -> None:
    """The oldest dumps give dt in seconds."""
    backend = read_ibm_backend(broken("conf", "dt", value=2.2222e-10))

    assert backend.profile.dt_ns == 0.22222


def test_without_x_the_gain_comes_from_sx(broken: Broken, ibm: Path) -> None:
    """Half the turn of sx sets the line's gain, with a note."""
    table = json.loads((ibm / "lima_2021-03-14" / "defs_lima.json").read_text())["cmd_def"]
    rest = [row for row in table if (row["name"], row["qubits"]) != ("x", [0])]
    backend = read_ibm_backend(broken("defs", "cmd_def", value=rest))

    assert "qubit 0: has no x; its gain is taken from sx" in backend.notes
    assert backend.chip.qubit(0).drive.rabi_hz_per_amp == pytest.approx(210.35e6, rel=0.02)


BREAKS = [
    (("defs", "cmd_def", value), sentence)
    for value, sentence in [
        (5, r"defs_lima.json:\d+:\d+: cmd_def must be a list, but is 5"),
        ([], "gates must have at least 1 entries"),
        ([{"name": "x", "qubits": [], "sequence": []}], r"cmd_def\[0\].qubits must have at least"),
        ([{"name": "../x", "qubits": [0], "sequence": []}], r"cmd_def\[0\] .*name must match"),
    ]
] + [
    (("defs", *X0, "ch", "d99"), "uses channel d99, which drive_frequency_hz does not list"),
    (("defs", *X0, "ch", "x0"), r"defs_lima.json:\d+:\d+: cmd_def\[44\] .x 0.: channel must match"),
    (("defs", *X0, "ch", None), r"cmd_def\[44\] .x 0.: .* must have a channel `ch`, but has none"),
    (("defs", *X0, "name", "Xp"), "must be parametric_pulse, fc, delay, acquire or a pulse of"),
    (("defs", *X0, "pulse_shape", "sech"), "pulse_shape must be one of drag, .* but is 'sech'"),
    (("defs", *X0, "parameters", None), "pulse_shape must be one of drag, .* with parameters"),
    (("defs", *X0, "parameters", "sigma", 0), "sigma must be at least 0.001, but is 0.0"),
    (("defs", *X0, "parameters", "sigma", None), "sigma must be a number, but is null"),
    (("defs", *X0, "parameters", "sigma", 1e-200), "sigma must be at least 0.001, but is 1e-200"),
    (("defs", *X0, "parameters", "sigma", 1e15), "sigma must be at most 1000000, but is 10000"),
    (("defs", *X0, "parameters", "amp", [0, 0]), "pulse of qubit 0 must have an area above 0"),
    (("defs", *X0, "parameters", "amp", ["a", 0]), r"amp\[0\] must be a number, but is 'a'"),
    (("defs", *X0, "parameters", "amp", [1, 2, 3]), "amp must have at most 2 entries"),
    (("defs", *X0, "parameters", "duration", 10**7), "duration must be at most 1000000"),
    (("defs", *X0, "t0", -1), r"cmd_def\[44\].sequence\[0\].t0 must be at least 0, but is -1"),
    (("defs", "qubit_freq_est", 0, 0), "d0 must be at least 1000000"),
    (("conf", "backend_name", "../../x"), "device must match"),
    (("conf", "dt", 0), r"conf_lima.json:\d+:\d+: dt must be greater than 0, but is 0"),
    (("conf", "hamiltonian", "h_str", ["omegad1*X9||U0"]), "must name known qubits, but name 9"),
    (("props", "last_update_date", "../../x"), "last_update_date must match"),
    (("props", "qubits", 0, 0, "value", -1), "ibm_lima: qubit 0: t1_s must be greater than 0"),
    (("props", "qubits", 0, 0, "unit", "GHz"), "qubit 0: t1_s must be at most 10"),
    (("props", "qubits", 0, 0, "unit", "h"), "must give T1 of qubit 0 in s or Hz, but .* 'h'"),
    (("props", "qubits", 0, 0, "name", "T3"), "must give T1 of qubit 0 .* but it is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), BREAKS, ids=str)
def test_a_broken_dump_gets_a_sentence(
    broken: Broken, change: tuple[Any, ...], sentence: str
) -> None:
    """Whatever one value of a dump becomes, the importer ends in a sentence."""
    folder = broken(*change[:-1], value=change[-1])

    with pytest.raises(InputError, match=sentence):
        read_ibm_backend(folder)


@pytest.mark.parametrize("stem", ["defs", "conf", "props"])
def test_a_truncated_file_is_placed(ibm: Path, tmp_path: Path, stem: str) -> None:
    """File, line and column of where the JSON ends too early."""
    folder = tmp_path / "dump"
    shutil.copytree(ibm / "lima_2021-03-14", folder)
    file = folder / f"{stem}_lima.json"
    file.write_text(file.read_text()[:200])

    with pytest.raises(InputError, match=rf"{stem}_lima.json:1:\d+: must be JSON, but ends too"):
        read_ibm_backend(folder)


def test_each_file_is_needed_once(ibm: Path, tmp_path: Path) -> None:
    """Two candidates are as bad as none."""
    folder = tmp_path / "dump"
    shutil.copytree(ibm / "lima_2021-03-14", folder)
    shutil.copy(folder / "conf_lima.json", folder / "conf.json")

    with pytest.raises(InputError, match=r"exactly one conf_\*.json, but holds conf.json, conf_l"):
        read_ibm_backend(folder)


def test_names_without_a_device_are_accepted(ibm: Path, tmp_path: Path) -> None:
    """``defs.json`` is as good as ``defs_lima.json``."""
    for stem in ("defs", "conf", "props"):
        shutil.copy(ibm / "lima_2021-03-14" / f"{stem}_lima.json", tmp_path / f"{stem}.json")

    assert read_ibm_backend(tmp_path).profile.device == "ibm_lima"


def test_a_file_is_no_dump(ibm: Path) -> None:
    """The importer wants the folder."""
    with pytest.raises(InputError, match="must be a folder with defs"):
        read_ibm_backend(ibm / "lima_2021-03-14" / "defs_lima.json")


def test_the_shipped_profiles_are_what_the_importer_makes(root: Path, ibm: Path) -> None:
    """Nobody edited the imported tables by hand."""
    from qtregress.files.documents import dump

    for name in FOLDERS[1:]:
        device, date = name.split("_")
        shipped = root / "pulse_profiles" / f"ibm_{device}" / f"{date}.yaml"
        assert dump(read_ibm_backend(ibm / name).profile) == shipped.read_text(encoding="utf-8")
