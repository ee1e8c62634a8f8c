"""Ed25519 signatures of baselines: the only door to ``cryptography``, an extra.

Private keys are PEM files (PKCS 8, as OpenSSL writes them). A public key is the base64 of
its 32 raw bytes, one a line of a file where ``#`` starts a comment.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtregress.baseline.record import Baseline, Signature
from qtregress.errors import BaselineError, InputError
from qtregress.files.atomic import check_target, write_text
from qtregress.files.git import is_revision, read_revision
from qtregress.files.text import Text, as_text, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that may have signed.

    Attributes:
        raw: its 32 bytes.
        place: the file and line it stands in.
    """

    raw: bytes
    place: str

    @property
    def name(self) -> str:
        """``sha256:`` and the hash of the raw key, as signatures name it."""
        return _name(self.raw)


def generate(path: Path) -> Path:
    """Write a new private key to ``path``, its public key beside it, and return where that is.

    Raises:
        BaselineError: ``cryptography`` is not installed.
        InputError: one of both files exists or cannot be written.
    """
    with _installed():
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = path.with_name(f"{path.name}.pub")
    for file in (path, public):
        if os.path.lexists(file):
            msg = f"{file}: exists already, and a key is never overwritten"
            raise InputError(msg)
        check_target(file)
    key = Ed25519PrivateKey.generate()
    _write_private(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    write_text(public, f"{base64.b64encode(_raw(key)).decode('ascii')}\n")
    return public


def sign(baseline: Baseline, key_file: Path) -> Baseline:
    """The baseline with a signature of its digest.

    Raises:
        BaselineError: ``cryptography`` is not installed.
        InputError: the file holds no Ed25519 key without a password.
    """
    key = _private(key_file)
    value = base64.b64encode(key.sign(baseline.digest.encode("ascii"))).decode("ascii")
    signature = Signature(key=_name(_raw(key)), value=value)
    return baseline.model_copy(update={"signature": signature})


def read_keys(path: str) -> tuple[PublicKey, ...]:
    """The public keys of a file or of ``REV:PATH``, at least one.

    Raises:
        InputError: it cannot be read, has a line that is no key, or none at all.
    """
    text = as_text(path, read_revision(path)) if is_revision(path) else read_text(Path(path))
    lines = ((n, line.partition("#")[0].strip()) for n, line in enumerate(_lines(text), start=1))
    keys = tuple(_public(line, f"{text.name}:{n}") for n, line in lines if line)
    if not keys:
        msg = f"{text.name}: must have a public key, or nothing could be signed, but has none"
        raise InputError(msg)
    return keys


def signature_problem(baseline: Baseline, keys: Sequence[PublicKey]) -> str:
    """Why none of the keys vouches for the baseline, a sentence; empty if one does.

    Raises:
        BaselineError: ``cryptography`` is not installed.
    """
    signature = baseline.signature
    if signature is None:
        return (
            "the baseline must be signed by one of the trusted keys, but is not signed "
            "(sign first, then add trusted_keys: take the file away, rebuild, accept --sign-key, "
            "put it back)"
        )
    known = [key for key in keys if key.name == signature.key]
    if not known:
        return f"the baseline was signed with key {signature.key}, which is none of the trusted"
    with _installed():
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(known[0].raw)
    try:
        public.verify(base64.b64decode(signature.value), baseline.digest.encode("ascii"))
    except InvalidSignature:
        return f"the signature is wrong: key {signature.key} did not sign this baseline"
    return ""


def _private(path: Path) -> "Ed25519PrivateKey":
    with _installed():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_text(path).text.encode("utf-8")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path}: must be an Ed25519 private key (PEM, no password), but is not"
        raise InputError(msg)
    return key


def _raw(key: "Ed25519PrivateKey") -> bytes:
    return key.public_key().public_bytes_raw()


def _name(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _lines(text: Text) -> list[str]:
    return text.text.split("\n")


def _public(line: str, place: str) -> PublicKey:
    try:
        raw = base64.b64decode(line, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != _KEY_BYTES:
        msg = f"{place}: must be the base64 of a raw Ed25519 public key (32 bytes), but is not"
        raise InputError(msg)
    return PublicKey(raw=raw, place=place)


def _write_private(path: Path, data: bytes) -> None:
    """Write what nobody else may read; the file is new or this fails."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(msg) from error


@contextmanager
def _installed() -> "Iterator[None]":
    try:
        yield
    except ImportError as error:
        msg = (
            "signatures need the library cryptography, which is not installed: "
            "pip install 'qtregress[sign]'"
        )
        raise BaselineError(msg) from error
