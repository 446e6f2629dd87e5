"""What of the wanted objects and conditions is there, and what else is ours. Reads, and asks for dry runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hardway.kube.api import ApiError, Body
from hardway.kube.conditions import failed
from hardway.kube.drift import drift
from hardway.kube.ownership import Ownership, is_owned, labelled
from hardway.kube.watch import held, the_object
from hardway.resources.base import OPERATOR, Resource, Seen
from hardway.resources.kubernetes import Condition, KubeObject, object_name

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

LOOKS: Final = 5
"""How often an object is read while others keep writing to it."""


async def observe(client: KubeClient, resource: Resource, ownership: Ownership) -> Seen | None:
    """What is in its place; None where nothing is."""
    if isinstance(resource, KubeObject):
        return await _observe_object(client, resource, ownership)
    if isinstance(resource, Condition):
        return await _observe_condition(client, resource)
    raise TypeError(f"no Kubernetes resource: {resource.id}")


async def _observe_object(client: KubeClient, resource: KubeObject, ownership: Ownership) -> Seen | None:
    """Others may write between the two reads (flannel annotates Nodes): what differs then is theirs, and read again."""
    body = labelled(resource.body, ownership)
    seen = None
    for _ in range(LOOKS):
        live = await get(client, body)
        if live is None:
            return None
        found, version = await _drift(client, body, live)
        if body["kind"] in ownership.replaced and failed(live):
            found = "it has failed, and is made anew"
        seen = Seen(resource.id, {"drift": found}, owned=is_owned(live, ownership))
        if version == live["metadata"].get("resourceVersion"):
            break
    return seen


async def _drift(client: KubeClient, body: Mapping[str, Any], live: Body) -> tuple[str, str | None]:
    """What applying would change, and of which version of the object: a dry run leaves that as it is."""
    version = live["metadata"].get("resourceVersion")
    if live["metadata"].get("deletionTimestamp"):
        return "it is being deleted", version
    try:
        would = await client.apply(body, dry_run=True)
    except ApiError as error:
        if error.status != 422:
            raise
        return f"it cannot be changed in place: {error.message}", version
    return drift(live, would), would["metadata"].get("resourceVersion")


async def get(client: KubeClient, body: Mapping[str, Any]) -> Body | None:
    """The object of that name as it is now."""
    meta = body["metadata"]
    return await client.get(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))


async def _observe_condition(client: KubeClient, resource: Condition) -> Seen:
    body = await the_object(client, resource)
    return Seen(resource.id, {"holds": await held(client, resource, body)} if body else {})


async def all_owned(client: KubeClient, ownership: Ownership) -> dict[str, Seen]:
    """Everything that carries the owner's labels and is not going already, by id."""
    listings = (
        client.list(version, kind, ownership.namespace, labels=ownership.selector) for version, kind in ownership.kinds
    )
    found = await asyncio.gather(*listings)
    staying = (body for bodies in found for body in bodies if not body["metadata"].get("deletionTimestamp"))
    ids = (f"{KubeObject.kind}:{OPERATOR}:{object_name(body)}" for body in staying)
    return {one: Seen(one, {"drift": "none"}, owned=True) for one in ids}
