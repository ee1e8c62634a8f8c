"""The fridge over time as people read it."""

from rich.console import Console

from qtregress.report.load_table import JOB_ROWS, load_table
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.timeline import ExtraError, timeline
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Job, Workload
from tests import small

PAIR = small.small(*small.PAIR)
GATES = list(gate_heats(PAIR.profile, PAIR.chip).values())


def jobs(count: int = 2, **fields: object) -> Workload:
    """Jobs of a minute with a minute's rest, each busier than the one before."""
    timeline = [
        Job(name=f"job{n}", start_s=120.0 * n, duration_s=60.0, busy_fraction=(n + 1) / (count + 1))
        for n in range(count)
    ]
    return Workload.model_validate(
        {"format": "qtregress/workload@1", "timeline": timeline, **fields}
    )


def text(
    workload: Workload,
    unknown: tuple[str, ...] = (),
    *,
    extra_error: ExtraError | None = None,
    width: int = 80,
) -> str:
    """The table as a terminal of that width shows it."""
    console = Console(width=width, color_system=None)
    found = timeline(PAIR.chip, GATES, workload, extra_error=extra_error)
    with console.capture() as capture:
        console.print(load_table(found, unknown))
    return capture.get()


def row(shown: str, name: str) -> list[str]:
    """The cells of a row, at two spaces or more."""
    line = next(line for line in shown.splitlines() if line.startswith(name))
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_every_stage_and_job_has_a_row_that_fits_80_columns() -> None:
    """Temperatures, budgets and jobs stand in full in a narrow terminal."""
    shown = text(jobs(lines=50))

    assert all(row(shown, stage) for stage in ("50k", "4k", "still", "cp", "mxc"))
    assert row(shown, "cp")[-1] == "200 µW"
    assert row(shown, "job1")[1:3] == ["2 min", "60 s"]
    assert "…" not in shown
    assert "start where nothing plays" in shown


def test_a_steady_load_has_no_ripple() -> None:
    """Rounding is not shown as ripple."""
    shown = text(DEFAULT_WORKLOAD)

    assert row(shown, "mxc")[3:5] == ["0 K", "0 K"]
    assert "temperatures stand still" in shown


def test_recovery_names_the_hottest_job() -> None:
    """How long the machine takes to recover is said in words, photons and error."""
    shown = " ".join(text(jobs(), extra_error=lambda plates_k: plates_k["cp"]).split())

    assert "A tenth of the plates' extra photons is left" in shown
    assert "A tenth of the plates' extra error is left" in shown
    assert "after job job1." in shown


def test_temperatures_that_are_not_known_are_dashes_with_the_reason() -> None:
    """An overloaded fridge shows its load but no temperature."""
    shown = text(jobs(lines=100_000))

    assert row(shown, "mxc")[1:5] == ["—"] * 4
    assert "Temperatures are not known (overload)" in shown
    assert "drive fewer lines" in " ".join(shown.split())


def test_repeated_timelines_say_so() -> None:
    """A reader knows whether the first warm-up is in the numbers."""
    assert "repeats for ever" in text(jobs(repeat_every_s=600.0))


def test_many_jobs_are_cut() -> None:
    """A long day does not fill the screen, but is counted."""
    shown = text(jobs(JOB_ROWS + 3))

    assert "… and 3 more jobs" in shown
    assert f"job{JOB_ROWS + 1}" not in shown.replace(f"after job job{JOB_ROWS + 2}", "")


def test_gates_without_known_heat_are_listed() -> None:
    """What is missing from the load is said below it, shortened where it is much."""
    shown = text(jobs(), ("measure:0",))
    many = " ".join(text(jobs(), tuple(f"measure:{n}" for n in range(12))).split())

    assert "No heat is known of measure:0" in shown
    assert "measure:7 and 4 more" in many
