"""Where the program meets its caller: exit codes, streams, laziness."""

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from qtregress.cli import main as program
from qtregress.cli.edge import console, deliver, exit_style, prepare, styled
from qtregress.cli.main import COMMANDS, app, main
from qtregress.errors import BaselineError, ExitCode, InputError

METRIC = {
    "id": "gate.error/x:0",
    "metric": "gate.error",
    "subject": "x:0",
    "unit": "",
    "direction": "lower",
    "old": 1e-3,
    "new": 1e-3,
    "baseline": None,
    "delta": 0.0,
    "relative": 0.0,
    "interval": [0.0, 0.0],
    "margin": 1e-4,
    "critical": True,
    "outcome": "ok",
    "why": "It stays.",
}
OUTCOMES = {
    "promote": (0, "ok", [0.0, 0.0]),
    "rollback": (10, "regressed", [1.0, 1.0]),
    "hold": (11, "undecided", [-1.0, 1.0]),
}


def saved(folder: Path, word: str, **changes: object) -> str:
    """The path of a saved verdict."""
    code, outcome, interval = OUTCOMES[word]
    value: dict[str, Any] = {
        "format": "qtregress/verdict@1",
        "verdict": word,
        "exit_code": code,
        "reasons": ["Because."],
        "inputs": {},
        "environment": {},
        "created": "2025-01-31T12:00:00+00:00",
        "evidence": {"device": "lima", "old_firmware": "1.0", "new_firmware": "1.1"},
        "metrics": [METRIC | {"outcome": outcome, "interval": interval}],
    }
    path = folder / "verdict.json"
    path.write_text(json.dumps(value | changes), encoding="utf-8")
    return str(path)


