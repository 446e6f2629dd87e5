"""Which image a service runs. The one place where images that are built will come in. Pure."""

from __future__ import annotations

import re
from typing import Final

from hardway.compose.converting.parts import Around
from hardway.compose.model import Service

_REFERENCE: Final = re.compile(
    r"[a-z0-9]([a-zA-Z0-9._:-]*[a-zA-Z0-9])?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_POLICIES: Final = {"": "IfNotPresent", "missing": "IfNotPresent", "if_not_present": "IfNotPresent"}
_PLAIN_POLICIES: Final = {**_POLICIES, "always": "Always", "never": "Never", "build": "IfNotPresent"}


def image_of(service: Service, around: Around) -> str:
    """The image's name as it is given; empty, and refused, where there is none to run."""
    place = service.place_of("image")
    if service.builds and not service.image:
        what = "its image is to be built, and hardway builds none here"
        way_out = "build it, push it where the cluster can pull it, and name it: `image: ...` beside `build:`"
        around.telling.refuse(service.place_of("build"), ("services", service.name, "build"), what, way_out)
        return ""
    if not service.image:
        around.telling.refuse(service.place, ("services", service.name), "it has no image", "give `image`")
        return ""
    if not _REFERENCE.fullmatch(service.image) or len(service.image) > 400:
        what = f"{service.image[:80]!r} is no image's name"
        around.telling.refuse(place, ("services", service.name, "image"), what, "such as nginx:1.27")
        return ""
    if service.builds:
        what = f"nothing is built: the image {service.image} must be there already"
        around.telling.mapped(service.place_of("build"), ("services", service.name, "build"), what)
    return service.image


def pull_policy(service: Service, around: Around) -> str:
    """imagePullPolicy; what is there is not pulled again, whatever its tag."""
    policy = _PLAIN_POLICIES.get(service.pull_policy)
    if policy is None:
        path = ("services", service.name, "pull_policy")
        what = f"{service.pull_policy!r} is none of Kubernetes'"
        around.telling.cannot(service.place_of("pull_policy"), path, what, "always, never or missing")
    return policy or "IfNotPresent"
