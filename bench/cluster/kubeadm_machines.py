"""What lies on machines before kubeadm is called: what its documentation asks for, of the same programs and images.

The ground (names, kernel settings, containerd, CNI plugins and their configuration), the balancers and kube-proxy are
hardway's own components, so that both ways stand on the same; all six machines are nodes here. Pure but for the images,
which are made of the programs in the cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from bench.cluster.kubeadm_texts import KUBELET_DROP_IN, KUBELET_UNIT_TEXT, PROGRAMS, Secrets, init, join
from bench.report import BenchFailed
from hardway.catalog.programs import ImageRecipe, version_of
from hardway.catalog.releases import release
from hardway.components.component import FactsOf
from hardway.components.containerd import CONTAINERD
from hardway.components.coredns import COREDNS
from hardway.components.flannel import FLANNEL
from hardway.components.haproxy import CONFIG as HAPROXY_CONFIG
from hardway.components.haproxy import HAPROXY
from hardway.components.keepalived import KEEPALIVED
from hardway.components.layout import CONTAINERD_UNIT, UNITS, program, unit_id
from hardway.components.operating_system import OPERATING_SYSTEM
from hardway.components.proxy import PROXY
from hardway.pki import names
from hardway.resources.base import OPERATOR, Chapter, Content, Ref, Resource
from hardway.resources.host import File, Image, Unit
from hardway.resources.kubernetes import Condition, KubeObject
from hardway.sources import images
from hardway.sources.cache import sha256_of
from hardway.sources.source import Item, own_architecture
from hardway.sources.store import Store
from hardway.spec.model import Cluster, Machine, Machines, Worker

CONFIG: Final = "/etc/kubeadm.yaml"
AUTHORITY: Final = "/etc/kubernetes/pki/ca"
CHECK_EVERY: Final = "300ms"

KUBE_PROXY_UNIT: Final = "kube-proxy.service"


@dataclass(frozen=True, slots=True)
class MadeImage:
    """An image of the control plane, made here."""

    reference: str
    sha256: str
    digest: str
    path: Path

    @property
    def blob(self) -> str:
        return f"blob:{OPERATOR}:bench-{self.sha256[:12]}@0"

    @property
    def values(self) -> Mapping[Ref, bytes]:
        found = {"sha256": self.sha256, "digest": self.digest, "path": str(self.path)}
        return {Ref(self.blob, name): value.encode() for name, value in found.items()}


@contextmanager
def control_plane_images(cluster: Cluster, store: Store, work: Path) -> Iterator[Sequence[MadeImage]]:
    """kubeadm's images, made of our programs and lying among the cache's blobs, which machines see; gone at the end."""
    made: list[MadeImage] = []
    try:
        for name in PROGRAMS:
            made.append(_make(cluster, store, name, work))
        yield made
    finally:
        for one in made:
            one.path.unlink(missing_ok=True)


def _make(cluster: Cluster, store: Store, name: str, work: Path) -> MadeImage:
    version = version_of(name, release(cluster.kubernetes.version))
    source = store.path(Item(name, version))
    if source is None:
        raise BenchFailed(f"{name} {version} is not in the cache", "`hardway binaries` brings it")
    tag = "{version}" if name == "etcd" else "v{version}"
    recipe = ImageRecipe(name, name, f"/usr/local/bin/{name}", f"registry.k8s.io/{name}", tag)
    archive, digest = images.make(source, recipe, version, own_architecture(), work)
    sha256 = sha256_of(archive)
    archive.chmod(0o644)
    path = archive.replace(store.cache.path(sha256))
    return MadeImage(recipe.reference(version), sha256, digest, path)


def wanted(cluster: Cluster, facts: FactsOf, made: Sequence[MadeImage], secrets: Secrets) -> tuple[Resource, ...]:
    """Everything that lies there before `kubeadm init`. The kubelets and kube-proxies do not run yet."""
    nodes = (*cluster.masters, *cluster.workers)
    parts = (*_ground(cluster, facts), *_balancers(cluster, facts), *_proxies(cluster, facts))
    own = (one for machine in nodes for one in _node(cluster, machine, facts, secrets))
    pods = (_image(machine.name, image) for machine in cluster.masters for image in made)
    return (*parts, *own, *pods, *_authority(cluster.masters[0].name))


def _ground(cluster: Cluster, facts: FactsOf) -> Iterable[Resource]:
    """As hardway lays it on workers, here on masters too; names as in the real cluster."""
    everybody = as_nodes(cluster)
    known = {**facts, everybody.masters[0].name: facts[cluster.masters[0].name]}
    components = (OPERATING_SYSTEM, CONTAINERD, FLANNEL, COREDNS)
    general = (one for component in components for one in component.wanted(everybody, known))
    real = {machine.name for machine in cluster.all_machines}
    found = {one.id: one for one in general if one.machine in real}
    found |= {one.id: one for one in OPERATING_SYSTEM.wanted(cluster, facts) if one.id in found}
    return found.values()


def as_nodes(cluster: Cluster) -> Cluster:
    """The same cluster with all masters and workers as workers; a spec must have a master, so one that is not there."""
    nobody = Machine(name="nobody", address=IPv4Address("192.0.2.1"))
    masters = (Worker(name=one.name, address=one.address) for one in cluster.masters)
    machines = Machines(masters=(nobody,), workers=(*masters, *cluster.workers), balancers=cluster.balancers)
    return cluster.model_copy(update={"machines": machines})


def objects(cluster: Cluster, facts: FactsOf) -> tuple[KubeObject, ...]:
    """The same objects as hardway's, but for its roles: a Node for each with its pod range, flannel, CoreDNS."""
    from hardway.components.nodes import NODES

    everybody = as_nodes(cluster)
    known = {**facts, everybody.masters[0].name: facts[cluster.masters[0].name]}
    resources = (one for part in (NODES, FLANNEL, COREDNS) for one in part.wanted(everybody, known))
    return tuple(one for one in resources if isinstance(one, KubeObject) and not isinstance(one, Condition))


