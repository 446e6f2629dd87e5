"""What a real cloud does not do on demand: each fault by its answer, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hardway.cli.errors import FAILED, explain
from hardway.engine.apply import ApplyFailed
from hardway.engine.handler import StepFailed
from hardway.machines.provider import Endpoint
from hardway.openstack import retries
from hardway.openstack.faults import CloudFault
from hardway.openstack.retries import Retry, retry_for
from tests.openstack.conftest import Stage
from tests.openstack.fake_cloud import Answer, Script, World


def once(method: str, path: str, answer: Answer) -> Script:
    """The first such request is answered like that, all others as usual."""
    left = [answer]

    def script(its_method: str, its_path: str) -> Answer | None:
        return left.pop() if left and its_method == method and its_path.startswith(path) else None

    return script


def always(method: str, path: str, answer: Answer) -> Script:
    return lambda its_method, its_path: answer if (its_method, its_path) == (method, path) else None


def neutron(kind: str, message: str) -> dict[str, object]:
    return {"NeutronError": {"type": kind, "message": message, "detail": ""}}


async def failure(stage: Stage) -> StepFailed:
    """The first of a run; for the one who called it, a failure (1) with a way out."""
    with pytest.raises(ApplyFailed) as raised:
        await stage.run()
    message = explain(raised.value)
    assert message is not None
    assert message.code == FAILED
    assert all(one.way_out for one in message.also)
    return raised.value.failures[0]


REFUSED = {
    "an address that another has": (
        always("POST", "/floatingips", Answer(409, neutron("FloatingIPAddressInUse", "192.168.0.10 is in use"))),
        ("is taken already", "choose another address"),
    ),
    "a fixed address that a port of another project has": (
        always("POST", "/ports", Answer(409, neutron("IpAddressAlreadyAllocated", "10.0.0.10 already allocated"))),
        ("is taken already", "choose another address"),
    ),
    "a pool that is empty": (
        always("POST", "/floatingips", Answer(409, neutron("IpAddressGenerationFailure", "No more IP addresses"))),
        ("no address left", "release floating addresses"),
    ),
    "a cloud where only administrators choose": (
        always("POST", "/floatingips", Answer(403, neutron("Forbidden", "disallowed by policy"))),
        ("cannot be chosen", "floatingAddresses: any"),
    ),
    "a quota that another used up meanwhile": (
        always("POST", "/servers", Answer(403, {"forbidden": {"message": "Quota exceeded for instances"}})),
        ("the quota is used up", "have it raised"),
    ),
    "a quota of Neutron's": (
        always("POST", "/ports", Answer(409, neutron("OverQuota", "Quota exceeded for resources: ['port']."))),
        ("the quota is used up", "have it raised"),
    ),
    "a cloud at fault": (
        always("POST", "/routers", Answer(500, neutron("InternalServerError", "Request Failed"))),
        ("was answered with 500", "the cloud itself is at fault"),
    ),
    "a zone that another project has": (
        always("POST", "/zones", Answer(409, {"code": 409, "message": "Duplicate Zone"})),
        ("cannot be made", "openstack.names: hosts"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refusal_is_told_with_a_way_out(case: str) -> None:
    script, (what, advice) = REFUSED[case]
    told = await failure(Stage(world=World(script=script)))
    assert what in told.what
    assert advice in told.advice
    assert told.evidence


async def test_a_fault_of_the_cloud_is_not_tried_again() -> None:
    seen: list[str] = []

    def script(method: str, path: str) -> Answer | None:
        if (method, path) == ("POST", "/routers"):
            seen.append(path)
            return Answer(500, neutron("InternalServerError", "Request Failed"))
        return None

    await failure(Stage(world=World(script=script)))
    assert len(seen) == 1


RETRIES: dict[tuple[str, int, str], float | None] = {
    ("compute", 429, ""): 1.0,
    ("compute", 429, "7"): 7.0,
    ("network", 429, "3600"): retries.LONGEST_PAUSE,
    ("network", 503, ""): None,
    ("network", 503, "2"): 2.0,
    ("load-balancer", 409, ""): 1.0,
    ("network", 409, ""): None,
    ("compute", 409, ""): None,
    ("dns", 500, ""): None,
    ("dns", 500, "1"): None,
    ("compute", 404, ""): None,
}


@pytest.mark.parametrize("asked", RETRIES)
def test_only_what_the_documentation_asks_for_is_tried_again(asked: tuple[str, int, str]) -> None:
    service, status, after = asked
    retry = retry_for(service, "POST", status, {"Retry-After": after} if after else {})
    assert (retry.after if retry else None) == RETRIES[asked]


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(*asked: object) -> Retry | None:
        found = retry_for(*asked)  # type: ignore[arg-type]  # passed on as they are
        return Retry(0.0, found.within, found.why) if found else None

    monkeypatch.setattr("hardway.openstack.cloud.retry_for", at_once)


BUSY: dict[str, Callable[[], Script]] = {
    "too many requests": lambda: once("POST", "/servers", Answer(429, {"overLimit": {"message": "slow down"}})),
    "a balancer at work": lambda: once("POST", "/lbaas/listeners", Answer(409, {"faultstring": "immutable"})),
    "a service that comes back": lambda: once("POST", "/ports", Answer(503, None, {"Retry-After": "0"})),
}


@pytest.mark.parametrize("case", BUSY)
async def test_what_passes_is_waited_out(case: str, no_pause: None) -> None:
    stage = Stage(world=World(script=BUSY[case]()))
    await stage.run()
    assert not (await stage.look(stage.provider())).steps


@pytest.mark.parametrize("status", [429, 409])
async def test_what_does_not_pass_is_given_up_at_the_deadline(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.openstack.cloud.retry_for", lambda *asked: Retry(0.0, 0.0, "a test"))
    told = await failure(Stage(world=World(script=always("POST", "/lbaas/listeners", Answer(status, {"m": "busy"})))))
    assert f"was answered with {status} for 0 s" in told.what
    assert told.evidence == "busy"


async def test_a_server_in_error_shows_its_fault() -> None:
    told = await failure(Stage(world=World(server_states=["ERROR"])))
    assert "No valid host was found." in told.what
    assert "makes it anew" in told.advice


async def test_a_server_that_never_came_to_be_is_made_anew_by_the_next_run() -> None:
    stage = Stage(world=World(server_states=["ERROR"]))
    await failure(stage)
    await stage.run()
    assert len(stage.world.of("servers")) == 6
    assert {one["status"] for one in stage.world.of("servers")} == {"ACTIVE"}


async def test_a_server_that_ran_and_is_in_error_is_left_alone() -> None:
    stage = Stage()
    await stage.run()
    server = stage.world.of("servers")[0]
    server |= {"status": "ERROR", "OS-SRV-USG:launched_at": "2026-01-01T00:00:00"}
    told = await failure(stage)
    assert "its data may be on it" in told.advice
    assert server["id"] in stage.world.things["servers"]


async def test_a_balancer_in_error_is_made_anew_once_and_that_is_said() -> None:
    stage = Stage(world=World(balancer_states=["PENDING_CREATE", "ERROR"]))
    await stage.run()
    assert [one["provisioning_status"] for one in stage.world.of("loadbalancers")] == ["ACTIVE"]
    assert stage.world.asked["POST /lbaas/loadbalancers"] == 2
    assert not (await stage.look(stage.provider())).steps


async def test_a_balancer_that_ends_in_error_twice_is_the_clouds_fault() -> None:
    told = await failure(Stage(world=World(balancer_states=["ERROR", "ERROR"])))
    assert "in ERROR, twice" in told.what
    assert "ask its keeper" in told.advice


async def test_a_balancer_found_in_error_is_made_anew_with_its_parts() -> None:
    stage = Stage()
    await stage.run()
    stage.world.of("loadbalancers")[0]["provisioning_status"] = "ERROR"
    plan = await stage.run()
    kinds = {step.resource.kind for step in plan.steps}
    assert {"load-balancer", "listener", "pool", "member", "health-monitor"} <= kinds
    assert len(stage.world.of("members")) == 3
    assert not (await stage.look(stage.provider())).steps


async def test_a_balancer_that_stays_pending_is_given_up_at_the_deadline() -> None:
    told = await failure(Stage(world=World(balancer_states=["PENDING_CREATE"])).hurried())
    assert "PENDING_CREATE after 0 s" in told.what
    assert "openstack.balancerWithin" in told.advice


async def test_a_server_whose_ssh_never_answers_shows_its_console() -> None:
    async def refused(endpoint: Endpoint | None) -> str | None:
        return "connection refused"

    told = await failure(Stage(log_in=refused).hurried())
    assert told.what == "SSH does not answer after 0 s: connection refused"
    assert told.evidence == "the last line"
    assert "openstack.bootWithin" in told.advice


async def test_a_server_that_stays_in_build_is_given_up_at_the_deadline() -> None:
    told = await failure(Stage(world=World(server_states=["PAUSED"] * 6)).hurried())
    assert told.what == "the server is PAUSED after 0 s"
    assert "openstack.bootWithin" in told.advice


async def test_a_name_server_that_does_not_take_a_zone() -> None:
    answer = Answer(200, {"id": "zones-1", "name": "bbrfkr.mydns.jp.", "status": "ERROR"})
    script = lambda method, path: answer if method == "GET" and path.startswith("/zones/zones-") else None  # noqa: E731
    told = await failure(Stage(world=World(script=script)))
    assert "the zone bbrfkr.mydns.jp. is ERROR" in told.what
    assert "designate-worker" in told.advice


async def test_a_missing_service_is_told_before_anything_else() -> None:
    stage = Stage(world=World(services=frozenset({"compute", "image"})))
    with pytest.raises(CloudFault, match="no service network") as raised:
        await stage.run()
    assert raised.value.bad_input


async def test_two_networks_of_one_name_are_not_guessed_between() -> None:
    stage = Stage()
    for _ in range(2):
        stage.world.put("networks", {"name": stage.cluster.name, "project_id": "p" * 32})
    with pytest.raises(CloudFault, match="2 things of kind network are called"):
        await stage.run()
