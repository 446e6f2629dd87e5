"""Configuration, names and scripts: pure, so as tables."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
import yaml

from hardway.cloud.configuration.clients import clouds
from hardway.cloud.configuration.files import files
from hardway.cloud.configuration.ini import Sections, render
from hardway.cloud.configuration.settings import Settings
from hardway.cloud.jobs import jobs
from hardway.cloud.ovn.programs import wrapper
from hardway.cloud.ovn.scripts import central_script, chassis_script
from hardway.cloud.places import CloudPlace, is_name
from hardway.cloud.record import PORTS, USERS, Record
from hardway.cloud.services.table import SERVICES
from hardway.cloud.status import locked_versions

RECORD = Record(
    chassis=2,
    ports=PORTS,
    venv="/cache/venv",
    programs="/cache/ovn",
    trees="/cache/lab",
    image="trixie-1",
    blobs="/cache/blobs",
    passwords={user: f"secret-of-{user}" for user in USERS},
)
PLACE = CloudPlace("demo", Path("/clouds"))
SETTINGS = Settings(PLACE, RECORD)


@pytest.mark.parametrize(
    ("sections", "text"),
    [
        ({"a": {"b": 1}}, "[a]\nb = 1\n"),
        ({"a": {"yes": True, "no": False}}, "[a]\nyes = true\nno = false\n"),
        ({"a": {"list": ("x", "y")}, "empty": {}}, "[a]\nlist = x,y\n\n[empty]\n"),
        ({"a": {"path": Path("/p")}}, "[a]\npath = /p\n"),
    ],
)
def test_ini(sections: Sections, text: str) -> None:
    assert render(sections) == text


@pytest.mark.parametrize(
    ("file", "section", "option", "value"),
    [
        ("keystone/keystone.conf", "database", "connection", "sqlite:////clouds/demo/db/keystone.sqlite"),
        ("nova/nova.conf", "DEFAULT", "compute_driver", "hardway.HardwayDriver"),
        (
            "nova/nova.conf",
            "hardway",
            "chassis",
            "chassis1:/clouds/demo/run/chassis1/db.sock,chassis2:/clouds/demo/run/chassis2/db.sock",
        ),
        ("nova/nova.conf", "placement", "password", "secret-of-nova"),
        ("neutron/neutron.conf", "ovn", "ovn_nb_connection", "unix:/clouds/demo/run/nb.sock"),
        ("neutron/neutron.conf", "ovn", "dns_servers", "192.168.0.1"),
        ("octavia/octavia.conf", "driver_agent", "get_socket_path", "/clouds/demo/run/octavia-get"),
        ("octavia/octavia.conf", "ovn", "ovn_sb_connection", "unix:/clouds/demo/run/sb.sock"),
        ("designate/designate.conf", "service:mdns", "listen", "127.0.0.1:5354,192.168.0.1:53"),
        ("glance/glance-api.conf", "paste_deploy", "config_file", "/cache/venv/etc/glance/glance-api-paste.ini"),
        ("placement/placement.conf", "keystone_authtoken", "auth_url", "http://127.0.0.1:5000/v3"),
    ],
)
def test_configuration(file: str, section: str, option: str, value: str) -> None:
    read = configparser.ConfigParser(interpolation=None, default_section="none")
    read.read_string(files(SETTINGS)[file])
    assert read[section][option] == value


def test_each_project_proves_itself_with_its_own_password_only() -> None:
    for path, text in files(SETTINGS).items():
        project = path.split("/")[0]
        foreign = [user for user in USERS if user != project and f"secret-of-{user}" in text]
        assert foreign == [], path


def test_clouds_yaml_names_the_user_the_administrator_and_the_way_in() -> None:
    made = yaml.safe_load(yaml.safe_dump(clouds(SETTINGS)))["clouds"]
    assert sorted(made) == ["demo", "demo-admin"]
    assert made["demo"]["hardway"]["proxy"] == "socks5h://127.0.0.1:1080"
    assert made["demo"]["auth"]["project_name"] == "hardway"
    assert made["demo-admin"]["auth"]["username"] == "admin"


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        *(("hardway", True), ("a", True), ("a-1", True), ("a" * 32, True)),
        *(("", False), ("-a", False), ("a.b", False), ("A", False), ("a" * 33, False), ("a/../b", False)),
    ],
)
def test_names(name: str, valid: bool) -> None:
    assert is_name(name) is valid


@pytest.mark.parametrize(
    ("title", "owned"),
    [
        ("hardway.demo", True),
        ("hardway.demo.chassis1", True),
        ("hardway.demo2.chassis1", False),
        ("hardway-demo.chassis1", False),
    ],
)
def test_a_cloud_owns_what_bears_its_title(title: str, owned: bool) -> None:
    assert PLACE.owns(title) is owned


def test_all_processes_are_jobs_that_are_started_again() -> None:
    made = {job.name.title: job for job in jobs(SETTINGS)}
    parts = ("central", "services", "chassis1", "chassis2", "socks", "proxy")
    assert sorted(made) == sorted(f"hardway.demo.{part}" for part in parts)
    assert all(job.restart for job in made.values())
    assert made["hardway.demo.proxy"].listen == 1080
    assert not any("secret" in word for job in made.values() for word in job.argv)


def test_a_chassis_is_in_userspace_and_known_by_its_name() -> None:
    script = chassis_script(SETTINGS, PLACE.chassis(2))
    for expected in (
        "external_ids:system-id=chassis2",
        "external_ids:ovn-remote=unix:/clouds/demo/run/sb.sock",
        "external_ids:ovn-encap-ip=172.30.0.2",
        "set bridge br-int datapath_type=netdev fail-mode=secure",
        "ip address replace 172.30.0.2/24 dev br-phy",
    ):
        assert expected in script
    order = [script.index(word) for word in ("ovsdb-server ", "ovs-vswitchd ", "ovn-controller ")]
    assert order == sorted(order)


def test_the_centre_makes_its_databases_once() -> None:
    script = central_script(SETTINGS)
    assert "[ -e /clouds/demo/ovn/nb.db ] || ovsdb-tool create" in script
    assert "options:ignore_lsp_down=false" in script


def test_a_wrapper_starts_a_program_by_the_trees_own_loader() -> None:
    made = wrapper("usr/bin/ovs-vsctl", Path("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"))
    assert made.splitlines()[1] == "tree=${0%/*}/.."
    assert '--argv0 ovs-vsctl --library-path "$tree/usr/lib/x86_64-linux-gnu"' in made


def test_versions_are_those_of_the_lock() -> None:
    lock = "# a\nnova==34.0.0 \\\n    --hash=sha256:00\npython-dateutil==4.0.0\n"
    assert locked_versions(lock) == {"nova": "34.0.0", "python-dateutil": "4.0.0"}


def test_every_service_has_a_name_of_its_own() -> None:
    names = [service.name for service in SERVICES]
    assert len(set(names)) == len(names)
