"""Cuts the chassis that carries the gateway while somebody asks ten times a second, and tells how long nobody answered.

Touches the embedded cloud of the given name: cuts one of its chassis. `hardway cloud up` brings it back.
"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from hardway.cloud import operations
from hardway.cloud.places import CloudPlace

RATE: Final = 10.0
"""Questions a second."""
AT_ONCE: Final = 128
"""Questions that may wait for an answer at one time."""


class Load:
    """Asks at a steady rate, whether the questions before were answered or not, while its block runs."""

    def __init__(self, ask: Callable[[], None]) -> None:
        """`ask` raises OSError where nobody answers."""
        self._ask = ask
        self._over = threading.Event()
        self._asker = threading.Thread(target=self._run, daemon=True)
        self.answered: list[float] = []
        """When, by the monotonic clock."""
        self.failed: list[float] = []

    def __enter__(self) -> Load:
        self._asker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._asker.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            following = time.monotonic()
            while not self._over.wait(max(0.0, following - time.monotonic())):
                pool.submit(self._one)
                following += 1 / RATE

    def _one(self) -> None:
        try:
            self._ask()
        except OSError:
            self.failed.append(time.monotonic())
        else:
            self.answered.append(time.monotonic())

    def gap(self) -> float:
        """The longest time in which no answer came, in seconds."""
        return longest_gap(self.answered)

    def trouble(self) -> float:
        """Seconds from the first failure to the last."""
        return max(self.failed) - min(self.failed) if self.failed else 0.0


def longest_gap(answered: Sequence[float]) -> float:
    """Between two answers that follow each other."""
    return max((later - earlier for earlier, later in itertools.pairwise(sorted(answered))), default=0.0)


def gateway(cloud: str) -> int:
    """The number of the chassis that carries the routers' gateway."""
    return _chassis(cloud, "type=chassisredirect")


def host_of(cloud: str, port: str) -> int:
    """The number of the chassis that a port (by its id) is bound to."""
    return _chassis(cloud, f"logical_port={port}")


def _chassis(cloud: str, condition: str) -> int:
    """From OVN's southbound database, which alone knows what is where now."""
    place = CloudPlace.of(cloud)
    bound = _southbound(place, "--columns=chassis", "find", "Port_Binding", condition).split()[0]
    name = _southbound(place, "get", "Chassis", bound, "name").strip('"')
    return int(name.removeprefix("chassis"))


def _southbound(place: CloudPlace, *words: str) -> str:
    program = Path(operations.made(place).programs) / "bin/ovn-sbctl"
    command = (str(program), f"--db=unix:{place.southbound}", "--bare", *words)
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def gap_of_a_cut(cloud: str, ask: Callable[[], None], seconds: float) -> float:
    """The gap that whoever asks sees when the gateway's chassis is cut; watched for so long after it."""
    with Load(ask) as load:
        time.sleep(2.0)
        asyncio.run(operations.cut_chassis(cloud, gateway(cloud)))
        time.sleep(seconds)
    return load.gap()
