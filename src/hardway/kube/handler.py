"""Carries out API objects and waits for conditions: the handler of the kinds `object` and `condition`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hardway.engine.handler import Context, StepFailed
from hardway.kube.api import ApiError, ApiUnavailable, Body
from hardway.kube.attempts import Attempts
from hardway.kube.conditions import failed, why_not
from hardway.kube.observe import all_owned, get, observe
from hardway.kube.opening import may_do_everything, open_client
from hardway.kube.ownership import CLUSTER, Ownership, labelled, resource_of
from hardway.kube.watch import Hopeless, explained, held, the_object, watch
from hardway.kube.waves import is_a, waves
from hardway.plan.steps import Action, Step
from hardway.resources.base import Resource, Seen
from hardway.resources.kubernetes import Condition, KubeObject

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

Kubeconfig = Callable[[], Path | None]
"""Where a kubeconfig is; None while it does not exist."""

STARTUP: Final = 60.0
"""Seconds for which applying waits for an API that is not there yet."""

SILENT: Final = "the API does not answer, or not to us"


class KubeHandler:
    """Observes and applies objects, watches conditions; as the admin, or as break-glass while the admin has no rights.

    Somebody must bind the admin's group to its role, and before that only group system:masters is allowed to.
    """

    kinds: tuple[str, ...] = (KubeObject.kind, Condition.kind)

    def __init__(
        self, kubeconfig: Kubeconfig, break_glass: Kubeconfig = lambda: None, ownership: Ownership = CLUSTER
    ) -> None:
        self.silent = ""
        """Why the last look saw nothing, where there should be an API."""
        self._kubeconfig = kubeconfig
        self._break_glass = break_glass
        self._ownership = ownership

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """What is there. Where there should be an API and it does not answer, or not to us, `silent` says why, and each
        resource that it was not looked at: applying it all the same is idempotent."""
        self.silent = ""
        if self._kubeconfig() is None:
            return {}  # there is no API before there is a way to it
        try:
            async with self._client() as client:
                wanted = asyncio.gather(*(observe(client, resource, self._ownership) for resource in resources))
                seen, owned = await asyncio.gather(wanted, all_owned(client, self._ownership))
                return {**owned, **{one.id: one for one in seen if one is not None}}
        except ApiUnavailable as fault:
            self.silent = str(fault)
        except ApiError as error:
            if error.status < 500 and error.status not in (401, 403, 429):
                raise
            self.silent = str(error)
        return {one.id: Seen(one.id, {}, unlooked=SILENT) for one in resources}

    def owned(self, seen: Seen) -> Resource:
        return resource_of(seen, self._ownership)

    def batch(self, step: Step) -> str | None:
        return "objects" if isinstance(step.resource, KubeObject) else None

    async def close(self) -> None:
        """Connections are held for one observation or one batch at most: there is nothing to close."""

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        """Objects in waves, each wave after what it needs, namespaces first; a condition by watching it."""
        conditions = [step for step in steps if isinstance(step.resource, Condition)]
        for step in conditions:
            await self._await_condition(step, context)
        if len(conditions) < len(steps):
            await self._put_all([step for step in steps if step not in conditions], context)

    async def _put_all(self, steps: Sequence[Step], context: Context) -> None:
        attempts = Attempts(steps[0].id, context, STARTUP)
        async with AsyncExitStack() as stack:
            # with its binding the admin loses its rights in the middle of the work
            irrevocable = any(
                step.action is Action.REMOVE and is_a(step.resource, "ClusterRoleBinding") for step in steps
            )
            client = await attempts.make(lambda: stack.enter_async_context(self._client(irrevocable)))
            for wave in waves(steps):
                puts = (_put_patiently(client, step, context, self._ownership) for step in wave)
                _raise_first(await asyncio.gather(*puts, return_exceptions=True))

    async def _await_condition(self, step: Step, context: Context) -> None:
        condition = step.resource
        assert isinstance(condition, Condition)
        attempts = Attempts(step.id, context, condition.within, f"{condition.name} did not come true")
        subject = f"{condition.object_kind.lower()} {condition.object_name}"
        try:
            await attempts.make(lambda: self._watched(condition, lambda why: attempts.waiting(f"{subject}: {why}")))
        except Hopeless as fault:
            what = f"{condition.name} will not come true: {fault}"
            raise StepFailed(step.id, what, advice="look at what its pods printed, then do the same again") from fault
        except StepFailed as failure:
            last = await self._last_words(condition)
            evidence = f"{subject}: {last}" if last else failure.evidence
            raise StepFailed(step.id, failure.what, evidence, failure.advice) from failure
        context.finished(step)

    async def _last_words(self, condition: Condition) -> str:
        """Why it does not hold now: what pods say comes later than the last change of what they belong to."""
        try:
            async with self._client() as client:
                body = await the_object(client, condition)
                return await explained(client, body, why_not(await held(client, condition, body)))
        except (ApiError, ApiUnavailable):
            return ""

    async def _watched(self, condition: Condition, waiting: Callable[[str], None]) -> None:
        """Watch until it holds. Raises ApiUnavailable where the watch ended before that (an API server restarts)."""
        async with self._client() as client:
            if not await watch(client, condition, waiting):
                raise ApiUnavailable("the watch ended")

    @asynccontextmanager
    async def _client(self, irrevocable: bool = False) -> AsyncIterator[KubeClient]:
        """As the admin if the admin may do everything, else (or for irrevocable rights) as break-glass if there is."""
        other = self._break_glass()
        if other is None or not irrevocable:
            async with open_client(self._kubeconfig()) as admin:
                if other is None or await may_do_everything(admin):
                    yield admin
                    return
        async with open_client(other) as master:
            yield master


async def _put_patiently(client: KubeClient, step: Step, context: Context, ownership: Ownership) -> None:
    await Attempts(step.id, context, STARTUP).make(lambda: _put(client, step.action, step.resource, ownership))
    context.finished(step)


async def _put(client: KubeClient, action: Action, resource: Resource, ownership: Ownership) -> None:
    assert isinstance(resource, KubeObject)
    body = resource.body
    if action is not Action.REMOVE:
        await _apply(client, labelled(body, ownership), ownership)
        return
    await _delete(client, body)


async def _apply(client: KubeClient, body: Body, ownership: Ownership) -> None:
    """In place; anew where that is refused, or it has failed, and the owner allows it."""
    try:
        if body["kind"] in ownership.replaced and failed(await get(client, body)):
            await _delete(client, body)
        await client.apply(body)
    except ApiError as error:
        if error.status != 422 or body["kind"] not in ownership.replaced:
            raise
        await _delete(client, body)
        await client.apply(body)


async def _delete(client: KubeClient, body: Body) -> None:
    meta = body["metadata"]
    await client.delete(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))


def _raise_first(results: Iterable[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result
