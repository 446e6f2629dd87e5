"""Which ports of the loopback address a cloud has. Touches each for a moment, to see whether it is free."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from pathlib import Path

from hardway.cloud.places import PROXY, SERVICES, CloudPlace
from hardway.cloud.record import PORTS, Record, read_record
from hardway.lab.faults import PortInUse
from hardway.lab.loopback import listen

SPARE_PORTS = range(20000, 30000)
"""Below those that the kernel gives to outgoing connections, any of which may be taken at any time (ip(7))."""


def choose_ports(place: CloudPlace, record: Record, running: frozenset[str]) -> Mapping[str, int]:
    """Those of what runs stay. Of the others, another program may have taken one; all that names it is written anew."""
    kept = {name: port for name, port in record.ports.items() if (PROXY if name == PROXY else SERVICES) in running}
    open_ports = {name: port for name, port in record.ports.items() if name not in kept}
    taken = {*ports_of_others(place), *kept.values()}
    return {**kept, **free_ports(open_ports, taken)}


def free_ports(wanted: Mapping[str, int] = PORTS, taken: Collection[int] = ()) -> Mapping[str, int]:
    """A port of the loopback address for each: the wanted one, or a free one where that is in use or taken."""
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        candidates = itertools.chain((port,), SPARE_PORTS)
        chosen[name] = next(one for one in candidates if one not in {*taken, *chosen.values()} and _is_free(one))
    return chosen


def ports_of_others(place: CloudPlace) -> frozenset[int]:
    """The ports that other clouds beside this one have chosen, whether they run or not."""
    others = (path for path in place.root.glob("*/cloud.json") if path != place.record)
    return frozenset(itertools.chain.from_iterable(map(_recorded_ports, others)))


def _recorded_ports(path: Path) -> frozenset[int]:
    try:
        record = read_record(path)
    except (OSError, ValueError):
        return frozenset()
    return frozenset(record.ports.values()) if record else frozenset()


def _is_free(port: int) -> bool:
    try:
        listen(port).close()
    except PortInUse:
        return False
    return True
