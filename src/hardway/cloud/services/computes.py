"""The computes of Nova, one for each chassis, in threads of Nova's process. Without power, a chassis has none."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any

from hardway.cloud.places import ChassisPlace

LOOK_SECONDS = 1.0
"""Between two looks at which chassis have power: a thread cannot be killed from outside as a process can."""


class Computes:
    """Those that run, by chassis."""

    def __init__(self, chassis: Sequence[ChassisPlace]) -> None:
        self._chassis = chassis
        self._running: dict[str, Any] = {}

    def follow(self) -> None:
        """Start those of chassis with power, and cut off the others."""
        for chassis in self._chassis:
            if not chassis.off.exists():
                self._start(chassis.name)
            elif chassis.name in self._running:
                _cut_off(self._running.pop(chassis.name))

    def keep_following(self) -> None:
        """For as long as Nova runs."""
        threading.Thread(target=self._follow_for_ever, daemon=True, name="computes").start()

    def _follow_for_ever(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.follow()
            except Exception:
                traceback.print_exc()

    def _start(self, host: str) -> None:
        if host in self._running:
            return
        from nova import service
        from nova.compute import rpcapi

        topics = {"topic": rpcapi.RPC_TOPIC, "topic_alt": rpcapi.RPC_TOPIC_ALT}
        made = service.Service.create(binary="nova-compute", host=host, **topics)
        made.start()
        self._running[host] = made


def _cut_off(compute: Any) -> None:
    """It takes no more requests and reports no more, and says so to nobody. A request that it is at it may yet end."""
    for server in (compute.rpcserver, compute.rpcserver_alt):
        server.stop()
    compute.tg.stop_timers()
