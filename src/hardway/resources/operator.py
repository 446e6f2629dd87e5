"""What the operator's own side holds: keys, certificates, programs and images, files of the state directory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from hardway.resources.base import OPERATOR, UNKNOWN, Attributes, Content, Known, Ref, Resource, Unknown, digest

SSH_ED25519: Final = "ssh-ed25519"
"""The algorithm of keys for SSH: kept in OpenSSH's own format, the only one that every sshd and ssh reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(Resource):
    """A private key in the vault. Attributes for references: `pem` (PKCS#8, secret), `public` (SPKI, PEM).

    A key for SSH has `pem` in OpenSSH's format, and `ssh`, its public line ("ssh-ed25519 AAAA...").
    """

    kind: ClassVar[str] = "key"
    removal: ClassVar[int] = 320
    machine: str = OPERATOR
    key: str
    algorithm: str
    """One of spec.model.KeyAlgorithm, or SSH_ED25519."""

    @property
    def name(self) -> str:
        return self.key

    def attributes(self, known: Known) -> Attributes:
        return {"algorithm": self.algorithm}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret(Resource):
    """Random bytes in the vault. Attribute for references: `base64` (secret)."""

    kind: ClassVar[str] = "secret"
    removal: ClassVar[int] = 330
    machine: str = OPERATOR
    secret: str
    size: int
    """Bytes."""

    @property
    def name(self) -> str:
        return self.secret

    def attributes(self, known: Known) -> Attributes:
        return {"size": str(self.size)}


class Usage(StrEnum):
    """Extended key usages (RFC 5280, 4.2.1.12)."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Resource):
    """An X.509 certificate in the vault. Attribute for references: `pem`.

    An authority has `authority` equal to "" and `usages` empty; it signs itself with its own key.
    """

    kind: ClassVar[str] = "certificate"
    removal: ClassVar[int] = 310
    machine: str = OPERATOR
    certificate: str
    common_name: str
    organizations: tuple[str, ...] = ()
    usages: tuple[Usage, ...] = ()
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    authority: str = ""
    """Name of the authority's certificate; empty for an authority itself."""
    days: int

    @property
    def name(self) -> str:
        return self.certificate

    @property
    def is_authority(self) -> bool:
        return not self.authority

    @property
    def refs(self) -> tuple[Ref, ...]:
        own = Ref(f"key:{OPERATOR}:{self.certificate}", "public")
        if self.is_authority:
            return (own,)
        return (own, Ref(f"certificate:{OPERATOR}:{self.authority}", "pem"))

    def attributes(self, known: Known) -> Attributes:
        """`life` is "good" while more than a third of it is left; `issuer` is the digest of the authority's PEM."""
        public, *issuer = (known(ref) for ref in self.refs)
        return {
            "subject": "/".join((*(f"O={o}" for o in self.organizations), f"CN={self.common_name}")),
            "usages": " ".join(self.usages) or "authority",
            "names": " ".join((*sorted(self.dns_names), *sorted(self.addresses))),
            "key": _digest(public),
            "issuer": _digest(issuer[0]) if issuer else "itself",
            "life": "good",
        }


def _digest(value: bytes | Unknown) -> str | Unknown:
    return UNKNOWN if isinstance(value, Unknown) else digest(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob(Resource):
    """A program, image or tree in the content-addressed cache.

    Attributes for references: `sha256` (hexadecimal, of the file), `digest` (an image's manifest digest, sha256:...),
    `path` (on the operator's computer).
    """

    kind: ClassVar[str] = "blob"
    removal: ClassVar[int] = 340
    machine: str = OPERATOR
    blob: str
    """The program's or image's name in the catalog, such as kube-apiserver."""
    version: str

    @property
    def name(self) -> str:
        return f"{self.blob}@{self.version}"

    def attributes(self, known: Known) -> Attributes:
        return {"cached": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFile(Resource):
    """A file in the cluster's state directory, such as the operator's kubeconfig. Mode 0600 always."""

    kind: ClassVar[str] = "state-file"
    removal: ClassVar[int] = 300
    machine: str = OPERATOR
    path: str
    """Relative to the state directory."""
    content: Content

    @property
    def name(self) -> str:
        return self.path

    @property
    def refs(self) -> tuple[Ref, ...]:
        return self.content.refs

    def attributes(self, known: Known) -> Attributes:
        content = self.content.resolve(known)
        return {"sha256": UNKNOWN if isinstance(content, Unknown) else digest(content)}
