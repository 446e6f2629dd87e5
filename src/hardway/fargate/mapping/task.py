"""From a pod to what ECS is asked for: a task definition, the secrets it refers to, and RunTask. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from hardway.fargate.mapping import names, pods
from hardway.fargate.mapping.container import Secrets, container_definitions
from hardway.fargate.mapping.environment import Surroundings
from hardway.fargate.mapping.objects import Objects, Unready
from hardway.fargate.mapping.pull_secrets import Login
from hardway.fargate.mapping.refusals import need
from hardway.fargate.mapping.sizes import smallest
from hardway.fargate.mapping.volumes import storage, task_volumes
from hardway.fargate.settings import Settings
from hardway.kube.api import Body

LARGEST: Final = 64 * 1024
"""Bytes of a task definition (Developer Guide, "Amazon ECS service quotas")."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pod wants of AWS. Secret values are apart from the definition, which names their keys alone."""

    family: str
    body: Mapping[str, Any]
    """RegisterTaskDefinition; the valueFrom of a secret is its key, and a credentialsParameter the registry."""
    secrets: Mapping[str, str] = field(repr=False)
    logins: Mapping[str, Login] = field(repr=False)
    """By registry."""
    tags: Mapping[str, str]

    @property
    def hash(self) -> str:
        return sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()[:32]

    def definition(self, value_from: Callable[[str], str], login: Callable[[str], str]) -> dict[str, Any]:
        """The request, with where each secret's value and each registry's login is to be had."""
        made: dict[str, Any] = json.loads(json.dumps(self.body))
        for container in made["containerDefinitions"]:
            for secret in container.get("secrets", ()):
                secret["valueFrom"] = value_from(secret["valueFrom"])
            if "repositoryCredentials" in container:
                credentials = container["repositoryCredentials"]
                credentials["credentialsParameter"] = login(credentials["credentialsParameter"])
        made["tags"] = names.tags({**self.tags, names.HASH: self.hash})
        return made


def wish(pod: Body, objects: Objects, settings: Settings, host_address: str) -> Wish:
    """The pod must be one without `refusals`. Raises Unready with all that keeps it from starting for now."""
    around = Surroundings(pod, objects, host_address)
    secrets = Secrets()
    containers, logins = container_definitions(around, settings, secrets)
    size = smallest(*need(pod))
    if size is None:
        raise Unready(["no task is large enough"])
    body: dict[str, Any] = {
        "family": names.family(settings.node_name, pod),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(size.cpu),
        "memory": str(size.memory),
        "containerDefinitions": containers,
        "volumes": task_volumes(pod),
        "runtimePlatform": {
            "operatingSystemFamily": "LINUX",
            "cpuArchitecture": "X86_64" if settings.architecture == "amd64" else "ARM64",
        },
        **storage(pod),
        **_roles(pod, settings),
    }
    _check(body, secrets, logins, settings)
    return Wish(body["family"], body, secrets.values, logins, _tags(pod, settings))


def _roles(pod: Body, settings: Settings) -> dict[str, str]:
    given = pods.annotations_of(pod)
    task_role = given.get(f"{pods.ANNOTATION}task-role") or given.get("iam.amazonaws.com/role") or settings.task_role
    roles = {"taskRoleArn": task_role, "executionRoleArn": settings.execution_role}
    return {key: role for key, role in roles.items() if role}


def _check(body: Mapping[str, Any], secrets: Secrets, logins: Mapping[str, Login], settings: Settings) -> None:
    size = len(json.dumps(body).encode())
    if size > LARGEST:
        raise Unready([f"a task definition of {size} bytes: ECS takes {LARGEST}"])
    if (secrets.values or logins) and not settings.execution_role:
        raise Unready(["it needs secrets, and the agent's configuration has no ExecutionRoleArn to read them with"])


def _tags(pod: Body, settings: Settings) -> dict[str, str]:
    return {
        names.NODE: settings.node_name,
        names.UID: pods.uid(pod),
        names.NAMESPACE: pod["metadata"]["namespace"],
        names.NAME: pod["metadata"]["name"],
    }


def run_task(pod: Body, settings: Settings, definition: str, after: str, restarts: int) -> dict[str, Any]:
    """RunTask's request for the task that follows another one (its ARN, or "")."""
    network = {
        "subnets": list(settings.subnets),
        "securityGroups": list(settings.security_groups),
        "assignPublicIp": "ENABLED" if settings.assign_public_address else "DISABLED",
    }
    tags = {**_tags(pod, settings), names.IMAGES: pods.images_hash(pod), names.RESTARTS: str(restarts)}
    return {
        "cluster": settings.cluster,
        "taskDefinition": definition,
        "count": 1,
        "launchType": "FARGATE",
        "platformVersion": settings.platform_version,
        "networkConfiguration": {"awsvpcConfiguration": network},
        "startedBy": names.started_by(settings.node_name),
        "clientToken": names.token(pods.uid(pod), after),
        "tags": names.tags(tags),
    }
