"""The real door to a cloud, over HTTP, against answers as their references have them: what each fault is told as.

openstacksdk and keystoneauth have retries and patience of their own; here they are in the way as in life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from hardway.cli.errors import BAD_INPUT, FAILED, Message, explain
from hardway.openstack.cloud import Cloud
from hardway.openstack.faults import CloudFault
from hardway.spec.openstack import OpenStack
from tests.cloud.check.simulated import identity
from tests.cloud.check.simulated.server import Answer, Request, Simulated

ASKED = "/network/v2.0/networks"
UNAUTHORIZED = Answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "Authentication required"}})
APPLICATION = {"application_credential_id": "5d0f", "application_credential_secret": "right"}


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """A Keystone and one collection of Neutron's; no cloud of the caller's own is known."""
    for variable in ("OS_CLOUD", "OS_AUTH_URL", "OS_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    cloud = Simulated()
    identity.serve(cloud, {"identity": "/identity", "network": "/network"})
    cloud.route("GET", "/network/?", lambda request: Answer(200, {"versions": [_version(cloud)]}))
    cloud.route("GET", "/network/v2.0/?", lambda request: Answer(200, {"version": _version(cloud)}))
    cloud.route("GET", ASKED, lambda request: Answer(200, {"networks": []}))
    with cloud.serving():
        known(tmp_path, cloud.url)
        yield cloud


def _version(cloud: Simulated) -> Mapping[str, Any]:
    return {"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": f"{cloud.url}/network/v2.0/"}]}


def known(folder: Path, url: str, auth: Mapping[str, Any] = identity.CREDENTIAL, **more: Any) -> None:
    """Write the cloud `simulated` into clouds.yaml."""
    kind = {"auth_type": "v3applicationcredential"} if "application_credential_id" in auth else {}
    entry = {"auth": {"auth_url": f"{url}/identity", **auth}, "region_name": "RegionOne", **kind, **more}
    (folder / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"simulated": entry}}))


async def told(section: OpenStack) -> Message:
    """What a user reads who asks for networks."""
    cloud = Cloud(section)
    with pytest.raises(CloudFault) as raised:
        await cloud.connect()
        await cloud.list("network", "/networks", "networks")
    message = explain(raised.value)
    assert message is not None
    assert message.way_out
    return message


SIMULATED = OpenStack(cloud="simulated")
Prepare = Callable[[Path, Simulated], None]


def _credential(**changed: Any) -> Prepare:
    return lambda folder, cloud: known(folder, cloud.url, {**identity.CREDENTIAL, **changed})


def _application(folder: Path, cloud: Simulated) -> None:
    """Keystone answers an expired credential as it does a wrong secret (keystone.api.auth)."""
    known(folder, cloud.url, {**APPLICATION, "application_credential_secret": "expired"})


def _midway(folder: Path, cloud: Simulated) -> None:
    cloud.faults["GET", ASKED] = UNAUTHORIZED


def _no_network(folder: Path, cloud: Simulated) -> None:
    cloud.first("POST", "/identity/v3/auth/tokens", lambda request: _issued(cloud))


def _issued(cloud: Simulated) -> Answer:
    token = identity._token(cloud, {"identity": "/identity"})
    return Answer(201, {"token": token}, {"X-Subject-Token": cloud.add("tokens")["id"]})


def _unscoped(cloud: Simulated) -> Answer:
    user = {"id": "u1", "name": "demo", "domain": {"id": "default", "name": "Default"}}
    times = {"expires_at": "2999-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z"}
    return Answer(201, {"token": {"user": user, "methods": ["password"], **times}}, {"X-Subject-Token": "t"})


def _write(folder: Path, text: str) -> None:
    (folder / "clouds.yaml").write_text(text)


def _nobody(folder: Path, cloud: Simulated) -> None:
    known(folder, "http://127.0.0.1:9")


CREDENTIALS: dict[str, tuple[Prepare, OpenStack, int, str, str]] = {
    "a wrong password": (
        _credential(password="wrong"),
        SIMULATED,
        BAD_INPUT,
        "the cloud refuses these credentials",
        "look at user, password and project",
    ),
    "an application credential that expired": (
        _application,
        SIMULATED,
        BAD_INPUT,
        "the cloud refuses these credentials",
        "may have expired",
    ),
    "a credential that expires midway": (
        _midway,
        SIMULATED,
        BAD_INPUT,
        "the cloud no longer takes these credentials",
        "a credential that expired",
    ),
    "a cloud that clouds.yaml does not name": (
        lambda folder, cloud: None,
        OpenStack(cloud="home"),
        BAD_INPUT,
        "the cloud is not known here",
        "names an entry of clouds.yaml",
    ),
    "a password that is not given": (
        lambda folder, cloud: known(folder, cloud.url, {"username": "demo", "project_name": "demo"}),
        SIMULATED,
        BAD_INPUT,
        "no credentials for a cloud were given",
        "set OS_AUTH_URL",
    ),
    "a clouds.yaml that is no YAML": (
        lambda folder, cloud: _write(folder, "clouds: ["),
        SIMULATED,
        BAD_INPUT,
        "the cloud is not known here",
        "names an entry of clouds.yaml",
    ),
    "a credential for no project": (
        lambda folder, cloud: cloud.first("POST", "/identity/v3/auth/tokens", lambda request: _unscoped(cloud)),
        SIMULATED,
        BAD_INPUT,
        "the credential is for no project",
        "OS_PROJECT_NAME",
    ),
    "an auth_url that leads elsewhere": (
        lambda folder, cloud: known(folder, cloud.url, {**identity.CREDENTIAL, "auth_url": f"{cloud.url}/here/v3"}),
        SIMULATED,
        BAD_INPUT,
        "auth_url leads to no Keystone",
        "ends in /v3",
    ),
    "a service that the catalog lacks": (
        _no_network,
        SIMULATED,
        BAD_INPUT,
        "the cloud has no such service",
        "look at its catalog and region",
    ),
    "a Keystone that does not answer": (
        _nobody,
        SIMULATED,
        FAILED,
        "the cloud does not answer",
        "is the cloud up",
    ),
}


@pytest.mark.parametrize("case", CREDENTIALS)
async def test_what_is_wrong_with_the_way_in_is_told(case: str, simulated: Simulated, tmp_path: Path) -> None:
    prepare, section, code, what, way_out = CREDENTIALS[case]
    prepare(tmp_path, simulated)
    message = await told(section)
    assert (message.code, message.what) == (code, what), message
    assert way_out in message.way_out


async def test_a_credential_is_never_in_what_is_told(simulated: Simulated, tmp_path: Path) -> None:
    known(tmp_path, simulated.url, {**identity.CREDENTIAL, "password": "not-to-be-seen"})
    message = await told(SIMULATED)
    assert "not-to-be-seen" not in repr(message)


ANSWERS: dict[str, tuple[Answer, str, str]] = {
    "500": (Answer(500, {"NeutronError": {"message": "Request Failed"}}), "answered with 500", "the cloud itself"),
    "503 without Retry-After": (Answer(503, "no server is available"), "answered with 503", "not there at the moment"),
    "409": (Answer(409, {"NeutronError": {"message": "in use"}}), "answered with 409", "something else works on it"),
    "403": (Answer(403, {"NeutronError": {"message": "disallowed by policy"}}), "answered with 403", "roles"),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_a_refusal_is_told_and_not_asked_for_again(case: str, simulated: Simulated) -> None:
    answer, what, way_out = ANSWERS[case]
    simulated.faults["GET", ASKED] = answer
    message = await told(SIMULATED)
    assert message.code == FAILED
    assert what in message.what
    assert message.evidence
    assert way_out in message.way_out
    assert simulated.requests.count(("GET", ASKED)) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_what_asks_to_be_asked_again_is(status: int, simulated: Simulated) -> None:
    refusals = [Answer(status, {"error": {"message": "later"}}, {"Retry-After": "0"})]

    def first_refused(request: Request) -> Answer:
        return refusals.pop() if refusals else Answer(200, {"networks": [{"id": "n"}]})

    simulated.first("GET", ASKED, first_refused)
    cloud = Cloud(SIMULATED)
    await cloud.connect()
    assert await cloud.list("network", "/networks", "networks") == [{"id": "n"}]
    assert simulated.requests.count(("GET", ASKED)) == 2
