"""Waits for the cloud's parts: they write their states to files, and call here whenever one has changed.

Touches the cloud's `run` directory.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hardway.cloud.faults import CloudFault
from hardway.cloud.places import CloudPlace

T = TypeVar("T")


class Notices:
    """The calls, heard while the block of `listening` runs."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    async def until(self, look: Callable[[], T | None], within: float, what: str) -> T:
        """What `look` answers when it is not None; it is asked at each call. Raises CloudFault at the deadline."""
        try:
            async with asyncio.timeout(within):
                while (seen := look()) is None:
                    await asyncio.get_running_loop().sock_recv(self._end, 256)
        except TimeoutError:
            raise CloudFault(
                f"{what}: not ready after {within:g} s", advice="`hardway cloud logs` shows what it says"
            ) from None
        return seen


@contextmanager
def listening(place: CloudPlace) -> Iterator[Notices]:
    """Listen from now on, so that no call is missed."""
    place.notices.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as end:
        end.bind(str(place.notices))
        try:
            yield Notices(end)
        finally:
            place.notices.unlink(missing_ok=True)


def state(place: CloudPlace, part: str) -> Mapping[str, Any]:
    """The state that a part told last; nothing where it told none, or the process that told it is gone.

    A failure is told by a process that ends, so it stays.
    """
    try:
        told = json.loads(place.state(part).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(told, dict):
        return {}
    lives = Path(f"/proc/{told.get('pid')}").exists()
    return told if lives or told.get("state") == "failed" else {}
