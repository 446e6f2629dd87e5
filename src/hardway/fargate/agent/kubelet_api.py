"""The kubelet's API on port 10250: TLS with client certificates of the cluster's authority, and the API server's own
judgement (SubjectAccessReview) of what each client may do.

Logs, pods, stats and metrics are answered; what Fargate cannot do, or this agent does not, is 501 with the reason.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from aiohttp import web

from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.cluster import ClusterDoor
from hardway.fargate.agent.pod_logs import BadOptions, LogOptions, log_lines, log_options
from hardway.fargate.faults import AwsRefused, FargateFault
from hardway.fargate.mapping import pods
from hardway.fargate.mapping.container import log_stream
from hardway.fargate.settings import Settings
from hardway.fargate.status import rfc3339
from hardway.fargate.tasks import Task
from hardway.kube.api import Body

REMEMBERED: Final = 10.0
"""Seconds that the API server's judgement of a client holds, as with the kubelet's webhook cache (up to 5 min)."""
NO_EXEC: Final = "exec is not done by this agent: ECS Exec runs over Session Manager's own protocol"
NOT_DONE: Final = {
    "exec": NO_EXEC,
    "attach": "attach is not possible: Fargate has no way to a container's standard input",
    "portForward": "port-forward is not possible: reach the pod at its own address",
    "run": NO_EXEC,
    "checkpoint": "Fargate makes no checkpoints",
}
User = tuple[str, tuple[str, ...]]
"""A client's name and groups."""


class View(Protocol):
    """What the agent knows just now."""

    @property
    def pods(self) -> dict[str, Body]: ...
    def tasks_of(self, uid: str) -> list[Task]:
        """Oldest first."""
        ...


@dataclass
class KubeletApi:
    """Its handlers."""

    settings: Settings
    view: View
    aws: Aws
    cluster: ClusterDoor

    def __post_init__(self) -> None:
        self._judged: dict[tuple[User, str, str], tuple[float, bool]] = {}

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._authorized])
        made.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/pods", self._pods),
                web.get("/runningpods/", self._pods),
                web.get("/containerLogs/{namespace}/{pod}/{container}", self._logs),
                web.get("/stats/summary", self._summary),
                web.get("/metrics/resource", self._metrics),
                web.get("/metrics", self._metrics),
                *(web.route("*", f"/{what}/{{rest:.*}}", self._not_done) for what in NOT_DONE),
            ]
        )
        return made

    @web.middleware
    async def _authorized(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        user = user_of(request.transport.get_extra_info("peercert") if request.transport else None)
        if user is None:
            return web.Response(status=401, text="a client certificate is needed")
        verb, subresource = ("get" if request.method in ("GET", "HEAD") else "create"), subresource_of(request.path)
        if not await self._may(user, verb, subresource):
            what = f"{user[0]} may not {verb} nodes/{subresource} of {self.settings.node_name}"
            return web.Response(status=403, text=f"Forbidden: {what}")
        return await handler(request)

    async def _may(self, user: User, verb: str, subresource: str) -> bool:
        key = (user, verb, subresource)
        at, judged = self._judged.get(key, (0.0, False))
        if time.monotonic() - at < REMEMBERED and judged:
            return True
        judged = await self.cluster.may(user[0], list(user[1]), verb, subresource)
        self._judged = {**dict(list(self._judged.items())[-100:]), key: (time.monotonic(), judged)}
        return judged

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _not_done(self, request: web.Request) -> web.Response:
        return web.Response(status=501, text=NOT_DONE[request.path.split("/")[1]])

    async def _pods(self, request: web.Request) -> web.Response:
        items = list(self.view.pods.values())
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items})

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        try:
            options = log_options(request.query, datetime.now(UTC))
        except BadOptions as fault:
            return web.Response(status=422, text=str(fault))
        if not self.settings.log_group:
            text = "there are no logs: the agent's configuration has no CloudWatchLogGroupName"
            return web.Response(status=400, text=text)
        match = request.match_info
        try:
            task = self._task(match["namespace"], match["pod"], match["container"], options)
        except LookupError as fault:
            return web.Response(status=404, text=str(fault.args[0]))
        return await self._stream(request, task, match["container"], options)

    async def _stream(
        self, request: web.Request, task: Task, container: str, options: LogOptions
    ) -> web.StreamResponse:
        def ended() -> bool:
            now = [one for one in self.view.tasks_of(task.uid) if one.arn == task.arn]
            return not now or now[0].is_stopped

        stream = log_stream(self.settings, container, task.id)
        lines = log_lines(self.aws, self.settings.log_group, stream, options, ended)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        try:
            first = await anext(lines, b"")
        except AwsRefused as fault:
            return web.Response(status=500, text=str(fault))
        await response.prepare(request)
        await response.write(first)
        async for line in lines:
            await response.write(line)
        await response.write_eof()
        return response

    def _task(self, namespace: str, name: str, container: str, options: LogOptions) -> Task:
        """Whose output is asked for: the newest task's, or with `previous` that of the one before."""
        for uid, pod in self.view.pods.items():
            if pods.full_name(pod) != f"{namespace}/{name}":
                continue
            if not any(one["name"] == container for one in pods.all_containers(pod)):
                raise LookupError(f"pod {namespace}/{name} has no container {container}")
            ran = [task for task in self.view.tasks_of(uid) if task.ran]
            wanted = 2 if options.previous else 1
            if len(ran) < wanted:
                before = "an earlier task" if options.previous else "a task"
                raise LookupError(f"pod {namespace}/{name} has no {before.partition(' ')[2]} that AWS knows")
            return ran[-wanted]
        raise LookupError(f"pod {namespace}/{name} is not here")

    async def _summary(self, request: web.Request) -> web.Response:
        """Without usage: AWS tells of that by Container Insights only."""
        now = rfc3339(datetime.now(UTC))
        node = {"nodeName": self.settings.node_name, "startTime": now}
        return web.json_response({"node": node, "pods": [_pod_stats(pod, now) for pod in self.view.pods.values()]})

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(text="\n".join(self._metric_lines()) + "\n")

    def _metric_lines(self) -> Iterator[str]:
        yield "# TYPE scrape_error gauge"
        yield "scrape_error 0"
        yield "# TYPE container_start_time_seconds gauge"
        for uid, pod in self.view.pods.items():
            started = next((task.started for task in reversed(self.view.tasks_of(uid)) if task.started), None)
            for one in pods.containers(pod) if started else ():
                meta = pod["metadata"]
                labels = f'container="{one["name"]}",namespace="{meta["namespace"]}",pod="{meta["name"]}"'
                yield f"container_start_time_seconds{{{labels}}} {started.timestamp() if started else 0}"
        yield "# TYPE hardway_fargate_aws_calls_total counter"
        for name, count in sorted(self.aws.calls.items()):
            yield f'hardway_fargate_aws_calls_total{{call="{name}"}} {count}'


