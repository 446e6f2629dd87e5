"""What is read from a certificate equals what was wanted of it, and differs wherever it is another."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from hardway.pki.make import BACKDATE, issue, make_key, public_pem, signer
from hardway.pki.read import ATTRIBUTES, SOMEONE_ELSE, UNREADABLE, describe, expiry, life
from hardway.resources.base import Attributes, Ref
from hardway.resources.operator import Certificate, Usage
from tests.pki.vault_in_memory import NOW, Pki, make_pki, small_cluster


def wanted_attributes(pki: Pki, one: Certificate) -> Attributes:
    def known(ref: Ref) -> bytes:
        name = ref.resource.split(":", 2)[2]
        return public_pem(pki.keys[name]) if ref.attribute == "public" else pki.certificates[name]

    return one.attributes(known)


def read(pki: Pki, name: str, pem: bytes | None = None, now: datetime = NOW) -> dict[str, str]:
    authority = pki.wanted[name].authority
    return dict(describe(pem or pki.certificates[name], now, pki.certificates[authority] if authority else None))


def test_a_certificate_as_made_is_as_wanted(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        assert read(pki, name) == wanted_attributes(pki, one)


def differing(pki: Pki, name: str, pem: bytes) -> set[str]:
    wanted = wanted_attributes(pki, pki.wanted[name])
    return {key for key, value in read(pki, name, pem).items() if value != wanted[key]}


ALTERED = [
    ({"common_name": "other"}, {"subject"}),
    ({"organizations": ("other",)}, {"subject"}),
    ({"usages": (Usage.CLIENT,)}, {"usages"}),
    ({"usages": (Usage.SERVER, Usage.CLIENT)}, {"usages"}),
    ({"dns_names": ("m0",)}, {"names"}),
    ({"addresses": ("127.0.0.1", "10.0.0.10", "10.0.0.99")}, {"names"}),
    ({"dns_names": (), "addresses": ()}, {"names"}),
]


@pytest.mark.parametrize(("fields", "expected"), ALTERED)
def test_each_difference_is_seen_and_no_other(ecdsa: Pki, fields: dict[str, object], expected: set[str]) -> None:
    name = "kube-scheduler-serving.m0"
    by = signer(ecdsa.keys["kubernetes-ca"], ecdsa.certificates["kubernetes-ca"])
    other = replace(ecdsa.wanted[name], **fields)  # type: ignore[arg-type]  # a table of fields
    assert differing(ecdsa, name, issue(other, public_pem(ecdsa.keys[name]), by, NOW)) == expected


def test_another_key_is_seen(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["kubernetes-ca"], ecdsa.certificates["kubernetes-ca"])
    assert differing(ecdsa, "admin", issue(ecdsa.wanted["admin"], public_pem(make_key("ecdsa-p256")), by, NOW)) == {
        "key"
    }


def test_an_authority_of_the_same_name_with_another_key_is_someone_else(ecdsa: Pki) -> None:
    impostor = make_pki(small_cluster())
    by = signer(impostor.keys["kubernetes-ca"], impostor.certificates["kubernetes-ca"])
    pem = issue(ecdsa.wanted["admin"], public_pem(ecdsa.keys["admin"]), by, NOW)
    assert differing(ecdsa, "admin", pem) == {"issuer"}
    assert read(ecdsa, "admin", pem)["issuer"] == SOMEONE_ELSE


def test_an_authority_of_another_name_is_someone_else(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["etcd-ca"], ecdsa.certificates["etcd-ca"])
    pem = issue(ecdsa.wanted["admin"], public_pem(ecdsa.keys["admin"]), by, NOW)
    assert read(ecdsa, "admin", pem)["issuer"] == SOMEONE_ELSE


def test_an_authority_signed_by_another_does_not_sign_itself(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["etcd-ca"], ecdsa.certificates["etcd-ca"])
    pem = issue(ecdsa.wanted["kubelet-ca"], public_pem(ecdsa.keys["kubelet-ca"]), by, NOW)
    assert read(ecdsa, "kubelet-ca", pem)["issuer"] == SOMEONE_ELSE


def test_a_renewed_authority_with_its_old_key_still_counts_as_the_signer(ecdsa: Pki) -> None:
    ca = ecdsa.wanted["etcd-ca"]
    renewed = issue(ca, public_pem(ecdsa.keys["etcd-ca"]), signer(ecdsa.keys["etcd-ca"]), NOW)
    found = describe(ecdsa.certificates["etcd-peer.m0"], NOW, renewed)
    assert found["issuer"] not in (SOMEONE_ELSE, UNREADABLE)


def test_an_authority_still_to_be_made_is_someone_else(ecdsa: Pki) -> None:
    assert describe(ecdsa.certificates["admin"], NOW, b"")["issuer"] == SOMEONE_ELSE


BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=360)
LIVES = [
    (timedelta(0), "good"),
    (timedelta(days=239, hours=23), "good"),
    (timedelta(days=240), "120 of 360 days left"),
    (timedelta(days=348), "12 of 360 days left"),
    (timedelta(days=359, hours=1), "23 hours left"),
    (timedelta(days=360, hours=-1), "60 minutes left"),
    (timedelta(days=360), "expired 0 minutes ago"),
    (timedelta(days=363), "expired 3 days ago"),
    (timedelta(days=360, hours=5), "expired 5 hours ago"),
    (timedelta(days=-1), "not valid before 2025-01-01 00:00 UTC"),
]


@pytest.mark.parametrize(("after", "expected"), LIVES)
def test_life(after: timedelta, expected: str) -> None:
    assert life(BEGIN, END, BEGIN + after) == expected


def test_life_is_read_from_the_certificate(ecdsa: Pki) -> None:
    assert read(ecdsa, "admin", now=NOW + timedelta(days=360))["life"] == "5 of 365 days left"
    assert read(ecdsa, "admin", now=NOW + timedelta(days=368))["life"] == "expired 3 days ago"
    assert read(ecdsa, "admin", now=NOW - timedelta(days=2))["life"].startswith("not valid before")
    assert read(ecdsa, "admin", now=NOW - BACKDATE + timedelta(seconds=1))["life"] == "good"


def test_expiry(ecdsa: Pki) -> None:
    assert expiry(ecdsa.certificates["admin"]) == NOW + timedelta(days=365)
    assert expiry(b"no certificate") is None


def test_what_is_no_certificate_is_unreadable_in_every_attribute() -> None:
    assert describe(b"no certificate", NOW, None) == dict.fromkeys(ATTRIBUTES, UNREADABLE)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_certificates_never_pass_and_never_raise(data: st.DataObject) -> None:
    pem = _SAMPLE.certificates["kube-apiserver.m0"]
    certificate = x509.load_pem_x509_certificate(pem)
    der = bytearray(certificate.public_bytes(Encoding.DER))
    # How many bits of the signature's last byte do not count (X.690, 8.6.2) is no part of what is said or signed.
    unused_bits = len(der) - len(certificate.signature) - 1
    place = data.draw(st.integers(0, len(der) - 1).filter(lambda place: place != unused_bits))
    der[place] ^= data.draw(st.integers(1, 255))
    found = read(_SAMPLE, "kube-apiserver.m0", ssl.DER_cert_to_PEM_cert(bytes(der)).encode())
    assert set(found) == set(ATTRIBUTES)
    assert found != wanted_attributes(_SAMPLE, _SAMPLE.wanted["kube-apiserver.m0"])


_SAMPLE = make_pki(small_cluster())
