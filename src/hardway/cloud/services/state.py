"""Tells `cloud up` and `cloud status` how a part of the cloud is: a file that is replaced whole, and a wake-up call.

Standard library alone.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

NOTICES = "notices"
"""The datagram socket beside the state files; somebody listens there only while he waits."""


def tell(file: Path, state: dict[str, Any]) -> None:
    """Write a part's state, and wake whoever waits for it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps(state))
    beside.replace(file)
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as call:
        call.setblocking(False)
        call.connect(str(file.with_name(NOTICES)))
        call.send(file.name.encode())
