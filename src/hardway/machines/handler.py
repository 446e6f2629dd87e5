"""Carries out everything that machines hold: looks at all machines at once, and sends each its steps as scripts."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final

from hardway.components.facts import Facts
from hardway.engine.handler import Context, Resolve, StepFailed
from hardway.machines.answers import parse, parse_hashes
from hardway.machines.connections import Connections, Reach
from hardway.machines.inventory import ForeignMachine
from hardway.machines.late import LateLook, needless
from hardway.machines.lease import leased
from hardway.machines.observation import Observation, StrangeAnswer
from hardway.machines.questions import hash_script, observe_script
from hardway.machines.reboot import reboot
from hardway.machines.scripts import script
from hardway.machines.scripts.paths import texts_script
from hardway.machines.scripts.work import Work
from hardway.machines.seen import KINDS, seen_on, to_remove, unhashed
from hardway.machines.transport import Transport, Unreachable
from hardway.machines.units import UnitStarter
from hardway.machines.verdict import ENDED, check
from hardway.machines.wanted import Wanted
from hardway.plan.steps import Action, Step
from hardway.resources.base import OPERATOR, Ref, Resource, Seen
from hardway.resources.host import File, Image, Program, Reboot, Unit

OBSERVE_WITHIN: Final = 60.0
"""Seconds for one look at a machine, its connection included."""

SLOW: Final = frozenset({"packages", "image", "unit", "reboot"})
"""Kinds that are carried out alone, so that the quick ones do not wait for them."""


class MachineHandler:
    """The handler of all kinds of resources that are on machines.

    `connect` makes a connection to a machine, None where there is no such machine; `machines` are looked at even where
    nothing is wanted on them, and `addresses` are their own addresses, where known; `remove_data` lets directories with
    data be removed.
    """

    kinds = KINDS

    def __init__(
        self,
        connect: Reach,
        cluster_id: str,
        machines: Iterable[str] = (),
        *,
        addresses: Mapping[str, str] | None = None,
        remove_data: bool = False,
    ) -> None:
        self.facts: Mapping[str, Facts] = {}
        """What each machine is, as of the last look; without those that are not there or did not answer."""
        self.unreachable: Mapping[str, str] = {}
        """Machines that did not answer the last look, and why: nothing is known of what is on them."""
        self._cluster = cluster_id
        self._machines = tuple(machines)
        self._addresses = addresses or {}
        self._remove_data = remove_data
        self._connections = Connections(connect)
        self._wanted = Wanted()
        self._late = LateLook(self._look_late, self._wanted)
        self._starter = UnitStarter(cluster_id, self._connections.reach, self._wanted)

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """See Handler.observe. Leaves out machines that do not answer: they are in `unreachable` then.

        Raises ForeignMachine, and StrangeAnswer for a machine that has no POSIX shell.
        """
        self._wanted.replace(resources)
        self._late.forget()
        parts: dict[str, list[Resource]] = {name: [] for name in self._machines}
        for resource in resources:
            if resource.machine != OPERATOR:
                parts.setdefault(resource.machine, []).append(resource)
        looks = [self._look(name, part) for name, part in parts.items()]
        found = dict(zip(parts, await asyncio.gather(*looks, return_exceptions=True), strict=True))
        self.unreachable = {name: one.why for name, one in found.items() if isinstance(one, Unreachable)}
        for one in found.values():
            if isinstance(one, BaseException) and not isinstance(one, Unreachable):
                raise one
        seen = {name: one for name, one in found.items() if isinstance(one, tuple)}
        self.facts = {name: facts for name, (facts, _) in seen.items() if facts is not None}
        return {name: one for _, part in seen.values() for name, one in part.items()}

    async def _look(self, machine: str, resources: Sequence[Resource]) -> tuple[Facts | None, Mapping[str, Seen]]:
        try:
            async with asyncio.timeout(OBSERVE_WITHIN):
                transport = await self._connections.reach(machine)
                if transport is None:
                    return None, {}
                observation = await self._observation(transport, machine, resources)
        except TimeoutError:
            await self._connections.drop(machine)
            raise Unreachable(machine, f"it did not answer within {OBSERVE_WITHIN:.0f} s") from None
        except Unreachable:
            await self._connections.drop(machine)
            raise
        return observation.facts, seen_on(observation, resources, machine, self._remove_data)

    async def _observation(self, transport: Transport, machine: str, resources: Sequence[Resource]) -> Observation:
        result = await transport.run(observe_script(resources))
        try:
            observation = parse(result.stdout, self._addresses.get(machine))
        except StrangeAnswer as fault:
            raise StrangeAnswer(f"{machine}: {fault}") from fault
        if observation.cluster not in (None, self._cluster):
            raise ForeignMachine(machine, observation.cluster or "", self._cluster)
        if observation.busy:
            raise Unreachable(machine, "what an earlier run began there is still at work; try again in a minute")
        paths = unhashed(observation, resources)
        if not paths:
            return observation
        hashes = parse_hashes((await transport.run(hash_script(paths))).stdout)
        return replace(observation, hashes={**observation.hashes, **hashes})

    async def texts(self, ids: Sequence[str]) -> Mapping[str, str]:
        """The present text of these files, by id; without those that are secret, not there, large, or no text."""
        files = [one for one in map(self._wanted.get, ids) if isinstance(one, File) and not one.secret]
        machines = sorted({file.machine for file in files})
        found = await asyncio.gather(*(self._texts([one for one in files if one.machine == m]) for m in machines))
        return {one: text for part in found for one, text in part.items()}

    async def _texts(self, files: Sequence[File]) -> Mapping[str, str]:
        transport = await self._connections.reach(files[0].machine)
        if transport is None:
            return {}
        result = await transport.run(texts_script([file.path for file in files]))
        rows = (line.split() for line in result.stdout.decode().splitlines())
        contents = {files[int(number)].id: b64decode("".join(data)) for number, *data in rows}
        return {one: content.decode() for one, content in contents.items() if _is_text(content)}

    def owned(self, seen: Seen) -> Resource:
        """See Handler.owned."""
        return to_remove(seen)

    def batch(self, step: Step) -> str | None:
        """All that is quick on a machine goes as one script; programs by themselves, since they may be to carry."""
        if step.resource.kind in SLOW:
            return None
        return f"programs on {step.machine}" if isinstance(step.resource, Program) else f"machine {step.machine}"

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        """See Handler.apply."""
        machine = steps[0].machine
        self._wanted.learn(step.resource for step in steps if step.action is not Action.REMOVE)
        left = list(steps)

        def finished(step: Step) -> None:
            left.remove(step)
            context.finished(step)

        try:
            if machine not in self.facts:
                left = await self._late.updated(machine, steps)
            await self._apply_needed(machine, list(left), replace(context, finished=finished))
        except Unreachable as fault:
            await self._connections.drop(machine)
            step = left[0] if left else steps[-1]
            raise StepFailed(step.id, str(fault), advice="run `hardway up` again: it goes on from here") from fault
        except (ForeignMachine, StrangeAnswer) as fault:
            raise StepFailed(steps[0].id, str(fault)) from fault

    async def _look_late(self, machine: str, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        return (await self._look(machine, resources))[1]

    async def _apply_needed(self, machine: str, steps: Sequence[Step], context: Context) -> None:
        done = {step.id for step in steps if machine not in self.facts and needless(step, context.resolve)}
        for step in steps:
            if step.id in done:
                context.finished(step)
        needed = [step for step in steps if step.id not in done]
        if needed:
            await self._apply(machine, needed, context)

    async def _apply(self, machine: str, steps: Sequence[Step], context: Context) -> None:
        if isinstance(steps[0].resource, Reboot):
            await reboot(steps[0], self._connections, context)
            context.finished(steps[0])
            return
        transport = await self._connections.reach(machine)
        if transport is None:
            raise Unreachable(machine, "the machine is not there")
        if isinstance(steps[0].resource, Unit) and steps[0].action is not Action.REMOVE:
            for step in steps:
                await self._starter.start(step, transport, context)
                context.finished(step)
            return
        works = [await self._work(step, transport, context.resolve) for step in steps]
        alone = any(step.resource.kind in SLOW for step in steps)
        result = await transport.run(script(self._cluster, works, alone), on_line=_Progress(steps, context))
        check(steps, result, self._cluster, lambda text: self._wanted.masked(text, _resources(steps), context.resolve))

    async def _work(self, step: Step, transport: Transport, resolve: Resolve) -> Work:
        """The step with all that its script must hold. A blob is brought to the machine here."""
        if step.action is Action.REMOVE:
            return Work(step)
        try:
            match step.resource:
                case File() as file:
                    content = b"".join(_bytes(part, resolve) for part in file.content.parts)
                    return Work(step, content=content, readers=self._wanted.readers(step.id))
                case Program() | Image() as resource:
                    return await self._with_blob(step, resource, transport, resolve)
        except KeyError as fault:
            raise StepFailed(step.id, f"what it needs was not made: {fault.args[0]}") from fault
        except OSError as fault:
            raise StepFailed(step.id, str(fault), advice="mend that and run `hardway up` again") from fault
        return Work(step)

    async def _with_blob(self, step: Step, resource: Program | Image, transport: Transport, resolve: Resolve) -> Work:
        sha256 = resolve(Ref(resource.blob, "sha256")).decode()
        source = Path(resolve(Ref(resource.blob, "path")).decode())
        path = await transport.put(source, sha256)
        work = Work(step, blob=path, shared=transport.blobs is not None, sha256=sha256)
        if isinstance(resource, Image):
            return replace(work, digest=resolve(Ref(resource.blob, "digest")).decode())
        return replace(work, readers=self._wanted.readers(step.id))

    async def transport(self, machine: str) -> Transport | None:
        """The connection to a machine, for looking at it; None where there is no such machine. Raises Unreachable."""
        return await self._connections.reach(machine)

    def leased(self, machines: Iterable[str], holder: str) -> AbstractAsyncContextManager[None]:
        """Keeps other runs away from those of these machines that are there. Raises Leased, Unreachable."""
        return leased(self._connections.reach, [one for one in machines if one in self.facts], holder)

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()


class _Progress:
    """Reads a script's output as it comes, and tells of each step that has taken effect."""

    def __init__(self, steps: Sequence[Step], context: Context) -> None:
        self._steps = steps
        self._context = context

    def __call__(self, line: str) -> None:
        match = ENDED.match(line)
        if match and match[2] == "0":
            self._context.finished(self._steps[int(match[1])])


def _resources(steps: Sequence[Step]) -> Sequence[Resource]:
    return [step.resource for step in steps]


def _bytes(part: str | Ref, resolve: Resolve) -> bytes:
    return part.encode() if isinstance(part, str) else resolve(part)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
