"""Ask a living cluster something ten times a second while it is changed, and keep every answer that was wrong.

The load is open: a question is due every tenth of a second whether or not those before it were answered, so that a
stall of a second is ten questions that all wait, and nothing hides it. One that is not answered within `STALL` failed.

    python -m tests.e2e.probers FOLDER MEMBER...

asks etcd's members (URLs) until its standard input is closed, with the client's certificate in the folder, and prints
what was seen as JSON: for use with nsenter(1), since members answer only within the machines' network.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

PERIOD = 0.1
"""Seconds between two questions."""

QUORUM_PERIOD = 0.25
"""Seconds: etcd's members wait a second for their leader before they elect another, so no election is missed."""

STALL = 10.0
"""Seconds: the renew deadline of leader election, after which a controller-manager or scheduler that gets no answer
gives its work up (kube-controller-manager --leader-elect-renew-deadline)."""

Ask = Callable[[], Awaitable[str | None]]
"""One question; answers what was wrong, None where nothing was."""


@dataclass
class Asked:
    """What came of it."""

    seconds: float = 0.0
    """From the first question to the last answer."""
    asked: int = 0
    answered: int = 0
    slowest: float = 0.0
    """Seconds of the longest wait for an answer."""
    wrong: list[str] = field(default_factory=list)
    period: float = PERIOD
    """Seconds between two questions."""

    @property
    def complete(self) -> bool:
        """Whether as many were asked as were due, and each was answered as it should be or is in `wrong`."""
        due = int((self.seconds - self.slowest) / self.period)
        return self.answered + len(self.wrong) == self.asked >= due > 0


async def ask_steadily(ask: Ask, stop: asyncio.Event, period: float = PERIOD) -> Asked:
    """Ask every `period` until told to stop, and wait for what is still to be answered."""
    seen, began = Asked(period=period), time.monotonic()

    async def once() -> None:
        sent = time.monotonic()
        try:
            async with asyncio.timeout(STALL):
                wrong = await ask()
        except (TimeoutError, httpx.HTTPError) as fault:
            wrong = f"{type(fault).__name__}: {fault}"
        took = time.monotonic() - sent
        seen.answered += wrong is None
        seen.slowest = max(seen.slowest, took)
        if wrong is not None:
            seen.wrong.append(f"at {sent - began:.1f} s, for {took:.1f} s: {wrong}")

    async with asyncio.TaskGroup() as tasks:
        while not stop.is_set():
            while seen.asked * period <= time.monotonic() - began:  # also those that this process was too late for
                tasks.create_task(once())
                seen.asked += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, began + seen.asked * period - time.monotonic()))
    seen.seconds = time.monotonic() - began
    return seen


class Prober(threading.Thread):
    """Asks from a thread of its own, within a `with`; `seen` is there afterwards."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self.seen = Asked()
        self._ask = ask
        self._loop = asyncio.new_event_loop()
        self._stop_asking = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            self.seen = runner.run(ask_steadily(self._ask, self._stop_asking))

    def __enter__(self) -> Prober:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._loop.call_soon_threadsafe(self._stop_asking.set)
        self.join()


@dataclass(frozen=True)
class Api:
    """Questions to the API, each over a connection of its own."""

    url: str
    context: ssl.SSLContext

    async def write(self) -> str | None:
        """Apply a ConfigMap with the time in it."""
        data = {"at": str(time.time())}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "data": data}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        path = "/api/v1/namespaces/default/configmaps/probe?fieldManager=probe&force=true"
        return await self._request("PATCH", path, headers, json.dumps(body))

    async def read(self) -> str | None:
        """Read an object that is there before the first write."""
        return await self._request("GET", "/api/v1/namespaces/default/services/kubernetes", {}, "")

    async def _request(self, method: str, path: str, headers: dict[str, str], content: str) -> str | None:
        async with httpx.AsyncClient(base_url=self.url, verify=self.context, timeout=STALL) as client:
            answer = await client.request(method, path, content=content, headers=headers)
        return None if answer.status_code in (200, 201) else f"{method}: {answer.status_code} {answer.text}"


@dataclass(frozen=True)
class Quorum:
    """Whether a majority of etcd's members follows a leader and reads what the majority has agreed on (/health)."""

    members: Sequence[str]
    client: httpx.AsyncClient

    async def holds(self) -> str | None:
        """Ask again at once where it does not: a leader hands over in milliseconds, and an election takes a second."""
        return await self._lacks() and await self._lacks()

    async def _lacks(self) -> str | None:
        said = await asyncio.gather(*(self._of(member) for member in self.members))
        unhealthy = [one for one in said if one is not None]
        return "; ".join(unhealthy) if 2 * len(unhealthy) >= len(said) else None

    async def _of(self, member: str) -> str | None:
        try:
            answer = await self.client.get(f"{member}/health")
        except httpx.HTTPError as fault:
            return f"{member}: {type(fault).__name__}"
        return None if answer.status_code == 200 else f"{member}: {answer.text}"


async def ask_members(folder: Path, members: Sequence[str]) -> Asked:
    """Ask until standard input is closed. Connections are kept: this shall not take the processor that it watches."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(str(folder / "client.pem"), str(folder / "client-key.pem"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    async with httpx.AsyncClient(verify=context, timeout=STALL) as client:
        return await ask_steadily(Quorum(members, client).holds, stop, QUORUM_PERIOD)


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(ask_members(Path(sys.argv[1]), sys.argv[2:]))), sys.stdout)
