"""`python -m bench [NAME...]`: runs the benches, all without a name. Exits 1 where one could not be measured."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import FrameType
from typing import Final

from rich.console import Console

from bench.options import Bench, Options
from bench.report import Report, show

BENCHES: Final[Mapping[str, str]] = {
    "help": "bench.help",
    "pki": "bench.pki",
    "plan1000": "bench.plan1000",
    "whole": "bench.whole",
    "cluster": "bench.cluster",
    "cloud": "bench.cloud",
}
"""Each one's module, imported when it runs: a bench that breaks takes no other with it."""


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.name) - set(BENCHES)):
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    signal.signal(signal.SIGTERM, _end)
    console = Console(width=None if sys.stdout.isatty() else 130)
    progress = Console(stderr=True, style="dim", highlight=False)
    options = Options(given.rounds, given.machines, given.sessions, progress.print)
    failed = False
    for name in given.name or BENCHES:
        try:
            bench: Bench = import_module(BENCHES[name]).run
            show(asyncio.run(_awaited(bench, options)), console)
        except Exception as fault:
            failed = True
            console.print(f"{name}: {type(fault).__name__}: {fault}", style="red", highlight=False, markup=False)
    return 1 if failed else 0


async def _awaited(bench: Bench, options: Options) -> Report:
    return await bench(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--rounds", type=_positive, default=5, help="rounds of what varies (default: 5)")
    parser.add_argument("--machines", type=_positive, default=1000, help="simulated machines (default: 1000)")
    parser.add_argument("--sessions", type=_positive, default=200, help="real SSH sessions (default: 200)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _end(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a bench like Ctrl-C, so that it clears up."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
