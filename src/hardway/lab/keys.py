"""SSH keys of a lab: one for the operator, one host key for each machine. Touches the files it is told to write."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization.ssh import SSHPublicKeyTypes


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An Ed25519 key pair in OpenSSH's formats."""

    private: bytes
    public: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public})"


def new_key_pair() -> KeyPair:
    key = Ed25519PrivateKey.generate()
    return KeyPair(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ),
        _public(key.public_key()),
    )


def ensure_client_key(path: Path) -> str:
    """The public key of the operator in the lab; the first of any callers at once makes the pair."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent) as beside, suppress(FileExistsError):
            beside.write(new_key_pair().private)
            beside.flush()
            path.hardlink_to(beside.name)
    return _public(serialization.load_ssh_private_key(path.read_bytes(), None).public_key())


def _public(key: SSHPublicKeyTypes) -> str:
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
