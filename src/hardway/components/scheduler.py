"""kube-scheduler: finds a node for every pod that has none. One on each master; one of them leads.

As the controller-manager it talks to the API server beside it, and listens with HTTPS on the loopback address. The
article's configuration is `kubescheduler.config.k8s.io/v1alpha1`, which no scheduler since 1.19 reads; v1 it is now.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import kubeconfig, local_api, pair, to_yaml, trust
from hardway.components.layout import BIN, KUBERNETES, PKI, SCHEDULER_UNIT, program
from hardway.components.unit_file import ALWAYS, HARDENED, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File, Probe, SystemUser
from hardway.spec.model import Cluster, Machine

USER: Final = "kube-scheduler"
PORT: Final = 10259
CONFIG: Final = f"{KUBERNETES}/kube-scheduler.yaml"


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A scheduler on each master."""
    return tuple(resource for master in cluster.masters for resource in _scheduler(cluster, master))


def _scheduler(cluster: Cluster, master: Machine) -> tuple[Resource, ...]:
    machine = master.name
    authority = trust(machine, names.KUBERNETES_CA)
    identity = pair(machine, names.SCHEDULER, USER)
    access = kubeconfig(cluster, machine, "kube-scheduler", local_api(cluster), authority, identity)
    reads = (
        program(cluster, machine, Chapter.CONTROL_PLANE, "kube-scheduler"),
        authority,
        *identity,
        *pair(machine, names.SCHEDULER_SERVING, USER),
        access,
        File(
            chapter=Chapter.CONTROL_PLANE, machine=machine, path=CONFIG, content=Content.of(_configuration(access.path))
        ),
    )
    return (
        SystemUser(chapter=Chapter.CONTROL_PLANE, machine=machine, user=USER),
        *reads,
        *service(
            machine,
            Chapter.CONTROL_PLANE,
            SCHEDULER_UNIT,
            _unit(cluster, access.path),
            reads,
            ready=Probe(port=PORT, path="/healthz", scheme="https", ca=names.certificate(names.KUBERNETES_CA)),
        ),
    )


def _configuration(access: str) -> str:
    return to_yaml(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": access},
            "leaderElection": {"leaderElect": True, "retryPeriod": "1s"},
            "enableProfiling": False,
        }
    )


def _flags(access: str) -> dict[str, str]:
    return {
        "config": CONFIG,
        "bind-address": "127.0.0.1",
        "tls-cert-file": f"{PKI}/{names.SCHEDULER_SERVING}.pem",
        "tls-private-key-file": f"{PKI}/{names.SCHEDULER_SERVING}-key.pem",
        "client-ca-file": f"{PKI}/{names.KUBERNETES_CA}.pem",
        "authentication-skip-lookup": "true",
        "authentication-kubeconfig": access,
        "authorization-kubeconfig": access,
    }


def _unit(cluster: Cluster, access: str) -> str:
    arguments = flags(_flags(access), cluster.flags.kube_scheduler)
    return unit_text(
        (
            ("Description", "Kubernetes scheduler"),
            ("Documentation", "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("ExecStart", command(f"{BIN}/kube-scheduler", arguments)),
            ("User", USER),
            *ALWAYS,
            *HARDENED,
        ),
    )


SCHEDULER: Final = Component("kube-scheduler", wanted)
