"""The heart of the agent: pods and tasks as they are now, and from them what is to be done. Pure, level-triggered.

`reconcile` is asked again after every change and every few seconds. It never counts on having seen what
happened in between, so a crash, a lost event or a task killed in AWS's console are nothing special. What it promises:

- no two live tasks for a pod: a start is named by the task that it follows (`names.token`), so AWS refuses a twin;
- a task whose pod is gone is stopped, but never because of what was not seen: only after the pod was deleted under our
  eyes, or has been absent from an unbroken healthy watch for the grace;
- a pod that has ended stays ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from hardway.fargate import endings
from hardway.fargate.actions import Action, Clean, Finish, Report, Start, Stop, Tell
from hardway.fargate.mapping import pods as pod_fields
from hardway.fargate.mapping.container import LONGEST_STOP
from hardway.fargate.mapping.refusals import refusals
from hardway.fargate.memory import Launch, Memory
from hardway.fargate.status import Scene, changed, failed, known_restarts, known_task, of_task, sick, waiting
from hardway.fargate.tasks import Task
from hardway.kube.api import Body

UNSEEN: Final = timedelta(minutes=1)
"""So long after RunTask a task may be missing from AWS's answers (API reference, RunTask: eventual consistency)."""
BEYOND_GRACE: Final = timedelta(seconds=30)
"""So long after its grace a deleted pod goes, even if AWS still takes its task down."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The world at one moment. Only made where AWS has told of all tasks."""

    pods: Mapping[str, Body]
    """The node's, by uid."""
    tasks: Sequence[Task]
    """The node's."""
    leftovers: Set[str]
    """Uids of pods for which there are task definitions or secrets."""
    healthy: bool
    """Whether the watch of pods is unbroken: else what is not seen says nothing."""
    busy: Set[str]
    """Uids of pods for which an action is being carried out just now."""
    scene: Scene

    @property
    def now(self) -> datetime:
        return self.scene.now


def reconcile(sight: Sight, memory: Memory, grace: timedelta) -> tuple[tuple[Action, ...], Memory]:
    """What is to be done, and what to remember. `grace` is for tasks whose pods are gone."""
    tasks: defaultdict[str, list[Task]] = defaultdict(list)
    for task in sorted(sight.tasks, key=lambda one: (one.created, one.arn)):
        tasks[task.uid].append(task)
    memory = _remember(sight, memory, tasks)
    actions: list[Action] = []
    for uid, pod in sight.pods.items():
        if uid not in sight.busy:
            one = _Pod(pod, tasks.get(uid, []), sight, memory.launches.get(uid), memory.missing.get(uid))
            actions.extend(_for_pod(one))
    for uid in sorted({*tasks, *sight.leftovers} - sight.pods.keys() - sight.busy):
        actions.extend(_gone(uid, tasks.get(uid, []), sight, memory, grace))
    return _told_once(actions, memory)


def _for_pod(one: _Pod) -> Sequence[Action]:
    """A pod that is not understood costs the others nothing, and says so itself."""
    try:
        return tuple(one.actions())
    except (LookupError, TypeError, ValueError, AttributeError) as fault:
        said = f"this agent does not understand the pod: {type(fault).__name__}: {fault}"
        return (Tell(one.uid, one.pod, "Warning", "NotUnderstood", said),)


def _remember(sight: Sight, memory: Memory, tasks: Mapping[str, Sequence[Task]]) -> Memory:
    if not sight.healthy:
        return replace(memory, absent={})
    there = sight.pods.keys()
    exists = tasks.keys() | sight.leftovers
    absent = {uid: memory.absent.get(uid, sight.now) for uid in exists - there}
    known = {uid for uid in memory.known if uid in exists or uid in there} | set(there)
    kept = {*there, *exists, *sight.busy}
    # A task that lives has no follower: after a restart it is as good as one that was started here.
    living = {uid: some[-1] for uid, some in tasks.items() if not some[-1].is_stopped}
    seen = {uid: Launch("", one.arn, one.created) for uid, one in living.items()}
    launches = {uid: one for uid, one in {**seen, **memory.launches}.items() if uid in kept}
    missing = {
        uid: memory.missing.get(uid, sight.now)
        for uid, pod in sight.pods.items()
        if uid not in tasks and (known_task(pod) or uid in launches)
    }
    return replace(memory, absent=absent, known=known, launches=launches, missing=missing)


