"""Swift: objects. Proved with an object that comes back byte for byte."""

from __future__ import annotations

import os
from functools import partial
from typing import Any
from urllib.parse import quote

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.names import PREFIX
from hardway.cloud.check.rest import accepted
from hardway.cloud.check.service import Proof, Proved, Service, Wrong

SIZE = 64 * 1024
"""Bytes."""


def _object(cloud: Cloud, made: Made) -> Proved:
    store = cloud.api.object_store
    container = cloud.name("container")
    content = os.urandom(SIZE)
    store.create_container(container)
    made.undo("container", partial(_remove_container, cloud, container))
    # below openstacksdk's upload_object, which asks for checksums and writes them into the object's metadata
    accepted(store.put(f"/{container}/object", data=content, headers={"Content-Type": "application/octet-stream"}))
    answer = accepted(store.get(f"/{container}/object"))
    if answer.content != content:
        raise Wrong(f"{len(answer.content)} bytes came back that are not the {SIZE} that were sent")
    return Proved(f"an object of {SIZE // 1024} KiB came back as it was")


def _remove_container(cloud: Cloud, container: str) -> None:
    store = cloud.api.object_store
    for one in list(store.objects(container)):
        accepted(store.delete(f"/{container}/{quote(one.name)}"))
    store.delete_container(container, ignore_missing=False)


def _sweep(cloud: Cloud) -> None:
    for container in cloud.leftovers(cloud.api.object_store.containers(prefix=PREFIX)):
        _remove_container(cloud, container.name)


def _version(cloud: Cloud) -> str:
    """Swift has no versions of its API but 1; its capabilities tell the release (Swift's manual, "discoverability")."""
    told: Any = cloud.api.object_store.get_info()
    release = (told.swift or {}).get("version", "")
    return f"API 1, Swift {release}" if release else "API 1"


SWIFT = Service(
    name="Swift",
    counterpart="S3",
    type="object-store",
    there=lambda cloud: cloud.has("object-store"),
    version=_version,
    proofs=(Proof("object", "an object is stored and comes back byte for byte", _object),),
    sweep=_sweep,
)
