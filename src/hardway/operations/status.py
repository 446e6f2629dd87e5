"""status: machines, components, versions and expiry at a glance, from one look at the world. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hardway.operations.look import Picture, look
from hardway.operations.world import World
from hardway.pki.read import expiry
from hardway.resources.base import Seen
from hardway.resources.host import Unit
from hardway.resources.kubernetes import Condition
from hardway.spec.model import Cluster


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """A component's unit on a machine."""

    unit: str
    active: bool
    as_wanted: bool
    """Enabled, active, and started with what its files say now."""


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """A machine and what runs on it."""

    name: str
    role: str
    """master, worker or balancer."""
    address: str
    state: str
    """running, off or absent."""
    system: str
    """Distribution, version and kernel; empty where it does not run."""
    units: tuple[UnitStatus, ...]


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """A certificate in the vault."""

    name: str
    expires: datetime
    days_left: int


@dataclass(frozen=True, slots=True)
class Status:
    """The cluster at a glance."""

    cluster: str
    kubernetes: str
    api_url: str | None
    """Where this computer reaches the API; None while it does not."""
    machines: tuple[MachineStatus, ...]
    conditions: Mapping[str, str]
    """What the cluster says of its nodes and add-ons: "yes", or why not."""
    certificates: tuple[CertificateStatus, ...]
    """Those that end first, first."""
    steps: int
    """How many steps `hardway plan` would show."""


async def status(world: World) -> Status:
    """Look, and sum up. Raises Unreachable, ForeignMachine."""
    picture = await look(world)
    url = world.provider.api_url(world.cluster).resolve(lambda ref: world.value(ref) or b"")
    return Status(
        cluster=world.cluster.name,
        kubernetes=world.cluster.kubernetes.version,
        api_url=url.decode() or None if isinstance(url, bytes) else None,
        machines=_machines(world, picture),
        conditions=_conditions(picture),
        certificates=_certificates(world),
        steps=len(picture.plan.steps),
    )


def _machines(world: World, picture: Picture) -> tuple[MachineStatus, ...]:
    return tuple(
        MachineStatus(
            name=machine.name,
            role=_role(world.cluster, machine.name),
            address=str(machine.address),
            state=_state(picture, machine.name),
            system=_system(world, machine.name),
            units=_units(picture, machine.name),
        )
        for machine in world.cluster.all_machines
    )


def _role(cluster: Cluster, name: str) -> str:
    roles: Sequence[tuple[str, Sequence[str]]] = (
        ("master", [machine.name for machine in cluster.masters]),
        ("worker", [machine.name for machine in cluster.workers]),
    )
    return next((role for role, names in roles if name in names), "balancer")


def _state(picture: Picture, name: str) -> str:
    seen = picture.seen.get(f"machine:{name}:{name}")
    if seen is None or not seen.exists:
        return "absent"
    return "off" if name in picture.off else "running"


def _system(world: World, name: str) -> str:
    facts = world.machines.facts.get(name)
    return f"{facts.os_id} {facts.os_version}, Linux {facts.kernel}" if facts else ""


def _units(picture: Picture, name: str) -> tuple[UnitStatus, ...]:
    units = (one for one in picture.wanted if isinstance(one, Unit) and one.machine == name)
    pending = picture.plan.ids
    return tuple(UnitStatus(one.unit, _is_active(picture.seen.get(one.id)), one.id not in pending) for one in units)


def _is_active(seen: Seen | None) -> bool:
    return seen is not None and seen.attributes.get("active") == "yes"


def _conditions(picture: Picture) -> Mapping[str, str]:
    conditions = (one for one in picture.wanted if isinstance(one, Condition))
    found = ((one, picture.seen.get(one.id)) for one in conditions)
    return {one.name: seen.attributes.get("holds", "not known") if seen else "not known" for one, seen in found}


def _certificates(world: World) -> tuple[CertificateStatus, ...]:
    found = ((name, expiry(pem)) for name, pem in world.vault.certificates().items())
    rows = (CertificateStatus(name, end, (end - world.now).days) for name, end in found if end is not None)
    return tuple(sorted(rows, key=lambda row: (row.expires, row.name)))
