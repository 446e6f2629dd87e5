"""What tests of several rooms share: one real cloud, of a name of its own, and taken down whatever happens."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.running_cloud import RunningCloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[RunningCloud]:
    """Made when the first test asks for it; the rooms are imported then, which most tests do without."""
    from hardway.cloud import operations
    from tests.lab.host_snapshot import take_snapshot
    from tests.running_cloud import RunningCloud

    name = f"test-{os.getpid()}"
    made = RunningCloud(name, take_snapshot(name))
    try:
        asyncio.run(operations.up(name, 3, lambda part, line: print(f"{part}: {line}", file=sys.stderr)))  # noqa: T201
        yield made
    finally:
        asyncio.run(operations.down(name))
