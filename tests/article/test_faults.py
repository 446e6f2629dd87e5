"""What a real cloud refuses: told with a way out, by its exit code, and nothing is touched where the input was bad."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hardway.cloud import operations
from tests.article.conftest import EXAMPLE, Article
from tests.e2e.conftest import Answer
from tests.running_cloud import RunningCloud

pytestmark = [pytest.mark.root, pytest.mark.article, pytest.mark.timeout(600)]

SMALL = """\
apiVersion: hardway/v1
kind: Cluster
name: faulty
machines:
  provider: openstack
  masters: [{name: m0, address: 10.0.0.10}]
  workers: [{name: w0, address: 10.0.0.20}]
domain: faulty.example
api: {address: 10.0.0.100}
balancer: {kind: octavia}
openstack: {floatingAddresses: any, names: hosts, %s}
"""
EXPIRES_AFTER = 3
"""Seconds; Keystone refuses to make a credential that has expired already."""


@pytest.fixture
def faulty(cloud: RunningCloud, tmp_path: Path) -> Article:
    """A folder of its own, with the example."""
    (tmp_path / "cluster.yaml").write_text(EXAMPLE.read_text())
    return Article(tmp_path, operations.client_environment(cloud.name), cloud)


def told(faulty: Article, code: int, *words: str) -> Answer:
    """`up` ends with that code and says all of it."""
    answer = faulty("up", "--yes", code=code)
    assert "Traceback" not in answer.err
    assert [word for word in words if word not in answer.err] == [], answer.err
    return answer


def with_credential(faulty: Article, **changed: Any) -> None:
    """Another entry of clouds.yaml, with keys of its own."""
    entry = yaml.safe_load(faulty.stock.place.clouds_yaml.read_text())["clouds"][faulty.stock.name]
    file = faulty.folder / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"changed": {**entry, **changed}}}))
    faulty.variables = {"OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "changed"}


def auth(faulty: Article) -> Mapping[str, Any]:
    config = yaml.safe_load(faulty.stock.place.clouds_yaml.read_text())
    found: Mapping[str, Any] = config["clouds"][faulty.stock.name]["auth"]
    return found


def test_a_wrong_password(faulty: Article) -> None:
    with_credential(faulty, auth={**auth(faulty), "password": "not-the-one"})
    answer = told(faulty, 2, "the cloud refuses these credentials", "look at user, password and project")
    assert "not-the-one" not in answer.err
    assert not faulty.state.exists()


def test_an_application_credential_that_expired(faulty: Article) -> None:
    end = datetime.now(UTC) + timedelta(seconds=EXPIRES_AFTER)
    with faulty.connected() as sdk:
        user = sdk.current_user_id
        made = sdk.identity.create_application_credential(user, "short", expires_at=end.strftime("%Y-%m-%dT%H:%M:%S"))
        given = {"application_credential_id": made.id, "application_credential_secret": made.secret}
        place = {"auth_url": auth(faulty)["auth_url"]}
        with_credential(faulty, auth_type="v3applicationcredential", auth={**place, **given})
        time.sleep(EXPIRES_AFTER + 1)
        try:
            told(faulty, 2, "the cloud refuses these credentials", "which may have expired")
        finally:
            sdk.identity.delete_application_credential(user, made.id)
    assert not faulty.state.exists()


def test_what_is_short_or_absent_is_told_all_at_once(faulty: Article) -> None:
    before = faulty.listing()
    text = EXAMPLE.read_text().replace("image: debian-13", "image: debian-9")
    faulty.spec.write_text(text.replace("externalNetwork: public", "externalNetwork: outside"))
    faulty.stock.do("quota", "set", "--instances", "5", "--floating-ips", "6", "hardway", admin=True)
    try:
        told(
            faulty,
            2,
            "nothing was touched",
            "there is no image debian-9",
            "there is no external network outside; external networks here: public",
            "quota of instances: 6 more are needed, 0 of 5 are used: short by 1",
            "quota of floatingips: 7 more are needed, 0 of 6 are used: short by 1",
        )
    finally:
        faulty.stock.do("quota", "set", "--instances", "10", "--floating-ips", "50", "hardway", admin=True)
    assert faulty.listing() == before


def test_an_absent_flavor_names_those_that_are_there(faulty: Article) -> None:
    faulty.spec.write_text(EXAMPLE.read_text().replace("flavor: hardway.node", "flavor: m1.huge"))
    told(faulty, 2, "there is no flavor m1.huge; there are: hardway.node")


def test_an_address_that_is_taken(faulty: Article) -> None:
    name = "kubernetes-the-hard-way"
    faulty.stock.do("network", "create", name)
    try:
        faulty.stock.do("subnet", "create", name, "--network", name, "--subnet-range", "10.0.0.0/24")
        fixed = ("--fixed-ip", f"subnet={name},ip-address=10.0.0.11")
        faulty.stock.do("port", "create", "theirs", "--network", name, *fixed)
        before = faulty.listing()
        told(faulty, 2, "hardway-master-1: 10.0.0.11 is taken by port theirs, which is not ours")
        assert faulty.listing() == before
        faulty.stock.do("port", "delete", "theirs")
    finally:
        faulty.stock.do("network", "delete", name)


@pytest.fixture
def narrow(faulty: Article) -> Iterator[str]:
    """An external network with addresses for a router and one other."""
    faulty.stock.do("network", "create", "--external", "narrow", admin=True)
    addresses = ("--subnet-range", "192.168.9.0/24", "--allocation-pool", "start=192.168.9.10,end=192.168.9.11")
    faulty.stock.do("subnet", "create", "--network", "narrow", *addresses, "--no-dhcp", "narrow", admin=True)
    yield "narrow"
    faulty.stock.do("network", "delete", "narrow", admin=True)


@pytest.fixture
def treeless(faulty: Article) -> Iterator[str]:
    """An image whose tree is nowhere: no chassis can boot it."""
    (faulty.folder / "nothing").write_text("nothing")
    image = ("--disk-format", "raw", "--container-format", "bare", "--property", "hardway_tree=../../etc", "--public")
    faulty.stock.do("image", "create", *image, "--file", str(faulty.folder / "nothing"), "treeless", admin=True)
    yield "treeless"
    faulty.stock.do("image", "delete", "treeless", admin=True)


def test_a_pool_of_floating_addresses_that_is_exhausted(faulty: Article, narrow: str) -> None:
    fails_and_leaves_nothing(
        faulty,
        f"externalNetwork: {narrow}",
        "the external network has no address left",
        "release floating addresses that nobody uses",
    )


def test_a_server_in_error_shows_its_fault(faulty: Article, treeless: str) -> None:
    fails_and_leaves_nothing(
        faulty, f"image: {treeless}", "the server is in ERROR: ", "if it never ran, `hardway up` makes it anew"
    )


def fails_and_leaves_nothing(faulty: Article, what: str, *words: str) -> None:
    """`up` fails halfway, `plan` has the servers still to make, and `down` takes away what was made."""
    before = faulty.listing()
    faulty.spec.write_text(SMALL % what)
    try:
        told(faulty, 1, *words)
        assert {"machine:m0:m0", "machine:w0:w0"} <= set(faulty.steps())
    finally:
        faulty("down", "--yes")
    assert faulty.listing() == before
