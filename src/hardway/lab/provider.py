"""The provider `lab`: machines made on this computer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hardway.components.facts import Facts
from hardway.engine.handler import Handler
from hardway.lab.disk import read_record
from hardway.lab.forward import read_forward
from hardway.lab.handlers import handlers
from hardway.lab.layout import layout
from hardway.lab.network import connect
from hardway.lab.nspawn import BLOBS
from hardway.lab.places import LabPlace
from hardway.lab.recipe import OS_RELEASE
from hardway.lab.resources import Forward, forward_id, wanted
from hardway.machines.provider import Endpoint
from hardway.plan.steps import Plan
from hardway.resources.base import Content, Ref, Resource
from hardway.spec.model import Cluster

SSH_PORT = 22
CAP_SYS_RESOURCE = 24
"""capabilities(7), linux/capability.h."""


class LabProvider:
    """Machines of systemd-nspawn on this computer. The lab bears the cluster's name."""

    kind = "lab"

    async def survey(self, cluster: Cluster) -> None:
        """Nothing is to know beforehand."""

    async def cautions(self, cluster: Cluster) -> Sequence[str]:
        return ()

    async def obstacles(self, cluster: Cluster, plan: Plan) -> Sequence[str]:
        return ()

    def wanted(self, cluster: Cluster) -> Sequence[Resource]:
        return wanted(layout(cluster))

    def handlers(self, cluster: Cluster) -> Sequence[Handler]:
        return handlers(layout(cluster))

    async def endpoint(self, cluster: Cluster, machine: str) -> Endpoint | None:
        place = LabPlace(cluster.name)
        record = read_record(place.machine(machine))
        if record is None:
            return None
        address = record.address
        return Endpoint(
            machine=machine,
            host=address,
            port=SSH_PORT,
            user="root",
            client_key=place.client_key,
            host_key=place.machine(machine).known_hosts.read_text().split(maxsplit=1)[1].strip(),
            connect=lambda: connect(cluster.name, address, SSH_PORT),
            blobs=BLOBS,
        )

    def expected_facts(self, cluster: Cluster) -> Facts | None:
        """They share this computer's kernel, and what it permits."""
        os_id, os_version = OS_RELEASE[cluster.lab.suite]
        here = os.uname()
        return Facts(
            os_id=os_id,
            os_version=os_version,
            arch=here.machine,
            kernel=here.release,
            cgroup="v2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "v1",
            restricted_oom=not _has_capability(CAP_SYS_RESOURCE),
            container=True,
        )

    def value(self, ref: Ref) -> bytes | None:
        kind, _, lab = ref.resource.split(":", 2)
        if kind != Forward.kind or ref.attribute != "url":
            return None
        record = read_forward(LabPlace(lab))
        return record.url.encode() if record else None

    def api_proxy(self, cluster: Cluster) -> str | None:
        return None

    def api_url(self, cluster: Cluster) -> Content:
        return Content.of(Ref(forward_id(cluster.name), "url"))


def _has_capability(number: int) -> bool:
    """Whether root may do this here at all: the bounding set (proc(5))."""
    rows = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    bounding = next(row[1] for row in rows if row[0] == "CapBnd:")
    return bool(int(bounding, 16) >> number & 1)
