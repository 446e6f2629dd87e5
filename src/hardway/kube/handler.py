"""Carries out API objects and waits for conditions: the handler of the kinds `object` and `condition`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hardway.engine.handler import Context, StepFailed
from hardway.kube.api import Access, Answer, ApiError, ApiUnavailable, Body
from hardway.kube.conditions import HOLDS, ROLLED, holds, rolled, why_not
from hardway.kube.drift import drift
from hardway.kube.ownership import KINDS, SELECTOR, is_owned, labelled, resource_of
from hardway.kube.trouble import workload_trouble
from hardway.plan.steps import Action, Step
from hardway.resources.base import OPERATOR, Resource, Seen
from hardway.resources.kubernetes import Condition, KubeObject, object_name

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

T = TypeVar("T")

Kubeconfig = Callable[[], Path | None]
"""Where a kubeconfig is; None while it does not exist."""

ANSWERS_WITHIN: Final = 1.5
"""Seconds that an API has to answer the first request of an observation; one that does not is not there yet."""

LOOKS: Final = 5
"""How often an object is read while others keep writing to it."""

STARTUP: Final = 60.0
"""Seconds for which applying waits for an API that is not there yet."""

PAUSE: Final = 0.25
"""Seconds between two attempts at an API that is not there yet: nothing can be watched before it answers."""

SILENT: Final = "the API does not answer, or not to us"

NOT_YET: Final = frozenset({429, 503, 504})
"""Answers of an API that is not able yet, with the documentation that asks to try again: 429 (API Priority and
Fairness, Retry-After), 503 (ServiceUnavailable, "retrying the request after some time"), 504 (ServerTimeout)."""

NOT_YET_TEXTS: Final = ("etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: no leader")
"""Faults (500) of an etcd that is electing a leader."""


class KubeHandler:
    """Observes and applies objects, watches conditions; as the admin, or as break-glass while the admin has no rights.

    Somebody must bind the admin's group to its role, and before that only group system:masters is allowed to.
    """

    kinds: tuple[str, ...] = (KubeObject.kind, Condition.kind)

    def __init__(self, kubeconfig: Kubeconfig, break_glass: Kubeconfig = lambda: None) -> None:
        self.silent = ""
        """Why the last look saw nothing, where there should be an API."""
        self._kubeconfig = kubeconfig
        self._break_glass = break_glass

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """What is there. Where there should be an API and it does not answer, or not to us, `silent` says why, and each
        resource that it was not looked at: applying it all the same is idempotent."""
        self.silent = ""
        if self._kubeconfig() is None:
            return {}  # there is no API before there is a way to it
        try:
            async with self._client() as client:
                wanted = asyncio.gather(*(_observe(client, resource) for resource in resources))
                seen, owned = await asyncio.gather(wanted, _owned(client))
                return {**owned, **{one.id: one for one in seen if one is not None}}
        except ApiUnavailable as fault:
            self.silent = str(fault)
        except ApiError as error:
            if error.status < 500 and error.status not in (401, 403, 429):
                raise
            self.silent = str(error)
        return {one.id: Seen(one.id, {}, unlooked=SILENT) for one in resources}

    def owned(self, seen: Seen) -> Resource:
        return resource_of(seen)

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
                step.action is Action.REMOVE and _is(step.resource, "ClusterRoleBinding") for step in steps
            )
            client = await attempts.make(lambda: stack.enter_async_context(self._client(irrevocable)))
            for wave in waves(steps):
                puts = (_put_patiently(client, step, context) for step in wave)
                _raise_first(await asyncio.gather(*puts, return_exceptions=True))

    async def _await_condition(self, step: Step, context: Context) -> None:
        condition = step.resource
        assert isinstance(condition, Condition)
        attempts = Attempts(step.id, context, condition.within, f"{condition.name} did not come true")
        subject = f"{condition.object_kind.lower()} {condition.object_name}"
        try:
            await attempts.make(lambda: self._watched(condition, lambda why: attempts.waiting(f"{subject}: {why}")))
        except StepFailed as failure:
            last = await self._last_words(condition)
            evidence = f"{subject}: {last}" if last else failure.evidence
            raise StepFailed(step.id, failure.what, evidence, failure.advice) from failure
        context.finished(step)

    async def _last_words(self, condition: Condition) -> str:
        """Why it does not hold now: what pods say comes later than the last change of what they belong to."""
        try:
            async with self._client() as client:
                body = await _the_object(client, condition)
                return await _explained(client, body, why_not(await _held(client, condition, body)))
        except (ApiError, ApiUnavailable):
            return ""

    async def _watched(self, condition: Condition, waiting: Callable[[str], None]) -> None:
        """Watch until it holds. Raises ApiUnavailable where the watch ended before that (an API server restarts)."""
        async with self._client() as client:
            if not await _watch(client, condition, waiting):
                raise ApiUnavailable("the watch ended")

    @asynccontextmanager
    async def _client(self, irrevocable: bool = False) -> AsyncIterator[KubeClient]:
        """As the admin if the admin may do everything, else (or for irrevocable rights) as break-glass if there is."""
        other = self._break_glass()
        if other is None or not irrevocable:
            async with _opened(self._kubeconfig()) as admin:
                if other is None or await _may_do_everything(admin):
                    yield admin
                    return
        async with _opened(other) as master:
            yield master


class Attempts:
    """One change, tried until the API is able to take it, for a limited time."""

    def __init__(self, step_id: str, context: Context, within: float, what: str = "the API did not take it") -> None:
        """`within` is in seconds; `what` is said where the time is not enough."""
        self._step_id = step_id
        self._context = context
        self._within = within
        self._what = what
        self._why = "nothing was answered"

    def waiting(self, why: str) -> None:
        """Tell what it waits for now."""
        self._why = why
        self._context.waiting(self._step_id, why)

    async def make(self, change: Callable[[], Awaitable[T]]) -> T:
        """Try until it is done. Raises StepFailed, with the last reason where the time is over."""
        try:
            async with asyncio.timeout(self._within) as limit:
                return await self._until_done(change)
        except TimeoutError:
            if not limit.expired():
                raise
            what = f"{self._what} within {self._within:.0f} s"
            raise StepFailed(self._step_id, what, self._why, _LOOK_AT_API) from None

    async def _until_done(self, change: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await change()
            except ApiUnavailable as error:
                self.waiting(f"the API does not answer: {error}")
            except ApiError as error:
                if not _not_yet(error):
                    raise StepFailed(self._step_id, f"the API refused it: {error}", advice=_advice(error)) from error
                self.waiting(str(error))
            await asyncio.sleep(PAUSE)


_LOOK_AT_API: Final = "look at kube-apiserver on the masters, then `hardway up` again: it goes on where this stopped"


@asynccontextmanager
async def _opened(kubeconfig: Path | None) -> AsyncIterator[KubeClient]:
    if kubeconfig is None:
        raise ApiUnavailable("there is no kubeconfig yet")
    from hardway.kube.client import KubeClient  # lightkube takes a while to import

    access = Access(kubeconfig)
    async with KubeClient(access, ANSWERS_WITHIN) as greeter:
        await _greet(greeter)
    async with KubeClient(access) as client:
        yield client


async def _greet(client: KubeClient) -> None:
    """Raises ApiUnavailable where the API is not ready, or does not know us (yet: another cluster's, or none)."""
    ready, review = await asyncio.gather(client.request("GET", "/readyz"), _review(client))
    if ready.status != 200:
        raise ApiUnavailable(f"/readyz answers {ready.status}")
    if review.status == 401:
        raise ApiUnavailable("it answers 401: it does not accept the kubeconfig's credentials")


async def _may_do_everything(client: KubeClient) -> bool:
    answer = await _review(client)
    return answer.status == 201 and bool(answer.json().get("status", {}).get("allowed"))


async def _review(client: KubeClient) -> Answer:
    """May we do everything? Every authenticated user may ask (system:basic-user)."""
    everything = {"verb": "*", "group": "*", "resource": "*"}
    review = {"apiVersion": _REVIEW, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": everything}}
    return await client.request("POST", f"/apis/{_REVIEW}/selfsubjectaccessreviews", review)


_REVIEW: Final = "authorization.k8s.io/v1"


async def _observe(client: KubeClient, resource: Resource) -> Seen | None:
    if isinstance(resource, KubeObject):
        return await _observe_object(client, resource)
    if isinstance(resource, Condition):
        return await _observe_condition(client, resource)
    raise TypeError(f"no Kubernetes resource: {resource.id}")


async def _observe_object(client: KubeClient, resource: KubeObject) -> Seen | None:
    """Others may write between the two reads (flannel annotates Nodes): what differs then is theirs, and read again."""
    body = labelled(resource.body)
    seen = None
    for _ in range(LOOKS):
        live = await _get(client, body)
        if live is None:
            return None
        found, version = await _drift(client, body, live)
        seen = Seen(resource.id, {"drift": found}, owned=is_owned(live))
        if version == live["metadata"].get("resourceVersion"):
            break
    return seen


async def _drift(client: KubeClient, body: Mapping[str, Any], live: Body) -> tuple[str, str | None]:
    """What applying would change, and of which version of the object: a dry run leaves that as it is."""
    version = live["metadata"].get("resourceVersion")
    if live["metadata"].get("deletionTimestamp"):
        return "it is being deleted", version
    try:
        would = await client.apply(body, dry_run=True)
    except ApiError as error:
        if error.status != 422:
            raise
        return f"it cannot be changed in place: {error.message}", version
    return drift(live, would), would["metadata"].get("resourceVersion")


async def _get(client: KubeClient, body: Mapping[str, Any]) -> Body | None:
    meta = body["metadata"]
    return await client.get(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))


async def _observe_condition(client: KubeClient, resource: Condition) -> Seen:
    body = await _the_object(client, resource)
    return Seen(resource.id, {"holds": await _held(client, resource, body)} if body else {})


async def _held(client: KubeClient, condition: Condition, body: Body | None) -> str:
    if condition.condition == ROLLED:
        return rolled(body, len(await client.list("v1", "Node")))
    return holds(condition.condition, body)


async def _the_object(client: KubeClient, of: Condition) -> Body | None:
    return await client.get(of.api_version, of.object_kind, of.object_name, of.namespace)


async def _owned(client: KubeClient) -> dict[str, Seen]:
    """Everything that carries our label and is not going already, by id."""
    found = await asyncio.gather(*(client.list(version, kind, labels=SELECTOR) for version, kind in KINDS))
    staying = (body for bodies in found for body in bodies if not body["metadata"].get("deletionTimestamp"))
    ids = (f"{KubeObject.kind}:{OPERATOR}:{object_name(body)}" for body in staying)
    return {one: Seen(one, {"drift": "none"}, owned=True) for one in ids}


async def _put_patiently(client: KubeClient, step: Step, context: Context) -> None:
    await Attempts(step.id, context, STARTUP).make(lambda: _put(client, step.action, step.resource))
    context.finished(step)


async def _put(client: KubeClient, action: Action, resource: Resource) -> None:
    assert isinstance(resource, KubeObject)
    body = resource.body
    if action is not Action.REMOVE:
        await client.apply(labelled(body))
        return
    meta = body["metadata"]
    await client.delete(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))


