"""The agent: looks at pods and tasks, asks `reconcile` what is to be done, and does it: one loop, effects beside it.

Whatever happens between two looks, the next one sees it. For one pod one effect runs at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hardway.fargate.actions import Action, Clean, Finish, Report, Start, Stop, Tell
from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.cloud import Cloud
from hardway.fargate.agent.cluster import ClusterDoor
from hardway.fargate.agent.pod_watch import PodWatch
from hardway.fargate.agent.probing import Prober
from hardway.fargate.endings import CONFIGURATION
from hardway.fargate.faults import AwsRefused
from hardway.fargate.mapping import pods as pod_fields
from hardway.fargate.mapping.objects import Unready
from hardway.fargate.mapping.task import wish
from hardway.fargate.memory import Memory
from hardway.fargate.reconcile import Sight, reconcile
from hardway.fargate.settings import Settings
from hardway.fargate.status import Scene, known_task
from hardway.fargate.tasks import Task
from hardway.kube.api import ApiError, ApiUnavailable, Body
from hardway.kube.client import KubeClient

AT_ONCE: Final = 16
"""Effects."""
AFTER_TROUBLE: Final = 5.0
"""Seconds before a pod is looked at again for which an effect failed."""
LOOK_EVERY: Final = 1.0
LEFTOVERS_EVERY: Final = 300.0
SOON: Final = 2.0
"""Seconds between two polls at least, when something was just started or stopped."""
log = logging.getLogger("hardway.fargate")


class Agent:
    """Everything that it knows between two looks."""

    def __init__(self, aws: Aws, client: KubeClient, settings: Settings, address: str) -> None:
        self._settings = settings
        self._address = address
        self._cloud = Cloud(aws, settings)
        self.cluster = ClusterDoor(client, settings.node_name)
        self._awake = asyncio.Event()
        self._watch = PodWatch(client, settings.node_name, self._awake.set)
        self._prober = Prober(self._awake)
        self._tasks: list[Task] | None = None
        """None until AWS has told of all of them."""
        self._stopping: set[str] = set()
        """ARNs of tasks that were stopped since the last poll."""
        self._hurry = asyncio.Event()
        self._memory = Memory()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._trouble = "AWS was not asked yet"

    # What others see

    @property
    def pods(self) -> dict[str, Body]:
        return self._watch.pods

    def tasks_of(self, uid: str) -> list[Task]:
        return sorted((one for one in self._tasks or () if one.uid == uid), key=lambda one: (one.created, one.arn))

    def trouble(self) -> str:
        """Why the node is not ready, or ""."""
        return self._trouble

    # Looking

    async def first_look(self) -> None:
        """Raises AwsRefused where AWS does not tell of the tasks."""
        await self._cloud.look_for_leftovers()
        self._tasks = await self._cloud.tasks(())
        self._trouble = ""

    async def run(self) -> None:
        """For ever."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch.run())
                group.create_task(self._poll())
                group.create_task(self._look())
        finally:
            self._prober.close()
            for one in self._busy.values():
                one.cancel()

    async def _poll(self) -> None:
        swept = time.monotonic()
        while True:
            try:
                found = await self._cloud.tasks(self._also())
                self._tasks, self._stopping, self._trouble = found, set(), ""
                if time.monotonic() - swept >= LEFTOVERS_EVERY:
                    swept = time.monotonic()
                    await self._cloud.look_for_leftovers()
            except AwsRefused as fault:
                if self._trouble != str(fault):
                    log.warning("AWS: %s", fault)
                self._trouble = str(fault)
            self._awake.set()
            await self._until_next_poll()

    async def _until_next_poll(self) -> None:
        """The interval, or shorter where something was just done."""
        least = min(SOON, self._settings.poll_interval)
        await asyncio.sleep(least)
        try:
            async with asyncio.timeout(max(0.0, self._settings.poll_interval - least)):
                await self._hurry.wait()
        except TimeoutError:
            pass
        self._hurry.clear()

    def _also(self) -> set[str]:
        """Tasks that AWS may know without listing them: those just started, and those that pods' status tells of."""
        started = {one.arn for one in self._memory.launches.values() if one.arn}
        return {arn for arn in (*started, *map(known_task, self.pods.values())) if arn}

    async def _look(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._awake.wait()
            except TimeoutError:
                pass
            self._awake.clear()
            if self._tasks is not None:
                self._reconcile(self._tasks)

    def _reconcile(self, tasks: list[Task]) -> None:
        now = datetime.now(UTC)
        seen = [replace(one, wanted="STOPPED") if one.arn in self._stopping else one for one in tasks]
        self._prober.see(self.pods, seen)
        sight = Sight(
            pods=self.pods,
            tasks=seen,
            leftovers=self._cloud.leftovers,
            healthy=self._watch.healthy and not self._trouble,
            busy=self._busy.keys(),
            scene=Scene(now, self._address, self._prober.results),
        )
        grace = timedelta(seconds=self._settings.orphan_grace)
        actions, self._memory = reconcile(sight, self._memory, grace)
        by_uid: defaultdict[str, list[Action]] = defaultdict(list)
        for action in actions:
            by_uid[action.uid].append(action)
        for uid, some in by_uid.items():
            self._busy[uid] = asyncio.get_running_loop().create_task(self._carry_out(uid, some))

    # Doing

    async def _carry_out(self, uid: str, actions: Sequence[Action]) -> None:
        try:
            async with self._slots:
                for action in actions:
                    await self._do(action)
        except (AwsRefused, ApiError, ApiUnavailable) as fault:
            log.warning("pod %s: %s", uid, fault)
            await asyncio.sleep(AFTER_TROUBLE)
        except Exception:  # a fault of ours with one pod must not cost the others
            log.exception("pod %s", uid)
            await asyncio.sleep(AFTER_TROUBLE)
        finally:
            self._busy.pop(uid, None)
            self._awake.set()

    async def _do(self, action: Action) -> None:
        match action:
            case Start():
                await self._start(action)
            case Stop():
                log.info("stopping task %s: %s", action.arn, action.reason)
                await self._cloud.stop(action.arn, action.reason)
                self._stopping.add(action.arn)
                self._hurry.set()
            case Report():
                answer = await self.cluster.report(action.pod, action.status)
                if answer is not None:
                    self._watch.put(answer)
            case Finish():
                log.info("pod %s is gone", pod_fields.full_name(action.pod))
                await self.cluster.finish(action.pod)
            case Clean():
                await self._cloud.clean(action.uid)
            case Tell():
                await self.cluster.tell(action.pod, action.kind, action.reason, action.message)

    async def _start(self, action: Start) -> None:
        name, now = pod_fields.full_name(action.pod), datetime.now(UTC)
        try:
            wanted = wish(action.pod, await self.cluster.read(action.pod), self._settings, self._address)
            arn = await self._cloud.start(action.pod, wanted, action.after, action.restarts)
        except Unready as fault:
            self._refused(action, CONFIGURATION, str(fault), lasting=False)
            return
        except AwsRefused as fault:
            self._refused(action, "ProviderFailed", str(fault), lasting=fault.lasting)
            return
        log.info("pod %s: task %s is started", name, arn)
        self._memory = self._memory.started(action.uid, action.after, arn, now)
        self._hurry.set()
        await self.cluster.tell(action.pod, "Normal", "ProviderCreateSuccess", f"task {arn} is started")

    def _refused(self, action: Start, reason: str, message: str, *, lasting: bool) -> None:
        log.warning("pod %s cannot be started: %s", pod_fields.full_name(action.pod), message)
        now = datetime.now(UTC)
        self._memory = self._memory.refused(action.uid, action.after, reason, message, now, lasting=lasting)
