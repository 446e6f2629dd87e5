"""A task's life, from PROVISIONING to STOPPED, as ECS lets tasks on Fargate live it.

Amazon ECS Developer Guide: "Amazon ECS task lifecycle", "Container dependencies", "Determine Amazon ECS task health
using container health checks", "Amazon ECS stopped tasks error messages".
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hardway.fargate.local.account import Account
from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.errors import ApiFault
from hardway.fargate.local.logs import Logs
from hardway.fargate.local.runtime import CannotPull, CannotStart, ContainerWish, Running, Runtime
from hardway.fargate.local.task import Container, Task, now
from hardway.fargate.local.vault import Vault

STOP_SECONDS: Final = 30.0
"""stopTimeout where a container has none."""
NOT_STARTED: Final = "TaskFailedToStart"
_CAPABLE: Final = ("add", "drop")


class NotStarted(Exception):
    """The task cannot be started, in the words of AWS."""


@dataclass
class Life:
    """Lives one task."""

    task: Task
    account: Account
    behaviour: Behaviour
    vault: Vault
    logs: Logs
    runtime: Runtime
    running: dict[str, Running] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        try:
            await self._provision()
            await self._pull()
            await self._run()
        except NotStarted as fault:
            self.task.stop(NOT_STARTED, str(fault))
        finally:
            await self._end()

    # Up

    async def _provision(self) -> None:
        """The network interface."""
        await self._step()
        network = self.task.request["networkConfiguration"]["awsvpcConfiguration"]
        if not self.behaviour.capacity:
            raise NotStarted(
                "Capacity is unavailable at this time. Please try again later or in a different availability zone"
            )
        await self._attached()
        self._go_on()
        try:
            self.task.interface = self.account.attach(network["subnets"][0], self.task.arn)
            volumes = [one["name"] for one in self.task.definition.get("volumes", ())]
            subnet, address = self.task.interface.subnet, str(self.task.interface.address)
            await self.runtime.open_task(self.task.id, address, subnet, volumes)
        except (ApiFault, CannotStart) as fault:
            raise NotStarted(f"Unexpected EC2 error while attempting to Create Network Interface: {fault}") from fault
        self.task.times["connectivityAt"] = now()

    async def _attached(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.behaviour.network_patience
        while not self.behaviour.network and not self.task.stop_asked.is_set():
            if loop.time() > until:
                raise NotStarted("Timeout waiting for network interface provisioning to complete.")
            await asyncio.sleep(0.05)

    async def _pull(self) -> None:
        await self._move("PENDING")
        self.task.times["pullStartedAt"] = now()
        for container in self.task.containers:
            try:
                container.digest = await self.runtime.pull(container.definition["image"])
            except CannotPull as fault:
                container.reason = f"CannotPullContainerError: {fault}"
                raise NotStarted(container.reason) from fault
        self.task.times["pullStoppedAt"] = now()
        await self._move("ACTIVATING")

    async def _run(self) -> None:
        """Containers start when those that they depend on are as far as they are to be."""
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(self._contain(one)) for one in self.task.containers]
            group.create_task(self._until_running())
            await self.task.stop_asked.wait()
            await self._go_down()
            for one in watching:
                one.cancel()

    async def _until_running(self) -> None:
        essential = [one for one in self.task.containers if one.essential]
        while not all(one.status != "PENDING" for one in essential):
            if await self._change_or_stop():
                return
        if not self.task.stop_asked.is_set():
            self.task.times["startedAt"] = now()
            self.task.move("RUNNING")

    async def _contain(self, container: Container) -> None:
        """A container from its start to its end."""
        while not self._may_start(container):
            if self._never(container) or await self._change_or_stop():
                return
        try:
            running = await self.runtime.start(self._wish(container), lambda line: self._log(container, line))
        except (CannotPull, CannotStart, ApiFault) as fault:
            container.reason = f"{_kind(fault)}: {fault}"
            self.task.stop(NOT_STARTED, container.reason)
            return
        self.running[container.name] = running
        container.status = "RUNNING"
        self._tell()
        checking = asyncio.create_task(self._check(container, running))
        try:
            container.exit_code = await asyncio.shield(running.wait())
        finally:
            checking.cancel()
        self._ended(container)

    def _ended(self, container: Container) -> None:
        container.status = "STOPPED"
        if container.exit_code == 128 + signal.SIGKILL and self.task.wanted == "RUNNING":
            container.reason = "OutOfMemoryError: Container killed due to memory usage"
        self.running.pop(container.name, None)
        if container.essential:
            self.task.stop("EssentialContainerExited", "Essential container in task exited")
        self._tell()

    def _may_start(self, container: Container) -> bool:
        return all(self._met(one) for one in container.definition.get("dependsOn", ()))

    def _met(self, dependency: Mapping[str, Any]) -> bool:
        other = self.task.container(dependency["containerName"])
        met = {
            "START": other.status != "PENDING",
            "COMPLETE": other.status == "STOPPED",
            "SUCCESS": other.ended_well,
            "HEALTHY": other.health == "HEALTHY",
        }
        return met[dependency["condition"]]

    def _never(self, container: Container) -> bool:
        """Whether it waits for the success of one that failed: then the task ends."""
        for dependency in container.definition.get("dependsOn", ()):
            other = self.task.container(dependency["containerName"])
            if dependency["condition"] == "SUCCESS" and other.status == "STOPPED" and not other.ended_well:
                reason = f"Container {other.name} exited with {other.exit_code}, and others depend on its success"
                self.task.stop(NOT_STARTED, reason)
                return True
        return False

    async def _check(self, container: Container, running: Running) -> None:
        """Its health check: UNKNOWN within the start period, UNHEALTHY after so many failures in a row."""
        check = container.definition.get("healthCheck")
        if not check:
            return
        loop = asyncio.get_running_loop()
        patience = loop.time() + check.get("startPeriod", 0)
        failures = 0
        kind, *words = check["command"]
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        while True:
            await asyncio.sleep(check.get("interval", 30))
            good = await running.execute(command, check.get("timeout", 5)) == 0
            if good:
                failures, container.health = 0, "HEALTHY"
            elif loop.time() > patience:
                failures += 1
                if failures >= check.get("retries", 3):
                    container.health = "UNHEALTHY"
            self._tell()

    def _wish(self, container: Container) -> ContainerWish:
        definition = container.definition
        values = {one["name"]: one["value"] for one in definition.get("environment", ())}
        values |= {one["name"]: self.vault.value(one["valueFrom"]) for one in definition.get("secrets", ())}
        capabilities = definition.get("linuxParameters", {}).get("capabilities", {})
        added, dropped = (tuple(capabilities.get(kind, ())) for kind in _CAPABLE)
        return ContainerWish(
            id=f"{self.task.id[:12]}-{container.name}",
            task=self.task.id,
            image=definition["image"],
            entry_point=definition.get("entryPoint", ()),
            command=definition.get("command", ()),
            environment=values,
            directory=definition.get("workingDirectory", ""),
            user=definition.get("user", ""),
            volumes=tuple(
                (one["sourceVolume"], one["containerPath"], one.get("readOnly", False))
                for one in definition.get("mountPoints", ())
            ),
            memory=definition.get("memory") or int(self.task.definition["memory"]),
            cpu=definition.get("cpu", 0),
            read_only=definition.get("readonlyRootFilesystem", False),
            added=added,
            dropped=dropped,
        )

    def _log(self, container: Container, line: str) -> None:
        options = container.definition.get("logConfiguration", {}).get("options", {})
        if options:
            stream = f"{options['awslogs-stream-prefix']}/{container.name}/{self.task.id}"
            self.logs.write(options["awslogs-group"], stream, line)

    # Down

    async def _go_down(self) -> None:
        """SIGTERM to each, SIGKILL when its time is over."""
        await self._pause("DEACTIVATING")
        self.task.move("STOPPING")
        await asyncio.gather(*(self._take_down(one) for one in self.task.containers if one.name in self.running))

    async def _take_down(self, container: Container) -> None:
        running = self.running[container.name]
        await running.kill(signal.SIGTERM)
        try:
            async with asyncio.timeout(container.definition.get("stopTimeout", STOP_SECONDS)):
                container.exit_code = await asyncio.shield(running.wait())
        except TimeoutError:
            await running.kill(signal.SIGKILL)
            container.exit_code = await running.wait()
        self._ended(container)

    async def _end(self) -> None:
        self.task.stop("UserInitiated", "Task stopped")
        await self._pause("DEPROVISIONING")
        await self.runtime.close_task(self.task.id)
        if self.task.interface is not None:
            self.account.detach(self.task.interface.id)
        for container in self.task.containers:
            container.status = "STOPPED"
        self.task.times["executionStoppedAt"] = self.task.times["stoppedAt"] = now()
        self.task.move("STOPPED")

    # Time

    async def _pause(self, status: str) -> None:
        self.task.move(status)
        await asyncio.sleep(self.behaviour.step)

    async def _move(self, status: str) -> None:
        self.task.move(status)
        await self._step()
        self._go_on()

    async def _step(self) -> None:
        await asyncio.sleep(self.behaviour.step)

    def _go_on(self) -> None:
        if self.task.stop_asked.is_set():
            raise NotStarted(self.task.stopped_reason)

    def _tell(self) -> None:
        """Wakes all that wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change_or_stop(self) -> bool:
        """Waits for either; answers whether the task is to stop."""
        waiting = [asyncio.create_task(self._changed.wait()), asyncio.create_task(self.task.stop_asked.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        return self.task.stop_asked.is_set()


def _kind(fault: Exception) -> str:
    if isinstance(fault, ApiFault):
        return "ResourceInitializationError: unable to pull secrets or registry auth"
    return "CannotPullContainerError" if isinstance(fault, CannotPull) else "CannotStartContainerError"
