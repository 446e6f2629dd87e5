"""How the supervisor and a service speak: the service says that it is ready, the supervisor says who else is.

A line each, over a socket pair. Standard library alone.
"""

from __future__ import annotations

import socket
import threading
from collections import defaultdict


class Channel:
    """The service's end."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._ready: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def listen(self) -> None:
        """Begin to hear of the others; only after the fork, for a thread would not survive it."""
        threading.Thread(target=self._hear, daemon=True, name="channel").start()

    def _hear(self) -> None:
        with self._end.makefile("r") as lines:
            for line in lines:
                self._ready[line.strip()].set()

    def ready(self) -> None:
        """Tell that this service serves."""
        self._end.sendall(b"ready\n")

    def await_ready(self, *services: str) -> None:
        """Wait until all of these have been ready once."""
        for service in services:
            self._ready[service].wait()
