"""What a service's process is given. Standard library alone."""

from __future__ import annotations

from dataclasses import dataclass

from hardway.cloud.places import CloudPlace
from hardway.cloud.record import Record
from hardway.cloud.services.channel import Channel


@dataclass(frozen=True, slots=True)
class Context:
    """The cloud that it belongs to, and its line to the supervisor."""

    place: CloudPlace
    record: Record
    channel: Channel
