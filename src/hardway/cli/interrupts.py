"""Ctrl-C and SIGTERM while something is being changed: the first ends what has begun, the second drops it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from hardway.cli.errors import AGAIN, Message, Trouble

ENDING = "ending what has begun; press Ctrl-C again to drop it"


@contextmanager
def stoppable(stop: asyncio.Event, tell: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, the first signal sets `stop`, the second cancels the block; a third acts as ever.

    Raises Trouble for a block that was cancelled so.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    dropped = False

    def asked() -> None:
        nonlocal dropped
        if not stop.is_set():
            stop.set()
            tell(ENDING)
            return
        dropped = True
        task.cancel()
        _restore(loop)

    with suppress(RuntimeError, ValueError):  # no main thread, no signals
        for number in _SIGNALS:
            loop.add_signal_handler(number, asked)
    try:
        yield
    except asyncio.CancelledError:
        if not dropped:
            raise
        task.uncancel()
        what = "dropped as you asked: steps that had begun were cut off (`hardway journal` names them)"
        raise Trouble(Message(what, way_out=AGAIN)) from None
    finally:
        _restore(loop)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _restore(loop: asyncio.AbstractEventLoop) -> None:
    for number in _SIGNALS:
        loop.remove_signal_handler(number)


@contextmanager
def interruptible() -> Iterator[None]:
    """While a person is asked: Ctrl-C raises KeyboardInterrupt at once, as no event loop runs meanwhile."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # no main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
