"""Which keys, certificates and secrets a cluster wants: one certificate a use, with no more than it needs. Pure.

Four authorities, so that what one side trusts says nothing to another: the API (`kubernetes-ca`), etcd, the front
proxy, the kubelets' serving; a fifth where the cluster has a registry of its own. Masters are symmetric: each has its
own set, and every API server has the names of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Required, TypedDict, Unpack

from hardway.pki import names
from hardway.pki.names import on
from hardway.resources.base import Chapter, Resource
from hardway.resources.operator import Certificate, Key, Secret, Usage
from hardway.spec.addresses import api_name, api_service_address, full_name
from hardway.spec.model import Cluster, Machine

LOOPBACK: Final = "127.0.0.1"
ENCRYPTION_KEY_BYTES: Final = 32
"""What secretbox and AES-256 take."""

_CLIENT: Final = (Usage.CLIENT,)
_SERVER: Final = (Usage.SERVER,)
_BOTH: Final = (Usage.SERVER, Usage.CLIENT)


def wanted_pki(cluster: Cluster) -> tuple[Resource, ...]:
    """All keys, certificates and secrets of the cluster, authorities first."""
    return (
        *_authorities(cluster),
        _key(cluster, names.SERVICE_ACCOUNT),
        Secret(chapter=Chapter.ENCRYPTION, secret=names.ENCRYPTION_KEY, size=ENCRYPTION_KEY_BYTES),
        *_operator(cluster),
        *(resource for master in cluster.masters for resource in _master(cluster, master)),
        *(resource for worker in cluster.workers for resource in _worker(cluster, worker)),
        *_registry(cluster),
    )


def _authorities(cluster: Cluster) -> Iterator[Resource]:
    registry = () if cluster.registry_machine is None else (names.REGISTRY_CA,)
    for name in (names.KUBERNETES_CA, names.ETCD_CA, names.FRONT_PROXY_CA, names.KUBELET_CA, *registry):
        yield _key(cluster, name)
        yield Certificate(
            chapter=Chapter.CERTIFICATES,
            certificate=name,
            common_name=name,
            organizations=(cluster.name,),
            days=cluster.certificates.authority_days,
        )


def _operator(cluster: Cluster) -> Iterator[Resource]:
    yield from _client(cluster, names.ADMIN, names.ADMIN, groups=(names.ADMIN_GROUP,))
    yield from _client(cluster, names.BREAK_GLASS, names.BREAK_GLASS, groups=("system:masters",))


def _master(cluster: Cluster, master: Machine) -> Iterator[Resource]:
    yield from _api_server(cluster, master)
    yield from _etcd(cluster, master)
    for use in (names.CONTROLLER_MANAGER, names.SCHEDULER):
        yield from _client(cluster, on(use, master.name), f"system:{use}")
    for use, serving in (
        (names.CONTROLLER_MANAGER, names.CONTROLLER_MANAGER_SERVING),
        (names.SCHEDULER, names.SCHEDULER_SERVING),
    ):
        yield from _pair(
            cluster,
            on(serving, master.name),
            common_name=use,
            usages=_SERVER,
            authority=names.KUBERNETES_CA,
            dns_names=_names(cluster, master),
            addresses=(LOOPBACK, str(master.address)),
        )


def _api_server(cluster: Cluster, master: Machine) -> Iterator[Resource]:
    yield from _pair(
        cluster,
        on(names.API_SERVER, master.name),
        common_name=names.API_SERVER,
        usages=_SERVER,
        authority=names.KUBERNETES_CA,
        dns_names=_api_names(cluster),
        addresses=_api_addresses(cluster),
    )
    for use, user, authority in (
        (names.API_SERVER_KUBELET_CLIENT, names.API_SERVER_KUBELET_USER, names.KUBERNETES_CA),
        (names.API_SERVER_ETCD_CLIENT, names.API_SERVER_ETCD_CLIENT, names.ETCD_CA),
        (names.FRONT_PROXY_CLIENT, names.FRONT_PROXY_USER, names.FRONT_PROXY_CA),
    ):
        yield from _client(cluster, on(use, master.name), user, authority=authority)


def _api_names(cluster: Cluster) -> tuple[str, ...]:
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
    return _once(
        (
            *service,
            f"{service[-1]}.{cluster.cluster_domain}",
            cluster.api.name,
            api_name(cluster),
            *(name for master in cluster.masters for name in _names(cluster, master)),
            *cluster.api.extra_names,
        )
    )


def _api_addresses(cluster: Cluster) -> tuple[str, ...]:
    floating = cluster.api.floating_address
    masters = (master.address for master in cluster.masters)
    outside = () if floating is None else (floating,)
    return _once(map(str, (api_service_address(cluster), LOOPBACK, *masters, cluster.api.address, *outside)))


def _etcd(cluster: Cluster, master: Machine) -> Iterator[Resource]:
    """A member's server certificate is a client's too, since its HTTP gateway dials the member itself with it.

    etcd checks the addresses of a client's certificate, where it has any, against where the client comes from; hence
    the loopback address for the server, and no names at all for clients
    (https://etcd.io/docs/v3.6/op-guide/security/#notes-for-tls-authentication).
    """
    member = {names.ETCD_SERVER: (LOOPBACK, str(master.address)), names.ETCD_PEER: (str(master.address),)}
    for use, addresses in member.items():
        yield from _pair(
            cluster,
            on(use, master.name),
            common_name=use,
            usages=_BOTH,
            authority=names.ETCD_CA,
            dns_names=_names(cluster, master),
            addresses=addresses,
        )
    use = names.ETCD_HEALTH_CLIENT
    yield from _client(cluster, on(use, master.name), use, authority=names.ETCD_CA)


def _worker(cluster: Cluster, worker: Machine) -> Iterator[Resource]:
    """The node authorizer knows a kubelet by user system:node:<node> and group system:nodes."""
    node = f"system:node:{worker.name}"
    yield from _client(cluster, on(names.KUBELET_CLIENT, worker.name), node, groups=("system:nodes",))
    yield from _pair(
        cluster,
        on(names.KUBELET_SERVING, worker.name),
        common_name=worker.name,
        usages=_SERVER,
        authority=names.KUBELET_CA,
        dns_names=_names(cluster, worker),
        addresses=tuple(str(one) for one in (worker.address, worker.floating_address) if one is not None),
    )
    yield from _client(cluster, on(names.KUBE_PROXY, worker.name), "system:kube-proxy")


def _registry(cluster: Cluster) -> Iterator[Resource]:
    machine = cluster.registry_machine
    if machine is not None:
        yield from _pair(
            cluster,
            on(names.REGISTRY, machine.name),
            common_name=names.REGISTRY,
            usages=_SERVER,
            authority=names.REGISTRY_CA,
            dns_names=_names(cluster, machine),
            addresses=(LOOPBACK, str(machine.address)),
        )


class _Fields(TypedDict, total=False):
    common_name: Required[str]
    organizations: tuple[str, ...]
    usages: tuple[Usage, ...]
    authority: str
    dns_names: tuple[str, ...]
    addresses: tuple[str, ...]


def _client(
    cluster: Cluster, name: str, user: str, groups: tuple[str, ...] = (), authority: str = names.KUBERNETES_CA
) -> Iterator[Resource]:
    """A client's credential: its user is the common name, its groups are the organizations."""
    return _pair(cluster, name, common_name=user, organizations=groups, usages=_CLIENT, authority=authority)


def _pair(cluster: Cluster, name: str, **fields: Unpack[_Fields]) -> Iterator[Resource]:
    """A key of its own and the certificate for it."""
    days = cluster.certificates.leaf_days
    yield _key(cluster, name)
    yield Certificate(chapter=Chapter.CERTIFICATES, certificate=name, days=days, **fields)


def _key(cluster: Cluster, name: str) -> Key:
    return Key(chapter=Chapter.CERTIFICATES, key=name, algorithm=cluster.certificates.algorithm.value)


def _names(cluster: Cluster, machine: Machine) -> tuple[str, ...]:
    return (machine.name, full_name(cluster, machine))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
