"""The article on a real cloud, driven by `hardway` as a user would, and looked at by the stock command beside it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import pytest

from hardway.cloud import operations
from tests.e2e.conftest import Driver
from tests.running_cloud import RunningCloud

EXAMPLE = Path(__file__).parents[2] / "examples" / "openstack.yaml"
COUNTED = {
    "network": ("network", "list"),
    "subnet": ("subnet", "list"),
    "router": ("router", "list"),
    "security group": ("security", "group", "list"),
    "rule": ("security", "group", "rule", "list"),
    "floating ip": ("floating", "ip", "list"),
    "key pair": ("keypair", "list"),
    "server group": ("server", "group", "list"),
    "server": ("server", "list"),
    "load balancer": ("loadbalancer", "list"),
    "listener": ("loadbalancer", "listener", "list"),
    "pool": ("loadbalancer", "pool", "list"),
    "monitor": ("loadbalancer", "healthmonitor", "list"),
    "zone": ("zone", "list"),
}
"""What the stock command lists."""


@dataclass
class Article(Driver):
    """`hardway` in a folder with a cluster.yaml, and the cloud that it is told of."""

    cloud: RunningCloud | None = None

    @property
    def stock(self) -> RunningCloud:
        """The cloud by its own command line."""
        assert self.cloud is not None
        return self.cloud

    def counts(self) -> dict[str, int]:
        """How many things the project has, by the stock command."""
        rows = self.stock.openstack_all(list(COUNTED.values()))
        return {name: len(those) for name, those in zip(COUNTED, rows, strict=True)}

    def connected(self) -> Any:
        """Plain openstacksdk, as the cloud's user; to be closed."""
        config = openstack.config.OpenStackConfig(config_files=[str(self.stock.place.clouds_yaml)])
        return openstack.connection.Connection(config=config.get_one(cloud=self.stock.name))

    def listing(self) -> dict[str, list[str]]:
        """The ids of all that the project has, by plain openstacksdk."""
        with self.connected() as sdk:
            things = _everything(sdk, sdk.current_project_id)
            return {kind: sorted(one.id for one in those) for kind, those in things}


def _everything(sdk: Any, project: str | None) -> Iterable[tuple[str, Iterable[Any]]]:
    network, compute, balancing = sdk.network, sdk.compute, sdk.load_balancer
    for collection in ("networks", "subnets", "routers", "ports", "security_groups", "security_group_rules", "ips"):
        yield collection, getattr(network, collection)(project_id=project)
    for collection in ("servers", "keypairs", "server_groups"):
        yield collection, getattr(compute, collection)()
    for collection in ("load_balancers", "listeners", "pools", "health_monitors"):
        yield collection, getattr(balancing, collection)()
    yield "zones", sdk.dns.zones()


@pytest.fixture(scope="module")
def article(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Article]:
    """The example, not made yet; taken down before the next module uses the cloud, whatever happens."""
    folder = tmp_path_factory.mktemp("article")
    shutil.copy(EXAMPLE, folder / "cluster.yaml")
    driver = Article(folder, operations.client_environment(cloud.name), cloud)
    yield driver
    driver("down", "--yes", code=None)


@pytest.fixture(scope="module")
def before(article: Article) -> dict[str, list[str]]:
    """What there was before the cluster."""
    return article.listing()


@pytest.fixture(scope="module")
def counted(article: Article) -> dict[str, int]:
    """How many of each there were before the cluster."""
    return article.counts()


@pytest.fixture(scope="module")
def made(article: Article, before: dict[str, list[str]], counted: dict[str, int]) -> Article:
    """The cluster, made; at the second attempt where the first lost the masters (docs/openstack.md, "Limits")."""
    first = article("up", "--yes", code=None)
    if first.code:
        assert "connection was lost" in first.err or "cannot be reached" in first.err, first.err
        time.sleep(30)
        article.up()
    return article
