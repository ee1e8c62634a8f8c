"""Documents as YAML that people read."""

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtregress.chip.chip import (
    Attenuator,
    Chip,
    ControlChannel,
    Coupling,
    Cryostat,
    DriveLine,
    Film,
    MeasuredGateError,
    Qubit,
    Readout,
    Stage,
)
from qtregress.document import Source
from qtregress.files.documents import dump, load
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.metrics.metric import Input, MetricsDocument, measured, undecided
from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    CutGaussian,
    Delay,
    Drag,
    Gate,
    Gaussian,
    GaussianSquare,
    Profile,
    Samples,
    ShiftPhase,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,20}", fullmatch=True)
REALS = st.floats(allow_nan=False, allow_infinity=False)
VOLUMES = st.floats(1e-24, 1e-3)
KAPPAS = st.floats(1e-9, 1e9)
HERTZ = st.floats(-1e9, 1e9)
KELVINS = st.floats(1e-4, 1e3)
WATTS = st.floats(1e-12, 1e6)
ANGLES = st.floats(-1e6, 1e6)
SIGMAS = st.floats(1e-3, 1e6)
AMPLITUDES = st.floats(min_value=-1, max_value=1)
CHANNELS = st.sampled_from(["d0", "d1", "u0", "u12", "m0", "f3"])
SOURCES = st.none() | st.builds(Source, description=TEXT, url=st.none() | TEXT)
DURATION = 32
WHERE = {
    "channel": CHANNELS,
    "t0": st.integers(0, 8),
    "duration": st.integers(1, DURATION - 8),
}
SHAPED = {**WHERE, "amp": AMPLITUDES, "angle": ANGLES}


@st.composite
def samples(draw: st.DrawFn) -> Samples:
    """A sampled waveform."""
    points = draw(st.lists(st.tuples(AMPLITUDES, AMPLITUDES), min_size=1, max_size=6))
    return Samples(
        channel=draw(CHANNELS),
        t0=0,
        duration=len(points),
        envelope="samples",
        re=tuple(re for re, _ in points),
        im=tuple(im for _, im in points),
    )


