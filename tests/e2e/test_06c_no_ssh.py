"""A machine that runs and does not let anybody in: `up` says so, and `down` takes it away all the same (test_07)."""

from __future__ import annotations

import pytest

from hardway.app import load_cluster
from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e


def test_a_machine_without_ssh_stops_a_plan(cluster: Driver) -> None:
    worker = load_cluster(cluster.spec).workers[-1].name
    cluster.on(worker, "systemctl", "stop", "--no-block", "ssh.service", "ssh.socket", code=None)
    answer = cluster("plan", code=1)
    assert f"{worker} cannot be reached" in answer.err