def _gone(uid: str, tasks: Sequence[Task], sight: Sight, memory: Memory, grace: timedelta) -> Iterator[Action]:
    """What is at AWS for a pod that the API does not have."""
    since = memory.absent.get(uid)
    if since is None:
        return
    if uid not in memory.known and sight.now - since < grace:
        return
    live = [task for task in tasks if not task.is_stopped]
    yield from (Stop(uid, task.arn, "its pod is gone") for task in live if task.wanted != "STOPPED")
    if not live and uid in sight.leftovers and (_all_seen(uid, tasks, memory) or sight.now - since >= UNSEEN):
        yield Clean(uid)


def _all_seen(uid: str, tasks: Sequence[Task], memory: Memory) -> bool:
    """Whether the last task that was started is among these: else AWS may not tell of it yet."""
    launch = memory.launches.get(uid)
    return launch is not None and any(task.arn == launch.arn for task in tasks)


def _told_once(actions: Sequence[Action], memory: Memory) -> tuple[tuple[Action, ...], Memory]:
    told = set(memory.told)
    kept: list[Action] = []
    for action in actions:
        if isinstance(action, Tell):
            key = f"{action.uid} {action.reason} {action.message}"
            if key in told:
                continue
            told.add(key)
        kept.append(action)
    uids = memory.known | {action.uid for action in actions}
    return tuple(kept), replace(memory, told=frozenset(key for key in told if key.partition(" ")[0] in uids))


