"""The article on a cloud of its own: made here from nothing, or (HARDWAY_ARTICLE_CLOUD) one that runs already."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardway.cloud import operations
from tests.e2e.conftest import Driver

EXAMPLE = Path(__file__).parents[2] / "examples" / "openstack.yaml"
LISTED = {
    "network": ("network", "list"),
    "subnet": ("subnet", "list"),
    "router": ("router", "list"),
    "port": ("port", "list"),
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


class Article(Driver):
    """`hardway` in a folder with the example, and the stock command beside it."""

    cloud: str

    def openstack(self, *arguments: str) -> Any:
        """What the stock command answers."""
        command = operations.client_command(self.cloud, (*arguments, "--format", "json"), False)
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout or "[]")

    def do(self, *arguments: str) -> None:
        command = operations.client_command(self.cloud, arguments, False)
        subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    def listing(self) -> dict[str, list[str]]:
        """The ids of all that the project has."""
        return {name: sorted(_id(one) for one in self.openstack(*words)) for name, words in LISTED.items()}


def _id(row: dict[str, Any]) -> str:
    return str(row.get("ID") or row.get("id") or row["Name"])


@pytest.fixture(scope="session")
def article(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Article]:
    given = os.environ.get("HARDWAY_ARTICLE_CLOUD")
    cloud = given or "article"
    if given is None:
        asyncio.run(operations.up(cloud, None, lambda part, line: None))
    folder = tmp_path_factory.mktemp("article")
    shutil.copy(EXAMPLE, folder / "cluster.yaml")
    driver = Article(folder, variables=operations.client_environment(cloud))
    driver.cloud = cloud
    yield driver
    driver("down", "--yes", code=None)
    if given is None:
        asyncio.run(operations.down(cloud))


@pytest.fixture(scope="session")
def before(article: Article) -> dict[str, list[str]]:
    """What there was before the cluster."""
    return article.listing()


@pytest.fixture(scope="session")
def made(article: Article, before: dict[str, list[str]]) -> Article:
    """The cluster, made."""
    article.up()
    return article
