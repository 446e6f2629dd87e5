"""Volumes on a machine's own disk, for clusters without a StorageClass: a PersistentVolume and its folder.

Touches the API; and a machine for one thing, to take a folder away together with its volume.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import TYPE_CHECKING, ClassVar, Final

from hardway.compose.cluster import CLASS, client_of
from hardway.compose.converting.names import project_labels
from hardway.compose.converting.parts import Body
from hardway.compose.resources import CLAIM
from hardway.engine.handler import Context, StepFailed
from hardway.kube.api import ApiError, ApiUnavailable, api_error
from hardway.machines.transport import Transport, Unreachable
from hardway.plan.steps import Action, Step
from hardway.resources.base import Attributes, Chapter, Known, Resource, Seen

if TYPE_CHECKING:
    from hardway.kube.client import KubeClient

FOLDER: Final = PurePosixPath("/var/lib/hardway-volumes")
"""On each machine; apart from what `hardway down` takes away, for data goes only when it is named."""
MACHINE: Final = "hardway.internal/machine"
"""Label of a PersistentVolume: where its folder is."""
VOLUME: Final = "PersistentVolume"
RELEASED_WITHIN: Final = 180.0
"""Seconds that the pods of a volume have to end."""
PAUSE: Final = 0.5
"""Seconds between two looks at a claim that is going: its going is held up by pods, which are another kind."""

Connect = Callable[[str], Awaitable[Transport | None]]
"""A connection to a machine, None where there is no such machine (any more). Raises Unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalVolume(Resource):
    """A folder of one machine as a volume for one claim, and for no other."""

    kind: ClassVar[str] = "local-volume"
    removal: ClassVar[int] = 30
    chapter: Chapter = Chapter.APPLICATION
    namespace: str
    claim: str
    size: str = ""
    """A quantity; nothing holds a pod to it."""

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.claim}"

    @property
    def object_name(self) -> str:
        return f"{self.namespace}.{self.claim}"

    @property
    def path(self) -> PurePosixPath:
        return FOLDER / self.namespace / self.claim

    def attributes(self, known: Known) -> Attributes:
        return {"there": "yes"}

    def describe(self) -> str:
        return f"volume {self.name}, {self.path} on {self.machine}"

    def body(self, project: str) -> Body:
        """Bound to its claim from the start; pods that use it run on its machine."""
        labels = {**project_labels(project), MACHINE: self.machine}
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.machine]}
        return {
            "apiVersion": "v1",
            "kind": VOLUME,
            "metadata": {"name": self.object_name, "labels": labels},
            "spec": {
                "capacity": {"storage": self.size},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                "claimRef": {"namespace": self.namespace, "name": self.claim},
                "hostPath": {"path": str(self.path), "type": "DirectoryOrCreate"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
            },
        }


class LocalVolumes:
    """The handler of a project's local volumes."""

    kinds: tuple[str, ...] = (LocalVolume.kind,)

    def __init__(self, kubeconfig: Path, connect: Connect, project: str) -> None:
        self._kubeconfig, self._connect, self._project = kubeconfig, connect, project

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """All of the project's. Raises ApiError, ApiUnavailable."""
        labels = ",".join(f"{key}={value}" for key, value in project_labels(self._project).items())
        async with client_of(self._kubeconfig) as client:
            bodies = await client.list("v1", VOLUME, labels=labels)
        pairs = ((volume_of(body), body) for body in bodies)
        found = (Seen(volume.id, {"there": _is_there(body)}, owned=True) for volume, body in pairs if volume)
        return {one.id: one for one in found}

    def owned(self, seen: Seen) -> Resource:
        _, machine, name = seen.id.split(":")
        namespace, _, claim = name.partition("/")
        return LocalVolume(machine=machine, namespace=namespace, claim=claim)

    def batch(self, step: Step) -> str | None:
        return None

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        for step in steps:
            volume = step.resource
            assert isinstance(volume, LocalVolume)
            try:
                async with client_of(self._kubeconfig) as client:
                    if step.action is Action.REMOVE:
                        await self._remove(client, step.id, volume, context)
                    else:
                        await self._make(client, volume)
            except (ApiError, ApiUnavailable) as error:
                raise StepFailed(step.id, f"the API did not take it: {error}") from error
            context.finished(step)

    async def _make(self, client: KubeClient, volume: LocalVolume) -> None:
        """The API keeps a volume for the claim that it had, by its uid: one whose claim is gone goes to the next."""
        await client.apply(volume.body(self._project))
        path = await client.path("v1", VOLUME, volume.object_name)
        free = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
        answer = await client.request("PATCH", path, free, None, "application/merge-patch+json")
        if answer.status >= 400:
            raise api_error(answer)

    async def _remove(self, client: KubeClient, step_id: str, volume: LocalVolume, context: Context) -> None:
        """Its claim first, which waits for pods; then what is in the folder; the object last: it is what is known of
        the folder."""
        await _until_gone(client, (CLAIM, volume.claim, volume.namespace), step_id, context)
        await self._empty(step_id, volume)
        await client.delete("v1", VOLUME, volume.object_name)
        await _until_gone(client, (VOLUME, volume.object_name, ""), step_id, context)

    async def _empty(self, step_id: str, volume: LocalVolume) -> None:
        try:
            transport = await self._connect(volume.machine)
            if transport is None:
                return  # the machine is gone, and the folder with it
            folder, around = quote(str(volume.path)), quote(str(volume.path.parent))
            script = f"rm -rf --one-file-system -- {folder} && {{ rmdir -- {around} 2>/dev/null || :; }}"
            result = await transport.run(script)
        except Unreachable as fault:
            raise StepFailed(step_id, f"its data is still there: {fault}", advice="start the machine") from fault
        if result.exit_code != 0:
            said = result.stderr.decode(errors="replace")
            raise StepFailed(step_id, f"{volume.path} could not be taken away", said)


async def _until_gone(client: KubeClient, one: tuple[str, str, str], step_id: str, context: Context) -> None:
    """Raises StepFailed where it is there for too long."""
    kind, name, namespace = one
    try:
        async with asyncio.timeout(RELEASED_WITHIN) as limit:
            while True:
                if await client.get("v1", kind, name, namespace) is None:
                    return
                context.waiting(step_id, f"{kind} {name} is still there")
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        if not limit.expired():
            raise
        what = f"{kind} {name} is not gone within {RELEASED_WITHIN:.0f} s"
        raise StepFailed(step_id, what, advice="look at the pods that use it, then do the same again") from None


def _is_there(body: Body) -> str:
    """A volume is Released when its claim was taken away: no other one gets it then."""
    if body["metadata"].get("deletionTimestamp"):
        return "it is being deleted"
    return "its claim is gone" if body.get("status", {}).get("phase") == "Released" else "yes"


def volume_of(body: Body) -> LocalVolume | None:
    """What a PersistentVolume is of; None for one that hardway did not make: its folder is not ours to empty."""
    reference, labels = body["spec"].get("claimRef") or {}, body["metadata"].get("labels") or {}
    names = (str(labels.get(MACHINE, "")), str(reference.get("namespace", "")), str(reference.get("name", "")))
    if not all(_NAME.fullmatch(name) for name in names):
        return None
    machine, namespace, claim = names
    volume = LocalVolume(machine=machine, namespace=namespace, claim=claim)
    path = (body["spec"].get("hostPath") or {}).get("path")
    return volume if path == str(volume.path) and body["metadata"]["name"] == volume.object_name else None


_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
