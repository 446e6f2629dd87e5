"""kube-controller-manager: the loops that make what is into what shall be. One on each master; one of them leads.

It talks to the API server of its own machine, so it needs no balancer and falls with the master it is on; the others
take the lead. It holds no authority's key: the article gives every master the cluster's CA key so that this program can
sign requests for certificates. Here certificates are issued by the operator alone, so signing and approving are off and
no key that could make a new identity lies on any machine. Pod ranges are laid down by us on the Node objects, so it
allocates none.

The article listens on every address in plain HTTP (`--address=0.0.0.0`). Here it is HTTPS with its own certificate, on
the loopback address; health is open there, metrics want a token that the API knows.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import kubeconfig, local_api, pair, secret, trust
from hardway.components.layout import BIN, CONTROLLER_MANAGER_UNIT, PKI, program
from hardway.components.unit_file import ALWAYS, HARDENED, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Resource
from hardway.resources.host import File, Probe, SystemUser
from hardway.spec.model import Cluster, Machine

USER: Final = "kube-controller-manager"
PORT: Final = 10257
TOKEN_KEY: Final = f"{PKI}/{names.CONTROLLER_MANAGER}-{names.SERVICE_ACCOUNT}-key.pem"
OFF: Final = ("certificatesigningrequest-approving-controller", "certificatesigningrequest-signing-controller")


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A controller-manager on each master."""
    return tuple(resource for master in cluster.masters for resource in _manager(cluster, master))


def _manager(cluster: Cluster, master: Machine) -> tuple[Resource, ...]:
    machine = master.name
    authority = trust(machine, names.KUBERNETES_CA)
    identity = pair(machine, names.CONTROLLER_MANAGER, USER)
    access = kubeconfig(cluster, machine, "kube-controller-manager", local_api(cluster), authority, identity)
    reads = (
        program(cluster, machine, Chapter.CONTROL_PLANE, "kube-controller-manager"),
        authority,
        *identity,
        *pair(machine, names.CONTROLLER_MANAGER_SERVING, USER),
        secret(machine, TOKEN_KEY, names.private_key(names.SERVICE_ACCOUNT), USER),
        access,
    )
    return (
        SystemUser(chapter=Chapter.CONTROL_PLANE, machine=machine, user=USER),
        *reads,
        *service(
            machine,
            Chapter.CONTROL_PLANE,
            CONTROLLER_MANAGER_UNIT,
            _unit(cluster, access),
            reads,
            ready=Probe(port=PORT, path="/healthz", scheme="https", ca=names.certificate(names.KUBERNETES_CA)),
        ),
    )


def _flags(cluster: Cluster, access: File) -> dict[str, str]:
    return {
        "kubeconfig": access.path,
        "cluster-name": cluster.name,
        "allocate-node-cidrs": "false",
        "controllers": ",".join(("*", *(f"-{name}" for name in OFF))),
        "root-ca-file": f"{PKI}/{names.KUBERNETES_CA}.pem",
        "service-account-private-key-file": TOKEN_KEY,
        "use-service-account-credentials": "true",
        # The forty controllers' first requests fit in one burst; the default of 30 makes them queue at start.
        "kube-api-qps": "100",
        "kube-api-burst": "200",
        "leader-elect": "true",
        "leader-elect-retry-period": "1s",
        "profiling": "false",
        **_serving(access),
    }


def _serving(access: File) -> dict[str, str]:
    """Who may ask is told by files, so that it can start before the API answers (--authentication-skip-lookup)."""
    return {
        "bind-address": "127.0.0.1",
        "tls-cert-file": f"{PKI}/{names.CONTROLLER_MANAGER_SERVING}.pem",
        "tls-private-key-file": f"{PKI}/{names.CONTROLLER_MANAGER_SERVING}-key.pem",
        "client-ca-file": f"{PKI}/{names.KUBERNETES_CA}.pem",
        "authentication-skip-lookup": "true",
        "authentication-kubeconfig": access.path,
        "authorization-kubeconfig": access.path,
    }


def _unit(cluster: Cluster, access: File) -> str:
    arguments = flags(_flags(cluster, access), cluster.flags.kube_controller_manager)
    reference = "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/"
    return unit_text(
        (
            ("Description", "Kubernetes controller manager"),
            ("Documentation", reference),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("ExecStart", command(f"{BIN}/kube-controller-manager", arguments)),
            ("User", USER),
            *ALWAYS,
            *HARDENED,
        ),
    )


CONTROLLER_MANAGER: Final = Component("kube-controller-manager", wanted)
