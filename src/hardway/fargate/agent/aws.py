"""The only door to AWS: boto3, in threads. Counts its calls, and says of each refusal which permission is missing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from hardway.fargate.faults import AwsRefused

THREADS: Final = 8
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"})
_CONFIG: Final = {"retries": {"mode": "adaptive", "max_attempts": 6}, "connect_timeout": 5, "read_timeout": 30}
"""Adaptive: back-off with jitter, and a rate that is lowered while AWS says that calls come too often."""


class Aws:
    """One account in one region."""

    def __init__(self, region: str, endpoint: str = "") -> None:
        self.region = region
        self._endpoint = endpoint or None
        self._session = boto3.session.Session(region_name=region)
        self._clients: dict[str, Any] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self.calls: Counter[str] = Counter()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def regions(self) -> list[str]:
        """Where ECS is, as far as botocore knows."""
        partitions = self._session.get_available_partitions()
        return sorted(one for part in partitions for one in self._session.get_available_regions("ecs", part))

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """An operation by its name in the API reference. Raises AwsRefused."""
        self.calls[f"{service}:{operation}"] += 1
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, service, operation, parameters)

    async def pages(self, service: str, operation: str, **parameters: Any) -> AsyncIterator[dict[str, Any]]:
        """Every page of an answer with nextToken (NextToken)."""
        while True:
            answer = await self.call(service, operation, **parameters)
            yield answer
            key = "NextToken" if "NextToken" in answer else "nextToken"
            if not answer.get(key):
                return
            parameters[key] = answer[key]

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(**_CONFIG)
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint, config=config)
        return self._clients[service]

    def _call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        name = f"{service}:{operation}"
        try:
            method = getattr(self._client(service), xform_name(operation))
            answer: dict[str, Any] = method(**parameters)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
            said = str(error.response.get("Error", {}).get("Message") or error)
            raise AwsRefused(name, code, said, _advice(name, code)) from None
        except NoCredentialsError:
            way_out = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
            raise AwsRefused(name, "NoCredentials", "there are no credentials for AWS here", way_out) from None
        except BotoCoreError as error:
            raise AwsRefused(name, type(error).__name__, str(error)) from None
        answer.pop("ResponseMetadata", None)
        return answer


def _advice(name: str, code: str) -> str:
    if code in _DENIED:
        statement = {"Effect": "Allow", "Action": name, "Resource": "*"}
        return f"the agent's IAM policy lacks this statement: {json.dumps(statement)}"
    if code in ("ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"):
        return "the credentials are not valid (any more): get new ones"
    return ""
