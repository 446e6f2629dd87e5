"""The computer that is worked from, behind the command line's door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardway.app.worlds import open_world

if TYPE_CHECKING:
    from asyncio import Event

    from hardway.engine.apply import Watcher
    from hardway.operations.up import Confirm, Done
    from hardway.workstation.operations import Bench, Proposal
    from hardway.workstation.show import Shown


class Workstation:
    """The computer that is worked from, behind the command line's door."""

    def template(self) -> str:
        from hardway.workstation.template import template

        return template()

    async def proposal(self, spec: Path) -> Proposal:
        from hardway.workstation.operations import proposal

        with _bench("workstation plan", locked=False) as bench:
            return await proposal(bench, spec)

    def plan_json(self, proposed: Proposal) -> Mapping[str, Any]:
        from hardway.plan.saved import step_json

        steps = [step_json(step) for step in proposed.picture.plan.steps]
        return {"steps": steps, "cautions": list(proposed.cautions), "obstacles": list(proposed.obstacles)}

    async def apply(
        self, spec: Path, watcher: Watcher, confirm: Confirm, stop: Event, caution: Callable[[Sequence[str]], None]
    ) -> Done:
        from hardway.workstation.operations import apply

        with _bench("workstation apply", locked=True) as bench:
            return await apply(bench, spec, watcher, confirm, stop, caution)

    async def undo(self, watcher: Watcher, confirm: Confirm, stop: Event) -> Done:
        from hardway.workstation.operations import undo

        with _bench("workstation undo", locked=True) as bench:
            return await undo(bench, watcher, confirm, stop)

    async def show(self, spec: Path | None, types: Sequence[str]) -> Shown:
        from hardway.workstation.show import show

        with _bench("workstation show", locked=False) as bench:
            return await show(bench, spec, types)


@contextmanager
def _bench(command: str, *, locked: bool) -> Iterator[Bench]:
    """This user's computer; `locked` makes the state directory and holds it. Raises StateFault.

    A state directory in which nothing was kept meanwhile is taken away again.
    """
    from hardway.sources.store import Store
    from hardway.workstation.clusters import Clusters
    from hardway.workstation.keeping import kept
    from hardway.workstation.operations import Bench
    from hardway.workstation.places import this_computer

    places = this_computer()
    with kept(places.state, command, locked=locked) as (state, inventory):
        yield Bench(places, state, inventory, Store(), Clusters(open_world, places))
