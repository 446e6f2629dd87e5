"""Manila: shared file systems. Proved with a share of 1 GiB that one address is let in to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.ground import make_network
from hardway.cloud.check.made import Made
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Untried
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import gone, settled

SETTLED_WITHIN = 300.0
"""Seconds: a back end that makes share servers boots one."""

ADDRESS = "192.0.2.1"
"""Set aside for documentation (RFC 5737): nobody is let in by it."""
MICROVERSION = "2.7"
"""The first in which actions have no prefix (Manila's REST API version history)."""


def _share(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.shared_file_system
    kind = usable_type(asked(api.get("/types", microversion=MICROVERSION))["share_types"])
    values: dict[str, Any] = {"name": cloud.name("share"), "share_proto": "NFS", "size": 1, "share_type": kind["id"]}
    if needs_network(kind):
        values["share_network_id"] = _share_network(cloud, made)
    share = asked(api.post("/shares", json={"share": values}, microversion=MICROVERSION))["share"]
    made.undo("share", partial(_remove, cloud, share["id"]))
    settled(cloud, "the share", partial(_get, cloud, share["id"]), within=SETTLED_WITHIN, wanted=("available",))
    rule = {"access_type": "ip", "access_to": ADDRESS, "access_level": "ro"}
    _act(cloud, share["id"], "allow_access", rule)
    settled(
        cloud,
        "the access rule",
        lambda: _act(cloud, share["id"], "access_list", None)["access_list"][0],
        within=SETTLED_WITHIN,
        state="state",
    )
    return Proved(f"a share of 1 GiB of type {kind['name']} lets {ADDRESS} in")


def usable_type(types: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The default type of share, else the first that needs no network of its own, else any. Raises Untried. Pure."""
    by_preference = sorted(types, key=lambda one: (not one.get("is_default"), needs_network(one)))
    if not by_preference:
        raise Untried("it has no type of share")
    return by_preference[0]


def needs_network(kind: Mapping[str, Any]) -> bool:
    """Whether shares of this type live on servers of their own, which stand on a tenant's network. Pure."""
    specs = kind.get("extra_specs") or {}
    return str(specs.get("driver_handles_share_servers", "")).lower() == "true"


def _share_network(cloud: Cloud, made: Made) -> str:
    api = cloud.api.shared_file_system
    ground = make_network(cloud, made, "share")
    network = api.create_share_network(
        name=cloud.name("share-network"), neutron_net_id=ground.network, neutron_subnet_id=ground.subnet
    )
    made.undo("share network", partial(api.delete_share_network, network, ignore_missing=False))
    return str(network.id)


def _get(cloud: Cloud, share: str) -> Any:
    return asked(cloud.api.shared_file_system.get(f"/shares/{share}", microversion=MICROVERSION))["share"]


def _act(cloud: Cloud, share: str, action: str, values: Any) -> Any:
    api = cloud.api.shared_file_system
    return asked(api.post(f"/shares/{share}/action", json={action: values}, microversion=MICROVERSION))


def _remove(cloud: Cloud, share: str) -> None:
    asked(cloud.api.shared_file_system.delete(f"/shares/{share}", microversion=MICROVERSION))
    gone("the share", partial(_get, cloud, share), SETTLED_WITHIN)


def _sweep(cloud: Cloud) -> None:
    api = cloud.api.shared_file_system
    for share in cloud.leftovers(asked(api.get("/shares", microversion=MICROVERSION))["shares"]):
        _remove(cloud, share["id"])
    for network in cloud.leftovers(api.share_networks()):
        api.delete_share_network(network)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    told = asked(cloud.api.shared_file_system.get("/services", microversion=MICROVERSION))
    return [Agent(one["binary"], one["host"], one["state"] == "up") for one in told["services"]]


MANILA = Service(
    name="Manila",
    counterpart="EFS",
    type="shared-file-system",
    there=lambda cloud: cloud.has("shared-file-system"),
    version=told_by("shared-file-system"),
    proofs=(Proof("share", "a share is made and lets an address in", _share),),
    sweep=_sweep,
    agents=_agents,
)
