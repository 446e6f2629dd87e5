"""Which kind of workload a service is: a Deployment that goes on, a DaemonSet, or a Job that ends. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from hardway.compose.converting.parts import Around, Body, Pieces
from hardway.compose.converting.pod import pod
from hardway.compose.model import Project, Service, When

RETRIES: Final = 10_000
"""Of a Job that is to be tried until it succeeds."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A service's workload, and what must be before it."""

    service: Service
    body: Body
    objects: tuple[Body, ...]
    claims: tuple[str, ...]

    @property
    def kind(self) -> str:
        return str(self.body["kind"])


def workload(service: Service, around: Around) -> Workload:
    """The workload of a service."""
    template, pieces = pod(service, around)
    _tell(service, around)
    if is_job(service, around.project):
        body = _job(service, template, around)
    elif service.mode == "global":
        body = _daemon_set(service, template, pieces, around)
    else:
        body = _deployment(service, template, pieces, around)
    return Workload(service, body, tuple(pieces.objects), tuple(dict.fromkeys(pieces.claims)))


def is_job(service: Service, project: Project) -> bool:
    """Whether it comes to an end: somebody waits for that, or it is not to be restarted and is no server."""
    if service.mode in ("replicated-job", "global-job"):
        return True
    if any(
        one.service == service.name and one.when is When.COMPLETED
        for other in project.services
        for one in other.depends_on
    ):
        return True
    serves = bool(service.ports or service.expose or service.healthcheck)
    return service.restart in ("no", "on-failure") and not serves


def _tell(service: Service, around: Around) -> None:
    place, path = service.place_of("deploy", "mode"), ("services", service.name, "deploy", "mode")
    if service.mode not in ("replicated", "global", "replicated-job"):
        around.telling.cannot(place, path, f"the mode {service.mode!r} has no counterpart", "replicated, global")
    if service.restart in ("no", "on-failure") and not is_job(service, around.project):
        what = "it has ports or a healthcheck, so it is taken for a server, and started again whenever it ends"
        around.telling.mapped(service.place_of("restart"), ("services", service.name, "restart"), what)


def _deployment(service: Service, template: Body, pieces: Pieces, around: Around) -> Body:
    """One that keeps data is stopped before it is started anew: two pods must never write to one volume."""
    strategy: Body = {"strategy": {"type": "Recreate"}} if pieces.keeps else {}
    spec = {
        "replicas": service.replicas,
        "selector": {"matchLabels": around.selector(service.name)},
        **strategy,
        "template": template,
    }
    meta = around.meta(around.names.services[service.name], service.name)
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def _daemon_set(service: Service, template: Body, pieces: Pieces, around: Around) -> Body:
    if pieces.keeps:
        path = ("services", service.name, "deploy", "mode")
        what = "a pod on every machine cannot share a volume"
        around.telling.refuse(service.place_of("deploy"), path, what, "replicated, with one replica")
    meta = around.meta(around.names.services[service.name], service.name)
    spec = {"selector": {"matchLabels": around.selector(service.name)}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": spec}


def _job(service: Service, template: Body, around: Around) -> Body:
    """A Job cannot be changed: another content is another Job, so its name has a digest of it."""
    fails_once = service.restart in ("", "no", "always", "unless-stopped")
    spec = {
        "backoffLimit": 0 if fails_once else _or(service.attempts, RETRIES),
        "completions": service.replicas,
        "parallelism": service.replicas,
        "template": {**template, "spec": {**template["spec"], "restartPolicy": "Never" if fails_once else "OnFailure"}},
    }
    digest = sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:8]
    meta = around.meta(f"{around.names.services[service.name]}-{digest}", service.name)
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
