"""What a cloud was made of, kept in its directory: chassis, ports, passwords. Mode 0600, for it holds secrets.

Standard library alone: the cloud's services read it too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hardway.cloud.places import PROXY

APIS = {
    "keystone": 5000,
    "glance": 9292,
    "placement": 8778,
    "nova": 8774,
    "neutron": 9696,
    "octavia": 9876,
    "designate": 9001,
}
"""The projects with an API, and the port that each is known by."""
MDNS = "mdns"
PORTS = {**APIS, MDNS: 5354, PROXY: 1080}
"""All ports of the loopback address; one that is taken is replaced by a free one."""
SERVICE_USERS = ("glance", "placement", "nova", "neutron", "octavia", "designate")
USERS = ("admin", "hardway", *SERVICE_USERS)

REGION = "RegionOne"
LOOPBACK = "127.0.0.1"
PROJECT = "hardway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A cloud that was made, or was begun to be made."""

    chassis: int
    ports: Mapping[str, int]
    venv: str
    """The virtual environment's directory in the cache."""
    programs: str
    """The tree of Open vSwitch and OVN in the cache."""
    trees: str
    """The directory of images' trees in the cache."""
    image: str
    """The tree of the image debian-13, below that directory."""
    blobs: str
    """The operator's programs and images in the cache, which servers see."""
    passwords: Mapping[str, str] = field(repr=False)
    """By user."""

    def url(self, api: str) -> str:
        """The root of an API."""
        return f"http://{LOOPBACK}:{self.ports[api]}"

    @property
    def auth_url(self) -> str:
        return f"{self.url('keystone')}/v3"


def read_record(path: Path) -> Record | None:
    """None where the cloud is not made. Raises ValueError for a record of another shape."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        return Record(**json.loads(text))
    except TypeError as error:
        raise ValueError(str(error)) from error
