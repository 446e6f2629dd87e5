"""Diffs: what is secret is never in them, certificates are described, the rest is plain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hardway.cli.diffs import masked, plan_diffs, to_read, unified
from hardway.plan.diff import make_plan
from hardway.resources.base import UNKNOWN, Chapter, Content, Ref, Resource, Seen
from hardway.resources.host import File
from hardway.resources.kubernetes import KubeObject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "etcd")])
PRIVATE = ec.generate_private_key(ec.SECP256R1())
KEY_PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
CERTIFICATE_PEM = (
    x509.CertificateBuilder(NAME, NAME, PRIVATE.public_key(), 1, NOW, NOW + timedelta(days=365))
    .sign(PRIVATE, SHA256())
    .public_bytes(Encoding.PEM)
    .decode()
)


def test_private_keys_are_masked_wherever_they_stand() -> None:
    body = KEY_PEM.splitlines()[1]
    for text in (KEY_PEM, f"before\n{KEY_PEM}after\n", KEY_PEM[:-30]):
        assert body not in masked(text)
        assert "(private key: ***)" in masked(text)


def test_certificates_are_described() -> None:
    told = masked(f"{CERTIFICATE_PEM}{CERTIFICATE_PEM}")
    assert told.count("(certificate: CN=etcd, issued by CN=etcd, until 2027-01-01, fingerprint ") == 2
    assert "BEGIN" not in told


def test_what_only_looks_like_a_certificate_does_no_harm() -> None:
    assert masked("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") == "(certificate: unreadable)\n"


def test_unified_has_no_header_and_nothing_for_equals() -> None:
    assert list(unified("a\nb\n", "a\nc\n")) == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert list(unified("a\n", "a\n")) == []


def file(path: str, *parts: str | Ref) -> File:
    return File(chapter=Chapter.ETCD, machine="m", path=path, content=Content.of(*parts))


SECRET_REF = Ref("key:operator:etcd", "pem", secret=True)


def diff_of(resource: Resource, seen: Seen | None, texts: dict[str, str]) -> tuple[str, ...]:
    plan = make_plan([resource], {seen.id: seen} if seen else {}, lambda ref: b"hush")
    return tuple(plan_diffs(plan, texts, lambda ref: b"hush").get(resource.id, ()))


def changed(resource: Resource) -> Seen:
    return Seen(resource.id, {"sha256": "0" * 64, "owner": "root", "mode": "0644"}, owned=True)


def test_a_secret_file_that_changes_shows_only_that_it_differs() -> None:
    secret = file("/k", "token: ", SECRET_REF)
    plan = make_plan([secret], {secret.id: changed(secret)}, lambda ref: b"hush")
    assert to_read(plan) == ()
    (line,) = diff_of(secret, changed(secret), {secret.id: "token: old secret"})
    assert "secret" in line
    assert "old secret" not in line
    assert "hush" not in line


def test_a_secret_file_that_is_made_shows_its_form() -> None:
    assert diff_of(file("/k", "token: ", SECRET_REF, "\n"), None, {}) == ("@@ -0,0 +1 @@", "+token: ***")


def test_a_file_that_changes_is_compared_with_what_is_there() -> None:
    plain = file("/f", "a\nc\n")
    plan = make_plan([plain], {plain.id: changed(plain)}, lambda ref: None)
    assert to_read(plan) == (plain.id,)
    assert diff_of(plain, changed(plain), {plain.id: "a\nb\n"})[1:] == (" a", "-b", "+c")


def test_what_is_known_only_later_is_named() -> None:
    later = file("/f", "url: ", Ref("forward:operator:api", "url"), "\n")
    plan = make_plan([later], {}, lambda ref: None)
    (_, line) = plan_diffs(plan, {}, lambda ref: UNKNOWN)[later.id]
    assert line == "+url: (known after apply: forward:operator:api)"


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_the_data_of_a_secret_object_is_masked(field: str) -> None:
    text = f'{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"s"}},"{field}":{{"token":"aGVsbG8="}}}}'
    told = "\n".join(diff_of(KubeObject(chapter=Chapter.DNS, manifest=text), None, {}))
    assert "aGVsbG8=" not in told
    assert '"token": "***"' in told
