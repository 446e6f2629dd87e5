"""Ports of the loopback address: whose they are, also of clouds that do not run, and what is told of a taken one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from hardway.cli.errors import FAILED, explain
from hardway.cloud.places import PROXY, SERVICES, CloudPlace
from hardway.cloud.ports import SPARE_PORTS, choose_ports, free_ports, ports_of_others
from hardway.cloud.record import Record
from hardway.lab.faults import PortInUse
from hardway.lab.loopback import listen
from tests.cloud.test_configuration import RECORD


@pytest.fixture
def taken() -> Iterable[int]:
    """A port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def down(root: Path, name: str, record: Record) -> CloudPlace:
    """A cloud that was made and does not run."""
    place = CloudPlace(name, root)
    place.directory.mkdir(parents=True)
    values = {field: getattr(record, field) for field in Record.__dataclass_fields__}
    place.record.write_text(json.dumps(values))
    return place


def test_ports_are_the_known_ones_but_for_those_that_others_have(taken: int) -> None:
    chosen = free_ports({"used": taken, "recorded": 20999, "again": 20999}, taken={20999})
    assert len(set(chosen.values())) == 3
    assert not {taken, 20999} & set(chosen.values())
    assert all(port in SPARE_PORTS for port in chosen.values())


def test_a_cloud_that_is_down_keeps_its_ports(tmp_path: Path) -> None:
    ports = {"keystone": 25000, PROXY: 25001}
    down(tmp_path, "asleep", replace(RECORD, ports=ports))
    mine = CloudPlace("new", tmp_path)
    assert ports_of_others(mine) == {25000, 25001}
    chosen = choose_ports(mine, replace(RECORD, ports=ports), frozenset())
    assert not set(ports.values()) & set(chosen.values())


def test_it_comes_back_at_its_own(tmp_path: Path) -> None:
    record = replace(RECORD, ports={"keystone": 25000, PROXY: 25001})
    assert choose_ports(down(tmp_path, "asleep", record), record, frozenset()) == record.ports


def test_a_record_that_cannot_be_read_is_no_obstacle(tmp_path: Path) -> None:
    down(tmp_path, "broken", RECORD).record.write_text("{")
    assert ports_of_others(CloudPlace("new", tmp_path)) == frozenset()


@pytest.mark.parametrize(
    ("running", "moves"),
    [
        ({SERVICES, PROXY}, set()),
        ({PROXY}, {"keystone"}),
        ({SERVICES}, {PROXY}),
        ({"central"}, {"keystone", PROXY}),
    ],
)
def test_only_what_does_not_run_moves(running: set[str], moves: set[str], taken: int, tmp_path: Path) -> None:
    """Everything here is in use by somebody: by the cloud itself, where it runs."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"keystone": taken, PROXY: other.getsockname()[1]}
        chosen = choose_ports(CloudPlace("new", tmp_path), replace(RECORD, ports=ports), frozenset(running))
    assert {name for name in ports if chosen[name] != ports[name]} == moves


def test_a_taken_port_is_told_with_a_way_out(taken: int) -> None:
    with pytest.raises(PortInUse) as raised:
        listen(taken, "take another")
    message = explain(raised.value)
    assert message is not None
    assert (message.code, message.what) == (FAILED, f"port {taken} of 127.0.0.1: in use by another program")
    assert message.way_out == f"`ss -ltnp sport = :{taken}` shows by whom; take another"
