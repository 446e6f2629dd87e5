"""The snapshot sees what is left behind, and tells one lab's things from another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.lab.host_snapshot import HostSnapshot, concerns_lab, take_snapshot

EMPTY = HostSnapshot((), (), (), (), (), (), (), (), (), ())


def test_a_difference_is_told_in_both_directions() -> None:
    before = replace(EMPTY, links=("eth0", "lo"), listeners=("tcp a",))
    after = replace(EMPTY, links=("br0", "lo"), listeners=("tcp a", "tcp a"))
    assert before != after
    assert before.difference(after) == ("+ links: br0", "- links: eth0", "* listeners: 1 lines became 2")
    assert before.difference(before) == ()


def test_this_computer_has_links_routes_and_mounts() -> None:
    seen = take_snapshot()
    assert any(line.startswith("lo ") for line in seen.links)
    assert "lo 127.0.0.1/8" in seen.addresses
    assert any(line.startswith("/proc proc ") for line in seen.mounts)


@pytest.mark.parametrize(
    ("line", "concerns"),
    [
        ("hardway-a", True),
        ("/run/netns/hardway-a.m0 nsfs nsfs rw", True),
        ("/var/lib/hardway/labs/a", True),
        ("in control group hardway-a.m0.service", True),
        ("eth0 192.0.2.2/24", True),
        ("hardway-a-b.m0", False),
        ("/var/lib/hardway/labs/b", False),
        ("/var/lib/hardway/labs", False),
        ("/run/netns ext4 /dev/vda rw", False),
    ],
)
def test_a_lab_is_known_by_its_name(line: str, concerns: bool) -> None:
    assert concerns_lab(line, "a") is concerns
