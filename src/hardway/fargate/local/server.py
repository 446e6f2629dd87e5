"""The HTTP server: reads a call in AWS's protocol, asks the service, answers in the protocol.

Any credentials will do: nobody but this computer's users reaches the loopback address. A path of our own, /_local,
tells of what happens and takes faults to show.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from hardway.fargate.local.account import Account
from hardway.fargate.local.behaviour import Behaviour
from hardway.fargate.local.ecs import Ecs
from hardway.fargate.local.errors import ApiFault
from hardway.fargate.local.lifecycle import Life
from hardway.fargate.local.logs import Logs
from hardway.fargate.local.runtime import Runtime
from hardway.fargate.local.task import Task
from hardway.fargate.local.vault import Vault
from hardway.fargate.local.wire import Response, answer, read, refusal

LARGEST: Final = 1 << 20
_SCOPE: Final = re.compile(r"Credential=[^/,]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
CONTROL: Final = "/_local"


@dataclass
class LocalAws:
    """All services, over one runtime."""

    account: Account
    runtime: Runtime
    behaviour: Behaviour

    def __post_init__(self) -> None:
        self.vault = Vault(self.account.id, self.account.region)
        self.logs = Logs(self.account.id, self.account.region)
        self.ecs = Ecs(self.account.id, self.account.region, self.behaviour, self._live)
        self._services: Mapping[str, object] = {
            "ecs": self.ecs,
            "logs": self.logs,
            "secretsmanager": self.vault,
            "ssm": self.vault,
            "sts": self.account,
            "ec2": self.account,
            "iam": self.account,
        }

    async def _live(self, task: Task) -> None:
        life = Life(task, self.account, self.behaviour, self.vault, self.logs, self.runtime)
        try:
            await life.live()
        except Exception:  # the task is told of as it is; what went wrong is for the log
            traceback.print_exc(file=sys.stderr)
            task.stop("InfrastructureHealth", "the local Fargate failed; its log says how")
            task.move("STOPPED")

    def respond(self, target: str, service: str, body: str) -> Response:
        """The answer to a request, whatever it is."""
        spoken = service
        try:
            call = read(target, service, body)
            spoken = call.service
            self.behaviour.admit(call.name, asyncio.get_running_loop().time())
            self.logs.lag = self.behaviour.log_lag
            method: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None
            method = getattr(self._services[call.service], call.operation, None)
            if method is None:
                raise ApiFault("UnsupportedOperation", f"{call.name} is not spoken by the local Fargate", 501)
            return answer(call, method(call.parameters))
        except ApiFault as fault:
            return refusal(spoken, fault)

    def told(self) -> dict[str, Any]:
        """What is there, and what was called."""
        return {
            "tasks": [one.body(tags=True) for one in self.ecs.tasks.values()],
            "families": self.ecs.definitions.active_families(""),
            "secrets": sorted(self.vault.secrets),
            "parameters": sorted(self.vault.parameters),
            "interfaces": sorted(self.account.interfaces),
            "calls": dict(self.behaviour.calls),
        }


def application(aws: LocalAws) -> web.Application:
    async def call(request: web.Request) -> web.Response:
        found = _SCOPE.search(request.headers.get("Authorization", ""))
        body = (await request.read()).decode(errors="replace")
        made = aws.respond(request.headers.get("X-Amz-Target", ""), found[1] if found else "", body)
        return web.Response(status=made.status, text=made.body, headers={"Content-Type": made.content_type})

    async def tell(request: web.Request) -> web.Response:
        return web.json_response(aws.told(), dumps=lambda value: json.dumps(value, default=str))

    async def change(request: web.Request) -> web.Response:
        try:
            aws.behaviour.change(await request.json())
        except (ApiFault, TypeError, ValueError) as fault:
            return web.Response(status=400, text=str(fault))
        return web.json_response({})

    made = web.Application(client_max_size=LARGEST)
    made.add_routes([web.get(CONTROL, tell), web.put(CONTROL, change), web.post("/", call)])
    return made


async def serve(aws: LocalAws, listening: socket.socket, stop: asyncio.Event) -> None:
    """Until `stop`; then every task is ended."""
    runner = web.AppRunner(application(aws), access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        await stop.wait()
    finally:
        await aws.ecs.close()
        await runner.cleanup()
