"""A runtime that starts nothing, for tests of what is around the containers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

from hardway.fargate.local.runtime import CannotPull, ContainerWish, OnLine


class Pretended:
    """A container that runs until it is killed, or ends by its command: ["exit", "3"]."""

    def __init__(self, command: Sequence[str]) -> None:
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stubborn = command[:1] == ["stubborn"]
        if command[:1] == ["exit"]:
            self.code.set_result(int(command[1]))

    async def wait(self) -> int:
        return await asyncio.shield(self.code)

    async def kill(self, number: int) -> None:
        if not self.code.done() and not (self.stubborn and number == signal.SIGTERM):
            self.code.set_result(0 if number == signal.SIGTERM else 128 + number)

    async def execute(self, command: Sequence[str], within: float) -> int:
        return 0


class PretendedRuntime:
    """Starts nothing."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.started: list[ContainerWish] = []

    async def pull(self, image: str) -> str:
        if image == "missing":
            raise CannotPull("not found")
        return "sha256:" + "0" * 64

    async def open_task(self, task: str, address: str, subnet: str, volumes: Sequence[str]) -> None:
        self.open.add(task)

    async def close_task(self, task: str) -> None:
        self.open.remove(task)

    async def start(self, wish: ContainerWish, on_line: OnLine) -> Pretended:
        self.started.append(wish)
        return Pretended(list(wish.command))
