"""What a pod says of itself to its containers: the downward API (fieldRef, resourceFieldRef). Pure."""

from __future__ import annotations

import re
from math import ceil
from typing import Final

from hardway.fargate.mapping import pods
from hardway.fargate.mapping.objects import Unready
from hardway.fargate.settings import amount
from hardway.kube.api import Body

_INDEXED: Final = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")


def field_value(pod: Body, path: str, host_address: str) -> str:
    """Raises Unready for what is not known before the task runs."""
    indexed = _INDEXED.match(path)
    if indexed:
        return str((pod["metadata"].get(indexed[1]) or {}).get(indexed[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        values = pod["metadata"].get(path.removeprefix("metadata.")) or {}
        return "".join(f'{key}="{_escaped(value)}"\n' for key, value in sorted(values.items()))
    simple = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "metadata.uid": pod["metadata"]["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.hostIP": host_address,
        "status.hostIPs": host_address,
    }
    if path not in simple:
        raise Unready([f"fieldRef {path} is not known before the task runs"])
    return str(simple[path])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def resource_value(pod: Body, container: str, reference: Body) -> str:
    """limits.cpu and the like, in units of the divisor, rounded up. Raises Unready where there is no such field."""
    name = reference.get("containerName") or container
    whole = next((one for one in pods.all_containers(pod) if one["name"] == name), None)
    kind, _, resource = str(reference.get("resource", "")).partition(".")
    if whole is None or kind not in ("limits", "requests") or not resource:
        raise Unready([f"resourceFieldRef {reference.get('resource')} of container {name} is not known"])
    quantity = ((whole.get("resources") or {}).get(kind) or {}).get(resource, "0")
    divisor = amount(str(reference.get("divisor") or "1")) or amount("1")
    return str(ceil(amount(str(quantity)) / divisor))
