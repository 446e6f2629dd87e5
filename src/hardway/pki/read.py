"""What a certificate says, as the attributes that `Certificate` wants of it, and how much of its life is left. Pure.

Reads what others may have put there: nothing that is handed in makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from hardway.pki.make import USAGE_OIDS, public_bytes
from hardway.resources.base import digest

GOOD: Final = "good"
ITSELF: Final = "itself"
SOMEONE_ELSE: Final = "someone else"
UNREADABLE: Final = "unreadable"
ATTRIBUTES: Final = ("subject", "usages", "names", "key", "issuer", "life")

_USAGES: Final = {oid: usage.value for usage, oid in USAGE_OIDS.items()}
_SHORT: Final = {NameOID.ORGANIZATION_NAME: "O", NameOID.COMMON_NAME: "CN"}


def describe(certificate_pem: bytes, now: datetime, authority_pem: bytes | None) -> Mapping[str, str]:
    """The attributes of `Certificate.attributes` as this certificate has them.

    `authority_pem` is the authority that shall have signed it, None for an authority itself. `issuer` is the digest of
    that PEM where its key really made the signature ("itself" for one that signed itself), else "someone else".
    `life` is "good" while more than a third of it is left, else says what is wrong.
    """
    try:
        return _describe(x509.load_pem_x509_certificate(certificate_pem), now, authority_pem)
    except Exception:
        # The parser meets hostile bytes here, some of them only when an extension is looked at.
        return dict.fromkeys(ATTRIBUTES, UNREADABLE)


def expiry(certificate_pem: bytes) -> datetime | None:
    """When the certificate ends; None where it is none."""
    try:
        return x509.load_pem_x509_certificate(certificate_pem).not_valid_after_utc
    except Exception:
        return None


def _describe(certificate: x509.Certificate, now: datetime, authority_pem: bytes | None) -> Mapping[str, str]:
    return {
        "subject": "/".join(
            f"{_SHORT.get(one.oid, one.oid.dotted_string)}={one.value!s}" for one in certificate.subject
        ),
        "usages": _usages(certificate),
        "names": _names(certificate),
        "key": digest(public_bytes(certificate.public_key())),
        "issuer": _issuer(certificate, authority_pem),
        "life": life(certificate.not_valid_before_utc, certificate.not_valid_after_utc, now),
    }


def _usages(certificate: x509.Certificate) -> str:
    extensions = certificate.extensions
    constraints = [e.value for e in extensions if isinstance(e.value, x509.BasicConstraints)]
    extended = [oid for e in extensions if isinstance(e.value, x509.ExtendedKeyUsage) for oid in e.value]
    authority = ["authority"] if any(one.ca for one in constraints) else []
    return " ".join((*authority, *(_USAGES.get(oid, oid.dotted_string) for oid in extended))) or "none"


def _names(certificate: x509.Certificate) -> str:
    names = [n for e in certificate.extensions if isinstance(e.value, x509.SubjectAlternativeName) for n in e.value]
    dns = (name.value for name in names if isinstance(name, x509.DNSName))
    addresses = (str(name.value) for name in names if isinstance(name, x509.IPAddress))
    others = (f"{type(n).__name__}:{n.value!s}" for n in names if not isinstance(n, x509.DNSName | x509.IPAddress))
    return _sorted(dns, addresses, others)


def _sorted(*groups: Iterable[str]) -> str:
    return " ".join(name for group in groups for name in sorted(group))


def _issuer(certificate: x509.Certificate, authority_pem: bytes | None) -> str:
    try:
        authority = certificate if authority_pem is None else x509.load_pem_x509_certificate(authority_pem)
        certificate.verify_directly_issued_by(authority)
    except Exception:
        # Another name, another signature, another kind of key, no authority at all: someone else in each case.
        return SOMEONE_ELSE
    return ITSELF if authority_pem is None else digest(authority_pem)


def life(begin: datetime, end: datetime, now: datetime) -> str:
    """ "good" while valid and more than a third is left; else "expired 3 days ago", "12 of 365 days left"."""
    if now < begin:
        return f"not valid before {begin:%Y-%m-%d %H:%M} UTC"
    if now >= end:
        return f"expired {_span(now - end)} ago"
    left, whole = end - now, end - begin
    if left * 3 > whole:
        return GOOD
    if left < timedelta(days=1):
        return f"{_span(left)} left"
    return f"{left.days} of {round(whole / timedelta(days=1))} days left"


def _span(span: timedelta) -> str:
    """Days, below two days hours, below two hours minutes; whole ones."""
    for unit, name in ((timedelta(days=1), "days"), (timedelta(hours=1), "hours")):
        if span >= 2 * unit:
            return f"{span // unit} {name}"
    return f"{span // timedelta(minutes=1)} minutes"
