"""The proofs against services that are simulated: what passes, what fails, and that nothing is ever left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.names import Run
from hardway.cloud.check.registry import SERVICES
from hardway.cloud.check.report import CloudReport, ProofResult, State
from hardway.cloud.check.runner import check
from tests.cloud.check.simulated.server import Answer, Simulated

Connect = Callable[[], Cloud]

NOT_HERE = {"Nova", "Designate"}
"""Real ones are at hand: tests marked cloud prove those."""


def proof(report: CloudReport, name: str) -> ProofResult:
    (found,) = (one for service in report.services for one in service.proofs if one.name == name)
    return found


@pytest.fixture
def bare(simulated: Simulated) -> dict[str, list[str]]:
    """What is there before any check."""
    return simulated.left()


def test_every_service_is_found_proved_and_left_as_it_was(
    simulated: Simulated, connected: Connect, bare: dict[str, list[str]]
) -> None:
    report = check(connected(), SERVICES)
    assert {service.name: service.version for service in report.services if service.there} == {
        "Keystone": "API 3.14",
        "Swift": "API 1, Swift 2.35.0",
        "Glance": "API 2.9",
        "Neutron with LBaaS": "API 2.0; neutron-lbaas v2",
        "Horizon": "",
        "Cinder": "API 3.0, microversions to 3.71",
        "Heat": "API 1.0",
        "Trove": "API 1.0",
        "Manila": "API 2.0, microversions to 2.88",
        "Magnum": "API 1.0, microversions to 1.11",
    }
    assert {service.name for service in report.services if not service.there} == NOT_HERE
    states = {one.name: (one.state, one.evidence) for service in report.services for one in service.proofs}
    assert {name: told for name, told in states.items() if told[0] is not State.PASSED} == {}
    assert report.passed
    left = simulated.left()
    assert len(left.pop("tokens")) == 1, "the run's own token; the proof's is revoked"
    assert left == bare


def test_without_proofs_nothing_is_made(simulated: Simulated, connected: Connect) -> None:
    report = check(connected(), SERVICES, proofs=False)
    changing = {(method, path) for method, path in simulated.requests if method != "GET"}
    assert changing == {("POST", "/identity/v3/auth/tokens")}
    assert {one.state for service in report.services for one in service.proofs} == {State.NOT_TRIED}
    assert report.passed


CONFLICT = Answer(409, {"conflict": {"code": 409, "message": "Quota exceeded for volumes"}})
BROKEN = Answer(500, {"error": {"code": 500, "message": "the back end has gone away"}})


@pytest.mark.parametrize(
    ("fault", "answer", "name", "evidence"),
    [
        (("POST", "/volumes"), CONFLICT, "volume", "HTTP 409: Quota exceeded for volumes"),
        (("POST", "/action"), BROKEN, "volume", "HTTP 500: "),
        (("PUT", "/object"), Answer(507, b"Insufficient Storage"), "object", "HTTP 507: "),
        (("POST", "/subnets"), BROKEN, "network", "HTTP 500: the back end has gone away"),
        (("PUT", "/add_router_interface"), BROKEN, "network", "HTTP 500"),
        (("POST", "/members"), BROKEN, "load balancer (LBaaS v2)", "HTTP 500: the back end has gone away"),
        (("GET", "/auth/tokens"), BROKEN, "token", "HTTP 500"),
        (("POST", "/dashboard/auth/login/"), Answer(500, "<h1>Server error</h1>"), "login", "HTTP 500"),
        (("POST", "/configurations"), BROKEN, "settings", "HTTP 500"),
        (("POST", "/shares"), BROKEN, "share", "HTTP 500"),
        (("POST", "/clustertemplates"), BROKEN, "template", "HTTP 500"),
        (("POST", "/stacks"), BROKEN, "stack", "HTTP 500"),
    ],
)
def test_a_fault_fails_its_proof_alone_and_leaves_nothing(
    fault: tuple[str, str],
    answer: Answer,
    name: str,
    evidence: str,
    simulated: Simulated,
    connected: Connect,
    bare: dict[str, list[str]],
) -> None:
    simulated.faults[fault] = answer
    report = check(connected(), SERVICES)
    failed = proof(report, name)
    assert (failed.state, failed.evidence[: len(evidence)]) == (State.FAILED, evidence)
    assert not report.passed
    left = simulated.left()
    left.pop("tokens")
    assert left == bare


def test_an_object_in_error_says_why(simulated: Simulated, connected: Connect) -> None:
    reason = "Resource CREATE failed: no valid host was found"
    simulated.come_to["volumes"] = {"status": "error"}
    simulated.come_to["stacks"] = {"stack_status": "CREATE_FAILED", "stack_status_reason": reason}
    cloud = connected()
    report = check(cloud, [service for service in SERVICES if service.name in ("Cinder", "Heat")], proofs=True)
    assert proof(report, "volume").evidence.startswith("the volume is ERROR")
    assert reason in proof(report, "stack").evidence


def test_what_cannot_be_taken_away_fails_the_proof_and_is_named(simulated: Simulated, connected: Connect) -> None:
    simulated.faults[("DELETE", "/configurations/")] = Answer(403, {"forbidden": {"message": "not yours"}})
    failed = proof(check(connected(), SERVICES), "settings")
    assert failed.state is State.FAILED
    assert "still there: group of settings: HTTP 403: not yours" in failed.evidence


@pytest.mark.parametrize(
    ("collection", "values"),
    [
        ("volumes", {"status": "available"}),
        ("shares", {"status": "available"}),
        ("share_networks", {}),
        ("stacks", {"stack_status": "CREATE_COMPLETE"}),
        ("configurations", {}),
        ("clustertemplates", {}),
        ("networks", {}),
        ("routers", {}),
        ("security_groups", {}),
        (
            "loadbalancers",
            {"provisioning_status": "ACTIVE", "vip_address": "198.18.77.5", "pools": [], "listeners": []},
        ),
    ],
)
def test_leftovers_of_runs_that_are_over_are_swept_and_nothing_else(
    collection: str, values: dict[str, object], simulated: Simulated, connected: Connect
) -> None:
    cloud = connected()
    other = cloud.run.computer ^ 1
    now = int(time.time())
    names = {
        "abandoned": Run(now - 7200, other, 1).name("x"),
        "at work elsewhere": Run(now - 60, other, 1).name("x"),
        "at work here": Run(now - 60, cloud.run.computer, os.getppid()).name("x"),
        "somebody's": "hardway-check-list",
    }
    for name in names.values():
        made = simulated.add(collection, name=name, **values)
        made["uuid"], made["stack_name"] = made["id"], name
    check(cloud, SERVICES)
    left = [name for name in simulated.left().get(collection, []) if name in names.values()]
    assert sorted(left) == sorted(name for what, name in names.items() if what != "abandoned")


def test_an_abandoned_container_is_swept_with_its_objects(simulated: Simulated, connected: Connect) -> None:
    name = Run(1, 1, 1).name("container")
    simulated.objects["containers"] = {name: {"id": name, "name": name}}
    simulated.objects["objects"] = {f"{name}/object": {"id": "o", "name": f"{name}/object", "content": b""}}
    check(connected(), SERVICES)
    assert "containers" not in simulated.left()
    assert "objects" not in simulated.left()


def test_interrupted_while_it_waits_it_takes_away_what_it_made(simulated: Simulated, connected: Connect) -> None:
    cloud = connected()
    simulated.come_to["volumes"] = {"status": "creating"}  # for ever

    def interrupted(about: str, line: str) -> None:
        """By the time that the first other proof has ended, the volume is waited for."""
        cloud.stop.set()

    chosen = [service for service in SERVICES if service.name in ("Cinder", "Trove")]
    report = check(cloud, chosen, report=interrupted)
    assert (proof(report, "volume").state, proof(report, "volume").evidence) == (State.NOT_TRIED, "it was interrupted")
    assert "volumes" not in simulated.left()


def test_a_credential_without_password_cannot_log_in_to_the_dashboard(
    simulated: Simulated, connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = connected()
    monkeypatch.delitem(cloud.api.config.config["auth"], "password")
    login = proof(check(cloud, [service for service in SERVICES if service.name == "Horizon"]), "login")
    assert login.state is State.NOT_TRIED
    assert "another kind" in login.evidence
