"""The check against a real OpenStack: the proofs of what it has pass, as a member and as its administrator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hardway.cloud.operations import client_environment
from tests.running_cloud import RunningCloud

pytestmark = [pytest.mark.cloud, pytest.mark.root, pytest.mark.timeout(900)]

THERE = ["Keystone", "Glance", "Nova", "Neutron with LBaaS", "Designate"]


def checked(cloud: RunningCloud, *options: str) -> Any:
    """The whole command, as a user has it."""
    hardway = str(Path(sys.executable).with_name("hardway"))
    environment = {**os.environ, **client_environment(cloud.name)}
    command = (str(hardway), "cloud", "check", "-o", "json", *options)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize("user", ["", "-admin"])
def test_every_proof_passes_and_nothing_stays(cloud: RunningCloud, user: str) -> None:
    told = checked(cloud, "--cloud", cloud.name + user)
    assert [service["name"] for service in told["services"] if service["there"]] == THERE
    proofs = [proof for service in told["services"] for proof in service["proofs"]]
    assert {proof["name"]: proof["state"] for proof in proofs} == dict.fromkeys(
        ("token", "image", "server", "network", "load balancer (Octavia)", "zone"), "passed"
    )
    for kind in ("server", "network", "router", "port", "loadbalancer", "zone", "image", "security group"):
        names = [one.get("Name") or one.get("name") or "" for one in cloud.openstack(*kind.split(), "list", admin=True)]
        assert [name for name in names if name.startswith("hardway-check-")] == [], kind


def test_a_wrong_password_is_bad_input(cloud: RunningCloud) -> None:
    hardway = str(Path(sys.executable).with_name("hardway"))
    environment = {**os.environ, **client_environment(cloud.name), "OS_PASSWORD": "wrong"}
    auth_url = cloud.record.auth_url
    environment |= {"OS_AUTH_URL": auth_url, "OS_USERNAME": "hardway", "OS_PROJECT_NAME": "hardway"}
    environment |= {"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default"}
    command = (hardway, "cloud", "check", "--cloud", "envvars")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "Keystone refused the credential" in done.stderr
    assert "Traceback" not in done.stderr
