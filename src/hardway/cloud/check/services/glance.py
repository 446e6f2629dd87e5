"""Glance: images. Proved with an image of a few bytes that comes back with the checksum it was stored with."""

from __future__ import annotations

import os
from functools import partial
from hashlib import sha512
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.names import PREFIX
from hardway.cloud.check.service import Proof, Proved, Service, Wrong
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import settled

SIZE = 4096
"""Bytes."""
ACTIVE_WITHIN = 60.0
"""Seconds."""


def _image(cloud: Cloud, made: Made) -> Proved:
    api: Any = cloud.api.image
    content = os.urandom(SIZE)
    image = api.create_image(
        name=cloud.name("image"), disk_format="raw", container_format="bare", visibility="private", tags=[PREFIX]
    )
    made.undo("image", partial(api.delete_image, image, ignore_missing=False))
    image.data = content
    image.upload(api)
    image = settled(cloud, "the image", partial(api.get_image, image.id), within=ACTIVE_WITHIN, failed=("killed",))
    if image.hash_value and image.hash_algo == "sha512" and image.hash_value != sha512(content).hexdigest():
        raise Wrong("Glance has another checksum than what was uploaded")
    back = api.download_image(image).content
    if back != content:
        raise Wrong(f"{len(back)} bytes came back that are not the {SIZE} that were uploaded")
    return Proved(f"an image of {SIZE} bytes came back as it was")


def _sweep(cloud: Cloud) -> None:
    for image in cloud.leftovers(cloud.api.image.images(owner=cloud.project, tag=PREFIX)):
        cloud.api.image.delete_image(image)


GLANCE = Service(
    name="Glance",
    counterpart="AMI",
    type="image",
    there=lambda cloud: cloud.has("image"),
    version=told_by("image"),
    proofs=(Proof("image", "an image is stored, and comes back with its checksum", _image),),
    sweep=_sweep,
)