def install(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Let ``qtregress check`` do ``action``."""
    command = click.Command("check", callback=action)
    monkeypatch.setattr(app, "get_command", lambda _ctx, _name: command)


def fails(error: BaseException) -> Callable[[], object]:
    """An action that raises ``error``."""

    def action() -> object:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x must be y, but is z"), 13),
        (BaselineError("stale"), 12),
        (click.UsageError("which?"), 2),
        (click.BadParameter("no"), 2),
        (click.FileError("f", "gone"), 13),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (EOFError(), 130),
        (ZeroDivisionError("oops"), 70),
        (RecursionError("deep"), 70),
        (MemoryError(), 70),
        (BrokenPipeError(32, "Broken pipe"), 70),
        (SystemExit(0), 70),
        (SystemExit(1), 70),
        (SystemExit("text"), 70),
        (SystemExit(11), 11),
    ],
)
def test_every_failure_has_its_status(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """Whatever is raised becomes a documented exit status, and never 0 or 1."""
    monkeypatch.setattr(program, "_silence", lambda *_args: None)
    install(monkeypatch, fails(error))

    assert main(["check"]) == code


def test_a_command_that_is_none_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to no command is 70."""
    monkeypatch.setitem(COMMANDS, "check", ("qtregress.cli.main:COMMANDS", "Nothing."))

    assert main(["check"]) == 70


@pytest.mark.parametrize("result", [None, "ok", 1, 3, 255])
def test_a_command_must_return_a_status(monkeypatch: pytest.MonkeyPatch, result: object) -> None:
    """A command that forgets its status does not promote."""
    install(monkeypatch, lambda: result)

    assert main(["check"]) == 70


def test_a_status_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's own status is the program's."""
    install(monkeypatch, lambda: ExitCode.HOLD)

    assert main(["check"]) == 11


def test_an_expected_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user sees the sentence and no traceback."""
    install(monkeypatch, fails(InputError("x must be y, but is \x1b[2J")))
    main(["check"])

    assert capsys.readouterr().err == "qtregress: x must be y, but is \\x1b[2J\n"


def test_a_crash_hides_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without QTREGRESS_DEBUG a defect is told in two lines."""
    monkeypatch.delenv("QTREGRESS_DEBUG", raising=False)
    install(monkeypatch, fails(ZeroDivisionError("oops")))
    main(["check"])

    assert "Traceback" not in capsys.readouterr().err


def test_a_crash_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """QTREGRESS_DEBUG=1 shows where it happened."""
    monkeypatch.setenv("QTREGRESS_DEBUG", "1")
    install(monkeypatch, fails(ZeroDivisionError("oops")))
    main(["check"])

    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["--frobnicate"], ["enforce"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """No command, an unknown one, an unknown option, a missing argument."""
    assert main(arguments) == 2


@pytest.mark.parametrize(
    ("code", "detailed", "simple", "bisect"),
    [
        (ExitCode.PROMOTE, 0, 0, 0),
        (ExitCode.ROLLBACK, 10, 1, 1),
        (ExitCode.HOLD, 11, 1, 125),
        (ExitCode.BASELINE, 12, 1, 125),
        (ExitCode.BAD_INPUT, 13, 1, 125),
        (ExitCode.USAGE, 2, 1, 125),
        (ExitCode.INTERNAL, 70, 1, 125),
        (ExitCode.INTERRUPTED, 130, 130, 130),
    ],
)
def test_exit_styles(code: ExitCode, detailed: int, simple: int, bisect: int) -> None:
    """Each style's exit status for each code."""
    found = [styled(code, style) for style in ("detailed", "simple", "bisect")]

    assert found == [detailed, simple, bisect]


@pytest.mark.parametrize(
    ("arguments", "environ", "style"),
    [
        (["check"], {}, "detailed"),
        (["check", "--exit-style", "bisect"], {}, "bisect"),
        (["check", "--exit-style=simple"], {}, "simple"),
        (["check", "--exit-style=simple", "--exit-style", "bisect"], {}, "bisect"),
        (["check", "--", "--exit-style=simple"], {}, "detailed"),
        (["check"], {"QTREGRESS_CHECK_EXIT_STYLE": "simple"}, "simple"),
        (["check", "--exit-style=bisect"], {"QTREGRESS_CHECK_EXIT_STYLE": "simple"}, "bisect"),
        (["enforce"], {"QTREGRESS_CHECK_EXIT_STYLE": "simple"}, "detailed"),
    ],
)
def test_the_exit_style_is_found(arguments: list[str], environ: dict[str, str], style: str) -> None:
    """The command line wins over the environment, the last one over the first."""
    assert exit_style(arguments, environ) == style


def test_a_misspelt_option_is_no_bad_commit() -> None:
    """In a bisection wrong usage skips instead of blaming the commit."""
    assert main(["enforce", "--exit-style=bisect", "--frobnicate"]) == 125


@pytest.mark.parametrize(("word", "code"), [("promote", 0), ("rollback", 10), ("hold", 11)])
def test_enforce_reissues_the_exit_code(tmp_path: Path, word: str, code: int) -> None:
    """A saved verdict's exit status, once more."""
    assert main(["enforce", saved(tmp_path, word)]) == code


def test_enforce_reads_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options can be given as variables."""
    monkeypatch.setenv("QTREGRESS_ENFORCE_EXIT_STYLE", "simple")

    assert main(["enforce", saved(tmp_path, "hold")]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "promote", "exit_code": 0},
        {"exit_code": 0},
        {"metrics": []},
        {"format": "qtregress/verdict@9"},
        {"surprise": 1},
    ],
)
def test_enforce_refuses_what_was_tampered_with(tmp_path: Path, changes: dict[str, object]) -> None:
    """A verdict that contradicts itself is bad input."""
    assert main(["enforce", saved(tmp_path, "rollback", **changes)]) == 13


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    """A path that does not exist is 13."""
    assert main(["enforce", str(tmp_path / "none.json")]) == 13


def test_report_writes_every_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each option writes its file; the exit status is 0 whatever the verdict."""
    path = saved(tmp_path, "rollback")
    names = {"--junit": "j.xml", "--markdown": "m.md", "--json": "v.json"}
    options = [word for option, name in names.items() for word in (option, str(tmp_path / name))]

    assert main(["report", path, *options]) == 0
    assert all((tmp_path / name).stat().st_size for name in names.values())
    assert capsys.readouterr().out == ""


def test_report_shows_the_table_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an option the table is printed."""
    main(["report", saved(tmp_path, "hold")])

    assert capsys.readouterr().out.startswith(" HOLD  lima: 1.0 -> 1.1")


def test_two_reports_on_standard_output_are_refused(tmp_path: Path) -> None:
    """One stream holds one report."""
    assert main(["report", saved(tmp_path, "hold"), "--junit", "-", "--json", "-"]) == 2


def test_a_report_on_standard_output_is_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--json -`` prints JSON and nothing else."""
    main(["report", saved(tmp_path, "hold"), "--json", "-"])

    assert json.loads(capsys.readouterr().out)["verdict"] == "hold"


def test_a_report_into_no_folder_is_bad_input(tmp_path: Path) -> None:
    """A report that cannot be written is not silently lost."""
    target = str(tmp_path / "none" / "j.xml")

    assert main(["report", saved(tmp_path, "promote"), "--junit", target]) == 13


def test_two_reports_in_one_file_are_refused(tmp_path: Path) -> None:
    """One of them would be lost, however the file is spelt; what lay there stays."""
    path = saved(tmp_path, "hold")
    target = tmp_path / "o.json"
    target.write_text("earlier")
    other = f"{tmp_path}/./o.json"

    assert main(["report", path, "--json", str(target), "--junit", other]) == 2
    with pytest.raises(click.UsageError, match="every report must have a file of its own"):
        prepare([str(target), None, other], [], store=tmp_path / "store")
    assert target.read_text() == "earlier"


def test_a_report_into_a_pipe_is_bad_input(tmp_path: Path) -> None:
    """The pipe is still there, and nothing was computed before that was said."""
    target = tmp_path / "pipe"
    os.mkfifo(target)
    with pytest.raises(InputError, match="must be a file, but is a pipe"):
        prepare([str(target)], [], store=tmp_path / "store")

    assert main(["report", saved(tmp_path, "hold"), "--json", str(target)]) == 13
    assert stat.S_ISFIFO(target.stat().st_mode)


def test_a_report_among_baselines_is_refused_at_any_revision(tmp_path: Path) -> None:
    """A profile read from git has its baselines there; those of the work tree are safe, too."""
    (tmp_path / "baselines").mkdir()
    approved = tmp_path / "baselines" / "lima.json"
    approved.write_text("approved")
    with pytest.raises(click.UsageError, match="must not lie among the baselines"):
        prepare([str(approved)], [], store=Path("HEAD:baselines"))

    assert approved.read_text() == "approved"


def test_a_report_that_is_refused_saves_no_other_one(tmp_path: Path) -> None:
    """A change that commits a folder in the way must not keep its forged verdict alive."""
    forged, folder = tmp_path / "verdict.json", tmp_path / "junit.xml"
    forged.write_text("promote", encoding="utf-8")
    folder.mkdir()

    with pytest.raises(InputError, match=r"junit\.xml"):
        prepare([str(folder), str(forged)], [], store=tmp_path / "store")

    assert not forged.exists()


@pytest.mark.parametrize("forget", [True, False])
def test_earlier_reports_go_unless_they_are_documents(tmp_path: Path, *, forget: bool) -> None:
    """A report that is there after a failed run would look like its answer."""
    earlier = tmp_path / "o.json"
    earlier.touch()
    prepare([str(earlier)], [], store=tmp_path / "store", forget=forget)

    assert earlier.exists() != forget


def test_deliver_writes_the_file(tmp_path: Path) -> None:
    """Text arrives as UTF-8."""
    deliver(str(tmp_path / "µ.txt"), "µ")

    assert (tmp_path / "µ.txt").read_bytes() == b"\xc2\xb5"


@pytest.mark.parametrize(
    ("environ", "width"),
    [({}, 80), ({"CI": "true"}, 120), ({"CI": "true", "COLUMNS": "100"}, 100)],
)
def test_ci_logs_are_wide(environ: dict[str, str], width: int) -> None:
    """In CI nobody's terminal says how wide to be."""
    assert console(environ, file=io.StringIO()).width == width


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({"TERM": "xterm"}, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, True),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_obeys_the_environment(environ: dict[str, str], coloured: bool) -> None:  # noqa: FBT001
    """NO_COLOR wins over FORCE_COLOR, and a pipe has no colour."""
    stream = io.StringIO()
    console(environ, file=stream).print("x", style="red")

    assert ("\x1b[31m" in stream.getvalue()) == coloured


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has its line."""
    main(["--help"])
    text = capsys.readouterr().out

    assert [name for name in COMMANDS if f"\n  {name} " in text] == list(COMMANDS)


def run(*arguments: str, code: str = "import sys; sys.exit(main())") -> Any:
    """The finished process of a fresh interpreter that calls ``main``."""
    script = f"from qtregress.cli.main import main\n{code}"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, check=False, text=True
    )


def test_help_imports_nothing_heavy() -> None:
    """``--help`` must answer before numpy, rich or pydantic could be imported."""
    heavy = "{'numpy', 'scipy', 'qiskit', 'rich', 'pydantic', 'yaml', 'junit_xml'}"
    done = run("--help", code=f"import sys; main(); print({heavy} & set(sys.modules))")

    assert done.stdout.splitlines()[-1] == "set()"


def test_a_reader_that_leaves_is_no_promotion(tmp_path: Path) -> None:
    """With standard output closed the status is 70, without a traceback."""
    path = saved(tmp_path, "promote")
    script = "import sys; from qtregress.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", script, "report", path, "--json", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
        status = process.wait()

    assert (status, "Traceback" in said, "Exception ignored" in said) == (70, False, False)


def test_an_ascii_terminal_gets_escapes(tmp_path: Path) -> None:
    """What the encoding lacks is escaped; it does not crash."""
    path = saved(tmp_path, "promote", reasons=["A change of 3 µs."])
    code = "import sys; sys.stdout.reconfigure(encoding='ascii'); sys.exit(main())"
    done = run("report", path, "--markdown", "-", code=code)

    assert (done.returncode, "\\xb5s" in done.stdout) == (0, True)
