"""How keys and certificates are made: PKCS#8, and X.509 v3 after RFC 5280. No I/O; time is an argument.

Randomness (keys, serial numbers, nonces) is the library's. A private key is bytes or a `Signer`, whose repr hides it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hardway.resources.operator import SSH_ED25519, Certificate, Usage
from hardway.spec.model import KeyAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

BACKDATE: Final = timedelta(minutes=5)
"""Certificates begin this long before they are made, for clocks that differ; as Kubernetes' own signer does it."""

USAGE_OIDS: Final[Mapping[Usage, x509.ObjectIdentifier]] = {
    Usage.SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Usage.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
}

_OPENSSH: Final = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_RSA_EXPONENT: Final = 65537
_GENERATE: Final[Mapping[KeyAlgorithm, Callable[[], PrivateKey]]] = {
    KeyAlgorithm.ECDSA_P256: lambda: ec.generate_private_key(ec.SECP256R1()),
    KeyAlgorithm.RSA_2048: lambda: rsa.generate_private_key(_RSA_EXPONENT, 2048),
    KeyAlgorithm.RSA_3072: lambda: rsa.generate_private_key(_RSA_EXPONENT, 3072),
    KeyAlgorithm.RSA_4096: lambda: rsa.generate_private_key(_RSA_EXPONENT, 4096),
}


def make_key(algorithm: str) -> bytes:
    """A new private key: PKCS#8 PEM, or OpenSSH's for SSH_ED25519. Raises ValueError for an unknown algorithm."""
    if algorithm == SSH_ED25519:
        return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    key = _GENERATE[KeyAlgorithm(algorithm)]()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key_pem: bytes) -> bytes:
    """The public half of a private key, SubjectPublicKeyInfo PEM. Raises ValueError where it is no key of ours."""
    return public_bytes(_private(key_pem).public_key())


def ssh_public(key_pem: bytes) -> bytes:
    """The public line of a key for SSH ("ssh-ed25519 AAAA..."). Raises ValueError where it is none."""
    return _ssh_private(key_pem).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _ssh_private(key_pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_ssh_private_key(key_pem, None)
    except Exception:
        # Whatever the parser says might quote what it read.
        raise ValueError("this is no private key for SSH") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("a private key for SSH that is not Ed25519")
    return key


def public_bytes(key: CertificatePublicKeyTypes) -> bytes:
    """A public key as SubjectPublicKeyInfo PEM: the one form in which public keys are compared."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def algorithm_of(key_pem: bytes) -> str:
    """Which of `KeyAlgorithm` a private key is, or SSH_ED25519; "ecdsa-<curve>" or "rsa-<bits>" for others;
    "unreadable" for no key."""
    try:
        if key_pem.startswith(_OPENSSH):
            _ssh_private(key_pem)
            return SSH_ED25519
        key = _private(key_pem)
    except ValueError:
        return "unreadable"
    if isinstance(key, rsa.RSAPrivateKey):
        return f"rsa-{key.key_size}"
    return KeyAlgorithm.ECDSA_P256.value if isinstance(key.curve, ec.SECP256R1) else f"ecdsa-{key.curve.name}"


def _private(key_pem: bytes) -> PrivateKey:
    # The check of an RSA key's primes takes 30 ms and more, and guards against strangers' keys; these are our own.
    try:
        key = load_pem_private_key(key_pem, None, unsafe_skip_rsa_key_validation=True)
    except Exception:
        # Whatever the parser says might quote what it read.
        raise ValueError("this is no private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a private key that is neither ECDSA nor RSA")
    return key


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Who signs certificates: an authority, or (with no certificate) a key that is about to become one."""

    key: PrivateKey
    certificate: x509.Certificate | None

    def __repr__(self) -> str:
        return "Signer(***)"


def signer(key_pem: bytes, certificate_pem: bytes | None = None) -> Signer:
    """The signer with that key. Raises ValueError for what cannot be read, a certificate of another key, or none of an
    authority."""
    key = _private(key_pem)
    if certificate_pem is None:
        return Signer(key, None)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    if public_bytes(certificate.public_key()) != public_bytes(key.public_key()):
        raise ValueError("the authority's certificate is for another key")
    if not any(isinstance(e.value, x509.BasicConstraints) and e.value.ca for e in certificate.extensions):
        raise ValueError("the authority's certificate is that of no authority")
    return Signer(key, certificate)


def issue(wanted: Certificate, public_key_pem: bytes, by: Signer, now: datetime, serial: int | None = None) -> bytes:
    """The certificate, PEM: valid from a little before `now`, for its days but not beyond its authority's own end.

    The serial number is 159 random bits unless given. Raises ValueError where the authority has ended, a name does not
    fit into a certificate (64 characters), or the public key cannot be read.
    """
    public_key = load_pem_public_key(public_key_pem)
    if not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ValueError("a public key that is neither ECDSA nor RSA")
    subject = _subject(wanted)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by.certificate else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(_end(wanted, by, now))
    )
    for extension, critical in _extensions(wanted, public_key, by):
        builder = builder.add_extension(extension, critical)
    return builder.sign(by.key, SHA256()).public_bytes(Encoding.PEM)


def _subject(wanted: Certificate) -> x509.Name:
    organizations = (x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in wanted.organizations)
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, wanted.common_name)])


def _end(wanted: Certificate, by: Signer, now: datetime) -> datetime:
    own = now + timedelta(days=wanted.days)
    if by.certificate is None:
        return own
    authority_end = by.certificate.not_valid_after_utc
    if authority_end <= now:
        raise ValueError(f"{wanted.authority} ended on {authority_end:%Y-%m-%d}")
    return min(own, authority_end)


def _extensions(
    wanted: Certificate, public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, by: Signer
) -> list[tuple[x509.ExtensionType, bool]]:
    """RFC 5280, 4.2.1, with what is critical; an authority signs leaves only (path length 0)."""
    authority = wanted.is_authority
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=0 if authority else None), True),
        (_key_usage(wanted, isinstance(public_key, rsa.RSAPublicKey)), True),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (_authority_key(by), False),
    ]
    if wanted.usages:
        extensions.append((x509.ExtendedKeyUsage([USAGE_OIDS[usage] for usage in wanted.usages]), False))
    if wanted.dns_names or wanted.addresses:
        extensions.append((_alternative_names(wanted), False))
    return extensions


def _authority_key(by: Signer) -> x509.AuthorityKeyIdentifier:
    """The issuer's own identifier, as its certificate says it (RFC 5280, 4.2.1.1)."""
    if by.certificate is None:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
    for extension in by.certificate.extensions:
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(extension.value)
    raise ValueError("the authority's certificate has no key identifier")


def _key_usage(wanted: Certificate, is_rsa: bool) -> x509.KeyUsage:
    """keyEncipherment is for the RSA key exchange of TLS 1.2, and so for RSA servers alone."""
    authority = wanted.is_authority
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=is_rsa and Usage.SERVER in wanted.usages,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(wanted: Certificate) -> x509.SubjectAlternativeName:
    names = (x509.DNSName(name) for name in wanted.dns_names)
    addresses = (x509.IPAddress(ip_address(address)) for address in wanted.addresses)
    return x509.SubjectAlternativeName([*names, *addresses])
