"""What a user installs: names, version, schemas, and a start that costs nothing."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

FOLDERS = {"baselines", "ci-examples", "docs", "pulse_profiles", "qtregress", "tests"}
FILES = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "NOTICE",
    "README.md",
    "pyproject.toml",
}
BUILT = {"build", "dist"}
"""Ignored by git: what make, tests and builds leave behind."""

HEAVY = ("numpy", "scipy", "qiskit", "qiskit_aer", "qiskit_dynamics", "matplotlib", "sympy")

LIST_MODULES = """
import sys
from qtregress.cli.main import main
if main(["--help"]):
    sys.exit("--help failed")
print("\\nMODULES", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def project(root: Path) -> dict[str, Any]:
    """The ``[project]`` table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return table


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel built from this tree."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=root,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built).namelist()


def test_top_level_holds_only_what_it_may(root: Path) -> None:
    """A new file or folder at the top is a decision, not an accident."""
    visible = {path.name for path in root.iterdir() if not path.name.startswith(".")}
    assert visible - BUILT == FOLDERS | FILES


def test_installed_version_is_that_of_pyproject(root: Path) -> None:
    """The installed distribution states the version that pyproject.toml states."""
    assert metadata.version("qtregress") == project(root)["version"]


def test_changelog_has_a_section_for_the_version(root: Path) -> None:
    """The version that would be released is described in the changelog."""
    headings = re.findall(r"^## \[([^]]+)\]", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert project(root)["version"] in headings


def test_changelog_tells_which_numbers_changed(root: Path) -> None:
    """Every release has the heading under which a stale baseline's owner looks."""
    text = (root / "CHANGELOG.md").read_text()
    releases = re.split(r"^## \[(?=\d)", text, flags=re.MULTILINE)[1:]
    assert [release for release in releases if "### Changed numbers" not in release] == []


def test_command_is_installed() -> None:
    """The name ``qtregress`` on the command line is the function ``main``."""
    (script,) = metadata.entry_points(group="console_scripts", name="qtregress")
    assert script.value == "qtregress.cli.main:main"


def test_command_states_its_version(root: Path) -> None:
    """``qtregress --version`` prints the version that is installed."""
    tool = Path(sys.executable).with_name("qtregress")
    shown = subprocess.run(
        [str(tool), "--version"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert project(root)["version"] in shown.split()[-1]


def test_help_imports_nothing_heavy() -> None:
    """``qtregress --help`` answers at once: neither qiskit nor scipy nor numpy is imported."""
    shown = subprocess.run(
        [sys.executable, "-c", LIST_MODULES],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    loaded = shown.rpartition("MODULES")[2].split()
    assert [name for name in HEAVY if name in loaded] == []


def test_wheel_contains_every_schema(root: Path, wheel: list[str]) -> None:
    """Editors find the schemas of the installed release."""
    schemas = sorted(path.name for path in (root / "qtregress" / "schemas").glob("*.json"))
    shipped = sorted(name.rpartition("/")[2] for name in wheel if "/schemas/" in name)
    assert schemas
    assert shipped == schemas


def test_wheel_contains_the_package_and_its_licence_alone(wheel: list[str]) -> None:
    """Neither tests nor profiles nor examples end up in site-packages."""
    tops = {name.partition("/")[0] for name in wheel}
    assert {re.sub(r"-[0-9].*", "", top) for top in tops} == {"qtregress"}


def test_wheel_contains_the_attribution(wheel: list[str]) -> None:
    """LICENSE and NOTICE travel with every copy, as the Apache licence asks."""
    licences = {name.rpartition("/")[2] for name in wheel if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


@pytest.mark.parametrize("name", ["qiskit", "qiskit-dynamics"])
def test_fragile_dependency_is_pinned_exactly(root: Path, name: str) -> None:
    """The two releases that only work together are named by number."""
    requirements = [re.sub(r"\s", "", line) for line in project(root)["dependencies"]]
    assert [r for r in requirements if r.startswith(f"{name}==")] != []