async def _watch(client: KubeClient, condition: Condition, waiting: Callable[[str], None]) -> bool:
    """Whether it came to hold before the watch ended."""
    where = (condition.api_version, condition.object_kind, condition.namespace)
    if await _the_object(client, condition) is None:
        waiting(why_not(await _held(client, condition, None)))
    async with aclosing(client.watch(*where, fields=f"metadata.name={condition.object_name}")) as events:
        async for event in events:
            body = None if event.type == "DELETED" else event.object
            held = await _held(client, condition, body)
            if held == HOLDS:
                return True
            waiting(await _explained(client, body, why_not(held)))
    return False


async def _explained(client: KubeClient, body: Body | None, why: str) -> str:
    """With what the pods of a workload say."""
    labels = (body or {}).get("spec", {}).get("selector", {})
    if body is None or "matchLabels" not in labels:
        return why
    selector = ",".join(f"{key}={value}" for key, value in labels["matchLabels"].items())
    trouble = await workload_trouble(client, body["metadata"]["namespace"], selector)
    return f"{why} ({trouble})" if trouble else why


def waves(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each wave's steps wait for no other of the same or a later wave; namespaces before all else."""
    left = list(steps)
    while left:
        ids = {step.id for step in left}
        ready = [step for step in left if not ids.intersection(step.needs)] or left
        spaces = [step for step in ready if step.action is not Action.REMOVE and _is(step.resource, "Namespace")]
        wave = spaces or ready
        yield wave
        left = [step for step in left if step not in wave]


def _is(resource: Resource, kind: str) -> bool:
    return isinstance(resource, KubeObject) and bool(resource.body["kind"] == kind)


def _raise_first(results: Iterable[BaseException | None]) -> None:
    for result in results:
        if result is not None:
            raise result


def _not_yet(error: ApiError) -> bool:
    return error.status in NOT_YET or any(text in error.message for text in NOT_YET_TEXTS)


def _advice(error: ApiError) -> str:
    if error.status == 403:
        return "the kubeconfig's user may not do this: is group hardway:admins bound to cluster-admin?"
    if error.status == 422:
        return "a field that cannot be changed in place: delete the object with kubectl, then `hardway up` again"
    return "`hardway plan` shows the object"
