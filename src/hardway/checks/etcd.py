"""etcd: its members are healthy, know each other, and follow one leader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any

from hardway.checks.check import Finding, Wrong, check, count, judged, said, troubles
from hardway.checks.scene import Scene
from hardway.components.etcd import CLIENT_PORT
from hardway.components.layout import BIN, ETCD_PKI
from hardway.pki import names
from hardway.resources.base import Chapter
from hardway.spec.model import Machine


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as one member sees it."""

    healthy: bool
    """A write and a read went through a majority just now."""
    leader: int
    """The leader's member id; 0 while there is none."""
    members: frozenset[str]
    alarms: tuple[str, ...] = ()


@check(
    "etcd",
    "each etcd member takes writes, and all of them know the same members and the same leader",
    Chapter.ETCD,
    after=("machines",),
)
async def etcd(scene: Scene) -> Finding:
    views: dict[str, View] = {}

    async def look(master: Machine) -> None:
        views[master.name] = await _view(scene, master)

    masters = scene.cluster.masters
    faults = await troubles({master.name: look(master) for master in masters})
    found = [*faults, *disagreements(views, frozenset(master.name for master in masters))]
    return judged(found, f"{count(len(masters), 'member')} healthy, one leader")


async def _view(scene: Scene, master: Machine) -> View:
    """Asked through the member's own address on the machine itself."""
    host = str(master.address)
    answered = await scene.run(
        master.name,
        f"{etcdctl_settings(host)}"
        "etcdctl endpoint status --write-out=json\n"
        "etcdctl member list --write-out=json\n"
        "etcdctl endpoint health --write-out=json || :\n",
    )
    return parse_view(answered)


def etcdctl_settings(host: str) -> str:
    """Shell lines that point etcdctl at a member, with the health client's certificate that lies on each master."""
    pair = f"{ETCD_PKI}/{names.ETCD_HEALTH_CLIENT}"
    settings = {
        "PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin",
        "ETCDCTL_ENDPOINTS": f"https://{host}:{CLIENT_PORT}",
        "ETCDCTL_CACERT": f"{ETCD_PKI}/{names.ETCD_CA}.pem",
        "ETCDCTL_CERT": f"{pair}.pem",
        "ETCDCTL_KEY": f"{pair}-key.pem",
    }
    return "set -eu\n" + "".join(f"{name}={quote(value)}; export {name}\n" for name, value in settings.items())


def parse_view(answered: str) -> View:
    """From three lines of JSON: endpoint status, member list, endpoint health. Raises Wrong. Pure."""
    try:
        status, members, health = (json.loads(line) for line in answered.splitlines() if line.strip())
        inner = status[0]["Status"]
        return View(
            healthy=bool(health[0].get("health")),
            leader=int(inner.get("leader", 0)),
            members=frozenset(_named(member) for member in members["members"]),
            alarms=tuple(str(error) for error in inner.get("errors") or ()),
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Wrong(f"etcdctl answered what cannot be read ({said(error)}): {answered.strip()[:200]}") from None


def _named(member: Mapping[str, Any]) -> str:
    """A member's name; its peer URL while it has not yet started."""
    return str(member.get("name") or (member.get("peerURLs") or ["?"])[0])


def disagreements(views: Mapping[str, View], wanted: frozenset[str]) -> list[str]:
    """What is wrong with the members, and between them. Pure."""
    found = []
    for name, view in views.items():
        if not view.healthy:
            found.append(f"{name}: it is not healthy: no write goes through")
        if view.leader == 0:
            found.append(f"{name}: it knows no leader")
        if view.members != wanted:
            found.append(f"{name}: its members are {_list(view.members)}, not {_list(wanted)}")
        found.extend(f"{name}: {alarm}" for alarm in view.alarms)
    leaders = {view.leader for view in views.values() if view.leader}
    if len(leaders) > 1:
        found.append(f"the members follow {len(leaders)} leaders")
    return found


def _list(members: frozenset[str]) -> str:
    return ", ".join(sorted(members)) or "none"
