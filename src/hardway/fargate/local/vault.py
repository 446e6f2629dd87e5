"""Secrets Manager and Systems Manager's parameters: what the agent keeps for pods, and tasks are given. In memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hardway.fargate.local.errors import ApiFault


@dataclass
class Vault:
    """Both stores of an account in a region."""

    account: str
    region: str
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    # What tasks are given (Developer Guide, "Pass Secrets Manager secrets", "Pass Systems Manager parameters")

    def value(self, source: str) -> str:
        """Of a valueFrom: a parameter's name or ARN, or a secret's ARN with a key: ARN:key:stage:version."""
        if ":secretsmanager:" not in source:
            name = source.rpartition(":parameter")[2] if ":parameter" in source else source
            return str(self._parameter(name)["Value"])
        parts = source.split(":")
        arn, key = ":".join(parts[:7]), parts[7] if len(parts) > 7 else ""
        text = str(self._secret(arn)["SecretString"])
        if not key:
            return text
        held = json.loads(text)
        if key not in held:
            raise ApiFault("ResourceNotFoundException", f"the secret has no key {key}")
        return str(held[key])

    # Secrets Manager

    def CreateSecret(self, request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Name"]
        if name in self.secrets:
            raise ApiFault("ResourceExistsException", f"The operation failed because the secret {name} already exists.")
        arn = f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{name}-{uuid4().hex[:6]}"
        self.secrets[name] = {
            "Name": name,
            "ARN": arn,
            "SecretString": request.get("SecretString", ""),
            "Tags": list(request.get("Tags", ())),
            "CreatedDate": datetime.now(UTC),
        }
        return {"ARN": arn, "Name": name, "VersionId": str(uuid4())}

    def PutSecretValue(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._secret(request["SecretId"])
        found["SecretString"] = request["SecretString"]
        return {"ARN": found["ARN"], "Name": found["Name"], "VersionId": str(uuid4())}

    def DescribeSecret(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._secret(request["SecretId"])
        return {key: found[key] for key in ("ARN", "Name", "Tags", "CreatedDate")}

    def DeleteSecret(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._secret(request["SecretId"])
        del self.secrets[found["Name"]]
        return {"ARN": found["ARN"], "Name": found["Name"], "DeletionDate": datetime.now(UTC)}

    def ListSecrets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        prefixes = [value for one in request.get("Filters", ()) if one["Key"] == "name" for value in one["Values"]]
        found = [one for one in self.secrets.values() if not prefixes or one["Name"].startswith(tuple(prefixes))]
        return {"SecretList": [{key: one[key] for key in ("ARN", "Name", "Tags", "CreatedDate")} for one in found]}

    def _secret(self, name: str) -> dict[str, Any]:
        for one in self.secrets.values():
            if name in (one["Name"], one["ARN"]):
                return one
        raise ApiFault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")

    # Systems Manager

    def PutParameter(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if len(request["Value"].encode()) > 4096:
            raise ApiFault("ValidationException", "Standard tier parameters support a maximum of 4096 characters.")
        if request["Name"] in self.parameters and not request.get("Overwrite"):
            raise ApiFault("ParameterAlreadyExists", "The parameter already exists.")
        self.parameters[request["Name"]] = dict(request)
        return {"Version": 1, "Tier": "Standard"}

    def GetParametersByPath(self, request: Mapping[str, Any]) -> dict[str, Any]:
        path = request["Path"].rstrip("/") + "/"
        found = [one for name, one in self.parameters.items() if name.startswith(path)]
        shown = [{"Name": one["Name"], "Type": one["Type"], "Value": "", "Version": 1} for one in found]
        return {"Parameters": shown}

    def DeleteParameters(self, request: Mapping[str, Any]) -> dict[str, Any]:
        there = [name for name in request["Names"] if self.parameters.pop(name, None) is not None]
        return {"DeletedParameters": there, "InvalidParameters": [one for one in request["Names"] if one not in there]}

    def _parameter(self, name: str) -> dict[str, Any]:
        if name not in self.parameters:
            raise ApiFault("ParameterNotFound", f"{name} is not there")
        return self.parameters[name]
