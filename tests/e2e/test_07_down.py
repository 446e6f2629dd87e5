"""down takes everything away, and the computer is as it was."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import NAME, Driver
from tests.lab.host_snapshot import HostSnapshot, take_snapshot

pytestmark = pytest.mark.e2e


def test_down_leaves_the_computer_as_it_was(cluster: Driver, before: HostSnapshot) -> None:
    cluster("down", "--yes")
    assert not cluster.state.exists()
    assert take_snapshot(f"{NAME}-e2e") == before


def test_down_again_has_nothing_to_do(hardway: Driver) -> None:
    assert hardway("down", "--yes").code == 0
