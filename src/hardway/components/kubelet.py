"""kubelet: makes a machine a node. It runs the pods that the API assigns to it and says how they and the node fare.

A node is its short name; its certificate says so (user system:node:NAME, group system:nodes), and the node authorizer
lets it touch only what its own pods need. It is a client with one certificate and a server with another, of another
authority (the article has one for both, with both usages). Nobody reads its logs or runs commands through it without
the API's word: anonymous access is off, and it asks the API about every caller.

The article's unit lacks a backslash after `--hostname-override=...`, so that its last flag is a line that systemd
ignores; here the command line is made from data. Its flags for the container runtime are gone; what remains of them is
`containerRuntimeEndpoint`. It goes to the VIP, not to a floating address: a heartbeat need not leave the cloud.
"""

from __future__ import annotations

from typing import Any, Final

from hardway.components.component import Component, FactsOf
from hardway.components.containerd import SOCKET
from hardway.components.credentials import balanced_api, kubeconfig, pair, to_yaml, trust
from hardway.components.facts import Facts
from hardway.components.layout import BIN, CONTAINERD_UNIT, KUBELET_UNIT, KUBERNETES, PKI, program
from hardway.components.unit_file import ALWAYS, THROUGH_THE_VIP, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Directory, File, Probe
from hardway.spec.model import Cluster, Machine

CONFIG: Final = f"{KUBERNETES}/kubelet.yaml"
STATE: Final = "/var/lib/kubelet"
PORT: Final = 10250
HEALTH_PORT: Final = 10248


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A kubelet on each worker. Masters have none, as in the article: nothing but the control plane runs there."""
    return tuple(resource for worker in cluster.workers for resource in _kubelet(cluster, worker, facts[worker.name]))


def _kubelet(cluster: Cluster, worker: Machine, facts: Facts) -> tuple[Resource, ...]:
    machine = worker.name
    authority = trust(machine, names.KUBERNETES_CA)
    identity = pair(machine, names.KUBELET_CLIENT, "root")
    access = kubeconfig(cluster, machine, "kubelet", balanced_api(cluster), authority, identity)
    settings = Content.of(to_yaml(_configuration(cluster, facts)))
    reads = (
        program(cluster, machine, Chapter.WORKERS, "kubelet"),
        authority,
        *identity,
        *pair(machine, names.KUBELET_SERVING, "root"),
        access,
        File(chapter=Chapter.WORKERS, machine=machine, path=CONFIG, content=settings),
    )
    return (
        Directory(chapter=Chapter.WORKERS, machine=machine, path=STATE, mode=0o700),
        *reads,
        *service(
            machine,
            Chapter.WORKERS,
            KUBELET_UNIT,
            _unit(cluster, worker, access.path),
            reads,
            ready=Probe(port=HEALTH_PORT, path="/healthz"),
            ports=(PORT,),
        ),
    )


def _configuration(cluster: Cluster, facts: Facts) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/{names.KUBERNETES_CA}.pem"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/{names.KUBELET_SERVING}.pem",
        "tlsPrivateKeyFile": f"{PKI}/{names.KUBELET_SERVING}-key.pem",
        # Certificates are issued by the operator; the kubelet asks for none.
        "rotateCertificates": False,
        "serverTLSBootstrap": False,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "clusterDNS": [str(cluster.networks.dns)],
        "clusterDomain": cluster.cluster_domain,
        "resolvConf": facts.resolv_conf,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": HEALTH_PORT,
        "serializeImagePulls": False,
        # A machine that has swap all the same is no reason to have no node: its pods get none of it (KEP-2400).
        "failSwapOn": False,
        "memorySwap": {"swapBehavior": "NoSwap"},
        **_cgroups(facts),
        **({"oomScoreAdj": 0} if facts.restricted_oom else {}),
    }


def _cgroups(facts: Facts) -> dict[str, Any]:
    """The same driver as containerd's. Since 1.35 a kubelet refuses cgroup v1 unless told otherwise (KEP-5573)."""
    if facts.cgroup == "v2":
        return {"cgroupDriver": "systemd"}
    return {"cgroupDriver": "cgroupfs", "failCgroupV1": False}


def _flags(worker: Machine, access: str) -> dict[str, str]:
    """Only what has no place in the configuration file."""
    return {
        "config": CONFIG,
        "kubeconfig": access,
        "hostname-override": worker.name,
        "node-ip": str(worker.address),
    }


def _unit(cluster: Cluster, worker: Machine, access: str) -> str:
    arguments = flags(_flags(worker, access), cluster.flags.kubelet)
    return unit_text(
        (
            ("Description", "Kubernetes kubelet"),
            ("Documentation", "https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/"),
            ("Wants", f"network-online.target {CONTAINERD_UNIT}"),
            ("After", f"network-online.target {CONTAINERD_UNIT}"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("ExecStart", command(f"{BIN}/kubelet", arguments)),
            *THROUGH_THE_VIP,
            # Mounts, cgroups and devices are its work: of the sandboxing of other units it bears nothing.
            *ALWAYS,
        ),
    )


KUBELET: Final = Component("kubelet", wanted)
