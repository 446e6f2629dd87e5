"""Which project a command is about, and where its containers are: by its files or by -p alone. Reads both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hardway.compose.cluster import client_of
from hardway.compose.converting.names import PROJECT, SERVICE, label, labels
from hardway.compose.faults import ComposeFaults
from hardway.compose.files import Files
from hardway.compose.loading.request import PROJECT_NAME, Request
from hardway.compose.loading.whole import read_project
from hardway.operations.access import kubeconfig_path, kubectl_command
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.spec.faults import Fault, nearest


@dataclass(frozen=True, slots=True)
class Identity:
    """A project on a cluster."""

    project: str
    namespace: str
    services: dict[str, str]
    """Names on the cluster by those of the files; empty where no file was read."""

    def service(self, name: str) -> str:
        """The name on the cluster. Raises Refused for one that is not in the files."""
        if not self.services:
            return label(name)
        if name not in self.services:
            near = nearest(name, self.services)
            raise Refused((f"there is no service {name!r}" + (f": did you mean {near}?" if near else ""),))
        return self.services[name]


def identify(request: Request, files: Files) -> Identity:
    """By -p alone where that is given: what is to go may have no file any more. Raises ComposeFaults."""
    if request.name and not request.files:
        if not PROJECT_NAME.fullmatch(request.name):
            what = f"{request.name!r} is no project's name"
            raise ComposeFaults([Fault("-p", 0, 0, "", what, "small letters, digits, hyphens and underscores")])
        return Identity(request.name, label(request.name), {})
    project = read_project(request, files).project
    return Identity(project.name, label(project.name), dict(labels(one.name for one in project.services)))


def logs_command(
    world: World, identity: Identity, services: Sequence[str], *, follow: bool, lines: int | None
) -> tuple[str, ...]:
    """kubectl for the logs of some services, or of all; each line with its pod. Raises Refused."""
    names = ",".join(identity.service(name) for name in services)
    kubeconfig_path(world)
    selector = f"{PROJECT}={identity.project}" + (f",{SERVICE} in ({names})" if names else "")
    tail = -1 if lines is None else lines
    arguments = ("--namespace", identity.namespace, "logs", f"--selector={selector}", "--prefix", "--all-containers")
    following = ("--follow", "--max-log-requests=100") if follow else ("--max-log-requests=100",)
    return kubectl_command(world, (*arguments, *following, f"--tail={tail}"))


async def exec_command(
    world: World, identity: Identity, service: str, command: Sequence[str], *, terminal: bool
) -> tuple[str, ...]:
    """kubectl for a command in a service's first pod that runs. Raises Refused where none does."""
    name = identity.service(service)
    selector = f"{PROJECT}={identity.project},{SERVICE}={name}"
    async with client_of(kubeconfig_path(world)) as client:
        pods = await client.list("v1", "Pod", identity.namespace, labels=selector, fields="status.phase=Running")
    running = sorted(one["metadata"]["name"] for one in pods if not one["metadata"].get("deletionTimestamp"))
    if not running:
        raise Refused((f"no pod of {service} runs: `hardway compose ps` says why",))
    flags = ("--stdin", "--tty") if terminal else ("--stdin",)
    where = ("--namespace", identity.namespace, "exec", *flags, f"pod/{running[0]}")
    return kubectl_command(world, (*where, f"--container={name}", "--", *command))
