"""A pod's fields, read from the object as the API has it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from math import ceil
from typing import Any, Final

from hardway.fargate.settings import amount
from hardway.kube.api import Body

TERMINAL: Final = ("Succeeded", "Failed")
ANNOTATION: Final = "fargate.hardway/"
"""Before each of our annotations: task-role, efs-VOLUME."""
_API_ACCESS: Final = re.compile(r"^kube-api-access-[a-z0-9]{5}$")


def uid(pod: Body) -> str:
    return str(pod["metadata"]["uid"])


def full_name(pod: Body) -> str:
    """namespace/name."""
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def phase(pod: Body) -> str:
    return str(pod.get("status", {}).get("phase", "Pending"))


def is_terminal(pod: Body) -> bool:
    return phase(pod) in TERMINAL


def containers(pod: Body) -> tuple[Body, ...]:
    return tuple(pod["spec"].get("containers") or ())


def init_containers(pod: Body) -> tuple[Body, ...]:
    return tuple(pod["spec"].get("initContainers") or ())


def all_containers(pod: Body) -> tuple[Body, ...]:
    return (*init_containers(pod), *containers(pod))


def annotations_of(pod: Body) -> Mapping[str, str]:
    return pod["metadata"].get("annotations") or {}


def restart_policy(pod: Body) -> str:
    return str(pod["spec"].get("restartPolicy") or "Always")


def grace_seconds(pod: Body) -> int:
    given = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if given is None else int(given)


def volumes(pod: Body) -> Iterator[Body]:
    """Its volumes, but for the API's token that admission adds to every pod: no task can renew one."""
    yield from (volume for volume in pod["spec"].get("volumes") or () if not is_api_access(volume["name"]))


def is_api_access(volume: str) -> bool:
    """Whether it is the volume of the ServiceAccount admission plugin."""
    return _API_ACCESS.match(volume) is not None


def mounts(container: Body) -> Iterator[Body]:
    yield from (mount for mount in container.get("volumeMounts") or () if not is_api_access(mount["name"]))


def images_hash(pod: Body) -> str:
    """Of what makes another task of a pod when it is changed: the images."""
    text = "\n".join(f"{one['name']}={one.get('image', '')}" for one in all_containers(pod))
    return sha256(text.encode()).hexdigest()[:16]


def cpu_units(container: Body, kind: str) -> int:
    """`kind` is limits or requests; 0 where none is given."""
    return ceil(amount(str(_resource(container, kind, "cpu"))) * 1024)


def memory_mib(container: Body, kind: str) -> int:
    return ceil(amount(str(_resource(container, kind, "memory"))) / (1 << 20))


def _resource(container: Body, kind: str, name: str) -> Any:
    return ((container.get("resources") or {}).get(kind) or {}).get(name, "0")


def time_of(text: str) -> datetime:
    """RFC 3339, as the API writes it."""
    return datetime.fromisoformat(text)


def deletion_time(pod: Body) -> datetime | None:
    """When its grace is over, where somebody deletes it."""
    text = pod["metadata"].get("deletionTimestamp")
    return time_of(text) if text else None