def _pod_stats(pod: Body, now: str) -> dict[str, Any]:
    meta = pod["metadata"]
    reference = {key: meta[key] for key in ("name", "namespace", "uid")}
    started = (pod.get("status") or {}).get("startTime") or now
    containers = [{"name": one["name"], "startTime": started} for one in pods.containers(pod)]
    return {"podRef": reference, "startTime": started, "containers": containers}


def user_of(certificate: dict[str, Any] | None) -> User | None:
    """Common name and organizations of a verified client certificate, as the API server reads them."""
    if not certificate:
        return None
    parts = [pair for name in certificate.get("subject", ()) for pair in name]
    common = next((value for key, value in parts if key == "commonName"), "")
    groups = tuple(value for key, value in parts if key == "organizationName")
    return (common, (*groups, "system:authenticated")) if common else None


def subresource_of(path: str) -> str:
    """Kubernetes documentation, "Kubelet authentication/authorization": stats, metrics, log, and proxy for the rest."""
    for prefix, subresource in (("/stats/", "stats"), ("/metrics", "metrics"), ("/logs/", "log")):
        if path.startswith(prefix):
            return subresource
    return "proxy"


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Raises FargateFault where the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(settings.kubelet_certificate, settings.kubelet_key)
        context.load_verify_locations(settings.kubelet_client_ca)
    except (OSError, ssl.SSLError) as error:
        raise FargateFault(
            "the kubelet API's certificate, key or client authority cannot be used",
            str(error),
            "look at KubeletCertificate, KubeletKey and KubeletClientCA: three files, PEM",
        ) from error
    return context


async def serve(api: KubeletApi, stop: asyncio.Event) -> None:
    """Until `stop`. A certificate that is replaced on disk is used from then on."""
    settings = api.settings
    context = tls_context(settings)
    runner = web.AppRunner(api.application(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=settings.kubelet_port, ssl_context=context).start()
        await _renewing(context, settings, stop)
    finally:
        await runner.cleanup()


async def _renewing(context: ssl.SSLContext, settings: Settings, stop: asyncio.Event) -> None:
    file = Path(settings.kubelet_certificate)
    loaded = file.stat().st_mtime
    while not stop.is_set():
        try:
            async with asyncio.timeout(60):
                await stop.wait()
        except TimeoutError:
            if file.exists() and file.stat().st_mtime != loaded:
                loaded = file.stat().st_mtime
                context.load_cert_chain(settings.kubelet_certificate, settings.kubelet_key)
