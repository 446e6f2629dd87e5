"""A compose project on a real cluster: made, reached, looked into, changed, its volume kept, and taken away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.conftest import Driver

pytestmark = pytest.mark.e2e

PROBE = "hardway.internal/probe:2"
"""An image that every worker has; nothing is pulled here."""

COMPOSE = f"""\
name: shop
x-probe: &probe {{image: "{PROBE}", command: serve}}
services:
  web:
    <<: *probe
    ports: ["30080:8080"]
    depends_on: {{api_server: {{condition: service_healthy}}, look: {{condition: service_completed_successfully}}}}
    volumes: ["data:/data", "./page.txt:/etc/page.txt:ro"]
    environment: {{API: "http://api-server:8080", DB_PASSWORD: "it is $$(hidden)"}}
    secrets: [token]
  api_server:
    <<: *probe
    expose: ["8080"]
    container_name: api
    healthcheck: {{test: [CMD, /probe, fetch, "http://127.0.0.1:8080/healthz"], interval: 1s}}
  quiet: {{<<: *probe, stop_grace_period: 1s}}
  look:
    image: "{PROBE}"
    command: [resolve, api-server]
    restart: "no"
    depends_on: {{api_server: {{condition: service_healthy}}}}
volumes: {{data: {{x-hardway: {{size: 1Gi}}}}}}
secrets: {{token: {{file: token.txt}}}}
"""


@pytest.fixture(scope="module")
def shop(other: Driver) -> Iterator[Driver]:
    """The project's files beside the cluster's spec; all of it is gone at the end."""
    (other.folder / "page.txt").write_text("first\n")
    (other.folder / "token.txt").write_text("hidden")
    (other.folder / "compose.yaml").write_text(COMPOSE)
    yield other
    other("compose", "down", "-v", "--yes", "-p", "shop", code=None)


def services(shop: Driver) -> dict[str, dict[str, object]]:
    return {one["service"]: one for one in shop("compose", "ps", "-o", "json").json["services"]}


def place(shop: Driver) -> tuple[str, str]:
    """The worker that has the project's volume, and the folder there."""
    (volume,) = [one for one in shop("volumes", "ls", "-o", "json").json if one["namespace"] == "shop"]
    return volume["node"], volume["path"]


def test_it_is_planned_and_made_and_then_nothing_is_left_to_do(shop: Driver) -> None:
    assert shop("compose", "plan", code=3).out
    made = shop("compose", "up", "--yes")
    assert "project shop runs" in made.out
    assert "api-server" in made.err, "the new name is told"
    assert shop("compose", "up", "--yes").out.splitlines()[-1] == "nothing to do"
    assert shop("compose", "plan", "-o", "json").json["steps"] == []


def test_the_cluster_itself_is_as_it_was(shop: Driver) -> None:
    assert shop.steps() == []


def test_everything_is_ready_and_the_published_port_answers_on_every_machine(shop: Driver) -> None:
    running = services(shop)
    assert {name: (one["ready"], one["wanted"], one["restarts"]) for name, one in running.items()} == dict.fromkeys(
        ("web", "api-server", "quiet", "look"), (1, 1, 0)
    )
    assert running["web"]["ports"] == ["30080 at :30080"]
    assert running["web"]["machines"] == [place(shop)[0]], "where its volume is"
    for address in ("10.0.0.20", "10.0.0.21"):
        asked = f"exec 3<>/dev/tcp/{address}/30080; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3"
        assert "200" in shop.on("m0", "timeout", "10", "bash", "-c", asked)


def test_services_find_each_other_by_every_name(shop: Driver) -> None:
    def exec_web(*command: str) -> str:
        return shop("compose", "exec", "web", "--", *command).out

    assert exec_web("/probe", "fetch", "http://api-server:8080/healthz")
    assert exec_web("/probe", "fetch", "http://api:8080/healthz")
    assert exec_web("/probe", "resolve", "quiet"), "one without ports has a name too"


