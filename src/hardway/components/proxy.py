"""kube-proxy: carries out services. It turns a service's address into one of its pods', by rules in the node's kernel.

The article gives it no `--hostname-override`, so that on a machine whose full name is not the node's name it finds no
node. It puts O=system:node-proxier into the certificate, which grants nothing: the built-in role is bound to the *user*
system:kube-proxy, which is the certificate's common name here.
"""

from __future__ import annotations

from typing import Any, Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import balanced_api, kubeconfig, pair, to_yaml, trust
from hardway.components.facts import Facts
from hardway.components.layout import BIN, KUBERNETES, PROXY_UNIT, program
from hardway.components.unit_file import ALWAYS, THROUGH_THE_VIP, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File, Probe
from hardway.spec.model import Cluster, Machine

CONFIG: Final = f"{KUBERNETES}/kube-proxy.yaml"
HEALTH_PORT: Final = 10256


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A proxy on each worker."""
    return tuple(resource for worker in cluster.workers for resource in _proxy(cluster, worker, facts[worker.name]))


def _proxy(cluster: Cluster, worker: Machine, facts: Facts) -> tuple[Resource, ...]:
    machine = worker.name
    authority = trust(machine, names.KUBERNETES_CA)
    identity = pair(machine, names.KUBE_PROXY, "root")
    access = kubeconfig(cluster, machine, "kube-proxy", balanced_api(cluster), authority, identity)
    settings = Content.of(to_yaml(_configuration(cluster, worker, access.path, facts)))
    reads = (
        program(cluster, machine, Chapter.WORKERS, "kube-proxy"),
        authority,
        *identity,
        access,
        File(chapter=Chapter.WORKERS, machine=machine, path=CONFIG, content=settings),
    )
    ready = Probe(port=HEALTH_PORT, path="/healthz")
    return (*reads, *service(machine, Chapter.WORKERS, PROXY_UNIT, _unit(cluster), reads, ready=ready))


def _configuration(cluster: Cluster, worker: Machine, access: str, facts: Facts) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": access},
        "hostnameOverride": worker.name,
        "mode": cluster.proxy.mode,
        "clusterCIDR": str(cluster.networks.pods),
        "healthzBindAddress": f"0.0.0.0:{HEALTH_PORT}",
        "metricsBindAddress": "127.0.0.1:10249",
        **_limits(facts),
    }


def _limits(facts: Facts) -> dict[str, Any]:
    """In a container the size of the connection table and the order of killing are the host's affair."""
    conntrack = {"conntrack": {"maxPerCore": 0, "min": 0}} if facts.restricted_oom or facts.container else {}
    return {**conntrack, **({"oomScoreAdj": 0} if facts.restricted_oom else {})}


def _unit(cluster: Cluster) -> str:
    arguments = flags({"config": CONFIG}, cluster.flags.kube_proxy)
    return unit_text(
        (
            ("Description", "Kubernetes service proxy"),
            ("Documentation", "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/"),
            ("Wants", "network-online.target"),
            ("After", "network-online.target"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("ExecStart", command(f"{BIN}/kube-proxy", arguments)),
            *THROUGH_THE_VIP,
            # Rules and settings of the kernel's network are its work: it stays root and keeps /proc/sys.
            ("NoNewPrivileges", "yes"),
            ("ProtectHome", "yes"),
            ("PrivateTmp", "yes"),
            *ALWAYS,
        ),
    )


PROXY: Final = Component("kube-proxy", wanted)
