"""One call of one verb: opens the cluster, runs the work, and turns whatever goes wrong into words and an exit code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from hardway.cli.doors import Doors
from hardway.cli.errors import FAILED, Message, explain, lines, message_json
from hardway.cli.options import SPEC, Format
from hardway.cli.screen import Screen

if TYPE_CHECKING:
    from hardway.operations.world import World


@dataclass(frozen=True)
class Session:
    """What a verb works with."""

    doors: Doors
    spec: Path = SPEC
    output: Format = Format.TABLE
    screen: Screen = field(default_factory=Screen)

    @classmethod
    def of(cls, context: typer.Context, spec: Path = SPEC, output: Format = Format.TABLE) -> Session:
        doors = context.obj
        assert isinstance(doors, Doors)
        return cls(doors, spec, output)

    @property
    def as_json(self) -> bool:
        return self.output is Format.JSON

    @asynccontextmanager
    async def world(self, command: str, *, locked: bool = False) -> AsyncIterator[World]:
        """The cluster, open; an unforeseen fault meanwhile leaves its details in the cluster's state directory."""
        async with self.doors.open_world(self.spec, locked=locked, command=command) as world:
            try:
                yield world
            except Exception as fault:
                if _explained(fault) is not None:
                    raise
                from hardway.cli.crash import Crashed

                raise Crashed(world.state.path) from fault

    def caution(self, cautions: Sequence[str]) -> None:
        """What is allowed and yet worth a warning."""
        for caution in cautions:
            self.screen.tell(f"note: {caution}", "yellow")

    def perform(self, work: Coroutine[None, None, int]) -> NoReturn:
        """Run a verb's work to its end; its answer is the exit code."""
        import asyncio

        self._end(lambda: asyncio.run(work))

    def perform_now(self, work: Callable[[], int]) -> NoReturn:
        """The same for work that waits for nothing."""
        self._end(work)

    def _end(self, work: Callable[[], int]) -> NoReturn:
        try:
            code = work()
        except KeyboardInterrupt:
            code = self.fail(Message("interrupted"))
        except BrokenPipeError:
            raise  # whoever read this has gone; typer ends quietly
        except Exception as fault:
            code = self.fail(message_of(fault))
        raise typer.Exit(code)

    def fail(self, message: Message) -> int:
        """Show what went wrong; answers the exit code. With `-o json` standard output has it too."""
        for line, style in lines(message):
            self.screen.tell(line, style)
        if self.as_json:
            self.screen.json({"outcome": "failed", "error": message_json(message)})
        return message.code or FAILED


def message_of(fault: Exception) -> Message:
    """What to tell about any fault."""
    message = _explained(fault)
    if message is not None:
        return message
    from hardway.cli.crash import crash_message

    return crash_message(fault)


def _explained(fault: Exception) -> Message | None:
    """None also where the explanation itself fails: the fault that is told must be the first one."""
    try:
        return explain(fault)
    except Exception:
        return None
