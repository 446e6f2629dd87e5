"""How what the agent makes at AWS is named and tagged, so that it is found again after any crash. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from hardway.kube.api import Body

NODE: Final = "hardway/node"
UID: Final = "hardway/uid"
NAMESPACE: Final = "hardway/namespace"
NAME: Final = "hardway/name"
IMAGES: Final = "hardway/images"
RESTARTS: Final = "hardway/restarts"
HASH: Final = "hardway/definition"

_UID_LENGTH: Final = 36


def started_by(node: str) -> str:
    """By which a node's tasks are listed."""
    return f"hardway/{node}"


def token(pod_uid: str, after: str) -> str:
    """RunTask's clientToken of the task that follows another one of the pod (its ARN; "" for the first).

    It follows from what is known after any crash, so the same task is never started twice: "Ensuring idempotency" in
    the API reference; at most 64 characters.
    """
    return f"{pod_uid[:_UID_LENGTH]}-{sha256(after.encode()).hexdigest()[:16]}"


def family_prefix(node: str) -> str:
    return f"hardway_{_plain(node)}_"


def family(node: str, pod: Body) -> str:
    """The task definition's family: for people by its name, for the agent by the uid at its end."""
    meta = pod["metadata"]
    return f"{family_prefix(node)}{_plain(meta['namespace'])}_{_plain(meta['name'])[:80]}_{meta['uid']}"


def uid_of_family(name: str) -> str:
    return name[-_UID_LENGTH:]


def secret_prefix(node: str, pod_uid: str) -> str:
    """Before the name of each secret that is kept for a pod."""
    return f"hardway/{node}/{pod_uid}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def tags(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """As ECS wants them; values have at most 256 characters."""
    return [{"key": key, "value": value[:256]} for key, value in values.items()]
