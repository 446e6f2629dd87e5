"""The containers of a task definition: those of the pod, and before them the one that writes files. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hardway.fargate.mapping import files, pods
from hardway.fargate.mapping.environment import Environment, Surroundings, arguments, environment
from hardway.fargate.mapping.files import WrittenFile
from hardway.fargate.mapping.health import health_check
from hardway.fargate.mapping.objects import Unready
from hardway.fargate.mapping.pull_secrets import Login, logins, registry_of
from hardway.fargate.mapping.volumes import mount_points
from hardway.fargate.settings import Settings
from hardway.kube.api import Body

LONGEST_STOP: Final = 120
"""Seconds, the most that Fargate waits between SIGTERM and SIGKILL (ContainerDefinition.stopTimeout)."""


@dataclass
class Secrets:
    """Collects the values that the secret store is to keep for a pod, by key."""

    values: dict[str, str] = field(default_factory=dict, repr=False)

    def key(self, value: str) -> str:
        key = f"k{len(self.values)}"
        self.values[key] = value
        return key


def container_definitions(
    around: Surroundings, settings: Settings, secrets: Secrets
) -> tuple[list[dict[str, Any]], Mapping[str, Login]]:
    """In the order of their start, and the logins that they need. Raises Unready with all that is missing."""
    pod = around.pod
    known = logins(pod, around.objects)
    made: list[dict[str, Any]] = []
    missing: list[str] = []
    before: list[str] = []
    try:
        written = files.files(around)
    except Unready as fault:
        written = ()
        missing.append(str(fault))
    if written:
        made.append(_writer(written, settings, secrets))
        before = [files.CONTAINER]
    for container in pods.init_containers(pod):
        _collect(made, missing, container, around, settings, secrets, known, before, essential=False)
        before = [container["name"]]
    for container in pods.containers(pod):
        _collect(made, missing, container, around, settings, secrets, known, before, essential=True)
    if missing:
        raise Unready(list(dict.fromkeys(missing)))
    used = {registry_of(one["image"]) for one in made if "repositoryCredentials" in one}
    return made, {registry: known[registry] for registry in sorted(used)}


def _collect(
    made: list[dict[str, Any]],
    missing: list[str],
    container: Body,
    around: Surroundings,
    settings: Settings,
    secrets: Secrets,
    known: Mapping[str, Login],
    before: list[str],
    *,
    essential: bool,
) -> None:
    try:
        definition = _definition(container, around, settings, secrets)
    except Unready as fault:
        missing.append(str(fault))
        return
    registry = registry_of(container["image"])
    if registry in known:
        definition["repositoryCredentials"] = {"credentialsParameter": registry}
    if before:
        definition["dependsOn"] = [{"containerName": name, "condition": "SUCCESS"} for name in before]
    made.append({**definition, "essential": essential, **(_resources(container) if essential else {})})


def _definition(container: Body, around: Surroundings, settings: Settings, secrets: Secrets) -> dict[str, Any]:
    variables = environment(container, around)
    definition: dict[str, Any] = {
        "name": container["name"],
        "image": container["image"],
        "environment": [{"name": name, "value": value} for name, value in variables.plain.items()],
        "secrets": [{"name": name, "valueFrom": secrets.key(value)} for name, value in variables.secret.items()],
        "mountPoints": mount_points(around.pod, container),
        "portMappings": [
            {"containerPort": port["containerPort"], "protocol": str(port.get("protocol") or "TCP").lower()}
            for port in container.get("ports") or ()
            if str(port.get("protocol") or "TCP") in ("TCP", "UDP")
        ],
        "stopTimeout": max(2, min(LONGEST_STOP, pods.grace_seconds(around.pod))),
        **_command(container, variables),
        **_security(container, around.pod),
        **_logging(settings),
    }
    check = health_check(container)
    if check:
        definition["healthCheck"] = check
    return definition


def _command(container: Body, variables: Environment) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for ours, theirs in (("command", "entryPoint"), ("args", "command")):
        words, secret = arguments(container.get(ours) or [], variables)
        if secret:
            name = container["name"]
            raise Unready([f"container {name}: a Secret's value in its {ours} would stand in the task definition"])
        if words:
            made[theirs] = words
    if container.get("workingDir"):
        made["workingDirectory"] = container["workingDir"]
    return made


def _security(container: Body, pod: Body) -> dict[str, Any]:
    """What the container says; for user and group, else what the pod says."""
    own = container.get("securityContext") or {}
    whole = {**(pod["spec"].get("securityContext") or {}), **own}
    made: dict[str, Any] = {}
    if whole.get("runAsUser") is not None:
        group = whole.get("runAsGroup")
        made["user"] = str(whole["runAsUser"]) if group is None else f"{whole['runAsUser']}:{group}"
    if own.get("readOnlyRootFilesystem"):
        made["readonlyRootFilesystem"] = True
    capabilities = {
        key: list(names) for key, names in (own.get("capabilities") or {}).items() if key in ("add", "drop") and names
    }
    if capabilities:
        made["linuxParameters"] = {"capabilities": capabilities}
    return made


def _resources(container: Body) -> dict[str, Any]:
    """Limits are hard, requests are reserved; ECS takes no reservation above the limit, and 6 MiB at least."""
    made: dict[str, Any] = {}
    cpu = pods.cpu_units(container, "requests")
    limit, request = pods.memory_mib(container, "limits"), pods.memory_mib(container, "requests")
    if cpu:
        made["cpu"] = cpu
    if limit:
        made["memory"] = max(6, limit)
    if request and (not limit or request <= limit):
        made["memoryReservation"] = max(6, request)
    return made


def _logging(settings: Settings) -> dict[str, Any]:
    if not settings.log_group:
        return {}
    options = {
        "awslogs-group": settings.log_group,
        "awslogs-region": settings.region,
        "awslogs-stream-prefix": settings.log_stream_prefix,
    }
    return {"logConfiguration": {"logDriver": "awslogs", "options": options}}


def _writer(written: tuple[WrittenFile, ...], settings: Settings, secrets: Secrets) -> dict[str, Any]:
    named = [(files.variable(number), file) for number, file in enumerate(written)]
    volumes = dict.fromkeys(file.volume for file in written)
    return {
        "name": files.CONTAINER,
        "image": settings.files_image,
        "essential": False,
        "entryPoint": ["sh", "-c"],
        "command": [files.script(written)],
        "environment": [{"name": name, "value": files.encoded(file)} for name, file in named if not file.secret],
        "secrets": [
            {"name": name, "valueFrom": secrets.key(files.encoded(file))} for name, file in named if file.secret
        ],
        "mountPoints": [
            {"sourceVolume": volume, "containerPath": f"{files.ROOT}/{volume}", "readOnly": False} for volume in volumes
        ],
        **_logging(settings),
    }


def log_stream(settings: Settings, container: str, task_id: str) -> str:
    """Where awslogs writes a container's output (Developer Guide, awslogs-stream-prefix): prefix/container/task-id."""
    return f"{settings.log_stream_prefix}/{container}/{task_id}"
