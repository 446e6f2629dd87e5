"""Starts the cloud's services and starts each anew that ends. A program: CLOUDS-DIRECTORY NAME.

What all projects load is loaded here once, and every service is forked off: quicker, and a third less memory. The
services die with this process (PR_SET_PDEATHSIG), and whoever keeps it starts it anew.
"""

from __future__ import annotations

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from hardway.cloud.places import SERVICES as PART
from hardway.cloud.places import CloudPlace
from hardway.cloud.record import APIS, LOOPBACK, MDNS, Record, read_record
from hardway.cloud.services.channel import Channel
from hardway.cloud.services.context import Context
from hardway.cloud.services.environment import load_common_modules, prepare_environment
from hardway.cloud.services.sqlite import share_databases
from hardway.cloud.services.state import tell
from hardway.cloud.services.table import SERVICES, Service

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
RESTART_SECONDS = 1.0
"""Between the end of a service and its next start."""


@dataclass
class Process:
    """A service as it is now."""

    service: Service
    state: str = "starting"
    """starting, ready, failed, done."""
    pid: int = 0
    began: float = 0.0
    seconds: float | None = None
    """How long it took to be ready."""
    restarts: int = -1
    ended: str = ""
    """How it ended last."""
    line: socket.socket | None = field(default=None, repr=False)

    def shown(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "pid": self.pid,
            "seconds": self.seconds,
            "restarts": max(self.restarts, 0),
            "ended": self.ended,
        }


class Supervisor:
    """All services of a cloud."""

    def __init__(self, place: CloudPlace, record: Record, sockets: Mapping[str, socket.socket]) -> None:
        self._place, self._record, self._sockets = place, record, sockets
        self._processes = {service.name: Process(service) for service in SERVICES}
        self._selector = selectors.DefaultSelector()
        self._woken, wake = socket.socketpair()
        for end in (self._woken, wake):
            end.setblocking(False)
        self._wake = wake
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def run(self) -> NoReturn:
        for process in self._processes.values():
            self._start(process)
        while True:
            self._tell()
            for key, _ in self._selector.select(self._until_next_start()):
                self._hear(key)
            self._start_failed()

    def _start(self, process: Process) -> None:
        ours, its = socket.socketpair()
        process.began, process.seconds, process.state = time.monotonic(), None, "starting"
        process.restarts += 1
        parent = os.getpid()
        process.pid = os.fork()
        if process.pid == 0:
            ours.close()
            _be(process.service, Context(self._place, self._record, Channel(its), self._sockets), parent)
        its.close()
        process.line = ours
        self._selector.register(ours, selectors.EVENT_READ, process)
        for other in self._processes.values():
            if other.state == "ready":
                _say(process, other)

    def _hear(self, key: selectors.SelectorKey) -> None:
        process = key.data
        if process is None:
            with suppress(BlockingIOError):
                self._woken.recv(4096)
            self._reap()
        elif process.line is not None and process.line.recv(64):
            self._ready(process)

    def _ready(self, process: Process) -> None:
        process.state, process.seconds = "ready", round(time.monotonic() - process.began, 1)
        _log(f"{process.service.name} is ready after {process.seconds} s")
        for other in self._processes.values():
            _say(other, process)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._ended(*ended)

    def _ended(self, pid: int, status: int) -> None:
        process = next((one for one in self._processes.values() if one.pid == pid), None)
        if process is None or process.line is None:
            return
        code = os.waitstatus_to_exitcode(status)
        self._selector.unregister(process.line)
        process.line.close()
        process.line = None
        process.ended = f"status {code}" if code >= 0 else signal.Signals(-code).name
        process.state = "done" if process.service.once and code == 0 else "failed"
        process.seconds, process.began = round(time.monotonic() - process.began, 1), time.monotonic()
        _log(f"{process.service.name} ended: {process.ended}")

    def _start_failed(self) -> None:
        now = time.monotonic()
        for process in self._processes.values():
            if process.state == "failed" and now >= process.began + RESTART_SECONDS:
                self._start(process)

    def _until_next_start(self) -> float | None:
        """Seconds; None where nothing waits for its start."""
        ended = [process.began for process in self._processes.values() if process.state == "failed"]
        return max(0.0, min(ended) + RESTART_SECONDS - time.monotonic()) if ended else None

    def _tell(self) -> None:
        services = {name: process.shown() for name, process in self._processes.items()}
        tell(self._place.state(PART), {"pid": os.getpid(), "services": services})


def _say(process: Process, other: Process) -> None:
    """Tell a service that another one is ready."""
    if process.line is not None:
        with suppress(OSError):
            process.line.sendall(f"{other.service.name}\n".encode())


def _be(service: Service, context: Context, parent: int) -> NoReturn:
    """Become that service, in a process of its own."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    libc.prctl(PR_SET_NAME, service.name.encode(), 0, 0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(context.place.log / f"{service.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = [service.name]
    try:
        context.channel.listen()
        service.run(context)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _take_ports(place: CloudPlace, record: Record) -> Mapping[str, socket.socket]:
    """A socket for each API. Where another program has a port, tells which, and ends: `cloud up` chooses again."""
    try:
        _bound(record.ports[MDNS]).close()  # designate-mdns takes it itself
        return {name: _bound(record.ports[name]) for name in APIS}
    except PortTaken as fault:
        tell(place.state(PART), {"state": "failed", "pid": os.getpid(), "why": str(fault), "port": fault.port})
        sys.exit(str(fault))


class PortTaken(Exception):
    """A port that the cloud was given is another program's now."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} of {LOOPBACK} is in use by another program")
        self.port = port


def _bound(port: int) -> socket.socket:
    """A socket that has its port, and is listened on when its service is ready. Raises PortTaken."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
    except OSError as error:
        made.close()
        raise PortTaken(port) from error
    return made


def _log(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def main(root: str, name: str) -> NoReturn:
    place = CloudPlace(name, Path(root))
    record = read_record(place.record)
    if record is None:
        sys.exit(f"{place.record} is not there")
    sockets = _take_ports(place, record)
    prepare_environment(place, record.programs)
    load_common_modules()
    share_databases()
    gc.collect()
    gc.freeze()
    Supervisor(place, record, sockets).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
