"""Every extension of every certificate (RFC 5280), and the forms of keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtensionOID

from hardway.pki.make import BACKDATE, USAGE_OIDS, algorithm_of, issue, make_key, public_pem, signer
from hardway.resources.operator import Usage
from hardway.spec.model import KeyAlgorithm
from tests.pki.vault_in_memory import NOW, Pki


def bits(usage: x509.KeyUsage) -> set[str]:
    always = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    more = ("key_agreement", "key_cert_sign", "crl_sign")
    return {name for name in (*always, *more) if getattr(usage, name)}


def test_basic_constraints_are_critical_and_an_authority_signs_leaves_only(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        found = pki.parsed(name).extensions.get_extension_for_class(x509.BasicConstraints)
        assert found.critical
        assert (found.value.ca, found.value.path_length) == ((True, 0) if one.is_authority else (False, None))


def test_key_usage_is_critical_and_least(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        certificate = pki.parsed(name)
        found = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert found.critical
        expected = {"key_cert_sign", "crl_sign"} if one.is_authority else {"digital_signature"}
        if isinstance(certificate.public_key(), rsa.RSAPublicKey) and Usage.SERVER in one.usages:
            expected |= {"key_encipherment"}
        assert bits(found.value) == expected, name


def test_extended_usages_are_those_wanted(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        found = [e.value for e in pki.parsed(name).extensions if isinstance(e.value, x509.ExtendedKeyUsage)]
        assert [list(usage) for usage in found] == ([[USAGE_OIDS[u] for u in one.usages]] if one.usages else [])


def test_alternative_names_are_those_wanted(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        found = [e.value for e in pki.parsed(name).extensions if isinstance(e.value, x509.SubjectAlternativeName)]
        dns = [n for san in found for n in san.get_values_for_type(x509.DNSName)]
        addresses = [str(n) for san in found for n in san.get_values_for_type(x509.IPAddress)]
        assert (tuple(dns), tuple(addresses)) == (one.dns_names, one.addresses)


def test_key_identifiers_lead_to_the_authority(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        extensions = pki.parsed(name).extensions
        own = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        above = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        parent = pki.parsed(one.authority or name).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert own == x509.SubjectKeyIdentifier.from_public_key(pki.parsed(name).public_key())
        assert above.key_identifier == parent.digest


def test_there_is_no_further_extension(pki: Pki) -> None:
    usual = {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
    for name, one in pki.wanted.items():
        expected = usual | ({ExtensionOID.EXTENDED_KEY_USAGE} if one.usages else set())
        expected |= {ExtensionOID.SUBJECT_ALTERNATIVE_NAME} if one.dns_names else set()
        assert {e.oid for e in pki.parsed(name).extensions} == expected


def test_version_hash_life_and_signature(pki: Pki) -> None:
    for name, one in pki.wanted.items():
        certificate = pki.parsed(name)
        assert certificate.version is x509.Version.v3
        assert isinstance(certificate.signature_hash_algorithm, SHA256)
        assert certificate.not_valid_before_utc == NOW - BACKDATE
        assert certificate.not_valid_after_utc == NOW + timedelta(days=one.days)
        certificate.verify_directly_issued_by(pki.parsed(one.authority or name))


def test_serial_numbers_are_random_positive_and_at_most_20_octets(pki: Pki) -> None:
    serials = [pki.parsed(name).serial_number for name in pki.wanted]
    assert len(set(serials)) == len(serials)
    assert all(0 < serial < 1 << 159 for serial in serials)
    assert max(serials).bit_length() > 140


def test_a_leaf_ends_with_its_authority(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["etcd-ca"], ecdsa.certificates["etcd-ca"])
    long = replace(ecdsa.wanted["etcd-peer.m0"], days=36500)
    pem = issue(long, public_pem(ecdsa.keys["etcd-peer.m0"]), by, NOW)
    assert x509.load_pem_x509_certificate(pem).not_valid_after_utc == ecdsa.parsed("etcd-ca").not_valid_after_utc


def test_an_authority_that_has_ended_signs_nothing(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["etcd-ca"], ecdsa.certificates["etcd-ca"])
    public = public_pem(ecdsa.keys["etcd-peer.m0"])
    with pytest.raises(ValueError, match="etcd-ca ended on"):
        issue(ecdsa.wanted["etcd-peer.m0"], public, by, NOW + timedelta(days=4000))


@pytest.mark.parametrize(
    ("key", "certificate", "what"),
    [
        ("etcd-ca", "kubernetes-ca", "for another key"),
        ("admin", "admin", "that of no authority"),
    ],
)
def test_only_an_authority_with_its_own_key_signs(ecdsa: Pki, key: str, certificate: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        signer(ecdsa.keys[key], ecdsa.certificates[certificate])


def test_a_name_too_long_for_a_certificate_is_refused(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["kubernetes-ca"], ecdsa.certificates["kubernetes-ca"])
    long = replace(ecdsa.wanted["admin"], common_name="x" * 65)
    with pytest.raises(ValueError, match="64"):
        issue(long, public_pem(ecdsa.keys["admin"]), by, NOW)


def test_a_given_serial_number_is_taken(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["kubernetes-ca"])
    pem = issue(ecdsa.wanted["kubernetes-ca"], public_pem(ecdsa.keys["kubernetes-ca"]), by, NOW, serial=7)
    assert x509.load_pem_x509_certificate(pem).serial_number == 7


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_a_key_is_unencrypted_pkcs8_of_its_algorithm(algorithm: KeyAlgorithm) -> None:
    pem = make_key(algorithm.value)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert algorithm_of(pem) == algorithm.value
    key = load_pem_private_key(pem, None)
    size = 256 if isinstance(key, ec.EllipticCurvePrivateKey) else int(algorithm.value.removeprefix("rsa-"))
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    assert key.key_size == size
    assert public_pem(pem).startswith(b"-----BEGIN PUBLIC KEY-----\n")


def test_unknown_algorithms_are_refused() -> None:
    with pytest.raises(ValueError, match="dsa-1024"):
        make_key("dsa-1024")


@pytest.mark.parametrize(
    "pem", [b"", b"secret words", b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_is_unreadable_and_never_quoted(pem: bytes) -> None:
    assert algorithm_of(pem) == "unreadable"
    with pytest.raises(ValueError, match="no private key") as caught:
        public_pem(pem)
    assert "secret" not in str(caught.value) and caught.value.__cause__ is None


def test_another_curve_is_named() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    assert algorithm_of(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())) == "ecdsa-secp384r1"


def test_a_signer_shows_nothing_of_its_key(ecdsa: Pki) -> None:
    by = signer(ecdsa.keys["etcd-ca"], ecdsa.certificates["etcd-ca"])
    assert repr(by) == str(by) == f"{by}" == "Signer(***)"
