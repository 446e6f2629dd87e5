"""Who asks the kubelet API, and for what; certificates that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from hardway.fargate.agent.doctor import Unmet, _Checks
from hardway.fargate.agent.kubelet_api import subresource_of, tls_context, user_of
from hardway.fargate.faults import FargateFault
from hardway.fargate.settings import Settings
from hardway.pki.make import issue, make_key, public_pem, signer
from hardway.resources.base import Chapter
from hardway.resources.operator import Certificate, Usage
from tests.fargate.made import settings

CERTIFICATES: list[tuple[dict[str, Any] | None, Any]] = [
    (None, None),
    ({}, None),
    ({"subject": ((("organizationName", "o"),),)}, None),
    (
        {"subject": ((("organizationName", "a"),), (("organizationName", "b"),), (("commonName", "me"),))},
        ("me", ("a", "b", "system:authenticated")),
    ),
]


@pytest.mark.parametrize(("certificate", "user"), CERTIFICATES)
def test_the_user_of_a_certificate(certificate: dict[str, Any] | None, user: Any) -> None:
    assert user_of(certificate) == user


@pytest.mark.parametrize(
    ("path", "subresource"),
    [
        ("/stats/summary", "stats"),
        ("/metrics", "metrics"),
        ("/metrics/resource", "metrics"),
        ("/containerLogs/default/web/web", "proxy"),
        ("/exec/default/web/web", "proxy"),
        ("/pods", "proxy"),
        ("/statsx", "proxy"),
    ],
)
def test_what_a_path_asks_for(path: str, subresource: str) -> None:
    assert subresource_of(path) == subresource


def with_certificate(folder: Path, made: datetime, **changed: str) -> Settings:
    """Settings with a certificate for 192.0.2.1 of one day, made then."""
    key = make_key("ecdsa-p256")
    wanted = Certificate(
        chapter=Chapter.CERTIFICATES,
        certificate="kubelet",
        common_name="virtual-kubelet",
        usages=(Usage.SERVER,),
        addresses=("192.0.2.1",),
        days=1,
    )
    (folder / "k.crt").write_bytes(issue(wanted, public_pem(key), signer(key), made))
    (folder / "k.key").write_bytes(key)
    files = {"KubeletCertificate": "k.crt", "KubeletKey": "k.key", "KubeletClientCA": "k.crt", **changed}
    return settings(**{name: str(folder / file) for name, file in files.items()}, NodeAddress="192.0.2.1")


def checks(of: Settings) -> _Checks:
    return _Checks(of, cast("Any", None), cast("Any", None))  # neither AWS nor the API is asked


async def test_a_certificate_that_is_good(tmp_path: Path) -> None:
    assert "port 10250" in await checks(with_certificate(tmp_path, datetime.now(UTC))).kubelet_api()


async def test_a_certificate_that_has_ended(tmp_path: Path) -> None:
    ended = with_certificate(tmp_path, datetime.now(UTC) - timedelta(days=9))
    with pytest.raises(Unmet, match="its certificate ended on"):
        await checks(ended).kubelet_api()


async def test_a_certificate_for_another_address(tmp_path: Path) -> None:
    other = with_certificate(tmp_path, datetime.now(UTC)).model_copy(update={"node_address": "192.0.2.2"})
    with pytest.raises(Unmet, match=r"not for 192\.0\.2\.2"):
        await checks(other).kubelet_api()


@pytest.mark.parametrize("changed", [{"KubeletKey": "no.key"}, {"KubeletKey": "k.crt"}, {"KubeletClientCA": "k.key"}])
def test_files_that_cannot_be_used_are_named(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(FargateFault, match="cannot be used"):
        tls_context(with_certificate(tmp_path, datetime.now(UTC), **changed))