@dataclass(frozen=True, slots=True)
class _Pod:
    pod: Body
    tasks: Sequence[Task]
    """Oldest first."""
    sight: Sight
    launch: Launch | None
    missing: datetime | None
    """Since when AWS tells of no task, where there was one."""

    @property
    def uid(self) -> str:
        return pod_fields.uid(self.pod)

    @property
    def live(self) -> list[Task]:
        return [task for task in self.tasks if not task.is_stopped]

    @property
    def unseen(self) -> str:
        """A task that was started, and that AWS does not tell of yet: its ARN, or ""."""
        arn = self.launch.arn if self.launch else ""
        return "" if any(task.arn == arn for task in self.tasks) else arn

    @property
    def still_to_be_seen(self) -> bool:
        at = self.launch.at if self.launch else None
        return bool(self.unseen) and at is not None and self.sight.now - at < UNSEEN

    def actions(self) -> Iterator[Action]:
        if pod_fields.deletion_time(self.pod):
            return self._deleted()
        if pod_fields.is_terminal(self.pod):
            return self._ended()
        if self.live:
            return self._living(self.live[-1])
        return self._without_task()

    # Deleted, ended

    def _deleted(self) -> Iterator[Action]:
        yield from (self._stop(task, "its pod is deleted") for task in self.live if task.wanted != "STOPPED")
        if self.still_to_be_seen:
            yield Stop(self.uid, self.unseen, "its pod is deleted")
            return
        over = pod_fields.deletion_time(self.pod)
        late = over is not None and self.sight.now >= over + BEYOND_GRACE
        if late or not any(_runs(task) for task in self.live):
            yield Finish(self.uid, self.pod)
        else:
            yield from self._report(of_task(self.pod, self.live[-1], self.sight.scene))

    def _ended(self) -> Iterator[Action]:
        live = self.live
        yield from (self._stop(task, "its pod has ended") for task in live if task.wanted != "STOPPED")
        if not live and not self.still_to_be_seen and self.uid in self.sight.leftovers:
            yield Clean(self.uid)

    # With a task

    def _living(self, task: Task) -> Iterator[Action]:
        for twin in self.live[:-1]:
            if twin.wanted != "STOPPED":
                yield self._stop(twin, "the pod has a newer task")
        if not task.is_ending:
            yield from self._reasons_to_stop(task)
        before = self.tasks[-2] if len(self.tasks) > 1 and self.tasks[-2].ran else None
        yield from self._report(of_task(self.pod, task, self.sight.scene, before))

    def _reasons_to_stop(self, task: Task) -> Iterator[Action]:
        if pod_fields.grace_seconds(self.pod) > LONGEST_STOP:
            yield self._warn("GracePeriodShortened", f"Fargate kills {LONGEST_STOP} s after SIGTERM at the latest")
        ill = sick(self.pod, task, self.sight.scene)
        if endings.deadline_exceeded(self.pod, self.sight.now):
            yield self._stop(task, "the pod was active longer than activeDeadlineSeconds")
        elif task.images != pod_fields.images_hash(self.pod):
            yield self._stop(task, "the pod's images were changed")
        elif ill:
            found = f"the liveness probe of container {ill} failed"
            yield self._warn("Unhealthy", f"{found}; its task {task.id} is replaced")
            yield self._stop(task, found)

    # Without one

    def _without_task(self) -> Iterator[Action]:
        why_not = refusals(self.pod)
        if why_not and not self.tasks:
            message = f"the pod cannot run on Fargate: {'; '.join(why_not)}"
            yield self._warn("ProviderCreateFailed", message)
            yield from self._report(failed(self.pod, self.sight.scene, "UnsupportedByFargate", message))
        elif self.still_to_be_seen:
            yield from self._report(self._waiting("ContainerCreating", ""))
        elif endings.deadline_exceeded(self.pod, self.sight.now) and not self.tasks:
            message = "it was active longer than activeDeadlineSeconds"
            yield from self._report(failed(self.pod, self.sight.scene, "DeadlineExceeded", message))
        elif self.tasks:
            yield from self._after(self.tasks[-1])
        else:
            yield from self._first_or_lost()

    def _after(self, last: Task) -> Iterator[Action]:
        """The last task has stopped: that was the end, or another one follows, perhaps later."""
        end = endings.end_of(self.pod, last, self.sight.scene)
        if end is not None:
            yield from self._report(end)
            return
        follows = self.unseen or last.arn
        changed_images = last.images != pod_fields.images_hash(self.pod)
        restarts = last.restarts + (1 if last.ran else 0)
        due = self.sight.now if changed_images else endings.due(self.tasks, self.sight.now)
        if due <= self.sight.now:
            yield from self._start(follows, restarts, last)
        else:
            yield from self._report(self._waiting(*endings.reason(last), last))
        if not last.ran:
            yield self._warn("ProviderCreateFailed", endings.reason(last)[1])

    def _first_or_lost(self) -> Iterator[Action]:
        """No task of the pod is known to AWS, which forgets stopped ones after an hour."""
        lost = self.unseen or known_task(self.pod)
        if lost and (self.missing is None or self.sight.now - self.missing < UNSEEN):
            return  # one answer without it is no proof
        if lost and pod_fields.restart_policy(self.pod) == "Never":
            message = f"task {lost} is not known to AWS any more: how it ended nobody knows"
            yield from self._report(failed(self.pod, self.sight.scene, "TaskLost", message))
            return
        yield from self._start(lost, known_restarts(self.pod) + (1 if lost else 0))

    def _start(self, follows: str, restarts: int, last: Task | None = None) -> Iterator[Action]:
        """Now, or where AWS refused it before, after a while."""
        launch = self.launch if self.launch and self.launch.after == follows and self.launch.tries else None
        if launch is None:
            if self.sight.healthy:
                yield Start(self.uid, self.pod, follows, restarts)
            return
        yield self._warn("ProviderCreateFailed", launch.message)
        if launch.lasting and pod_fields.restart_policy(self.pod) == "Never":
            yield from self._report(failed(self.pod, self.sight.scene, "ProviderFailed", launch.message))
            return
        yield from self._report(self._waiting(launch.reason, launch.message, last))
        if self.sight.healthy and self.sight.now >= endings.next_try(launch):
            yield Start(self.uid, self.pod, follows, restarts)

    # Words

    def _waiting(self, reason: str, message: str, last: Task | None = None) -> Body:
        ran = last if last is not None and last.ran else None
        restarts = last.restarts if last is not None else known_restarts(self.pod)
        return waiting(self.pod, self.sight.scene, reason, message, ran, restarts)

    def _report(self, status: Body) -> Iterator[Report]:
        if changed(self.pod, status):
            yield Report(self.uid, self.pod, status)

    def _stop(self, task: Task, reason: str) -> Stop:
        return Stop(self.uid, task.arn, reason)

    def _warn(self, reason: str, message: str) -> Tell:
        return Tell(self.uid, self.pod, "Warning", reason, message)


def _runs(task: Task) -> bool:
    """Whether a container of it may still run: AWS takes the network interface away for a while after the last."""
    return not task.containers or any(one.status != "STOPPED" for one in task.containers)
