"""Signed baselines."""

import base64
import builtins
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from qtregress.baseline.record import Baseline
from qtregress.errors import BaselineError, InputError
from qtregress.files.baseline_store import (
    accept,
    approved_path,
    baseline_text,
    read_approved,
    read_baseline,
    write_proposal,
)
from qtregress.files.signatures import generate, read_keys, sign, signature_problem
from tests.baseline import made

NOT_CI = {"CI": ""}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; the public one lies beside it."""
    folder = tmp_path / "keys"
    folder.mkdir()
    generate(folder / "key")
    return folder / "key"


def public(key: Path) -> Path:
    """The public key of a private one."""
    return key.with_name(f"{key.name}.pub")


def store(tmp_path: Path, key: Path) -> Path:
    """A store that trusts the key, with a proposal."""
    folder = tmp_path / "baselines"
    write_proposal(folder, made.proposal(made.ERROR))
    (folder / "trusted_keys").write_bytes(b"# release\n" + public(key).read_bytes())
    return folder


def accepted_in(folder: Path, key: Path | None) -> Path:
    """Where the proposal lies once accepted."""
    proposal = folder / "lima.proposed.json"
    return accept(proposal, folder, made.terms(), environ=NOT_CI, key_file=key).path


def test_a_key_is_secret(key: Path) -> None:
    """Nobody else may read the private key."""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["key", "key.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, name: str) -> None:
    """Neither half of a pair."""
    (tmp_path / name).write_text("dear", encoding="utf-8")

    with pytest.raises(InputError, match="never overwritten"):
        generate(tmp_path / "key")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["dear"]


def test_a_key_without_a_folder_is_a_sentence(tmp_path: Path) -> None:
    """A missing folder is no crash."""
    with pytest.raises(InputError, match="cannot be written"):
        generate(tmp_path / "nowhere" / "key")


def test_a_signed_baseline_verifies(tmp_path: Path, key: Path) -> None:
    """Signed on acceptance, and read where its key is trusted."""
    path = accepted_in(store(tmp_path, key), key)

    assert read_baseline(path).signature is not None


def test_the_signature_is_of_the_digest(key: Path) -> None:
    """Anybody with another tool can check it."""
    signed = sign(made.follow(None, made.ERROR), key)
    (trusted,) = read_keys(str(public(key)))

    assert signature_problem(signed, [trusted]) == ""
    assert base64.b64encode(trusted.raw) == public(key).read_bytes().strip()


def test_acceptance_must_sign_where_keys_are_trusted(tmp_path: Path, key: Path) -> None:
    """Without a key, or with a strange one, the store stays as it was."""
    folder = store(tmp_path, key)
    generate(tmp_path / "strange")
    before = sorted(path.read_bytes() for path in folder.iterdir())

    with pytest.raises(BaselineError, match="but is not signed"):
        accepted_in(folder, None)
    with pytest.raises(BaselineError, match="none of the trusted"):
        accepted_in(folder, tmp_path / "strange")
    assert sorted(path.read_bytes() for path in folder.iterdir()) == before


def unsigned(baseline: Baseline) -> Baseline:
    """The baseline without its signature."""
    return baseline.model_copy(update={"signature": None})


def signed_by_another(baseline: Baseline) -> Baseline:
    """A signature that another baseline has."""
    assert baseline.signature is not None
    value = f"{'A' * 86}=="
    return baseline.model_copy(
        update={"signature": baseline.signature.model_copy(update={"value": value})}
    )


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [(unsigned, "but is not signed"), (signed_by_another, "the signature is wrong")],
)
def test_a_wrong_signature_is_refused(
    tmp_path: Path, key: Path, spoil: Callable[[Baseline], Baseline], problem: str
) -> None:
    """A digest that fits is not enough where keys are trusted."""
    path = accepted_in(store(tmp_path, key), key)
    path.write_text(baseline_text(spoil(read_baseline(path))), encoding="utf-8")

    with pytest.raises(BaselineError, match=problem):
        read_baseline(path)


def test_an_edited_baseline_keeps_no_signature(tmp_path: Path, key: Path) -> None:
    """Whoever seals it anew has no key to sign it with."""
    path = accepted_in(store(tmp_path, key), key)
    text = path.read_text(encoding="utf-8").replace("0.001", "0.009")
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match="edited by hand"):
        read_baseline(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("# none\n", "must have a public key"), ("c2hvcnQ=\n", r"trusted_keys:1: .*32 bytes")],
)
def test_keys_that_are_none_are_refused(tmp_path: Path, key: Path, text: str, problem: str) -> None:
    """An empty or broken list of keys does not switch the demand off."""
    folder = store(tmp_path, key)
    path = accepted_in(folder, key)
    (folder / "trusted_keys").write_text(text, encoding="utf-8")

    with pytest.raises(BaselineError, match=problem):
        read_baseline(path)


def test_a_link_to_nowhere_is_not_no_keys(tmp_path: Path, key: Path) -> None:
    """The demand cannot be switched off by a broken link."""
    folder = store(tmp_path, key)
    path = accepted_in(folder, key)
    (folder / "trusted_keys").unlink()
    (folder / "trusted_keys").symlink_to(tmp_path / "nowhere")

    with pytest.raises(BaselineError, match="does not exist"):
        read_baseline(path)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    """RSA does not sign baselines, and text is no key."""
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    pem = rsa.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for name, data in (("rsa", pem), ("text", b"secret")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="must be an Ed25519 private key"):
            sign(made.follow(None, made.ERROR), tmp_path / name)


def test_without_the_library_a_demand_is_not_met(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be checked does not pass, and the sentence says what to install."""
    path = accepted_in(store(tmp_path, key), key)
    real = builtins.__import__

    def without(
        name: str,
        space: Mapping[str, object] | None = None,
        local: Mapping[str, object] | None = None,
        parts: Sequence[str] | None = (),
        level: int = 0,
    ) -> object:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, space, local, parts or (), level)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BaselineError, match=r"pip install 'qtregress\[sign\]'"):
        read_baseline(path)


def test_nobody_is_asked_where_no_keys_lie(tmp_path: Path, key: Path) -> None:
    """Signatures are an option: unsigned baselines are read, and so are signed ones."""
    folder = store(tmp_path, key)
    (folder / "trusted_keys").unlink()
    accepted_in(folder, None)

    assert read_approved(folder, "lima") == read_baseline(approved_path(folder, "lima"))
