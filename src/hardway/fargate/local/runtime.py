"""What runs the containers of tasks: an interface, so that a task's life can be tested apart from real containers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

OnLine = Callable[[str], None]


class CannotPull(Exception):
    """The image is not to be had."""


class CannotStart(Exception):
    """The container could not be created."""


@dataclass(frozen=True, slots=True)
class ContainerWish:
    """A container of a task, all values resolved."""

    id: str
    """Unique on this computer."""
    task: str
    image: str
    entry_point: Sequence[str]
    """Empty: the image's."""
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    directory: str
    user: str
    volumes: Sequence[tuple[str, str, bool]]
    """The task's volume, where it is mounted, whether it is read-only."""
    memory: int
    """MiB, a hard limit."""
    cpu: int
    """Units of 1/1024 vCPU; 0 for no share of its own."""
    read_only: bool
    added: Sequence[str]
    dropped: Sequence[str]
    """Capabilities, without CAP_."""


class Running(Protocol):
    """A container that was started."""

    def wait(self) -> Awaitable[int]:
        """Its exit code, when it has ended."""
        ...

    def kill(self, number: int) -> Awaitable[None]:
        """Send its first process a signal; none if it has ended."""
        ...

    def execute(self, command: Sequence[str], within: float) -> Awaitable[int]:
        """Run a command in it; answers the exit code, 124 where it takes longer than so many seconds."""
        ...


class Runtime(Protocol):
    """Runs containers."""

    def pull(self, image: str) -> Awaitable[str]:
        """The digest of its manifest. Raises CannotPull."""
        ...

    def open_task(self, task: str, address: str, subnet: str, volumes: Sequence[str]) -> Awaitable[None]:
        """A task's network, with its address, and its volumes. Raises CannotStart."""
        ...

    def close_task(self, task: str) -> Awaitable[None]:
        """Both away, with all that is left of its containers."""
        ...

    def start(self, wish: ContainerWish, on_line: OnLine) -> Awaitable[Running]:
        """Raises CannotPull, CannotStart."""
        ...
