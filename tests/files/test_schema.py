"""The shipped JSON Schemas."""

from pathlib import Path

import pytest

from qtregress.files import schema
from qtregress.files.documents import KINDS
from qtregress.files.schema import drifted, main, schema_text


def test_the_shipped_schemas_are_what_the_models_say() -> None:
    """No model has changed without its schema (``--write`` regenerates it)."""
    assert drifted() == ()


def test_a_missing_schema_is_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--check`` fails and names every kind without a schema."""
    monkeypatch.setattr(schema, "FOLDER", tmp_path)

    status = main(["--check"])
    complaint = capsys.readouterr().err

    assert status == 1
    assert f"schemas differ from the models: {', '.join(KINDS)}\n" == complaint


def test_writing_ends_the_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``--write``, ``--check`` passes."""
    monkeypatch.setattr(schema, "FOLDER", tmp_path)

    assert (main(["--write"]), main(["--check"])) == (0, 0)


def test_other_arguments_are_a_usage_error() -> None:
    """Anything else is refused."""
    assert main([]) == 2


def test_a_profile_schema_forbids_unknown_keys() -> None:
    """Editors underline a misspelt key."""
    assert '"additionalProperties": false' in schema_text("profile")
