"""`reconcile` in a world where anything may happen at any moment: what it promises holds all the same.

The world: an API and an AWS as simple as they can be (eventual consistency and clientToken included), and an agent that
may be killed between any two effects, even between RunTask and the knowledge of what it answered.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hardway.fargate.actions import Action, Clean, Finish, Report, Start, Stop
from hardway.fargate.mapping import names, pods
from hardway.fargate.memory import Memory
from hardway.fargate.reconcile import Sight, reconcile
from hardway.fargate.status import Scene, known_task, rfc3339
from hardway.fargate.tasks import Task
from hardway.kube.api import Body
from tests.fargate.made import NOW, pod, task, task_container

GRACE = timedelta(minutes=5)
HIDDEN = timedelta(seconds=20)
"""So long AWS does not tell of a new task."""
FORGOTTEN = timedelta(hours=1)
AHEAD = {"PROVISIONING": "PENDING", "PENDING": "ACTIVATING", "ACTIVATING": "RUNNING"}


class World(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.pods: dict[str, Body] = {}
        self.ended: dict[str, str] = {}
        self.tasks: dict[str, Task] = {}
        self.tokens: dict[str, str] = {}
        self.leftovers: set[str] = set()
        self.memory = Memory()
        self.api_answers = True
        self.seen: dict[str, Body] = {}
        """The pods, as the agent saw them last before the API was cut off."""
        self.count = 0

    # What users and the world do

    @rule(policy=st.sampled_from(["Always", "OnFailure", "Never"]))
    def create_pod(self, policy: str) -> None:
        self.count += 1
        uid = str(UUID(int=self.count))
        self.pods[uid] = pod(uid=uid, name=f"pod-{self.count}", restartPolicy=policy)

    @precondition(lambda self: self.pods)
    @rule(data=st.data(), grace=st.integers(0, 60))
    def delete_pod(self, data: st.DataObject, grace: int) -> None:
        meta = self.pods[data.draw(st.sampled_from(sorted(self.pods)))]["metadata"]
        meta.setdefault("deletionTimestamp", rfc3339(self.now + timedelta(seconds=grace)))

    @precondition(lambda self: self.pods)
    @rule(data=st.data())
    def force_delete_pod(self, data: st.DataObject) -> None:
        del self.pods[data.draw(st.sampled_from(sorted(self.pods)))]

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def move_on(self, data: st.DataObject) -> None:
        arn = data.draw(st.sampled_from(sorted(self.tasks)))
        one = self.tasks[arn]
        if one.wanted == "STOPPED":
            self._stopped(one, 0)
        elif one.status in AHEAD:
            status = AHEAD[one.status]
            running = status == "RUNNING"
            containers = (task_container(status="RUNNING" if running else "PENDING"),)
            self.tasks[arn] = replace(one, status=status, started=self.now if running else None, containers=containers)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data(), code=st.sampled_from([0, 1, None]))
    def end_or_kill_a_task(self, data: st.DataObject, code: int | None) -> None:
        self._stopped(self.tasks[data.draw(st.sampled_from(sorted(self.tasks)))], code)

    def _stopped(self, one: Task, code: int | None) -> None:
        if not one.is_stopped:
            ended = task_container(status="STOPPED", exit_code=code)
            stop_code = "TaskFailedToStart" if one.started is None else "EssentialContainerExited"
            self.tasks[one.arn] = replace(
                one, status="STOPPED", wanted="STOPPED", stopped=self.now, containers=(ended,), stop_code=stop_code
            )

    @rule(seconds=st.sampled_from([1, 15, 90, 400, 4000]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for arn, one in list(self.tasks.items()):
            if one.stopped and self.now - one.stopped > FORGOTTEN:
                del self.tasks[arn]

    @rule()
    def cut_the_api_or_mend_it(self) -> None:
        self.api_answers = not self.api_answers
        self.seen = copy.deepcopy(self.pods)

    @rule()
    def kill_the_agent(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.memory = Memory()
        self.seen = {}  # where the API does not answer it does not even know what it saw last

    # What the agent does

    @rule(killed_after=st.integers(0, 6))
    def look(self, killed_after: int) -> None:
        """Killed after so many effects; 6 is more than there ever are at once."""
        self._look(killed_after)

    def _look(self, killed_after: int = 1000) -> None:
        actions, memory = reconcile(self._sight(), self.memory, GRACE)
        self.memory = memory
        for number, action in enumerate(actions[:killed_after], start=1):
            self._do(action, dies=number == killed_after)
        if killed_after <= len(actions):
            self._forget()

    def _sight(self) -> Sight:
        known = {one.arn for one in self.memory.launches.values()} | {known_task(one) for one in self.pods.values()}
        told = [one for one in self.tasks.values() if one.arn in known or self.now - one.created >= HIDDEN]
        scene = Scene(self.now, "192.0.2.1", {})
        there = copy.deepcopy(self.pods) if self.api_answers else self.seen
        return Sight(there, told, set(self.leftovers), self.api_answers, set(), scene)

    def _do(self, action: Action, *, dies: bool) -> None:
        if isinstance(action, Start):
            arn = self._run_task(action)
            if not dies:
                self.memory = self.memory.started(action.uid, action.after, arn, self.now)
        elif isinstance(action, Stop):
            self._stop(action)
        elif isinstance(action, Report) and action.uid in self.pods:
            assert action.uid not in self.ended, "the status of a pod that has ended was changed"
            self.pods[action.uid]["status"] = {**self.pods[action.uid]["status"], **action.status}
            if action.status["phase"] in pods.TERMINAL:
                self.ended[action.uid] = action.status["phase"]
        elif isinstance(action, Finish):
            assert pods.deletion_time(action.pod), "a pod was deleted that nobody wanted to be deleted"
            self.pods.pop(action.uid, None)
        elif isinstance(action, Clean):
            assert not self._live(action.uid), "cleaned up after a task that lives"
            self.leftovers.discard(action.uid)

    def _run_task(self, action: Start) -> str:
        assert self.api_answers, "started while it was not known what is wanted"
        self.leftovers.add(action.uid)
        token = names.token(action.uid, action.after)
        if pods.restart_policy(action.pod) == "Never":
            ran = [one for one in self.tasks.values() if one.uid == action.uid and one.ran]
            assert not ran or token in self.tokens, "a pod that is never restarted was started again"
        if token not in self.tokens:
            arn = f"arn:aws:ecs:r:1:task/blog/{len(self.tokens) + 1:04}"
            self.tokens[token] = arn
            new = task(action.pod, "PROVISIONING", task_container(status="PENDING"))
            self.tasks[arn] = replace(new, arn=arn, created=self.now, started=None, restarts=action.restarts)
        return self.tokens[token]

    def _stop(self, action: Stop) -> None:
        wanted = (self.pods if self.api_answers else self.seen).get(action.uid)
        if wanted is None:
            assert self.api_answers, "a task was stopped whose pod may be there: the API does not answer"
        else:
            gone = pods.deletion_time(wanted) or pods.is_terminal(wanted)
            assert gone, f"a live workload was stopped: {action.reason}"
        one = self.tasks.get(action.arn)
        if one is not None and not one.is_stopped:
            self.tasks[action.arn] = replace(one, wanted="STOPPED")

    def _live(self, uid: str) -> list[Task]:
        return [one for one in self.tasks.values() if one.uid == uid and one.wanted != "STOPPED"]

    # What holds at any moment, and in the end

    @invariant()
    def no_two_live_tasks_a_pod(self) -> None:
        for uid in {one.uid for one in self.tasks.values()}:
            assert len(self._live(uid)) <= 1

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        for uid, phase in self.ended.items():
            assert uid not in self.pods or pods.phase(self.pods[uid]) == phase

    @rule()
    def in_the_end_all_is_as_wanted(self) -> None:
        """With everything answering, and time: a task for each pod, none for any other, and nothing left behind."""
        self.api_answers = True
        for _ in range(40):
            self._look()
            for one in list(self.tasks.values()):
                if one.wanted == "STOPPED":
                    self._stopped(one, 0)
            self.now += timedelta(seconds=30)
        for uid, wanted in self.pods.items():
            assert not pods.deletion_time(wanted), "a deleted pod is still there"
            assert len(self._live(uid)) == (0 if pods.is_terminal(wanted) else 1)
        assert {one.uid for one in self.tasks.values() if one.wanted != "STOPPED"} <= self.pods.keys()
        assert self.leftovers <= {uid for uid, one in self.pods.items() if not pods.is_terminal(one)}


TestWorld = World.TestCase
TestWorld.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
