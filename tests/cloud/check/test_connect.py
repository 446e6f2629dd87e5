"""A cloud that cannot be opened: one sentence each, and whether it is the user's to mend."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hardway.cloud.check.connect import open_cloud
from hardway.cloud.check.faults import BadCloud, CheckFault, CloudUnreachable
from tests.cloud.check.simulated.cloud import clouds_yaml
from tests.cloud.check.simulated.identity import CREDENTIAL
from tests.cloud.check.simulated.server import Answer, Simulated

TOKENS = ("POST", "/auth/tokens")
EXPIRED = {"error": {"code": 401, "message": "The password is expired and needs to be changed for user: demo"}}
APPLICATION = {"application_credential_id": "a1", "application_credential_secret": "wrong"}


def refused(name: str | None) -> CheckFault:
    with pytest.raises(CheckFault) as raised:
        open_cloud(name)
    assert "\n" not in raised.value.what
    assert raised.value.advice
    return raised.value


@pytest.mark.parametrize(
    ("auth", "fault", "kind", "said"),
    [
        ({**CREDENTIAL, "password": "wrong"}, None, BadCloud, "Keystone refused the credential"),
        (APPLICATION, None, BadCloud, "Keystone refused the credential"),
        (CREDENTIAL, Answer(401, EXPIRED), BadCloud, "password is expired"),
        (CREDENTIAL, Answer(500, "<html>oops</html>"), BadCloud, "HTTP 500"),
        ({"auth_url": "http://127.0.0.1:1/v3", **CREDENTIAL}, None, CloudUnreachable, "does not answer"),
        ({"username": "demo"}, None, BadCloud, "not described in full"),
    ],
)
def test_a_credential_that_is_no_good(
    auth: dict[str, Any],
    fault: Answer | None,
    kind: type[CheckFault],
    said: str,
    simulated: Simulated,
    tmp_path: Path,
) -> None:
    clouds_yaml(simulated, tmp_path, **auth)
    if fault:
        simulated.faults[TOKENS] = fault
    found = refused("simulated")
    assert isinstance(found, kind)
    assert said in found.what
    assert "simulated" in found.what


def test_an_application_credential_opens_it(simulated: Simulated, tmp_path: Path) -> None:
    clouds_yaml(simulated, tmp_path, **{**APPLICATION, "application_credential_secret": "right"})
    cloud = open_cloud("simulated")
    assert cloud.has("block-storage")
    assert not cloud.has("compute")
    cloud.close()


def test_a_credential_for_no_project(simulated: Simulated, tmp_path: Path) -> None:
    simulated.faults[TOKENS] = Answer(201, {"token": {"user": {"id": "u", "name": "demo"}}}, {"X-Subject-Token": "t"})
    assert "no project" in refused("simulated").what


def test_no_such_cloud(simulated: Simulated) -> None:
    assert "nope" in refused("nope").what


def test_no_cloud_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "clouds.yaml").write_text("clouds: {}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    assert "--cloud" in refused(None).advice


def test_a_clouds_yaml_that_is_no_yaml(simulated: Simulated, tmp_path: Path) -> None:
    (tmp_path / "clouds.yaml").write_text("clouds: [\n")
    assert isinstance(refused("simulated"), BadCloud)


def test_no_keystone_at_that_address(simulated: Simulated, tmp_path: Path) -> None:
    file = clouds_yaml(simulated, tmp_path)
    described = json.loads(file.read_text())
    described["clouds"]["simulated"]["auth"]["auth_url"] = f"{simulated.url}/dashboard/v3"
    file.write_text(json.dumps(described))
    assert "no Keystone" in refused("simulated").what
