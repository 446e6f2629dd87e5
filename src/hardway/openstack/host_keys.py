"""Host keys of servers that are there already: what the spec pins, else what their consoles say. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hardway.openstack.cloud import Body
from hardway.openstack.site import Site
from hardway.openstack.user_data import host_key_on


async def read_host_keys(site: Site, known: Mapping[str, str]) -> Mapping[str, str]:
    """By machine, those that are not known yet; none of servers that we make, which get keys of ours."""
    found: dict[str, str] = {}
    for name, pinned in _existing(site).items():
        server = site.only("machine", name)
        if pinned is not None:
            found[name] = pinned
        elif name not in known and server is not None and (key := await _on_console(site, server)) is not None:
            found[name] = key
    return found


async def _on_console(site: Site, server: Body) -> str | None:
    answer = await site.cloud.post("compute", f"/servers/{server['id']}/action", {"os-getConsoleOutput": {}})
    return host_key_on(str(answer.get("output", "")))


def without_host_key(site: Site, known: Collection[str]) -> Sequence[str]:
    """A sentence for each server that there is no host key of."""
    what = "its console tells no host key: pin it as hostKey in the spec (`ssh-keyscan` from a place that you trust)"
    there = (name for name in _existing(site) if site.only("machine", name) is not None)
    return tuple(f"{name}: {what}" for name in there if name not in known)


def _existing(site: Site) -> Mapping[str, str | None]:
    """Machines that are found and not made, with what the spec pins."""
    if site.cluster.openstack.servers == "create":
        return {}
    return {machine.name: machine.host_key for machine in site.cluster.all_machines}
