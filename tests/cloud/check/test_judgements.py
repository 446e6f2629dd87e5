"""What is judged without a cloud: names of runs, the catalog, processes, endpoints, quotas, topology, forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hardway.cloud.check.catalog import Endpoint, endpoints
from hardway.cloud.check.faults import BadCloud
from hardway.cloud.check.findings import agents, lbaas, quotas
from hardway.cloud.check.findings.endpoints import hosts_of, redundancy, resolved, without_tls
from hardway.cloud.check.forms import Form, login_form
from hardway.cloud.check.names import ABANDONED, Run, is_leftover, run_of
from hardway.cloud.check.octavia import topology_of
from hardway.cloud.check.registry import SERVICES
from hardway.cloud.check.report import Standing
from hardway.cloud.check.service import Agent, Untried
from hardway.cloud.check.services.manila import needs_network, usable_type
from hardway.cloud.check.services.nova import smallest
from hardway.cloud.check.services.trove import whole_number
from hardway.cloud.check.versions import in_words

AMISS, FINE, NOT_KNOWN = Standing.AMISS, Standing.FINE, Standing.NOT_KNOWN


# the services


def test_the_twelve_services_and_their_counterparts_are_the_articles() -> None:
    assert {service.name: service.counterpart for service in SERVICES} == {
        "Keystone": "IAM",
        "Swift": "S3",
        "Glance": "AMI",
        "Nova": "EC2",
        "Neutron with LBaaS": "VPC and ELB",
        "Horizon": "Management Console",
        "Cinder": "EBS",
        "Heat": "CloudFormation",
        "Trove": "RDS",
        "Manila": "EFS",
        "Designate": "Route 53",
        "Magnum": "ECS, EKS",
    }


# names

OWN = Run(began=100_000, computer=7, process=70)


def test_a_name_says_which_run_made_it() -> None:
    assert run_of(OWN.name("volume")) == OWN
    assert len(OWN.name("balancer")) < 63, "Designate's and Heat's names bear no more"


@pytest.mark.parametrize(
    ("name", "leftover"),
    [
        (OWN.name("x"), False),
        ("web-1", False),
        ("hardway-check", False),
        ("hardway-check-notes", False),
        (Run(99_990, 7, 71).name("x"), True),  # this computer, and no such process
        (Run(99_990, 7, 1).name("x"), False),  # this computer, at work
        (Run(99_990, 8, 71).name("x"), False),  # another computer, perhaps at work
        (Run(100_010 - int(ABANDONED) - 1, 8, 71).name("x"), True),  # another computer, long ago
        (Run(100_010 - int(ABANDONED) - 1, 7, 1).name("x"), True),  # this computer, long ago: another process by now
    ],
)
def test_what_is_a_leftover(name: str, leftover: bool) -> None:
    assert is_leftover(name, OWN, now=100_010, runs=lambda process: process == 1) is leftover


# the catalog


def test_the_catalog_by_official_types_and_of_one_region() -> None:
    official = {"volumev3": "block-storage", "compute": "compute"}.get
    one = {"interface": "public", "region": "one", "url": "https://v"}
    other = {"interface": "public", "region_id": "two", "url": "https://w"}
    catalog: list[dict[str, Any]] = [
        {"type": "volumev3", "endpoints": [one, other]},
        {"type": "strange", "endpoints": [one]},
        {"type": "x"},
    ]
    volume, strange = (
        Endpoint("block-storage", "public", "one", "https://v"),
        Endpoint("strange", "public", "one", "https://v"),
    )
    assert endpoints(catalog, "one", official) == (volume, strange)
    assert len(endpoints(catalog, "", official)) == 3


# processes


def up(kind: str, *hosts: str) -> list[Agent]:
    return [Agent(kind, host, True) for host in hosts]


def down(kind: str, *hosts: str) -> list[Agent]:
    return [Agent(kind, host, False) for host in hosts]


@pytest.mark.parametrize(
    ("those", "standing", "what"),
    [
        (up("L3 agent", "n1", "n2"), FINE, "L3 agent"),
        (up("L3 agent", "n1"), AMISS, "L3 agent: only on n1"),
        (up("L3 agent", "n1", "n1"), AMISS, "L3 agent: only on n1"),
        (up("L3 agent", "n1") + down("L3 agent", "n2"), AMISS, "L3 agent: only on n1; no heartbeat from n2"),
        (up("L3 agent", "n1", "n2") + down("L3 agent", "n3"), AMISS, "L3 agent; no heartbeat from n3"),
        (down("L3 agent", "n1"), AMISS, "L3 agent: none is alive; no heartbeat from n1"),
        (up("cinder-volume", "c1@lvm"), FINE, "cinder-volume"),  # exempt, as in the article
        (down("cinder-volume", "c1@lvm"), AMISS, "cinder-volume: none is alive; no heartbeat from c1@lvm"),
        (up("a", "n1", "n2") + up("b", "n1") + up("c", "n2"), AMISS, "b: only on n1; c: only on n2"),
    ],
)
def test_processes_bear_the_loss_of_a_computer(those: list[Agent], standing: Standing, what: str) -> None:
    found = agents.redundancy("Neutron", those)
    assert (found.standing, found.what) == (standing, what)


def test_a_service_that_lists_no_processes_to_this_user() -> None:
    assert agents.redundancy("Neutron", []).standing is NOT_KNOWN


# endpoints


def at(*urls: str, interface: str = "public") -> list[Endpoint]:
    return [Endpoint("compute", interface, "one", url) for url in urls]


@pytest.mark.parametrize(
    ("those", "standing", "what"),
    [
        (at("https://c/v2.1"), FINE, "all of them"),
        (at("https://c", "http://c"), AMISS, "http in public: compute"),
        (
            [*at("http://c"), *at("http://c", interface="internal"), Endpoint("dns", "public", "one", "http://d")],
            AMISS,
            "http in internal: compute; public: compute, dns",
        ),
    ],
)
def test_endpoints_without_tls(those: list[Endpoint], standing: Standing, what: str) -> None:
    found = without_tls(those)
    assert (found.standing, found.what) == (standing, what)


@pytest.mark.parametrize(
    ("addresses", "computers", "standing"),
    [
        ({"127.0.0.1"}, (), AMISS),
        ({"::1"}, (), AMISS),
        ({"203.0.113.5"}, (), NOT_KNOWN),
        (set(), (), NOT_KNOWN),
        ({"203.0.113.5", "203.0.113.6"}, (), FINE),
        ({"203.0.113.5"}, ("controller1",), NOT_KNOWN),
        ({"203.0.113.5"}, ("api",), AMISS),  # the name of a computer that processes run on
        ({"203.0.113.5"}, ("api.example.org",), AMISS),
        ({"203.0.113.5"}, ("203.0.113.5",), AMISS),
    ],
)
def test_endpoints_that_outlive_a_computer(addresses: set[str], computers: Sequence[str], standing: Standing) -> None:
    (found,) = redundancy({"api.example.org": frozenset(addresses)}, computers)
    assert found.standing is standing


def test_hosts_are_resolved_as_this_computer_does() -> None:
    assert hosts_of(at("https://[::1]:8774/v2.1", "http://localhost")) == {"::1", "localhost"}
    assert "127.0.0.1" in resolved(["localhost"])["localhost"]
    assert resolved(["no-such-host.invalid"]) == {"no-such-host.invalid": frozenset()}


# neutron.conf


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("[DEFAULT]\nallow_automatic_lbaas_agent_failover = true\n", "true"),
        ("[DEFAULT]\nallow_automatic_lbaas_agent_failover=True\n", "True"),
        ("[DEFAULT]\n# allow_automatic_lbaas_agent_failover = true\n", "false"),
        ("[DEFAULT]\ncore_plugin = ml2\n[agent]\nallow_automatic_lbaas_agent_failover = true\n", "false"),
        (
            "[DEFAULT]\nallow_automatic_lbaas_agent_failover = true\nallow_automatic_lbaas_agent_failover = no\n",
            "no",
        ),
        ("[DEFAULT]\nallow_automatic_lbaas_agent_failover\n", "false"),
        ("[DEFAULT]\nlog_format = %(message)s %s\nallow_automatic_lbaas_agent_failover = on\n", "on"),
        ("", "false"),
    ],
)
def test_the_option_in_neutron_conf(text: str, option: str, tmp_path: Path) -> None:
    file = tmp_path / "neutron.conf"
    file.write_text(text)
    assert lbaas.option_in(file) == option


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"core_plugin = ml2\n", "no configuration of Neutron"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_what_is_no_neutron_conf(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "neutron.conf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadCloud) as refused:
        lbaas.option_in(file)
    assert said in refused.value.what.lower() or said in refused.value.what
    assert str(file) in refused.value.what


@pytest.mark.parametrize(
    ("option", "lbaasv2", "standing"),
    [
        (None, True, NOT_KNOWN),
        ("true", True, FINE),
        ("YES", True, FINE),
        ("false", True, AMISS),
        ("truee", True, AMISS),
        (None, False, FINE),
        ("false", False, FINE),
    ],
)
def test_failover_of_lbaas_agents(option: str | None, lbaasv2: bool, standing: Standing) -> None:
    assert lbaas.failover(option, lbaasv2=lbaasv2).standing is standing


# Octavia's topology


def amphora(role: str, balancer: str = "lb1") -> Any:
    return SimpleNamespace(role=role, loadbalancer_id=balancer)


@pytest.mark.parametrize(
    ("provider", "amphorae", "standing"),
    [
        ("ovn", (), FINE),
        ("amphora", None, NOT_KNOWN),
        ("amphora", (amphora("MASTER"), amphora("BACKUP")), FINE),
        ("amphora", (amphora("STANDALONE"),), AMISS),
        ("amphorav2", (amphora("MASTER"), amphora("BACKUP"), amphora("STANDALONE", "lb2")), AMISS),
        ("f5", (), NOT_KNOWN),
    ],
)
def test_topology(provider: str, amphorae: Sequence[Any] | None, standing: Standing) -> None:
    assert topology_of(provider, amphorae).standing is standing


# quotas

NEEDS = {"ports": 9, "routers": 1}


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        ({}, "enough"),  # what a release does not tell is no shortfall
        ({"ports": quotas.Quota(9), "routers": quotas.Quota(1)}, "enough"),
        ({"ports": quotas.Quota(-1, 900)}, "enough"),
        ({"ports": quotas.Quota(10, 2)}, "ports: 8 of 10 left, 9 needed"),  # short by one
        (
            {"ports": quotas.Quota(5, 9), "routers": quotas.Quota(0)},
            "ports: 0 of 5 left, 9 needed; routers: 0 of 0 left, 1 needed",
        ),
    ],
)
def test_room_for_the_cluster(limits: quotas.Quotas, what: str) -> None:
    found = quotas.room("Neutron", NEEDS, limits)
    assert (found.what, found.standing) == (what, FINE if what == "enough" else AMISS)


# what proofs choose


def image(name: str, size: int, **more: Any) -> Any:
    fields = {"disk_format": "qcow2", "min_ram": 0, "min_disk": 0, "properties": {}, **more}
    return SimpleNamespace(name=name, size=size, **fields)


def flavor(name: str, ram: int, disk: int) -> Any:
    return SimpleNamespace(name=name, ram=ram, disk=disk, vcpus=1)


FLAVORS = [flavor("big", 4096, 20), flavor("small", 512, 1), flavor("diskless", 256, 0)]


@pytest.mark.parametrize(
    ("images", "chosen"),
    [
        ([image("debian", 3 << 30), image("cirros", 20 << 20)], ("cirros", "small")),
        ([image("debian", 3 << 30)], ("debian", "big")),
        ([image("debian", 1 << 20, min_ram=1024)], ("debian", "big")),
        ([image("kernel", 1, disk_format="aki"), image("debian", 9 << 20)], ("debian", "small")),
        ([image("backup", 1, properties={"image_type": "snapshot"}), image("debian", 9 << 20)], ("debian", "small")),
        ([image(OWN.name("image"), 1), image("debian", 9 << 20)], ("debian", "small")),
        ([image("huge", 1, min_disk=100), image("debian", 9 << 20)], ("debian", "small")),
    ],
)
def test_the_smallest_image_with_the_smallest_flavor_that_bears_it(images: list[Any], chosen: tuple[str, str]) -> None:
    found_image, found_flavor = smallest(images, FLAVORS)
    assert (found_image.name, found_flavor.name) == chosen


def test_without_an_image_or_flavor_no_server_is_tried() -> None:
    for images, flavors in (([], FLAVORS), ([image("debian", 1)], []), ([image("debian", 1, min_disk=21)], FLAVORS)):
        with pytest.raises(Untried):
            smallest(images, flavors)


def share_type(name: str, servers: str, default: bool = False) -> dict[str, Any]:
    return {"name": name, "is_default": default, "extra_specs": {"driver_handles_share_servers": servers}}


@pytest.mark.parametrize(
    ("types", "name"),
    [
        ([share_type("a", "True"), share_type("b", "False")], "b"),
        ([share_type("a", "True", default=True), share_type("b", "False")], "a"),
        ([share_type("a", "true")], "a"),
    ],
)
def test_which_type_of_share(types: list[dict[str, Any]], name: str) -> None:
    chosen = usable_type(types)
    assert chosen["name"] == name
    assert needs_network(chosen) is (name == "a")


def test_without_a_type_no_share_is_tried() -> None:
    with pytest.raises(Untried):
        usable_type([])


def test_a_setting_of_a_data_store() -> None:
    text, number = {"name": "a", "type": "string"}, {"name": "b", "type": "integer", "min": 0}
    assert whole_number([text, {"name": "c", "type": "integer"}, number]) is number
    assert whole_number([text]) is None


# pages and versions


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("", None),
        ("<form action='/s'><input name='q'></form>", None),
        ("<form action='/in'><input type='password' name='p'></form>", Form("/in", {"p": ""})),
        (
            "<form action='/s'><input name='q'></form><form><input name='t' type=hidden value='1'>"
            "<select name='region'><option value='a'>A<option value='b' selected>B</select>"
            "<input type='password' name='p'></form>",
            Form("", {"t": "1", "region": "b", "p": ""}),
        ),
    ],
)
def test_the_form_of_a_login_page(page: str, form: Form | None) -> None:
    assert login_form(page) == form


@pytest.mark.parametrize(
    ("api", "newest", "told"),
    [
        ((3, 14), None, "API 3.14"),
        ((2, 1), (2, 104), "API 2.1, microversions to 2.104"),
        ((2, 1), (2, 1), "API 2.1"),
        (None, None, ""),
    ],
)
def test_versions_in_words(api: tuple[int, ...] | None, newest: tuple[int, ...] | None, told: str) -> None:
    assert in_words(api, newest) == told