def _balancers(cluster: Cluster, facts: FactsOf) -> Iterable[Resource]:
    """Up before the cluster is, as the documentation asks; so nothing is behind haproxy yet when it starts."""
    for one in (*HAPROXY.wanted(cluster, facts), *KEEPALIVED.wanted(cluster, facts)):
        if isinstance(one, Unit):
            yield replace(one, ready=None)
        elif isinstance(one, File) and one.path == HAPROXY_CONFIG:
            yield replace(one, content=Content(tuple(map(_more_often, one.content.parts))))
        else:
            yield one


def _more_often(part: str | Ref) -> str | Ref:
    return part.replace("inter 500ms", f"inter {CHECK_EVERY}") if isinstance(part, str) else part


def _proxies(cluster: Cluster, facts: FactsOf) -> Iterable[Resource]:
    """As a program of the workers: kubeadm's add-on wants an image with iptables in it."""
    return (one for one in PROXY.wanted(cluster, facts) if not isinstance(one, Unit))


def _node(cluster: Cluster, machine: Machine, facts: FactsOf, secrets: Secrets) -> Iterable[Resource]:
    first = machine == cluster.masters[0]
    text = init(cluster, machine, facts[machine.name], secrets) if first else join(cluster, machine, secrets)
    yield from (program(cluster, machine.name, Chapter.TOOLS, name) for name in ("kubeadm", "kubelet"))
    yield _file(machine.name, CONFIG, text, mode=0o600)
    yield _file(machine.name, f"{UNITS}/kubelet.service", KUBELET_UNIT_TEXT)
    yield _file(machine.name, f"{UNITS}/kubelet.service.d/10-kubeadm.conf", KUBELET_DROP_IN)


def _authority(machine: str) -> Iterable[Resource]:
    """Given to kubeadm ("Custom certificates"), so that kube-proxy's certificate is made beforehand, and ours is."""
    yield _file(machine, f"{AUTHORITY}.crt", names.certificate(names.KUBERNETES_CA))
    yield _file(machine, f"{AUTHORITY}.key", names.private_key(names.KUBERNETES_CA), mode=0o600)


def _file(machine: str, path: str, content: str | Ref, mode: int = 0o644) -> File:
    return File(chapter=Chapter.TOOLS, machine=machine, path=path, content=Content.of(content), mode=mode)


def _image(machine: str, made: MadeImage) -> Image:
    unit = unit_id(machine, CONTAINERD_UNIT)
    return Image(chapter=Chapter.TOOLS, machine=machine, reference=made.reference, blob=made.blob, unit=unit)
