"""A simulated cloud for each test, and the real openstacksdk connected to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.connect import open_cloud
from tests.cloud.check.simulated.cloud import clouds_yaml, simulated_cloud
from tests.cloud.check.simulated.server import Simulated


@pytest.fixture
def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    with simulated_cloud() as cloud:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds_yaml(cloud, tmp_path)))
        monkeypatch.delenv("OS_CLOUD", raising=False)
        yield cloud


@pytest.fixture
def connected(simulated: Simulated) -> Iterator[Callable[[], Cloud]]:
    """Opens the simulated cloud; closes it after the test."""
    opened: list[Cloud] = []

    def connect() -> Cloud:
        opened.append(open_cloud("simulated", horizon=f"{simulated.url}/dashboard"))
        return opened[-1]

    yield connect
    for cloud in opened:
        cloud.close()
