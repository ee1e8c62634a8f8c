"""``qtregress validate``."""

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from qtregress.cli.validate import command
from qtregress.errors import ExitCode, InputError

HEAVY = "{'numpy', 'scipy', 'qiskit', 'qiskit_dynamics'}"


def test_a_valid_file_is_named_with_its_kind_and_digest(root: Path) -> None:
    """One line for a file that can be used."""
    path = str(root / "pulse_profiles" / "ibm_lima" / "2021-03-14.yaml")
    result = CliRunner().invoke(command, [path])

    assert result.output.startswith(f"{path}: valid profile sha256:")
    assert result.exception is None


def test_every_bad_file_is_reported(root: Path, tmp_path: Path) -> None:
    """A bad file hides neither the good ones nor the other bad ones."""
    good = str(root / "pulse_profiles" / "ibm_lima" / "2021-03-14.yaml")
    (tmp_path / "a.yaml").write_text("a: 1", encoding="utf-8")
    bad = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    result = CliRunner().invoke(command, [bad[0], good, bad[1]])

    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == ExitCode.BAD_INPUT
    assert [line.split(":")[0] for line in str(result.exception).splitlines()] == bad
    assert "valid profile" in result.output


def test_validation_loads_no_numerics(root: Path) -> None:
    """Checking formats imports neither numpy nor scipy nor qiskit."""
    path = str(root / "pulse_profiles" / "ibm_lima" / "2021-03-14.yaml")
    program = (
        "import sys; from qtregress.cli.validate import command; "
        f"command([{path!r}], standalone_mode=False); sys.exit(len({HEAVY} & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)

    assert done.returncode == 0
