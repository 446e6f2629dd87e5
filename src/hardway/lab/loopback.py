"""Ports of this computer's loopback address. Touches the one that it is asked for."""

from __future__ import annotations

import errno
import socket
from typing import Final

from hardway.lab.faults import PortInUse

LOOPBACK: Final = "127.0.0.1"


def listen(port: int, advice: str = "") -> socket.socket:
    """A socket that listens there; 0 takes a free one. Raises PortInUse."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "in use by another program" if taken else str(error.strerror)
        raise PortInUse(port, why, advice) from error
