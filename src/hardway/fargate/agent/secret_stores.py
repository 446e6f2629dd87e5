"""Keeps the values of Kubernetes' secrets where tasks get them from: Secrets Manager, or parameters of Systems Manager.

One secret a pod, with all its values by key; a login to a registry is a secret of its own, as ECS wants it. They go
with the pod.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from hardway.fargate.agent.aws import Aws
from hardway.fargate.faults import AwsRefused
from hardway.fargate.mapping import names
from hardway.fargate.mapping.pull_secrets import Login
from hardway.fargate.settings import Settings

DELETED_TOGETHER: Final = 10
"""Names of one DeleteParameters."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where each value is to be had."""

    values: Mapping[str, str]
    """A valueFrom by key."""
    logins: Mapping[str, str]
    """A secret's ARN by registry."""


class SecretStore:
    """The secrets of a node's pods."""

    def __init__(self, aws: Aws, settings: Settings) -> None:
        self._aws = aws
        self._settings = settings

    @property
    def _in_parameters(self) -> bool:
        return self._settings.secret_store == "SSM"

    async def keep(self, uid: str, values: Mapping[str, str], logins: Mapping[str, Login]) -> Kept:
        """Raises AwsRefused."""
        prefix = names.secret_prefix(self._settings.node_name, uid)
        login_arns = {
            registry: await self._put(f"{prefix}/{registry.replace(':', '-')}", _login_text(login))
            for registry, login in logins.items()
        }
        if not values:
            return Kept({}, login_arns)
        if self._in_parameters:
            return Kept({key: await self._put_parameter(f"/{prefix}/{key}", values[key]) for key in values}, login_arns)
        arn = await self._put(prefix, json.dumps(dict(values)))
        return Kept({key: f"{arn}:{key}::" for key in values}, login_arns)

    async def _put(self, name: str, text: str) -> str:
        """A secret's ARN; one that is there already gets the value."""
        tags = [{"Key": names.NODE, "Value": self._settings.node_name}]
        try:
            answer = await self._aws.call("secretsmanager", "CreateSecret", Name=name, SecretString=text, Tags=tags)
        except AwsRefused as fault:
            if fault.code != "ResourceExistsException":
                raise
            answer = await self._aws.call("secretsmanager", "PutSecretValue", SecretId=name, SecretString=text)
        return str(answer["ARN"])

    async def _put_parameter(self, name: str, text: str) -> str:
        await self._aws.call("ssm", "PutParameter", Name=name, Value=text or " ", Type="SecureString", Overwrite=True)
        return name

    async def uids(self) -> Set[str]:
        """Of the pods for which something is kept. Raises AwsRefused."""
        prefix = names.secret_prefix(self._settings.node_name, "")
        found = {name.removeprefix(prefix).partition("/")[0] for name in await self._secret_names(prefix)}
        if self._in_parameters:
            parameters = await self._parameter_names(f"/{prefix}")
            found |= {name.removeprefix(f"/{prefix}").partition("/")[0] for name in parameters}
        return found

    async def remove(self, uid: str) -> None:
        """Raises AwsRefused."""
        prefix = names.secret_prefix(self._settings.node_name, uid)
        for name in await self._secret_names(prefix):
            await self._aws.call("secretsmanager", "DeleteSecret", SecretId=name, ForceDeleteWithoutRecovery=True)
        if self._in_parameters:
            there = await self._parameter_names(f"/{prefix}")
            for begin in range(0, len(there), DELETED_TOGETHER):
                await self._aws.call("ssm", "DeleteParameters", Names=there[begin : begin + DELETED_TOGETHER])

    async def _secret_names(self, prefix: str) -> list[str]:
        """The filter of Secrets Manager takes words apart and cares little for case: what is not ours is left out."""
        filters: list[dict[str, Any]] = [{"Key": "name", "Values": [prefix]}]
        found: list[str] = []
        async for page in self._aws.pages("secretsmanager", "ListSecrets", Filters=filters):
            found += [one["Name"] for one in page["SecretList"] if one["Name"].startswith(prefix)]
        return found

    async def _parameter_names(self, path: str) -> list[str]:
        found: list[str] = []
        async for page in self._aws.pages("ssm", "GetParametersByPath", Path=path.rstrip("/"), Recursive=True):
            found += [one["Name"] for one in page["Parameters"]]
        return found


def _login_text(login: Login) -> str:
    return json.dumps({"username": login.user, "password": login.password})
