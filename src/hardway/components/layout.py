"""Where everything lies: folders on the machines, programs and their blobs, names of units. Values only."""

from __future__ import annotations

from typing import Final

from hardway.catalog.programs import image_reference, version_of
from hardway.catalog.releases import release
from hardway.resources.base import OPERATOR, Chapter
from hardway.resources.host import Image, Program
from hardway.spec.model import Cluster

BIN: Final = "/usr/local/bin"
CNI_BIN: Final = "/opt/cni/bin"
CNI_CONFIG: Final = "/etc/cni/net.d"
UNITS: Final = "/etc/systemd/system"
SYSCTL: Final = "/etc/sysctl.d/90-hardway.conf"
MODULES: Final = "/etc/modules-load.d/hardway.conf"
HARDWAY: Final = "/etc/hardway"
"""Small files of ours that belong to no other program."""

KUBERNETES: Final = "/etc/kubernetes"
PKI: Final = f"{KUBERNETES}/pki"
ETCD_PKI: Final = "/etc/etcd/pki"
ETCD_DATA: Final = "/var/lib/etcd"
LOGS: Final = "/var/log/kubernetes"

ETCD_UNIT: Final = "etcd.service"
API_SERVER_UNIT: Final = "kube-apiserver.service"
CONTROLLER_MANAGER_UNIT: Final = "kube-controller-manager.service"
SCHEDULER_UNIT: Final = "kube-scheduler.service"
CONTAINERD_UNIT: Final = "containerd.service"
KUBELET_UNIT: Final = "kubelet.service"
PROXY_UNIT: Final = "kube-proxy.service"
HAPROXY_UNIT: Final = "haproxy.service"
KEEPALIVED_UNIT: Final = "keepalived.service"
REGISTRY_UNIT: Final = "registry.service"
REGISTRY_WRITES_UNIT: Final = "registry-writes.service"

KUBECONFIG: Final = "kubeconfig"
"""The operator's, in the state directory."""
BREAK_GLASS_KUBECONFIG: Final = "break-glass.kubeconfig"


def blob(cluster: Cluster, name: str) -> str:
    """The id of a program's or image's blob in the release that the cluster runs."""
    return f"blob:{OPERATOR}:{name}@{version_of(name, release(cluster.kubernetes.version))}"


def program(cluster: Cluster, machine: str, chapter: Chapter, name: str, path: str | None = None) -> Program:
    """A program on a machine, in /usr/local/bin unless `path` says otherwise."""
    return Program(chapter=chapter, machine=machine, path=path or f"{BIN}/{name}", blob=blob(cluster, name))


def image(cluster: Cluster, machine: str, chapter: Chapter, name: str) -> Image:
    """A container image in a worker's containerd."""
    return Image(
        chapter=chapter,
        machine=machine,
        reference=reference(cluster, name),
        blob=blob(cluster, name),
        unit=unit_id(machine, CONTAINERD_UNIT),
    )


def reference(cluster: Cluster, name: str) -> str:
    """An image's full name with tag, such as registry.k8s.io/pause:3.10.1."""
    return image_reference(name, release(cluster.kubernetes.version))


def unit_id(machine: str, unit: str) -> str:
    """The id of a unit on a machine."""
    return f"unit:{machine}:{unit}"
