"""The embedded cloud: from nothing, again, servers, a load balancer, and what goes through its network. Needs root."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from bench.cloud_failover import gap_of_a_cut, gateway, host_of
from bench.cloud_ground import Ground, Server, ground
from bench.cloud_reach import answers, connect, drain, run_on
from bench.options import Options
from bench.report import Report, Row, seconds, within
from hardway.cloud import operations

T = TypeVar("T")

NAME: Final = "bench"
START, SERVER, SIX, BALANCER, GAP = 10.0, 5.0, 20.0, 2.0, 3.0
"""Goals, in seconds."""
WATCHED: Final = 15.0
"""Seconds after the gateway's chassis was cut."""
MEBIBYTES: Final = 200
"""Of a transfer."""
PORT: Final = 9000
SENDER: Final = (
    f"sudo systemd-run --quiet systemd-socket-activate --accept --inetd --listen=0.0.0.0:{PORT}"
    f" head -c {MEBIBYTES << 20} /dev/zero"
)


async def run(options: Options) -> Report:
    """One round each: a cloud takes its time, and what varies is told by the runs' own spread from day to day."""
    up = partial(operations.up, NAME, 3, lambda part, line: None)
    try:
        options.say("what all clouds share is brought into the cache")
        await up()
        await operations.down(NAME)
        options.say("a cloud from nothing, and again")
        from_nothing = await _timed(up)
        await operations.stop(NAME)
        again = await _timed(up)
        options.say("servers, a balancer, transfers")
        rows = await asyncio.to_thread(_inside)
    finally:
        await operations.down(NAME)
    return Report(
        "cloud: OpenStack on this computer, three chassis, packages warm",
        (within("from nothing to ready", from_nothing, START), within("again, over its data", again, START), *rows),
    )


async def _timed(work: Callable[[], Any]) -> float:
    began = time.monotonic()
    await work()
    return time.monotonic() - began


def _inside() -> list[Row]:
    import openstack

    from hardway.cloud.operations import client_environment

    os.environ.update(client_environment(NAME))
    with openstack.connect(cloud=NAME) as cloud:
        place = ground(cloud)
        try:
            return _measured(place)
        finally:
            place.clear()


def _measured(place: Ground) -> list[Row]:
    began = time.monotonic()
    first = place.server("one")
    answers(place.cloud, first.floating, 22)
    one = time.monotonic() - began
    began = time.monotonic()
    others = place.servers([f"of-six-{number}" for number in range(6)])
    for server in others:
        answers(place.cloud, server.floating, 22)
    six = time.monotonic() - began
    began = time.monotonic()
    answers(place.cloud, place.balancer(first.fixed, 22), 22)
    balancer = time.monotonic() - began
    run_on(place.cloud, first.floating, place.key, SENDER)
    fetch = f"bash -c 'time cat < /dev/tcp/{first.fixed}/{PORT} > /dev/null' 2>&1 | awk '/real/ {{print $2}}'"
    between = _clock(run_on(place.cloud, others[0].floating, place.key, fetch))
    outside = drain(place.cloud, first.floating, PORT)
    return [
        within("server: asked for until SSH answers", one, SERVER),
        within("six servers at once", six, SIX),
        within("load balancer: asked for until it answers", balancer, BALANCER),
        Row("between two servers", _rate(between), note=f"{MEBIBYTES} MiB over TCP in {seconds(between)}"),
        Row("through a floating address", _rate(outside), note=f"and the operator's proxy, in {seconds(outside)}"),
        _failover(place, [first, *others]),
    ]


def _failover(place: Ground, servers: Sequence[Server]) -> Row:
    """Last of all, for a chassis is dead afterwards. Asked is a balancer whose member is on another one: a server's own
    floating address is its own chassis' affair, a balancer's the gateway's."""
    cut = gateway(NAME)
    member = next(one for one in servers if host_of(NAME, one.port) != cut)
    address = place.balancer(member.fixed, 22)
    answers(place.cloud, address, 22)
    gap = gap_of_a_cut(NAME, lambda: _greeted(place, address), WATCHED)
    asyncio.run(operations.up(NAME, None, lambda part, line: None))
    return within("the gateway's chassis is cut: no answer for", gap, GAP, "asked ten times a second")


def _greeted(place: Ground, address: str) -> None:
    """Raises OSError where no SSH server says who it is."""
    with connect(place.cloud, address, 22) as made:
        if not made.recv(1):
            raise ConnectionResetError(address)


def _clock(text: str) -> float:
    """Seconds of bash's `0m1.234s`."""
    minutes, _, rest = text.strip().partition("m")
    return int(minutes) * 60 + float(rest.rstrip("s"))


def _rate(took: float) -> str:
    return f"{MEBIBYTES / took:.0f} MiB/s"
