"""A plan that finds nothing to do over a thousand machines, and beside it as many real SSH sessions as one sshd bears.

The machines are simulated: each answers the look's script as one would on which everything is in place, after a latency
for each round trip. The spec, the graph, the vault with all its keys, the look's scripts and their parsing are real.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from bench import simulated, sshd
from bench.options import Options
from bench.report import Report, Row, seconds, within

GOAL: Final = 30.0
"""Seconds."""

T = TypeVar("T")


async def run(options: Options) -> Report:
    """One run: a thousand machines vary little."""
    with tempfile.TemporaryDirectory(prefix="hardway-bench-") as folder:
        options.say(f"plan1000: making what {options.machines} machines answer")
        await _apart(simulated.prepare, Path(folder), options.machines)
        options.say(f"plan1000: looking and planning, and {options.sessions} real SSH sessions beside it")
        look, sessions = await asyncio.gather(
            _apart(simulated.measure, Path(folder), options.machines), sshd.measure(options.sessions)
        )
    each = sessions.processor / options.sessions
    return Report(
        f"plan1000: nothing to do on {options.machines} simulated machines, {simulated.LATENCY * 1000:.0f} ms away",
        (
            within("look and plan", look.seconds, GOAL, f"{look.resources} resources, {look.steps} steps left"),
            *(Row(f"  {what}", seconds(took)) for what, took in look.parts),
            Row("  processor time", seconds(look.processor)),
            Row("  memory, at most", f"{look.memory:.0f} MiB", note=f"answers {look.answered / 2**20:.0f} MiB in all"),
            Row("  bound: the latency alone", seconds(look.bound), note=f"{simulated.CONNECTING} round trips and one"),
            Row(f"{options.sessions} real SSH sessions, one sshd", seconds(sessions.seconds), note=sessions.note),
            Row("  our processor time a session", f"{each * 1000:.1f} ms", note=f"peer: OpenSSH {sessions.peer_note}"),
        ),
    )


async def _apart(work: Callable[[Path, int], T], folder: Path, machines: int) -> T:
    """In a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        return await asyncio.get_running_loop().run_in_executor(processes, work, folder, machines)