def test_no_variable_of_kubernetes_is_among_the_programs_own(shop: Driver) -> None:
    pod = json.loads(shop.kubectl("-n", "shop", "get", "pods", "-l", "hardway.internal/service=web", "-o", "json"))
    spec = pod["items"][0]["spec"]
    assert spec["enableServiceLinks"] is False
    secret = json.loads(shop.kubectl("-n", "shop", "get", "secret", "web-env", "-o", "json"))
    assert [*secret["data"].values()] == ["aXQgaXMgJChoaWRkZW4p"]


def test_what_ended_has_its_logs(shop: Driver) -> None:
    told = shop("compose", "logs", "look").out
    assert "10." in told


def test_a_change_is_rolled_out_and_waited_for(shop: Driver) -> None:
    (shop.folder / "page.txt").write_text("second\n")
    uid = _uid(shop)
    steps = shop("compose", "plan", "-o", "json", code=3).json["steps"]
    assert {step["what"] for step in steps} == {
        "object v1/ConfigMap/shop/web-files-v1",
        "object apps/v1/Deployment/shop/web",
    }
    shop("compose", "up", "--yes")
    assert services(shop)["web"]["ready"] == 1
    assert _uid(shop) != uid


def _uid(shop: Driver) -> str:
    pods = json.loads(shop.kubectl("-n", "shop", "get", "pods", "-l", "hardway.internal/service=web", "-o", "json"))
    return str(pods["items"][0]["metadata"]["uid"])


def test_a_service_that_is_taken_out_is_removed_and_nothing_else(shop: Driver) -> None:
    project = yaml.safe_load(COMPOSE)
    del project["services"]["quiet"]
    (shop.folder / "compose.yaml").write_text(yaml.safe_dump(project))
    shop("compose", "up", "--yes")
    assert set(services(shop)) == {"web", "api-server", "look"}


def test_what_is_in_a_volume_outlives_pods_and_the_project(shop: Driver) -> None:
    (machine, folder), uid = place(shop), _uid(shop)
    shop.on(machine, "sh", "-c", f"echo kept > {folder}/data/page")
    shop.kubectl("-n", "shop", "delete", "pod", "-l", "hardway.internal/service=web", "--wait")
    shop.kubectl("-n", "shop", "rollout", "status", "deployment/web", "--timeout=60s")
    assert _uid(shop) != uid
    shop("compose", "down", "--yes")
    assert shop.kubectl("-n", "shop", "get", "pods,services,secrets,deployments,jobs", "-o", "name") == ""
    shop("compose", "up", "--yes")
    assert place(shop) == (machine, folder)
    assert shop.on(machine, "cat", f"{folder}/data/page") == "kept\n"


def test_volumes_go_when_they_are_named(shop: Driver) -> None:
    machine, folder = place(shop)
    shop("compose", "down", "-v", "--yes", "-p", "shop")
    assert "shop" not in shop.kubectl("get", "namespaces", "-o", "name")
    gone = f"until [ ! -e {folder} ]; do sleep 0.2; done"  # the provisioner takes it away after its claim
    shop.on(machine, "timeout", "60", "sh", "-c", gone)
    assert shop.steps() == []


def test_why_a_pod_does_not_run_is_told_while_it_is_waited_for(shop: Driver) -> None:
    (shop.folder / "compose.yaml").write_text(
        "name: broken\nservices: {web: {image: 'hardway.internal/none:1', pull_policy: never}}"
    )
    with shop.start("compose", "up", "--yes") as running:
        until = time.monotonic() + 60
        while "ErrImageNeverPull" not in str(services(shop)):
            assert time.monotonic() < until, services(shop)
            time.sleep(1)
        running.kill()
        running.communicate(timeout=60)
    shop("compose", "down", "--yes")
    assert "broken" not in shop.kubectl("get", "namespaces", "-o", "name")
