"""The local Fargate's network: addresses in namespaces of its own, a way to a lab's network and back, nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv4Network

import pytest

from hardway.fargate.local.network import Vpc
from hardway.fargate.local.places import FargatePlace
from hardway.lab.network import NAMESPACES, Network, ensure_network, namespaces_of, remove_network
from hardway.lab.places import LabPlace

pytestmark = pytest.mark.root
NAME = f"net-{os.getpid()}"
LAB = LabPlace(NAME)
SUBNETS = {"subnet-0a": IPv4Network("198.18.7.0/24")}
OPERATOR, TASK = IPv4Address("198.18.9.1"), "198.18.7.4"


@pytest.fixture
async def vpc() -> AsyncIterator[Vpc]:
    made = Vpc(FargatePlace(NAME), SUBNETS)
    try:
        await ensure_network(LAB, Network(IPv4Network("198.18.9.0/24"), OPERATOR))
        await made.ensure()
        yield made
    finally:
        await made.remove()
        await remove_network(LAB)
    assert not namespaces_of(made.place) and not namespaces_of(LAB)


def reached(namespace: str, address: str) -> str:
    """What a connection from there to a port where nobody listens ends with: refused, if the way is there."""
    script = "import socket, sys; socket.create_connection((sys.argv[1], 9), timeout=3)"
    argv = ("nsenter", f"--net={NAMESPACES / namespace}", sys.executable, "-c", script, address)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1]


async def test_a_task_and_a_lab_reach_each_other_once_they_are_joined(vpc: Vpc) -> None:
    title = vpc.place.task_title("0" * 32)
    await vpc.plug(title, TASK, "subnet-0a")
    assert "refused" in reached(vpc.place.title, TASK)
    assert "refused" not in reached(LAB.title, TASK)
    await vpc.join(LAB.title, IPv4Network("198.18.9.0/24"))
    assert "refused" in reached(LAB.title, TASK)
    assert "refused" in reached(title, str(OPERATOR))
    await vpc.part(LAB.title)
    assert "refused" not in reached(LAB.title, TASK)


async def test_what_an_earlier_server_left_goes_and_the_network_itself_stays(vpc: Vpc) -> None:
    await vpc.plug(vpc.place.task_title("0" * 32), TASK, "subnet-0a")
    await vpc.clear()
    assert namespaces_of(vpc.place) == (vpc.place.title,)
    await vpc.plug(vpc.place.task_title("1" * 32), TASK, "subnet-0a")
    assert "refused" in reached(vpc.place.title, TASK)