PULSES = st.one_of(
    st.builds(Drag, envelope=st.just("drag"), sigma=SIGMAS, beta=st.floats(-1e4, 1e4), **SHAPED),
    st.builds(Gaussian, envelope=st.just("gaussian"), sigma=SIGMAS, **SHAPED),
    st.builds(CutGaussian, envelope=st.just("cut_gaussian"), sigma=SIGMAS, **SHAPED),
    st.builds(
        CutDrag, envelope=st.just("cut_drag"), sigma=SIGMAS, beta=st.floats(-1e4, 1e4), **SHAPED
    ),
    st.builds(
        GaussianSquare,
        envelope=st.just("gaussian_square"),
        sigma=SIGMAS,
        width=st.floats(0, 1),
        **SHAPED,
    ),
    st.builds(Constant, envelope=st.just("constant"), **SHAPED),
    st.builds(ShiftPhase, channel=CHANNELS, t0=st.integers(0, DURATION), shift_phase=ANGLES),
    st.builds(Delay, channel=CHANNELS, t0=st.just(0), delay=st.integers(1, DURATION)),
    samples(),
)
GATES = st.builds(
    Gate,
    name=NAMES,
    qubits=st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True).map(tuple),
    duration=st.just(DURATION),
    pulses=st.lists(PULSES, max_size=4, unique_by=lambda row: row.channel).map(tuple),
)
VIRTUAL = st.builds(
    Gate,
    name=st.just("rz"),
    qubits=st.just((11,)),
    duration=st.just(0),
    virtual_z=st.lists(CHANNELS, min_size=1, unique=True).map(tuple),
)
PROFILES = st.builds(
    Profile,
    format=st.just("qtregress/profile@1"),
    device=NAMES,
    firmware=NAMES,
    dt_ns=st.floats(1e-3, 100),
    source=SOURCES,
    drive_frequency_hz=st.just(dict.fromkeys(("d0", "d1", "m0"), 5.03e9)),
    gates=st.lists(GATES | VIRTUAL, min_size=1, max_size=4, unique_by=lambda gate: gate.id).map(
        tuple
    ),
)
LINES = st.builds(
    DriveLine,
    rabi_hz_per_amp=st.floats(1, 1e12),
    phase_rad=REALS,
    compression_at=st.floats(0, 1),
    kappa_ext_hz=KAPPAS,
    attenuators=st.lists(
        st.builds(Attenuator, stage=NAMES, attenuation_db=st.floats(0, 60)), max_size=3
    ).map(tuple),
    film=st.builds(Film, volume_m3=VOLUMES),
)
READOUTS = st.just(Readout()) | st.builds(
    Readout, frequency_hz=st.floats(1e8, 1e11), chi_hz=st.none() | HERTZ
)
CRYOSTATS = NAMES | st.builds(
    Cryostat,
    name=NAMES,
    stages=st.lists(
        st.builds(
            Stage,
            name=NAMES,
            temperature_k=KELVINS,
            unloaded_k=KELVINS,
            cooling_power_w=WATTS,
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    citation=TEXT,
)


def qubit(index: int) -> st.SearchStrategy[Qubit]:
    """The qubit of that index with arbitrary numbers."""
    return st.builds(
        Qubit,
        index=st.just(index),
        frequency_hz=st.floats(1e8, 1e11),
        anharmonicity_hz=st.floats(-2e9, 2e9),
        t1_s=st.floats(1e-4, 1),
        t2_s=st.floats(1e-9, 1e-4),
        drive=LINES,
        readout=READOUTS,
    )


CHIPS = st.builds(
    Chip,
    format=st.just("qtregress/chip@1"),
    device=NAMES,
    calibrated=st.none() | TEXT,
    source=SOURCES,
    qubits=st.tuples(qubit(0), qubit(3)),
    couplings=st.lists(st.builds(Coupling, qubits=st.just((0, 3)), j_hz=HERTZ), max_size=1).map(
        tuple
    ),
    control_channels=st.dictionaries(
        CHANNELS, st.builds(ControlChannel, qubit=st.just(3), frequency_of=st.just(0)), max_size=2
    ),
    cryostat=CRYOSTATS,
    measured_errors=st.lists(
        st.builds(MeasuredGateError, gate=st.just("cx:0-3"), error=st.floats(0, 1)), max_size=2
    ).map(tuple),
    assumed=st.lists(TEXT, max_size=2).map(tuple),
)
REUSE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@REUSE_FOLDER
@given(profile=PROFILES)
def test_profiles_survive_dump_and_load(tmp_path: Path, profile: Profile) -> None:
    """load(dump(x)) == x for profiles."""
    path = tmp_path / "a.yaml"
    path.write_text(dump(profile), encoding="utf-8")

    assert profile == load(path, Profile).value


@REUSE_FOLDER
@given(chip=CHIPS)
def test_chips_survive_dump_and_load(tmp_path: Path, chip: Chip) -> None:
    """load(dump(x)) == x for chips."""
    path = tmp_path / "a.yaml"
    path.write_text(dump(chip), encoding="utf-8")

    assert chip == load(path, Chip).value


@REUSE_FOLDER
@given(description=st.text(string.printable, max_size=60) | TEXT)
def test_any_text_survives(tmp_path: Path, description: str) -> None:
    """Quotes, control characters, line separators and emoji come back as they were."""
    document = MetricsDocument(
        format="qtregress/metrics@1",
        inputs={},
        environment={"note": description},
        metrics=(),
    )
    path = tmp_path / "a.yaml"
    path.write_text(dump(document), encoding="utf-8")

    assert document == load(path, MetricsDocument).value


def test_a_required_null_is_written(tmp_path: Path) -> None:
    """An undecided metric keeps its empty value, which has no default."""
    document = MetricsDocument(
        format="qtregress/metrics@1",
        inputs={"profile": Input(path="a: b.yaml", digest=f"sha256:{'0' * 64}")},
        environment={},
        metrics=(
            measured("gate.error", "sx:0", "1", 1e-5),
            undecided("gate.error", "cx:0-1", "1", "it did not converge"),
        ),
    )
    path = tmp_path / "a.yaml"
    path.write_text(dump(document), encoding="utf-8")

    assert document == load(path, MetricsDocument).value


def test_a_pulse_stands_on_one_line(lima: ImportedBackend) -> None:
    """Every instruction of every gate has a line of its own."""
    instructions = sum(len(gate.pulses) for gate in lima.profile.gates)
    lines = [line for line in dump(lima.profile).splitlines() if "{channel:" in line]

    assert instructions == len(lines)


def test_defaults_are_left_out(lima: ImportedBackend) -> None:
    """A line that was not fitted does not spell out its zeros."""
    assert "slope_dt" not in dump(lima.chip)


@pytest.mark.parametrize("word", ["yes", "1e5", "1.5", "2021-03-14", "null", "-", "a: b", "é#", ""])
def test_words_that_look_like_something_else_are_quoted(word: str) -> None:
    """A reader of YAML 1.1, which has more types, reads the same string."""
    source = Source(description=word)

    assert yaml.safe_load(dump(source)) == {"description": word}


@pytest.mark.parametrize("number", [1e-5, 1e22, 5.03e9, -0.1, 3.0])
def test_numbers_are_numbers_to_older_readers(number: float) -> None:
    """A reader of YAML 1.1 reads the same float."""
    control = ControlChannel(qubit=0, frequency_of=1, phase_rad=number)
    read = ControlChannel.model_validate(yaml.safe_load(dump(control)))

    assert control == read
