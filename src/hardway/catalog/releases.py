"""Which release of each program goes with which Kubernetes."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_KUBERNETES = "1.37.2"


@dataclass(frozen=True, slots=True)
class Release:
    """The versions that make a cluster of one Kubernetes release; all without a leading v."""

    kubernetes: str
    etcd: str
    containerd: str
    runc: str
    cni_plugins: str
    flannel: str
    flannel_cni: str
    coredns: str
    pause: str
    probe: str = "2"
    """Our own program, the workload of `hardway verify`."""
    registry: str = "3.0.0"
    """The distribution registry."""
    volumes: str = "1"
    """Our own program, which provides local volumes."""


RELEASES: dict[str, Release] = {
    "1.37.2": Release(
        kubernetes="1.37.2",
        etcd="3.6.16",
        containerd="2.4.2",
        runc="1.5.2",
        cni_plugins="1.9.1",
        flannel="0.28.4",
        flannel_cni="0.9.1",
        coredns="1.15.0",
        pause="3.10.1",
    ),
}


def release(kubernetes: str) -> Release:
    """The releases that go with a Kubernetes version; KeyError where it is not known."""
    return RELEASES[kubernetes]
