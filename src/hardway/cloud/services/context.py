"""What a service's process is given. Standard library alone."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from hardway.cloud.places import CloudPlace
from hardway.cloud.record import Record
from hardway.cloud.services.channel import Channel


@dataclass(frozen=True, slots=True)
class Context:
    """The cloud that it belongs to, its line to the supervisor, and the sockets of all APIs."""

    place: CloudPlace
    record: Record
    channel: Channel
    sockets: Mapping[str, socket.socket]
    """Bound before anything else, so that nobody takes a port while a service loads, or is started anew."""
