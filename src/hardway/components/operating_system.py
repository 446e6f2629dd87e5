"""What the machines' operating systems must bring: packages, names, kernel settings, no swap, a clock.

Of the article's chapter: packages (socat, conntrack, ipset and what else kubelet and kube-proxy call) are installed;
SELinux becomes permissive, which is weaker than a policy for the programs in /usr/local/bin would be, and is set at
once and for the next boot. A machine whose distribution asks for a restart gets it before anything is laid on it;
`yum update -y` is left to whoever keeps the machines. Names are in /etc/hosts of every machine, so that the cluster
stands without anybody's DNS (the article needs Designate). Beyond the article: bridged packets reach iptables, swap is
off, the clock is kept, since certificates are valid from one moment to another.

A machine that is a container shares its host's kernel: swap and clock are the host's, and modules count as loaded
wherever they were loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.facts import Facts
from hardway.components.layout import HAPROXY_UNIT, KUBELET_UNIT, MODULES, SYSCTL
from hardway.components.unit_file import service, unit_text
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File, HostName, KernelModule, KernelSetting, Packages, Reboot, SwapOff, Unit
from hardway.spec.addresses import api_name, full_name
from hardway.spec.model import HAPROXY, Cluster

MASTER_PACKAGES: Final = ("iproute2",)
WORKER_PACKAGES: Final = ("conntrack", "ipset", "iptables", "kmod", "nftables", "socat")
RED_HAT: Final = {"conntrack": "conntrack-tools", "iproute2": "iproute"}
"""Packages with other names on Fedora and its kin."""
RED_HAT_IDS: Final = frozenset({"fedora", "rhel", "centos", "rocky", "almalinux"})
TIME_UNIT: Final = "systemd-timesyncd.service"
SELINUX_UNIT: Final = "hardway-selinux-permissive.service"

WORKER_SETTINGS: Final = {
    # A worker is a router between its pods and the network.
    "net.ipv4.ip_forward": "1",
    # Packets between two pods on one bridge pass through iptables, else a service's answer bypasses its rewriting.
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}
BALANCER_SETTINGS: Final = {
    # haproxy listens at the VIP also on the balancer that does not hold it now.
    "net.ipv4.ip_nonlocal_bind": "1",
}


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The ground of every machine."""
    return tuple(_all(cluster, facts))


def _all(cluster: Cluster, facts: FactsOf) -> Iterator[Resource]:
    hosts = Content.of(_hosts(cluster))
    for machine in cluster.all_machines:
        yield from _ground(machine.name, hosts, facts[machine.name])
    for master in cluster.masters:
        yield packages(master.name, Chapter.OS, MASTER_PACKAGES, facts[master.name])
    for worker in cluster.workers:
        yield from _worker(cluster, worker.name, facts[worker.name])
    if cluster.balancer.kind == HAPROXY:
        for balancer in cluster.balancers:
            yield from _settings(balancer.name, BALANCER_SETTINGS)


def _ground(machine: str, hosts: Content, facts: Facts) -> Iterator[Resource]:
    yield Reboot(chapter=Chapter.OS, machine=machine)
    yield HostName(chapter=Chapter.NAMES, machine=machine, hostname=machine)
    yield File(chapter=Chapter.NAMES, machine=machine, path="/etc/hosts", content=hosts)
    yield from _clock(machine, facts)
    yield from _selinux(machine, facts)


def packages(machine: str, chapter: Chapter, wanted: tuple[str, ...], facts: Facts) -> Packages:
    """Packages by their Debian names, called as the machine's distribution calls them."""
    called = RED_HAT if facts.os_id in RED_HAT_IDS else {}
    return Packages(chapter=chapter, machine=machine, names=tuple(called.get(name, name) for name in wanted))


def _hosts(cluster: Cluster) -> str:
    lines = (
        "127.0.0.1 localhost",
        "::1 localhost ip6-localhost ip6-loopback",
        *(f"{one.address} {full_name(cluster, one)} {one.name}" for one in cluster.all_machines),
        f"{cluster.api.address} {api_name(cluster)} {cluster.api.name}",
    )
    return "\n".join(lines) + "\n"


def _worker(cluster: Cluster, machine: str, facts: Facts) -> Iterator[Resource]:
    yield packages(machine, Chapter.OS, WORKER_PACKAGES, facts)
    if not facts.container:
        yield SwapOff(chapter=Chapter.OS, machine=machine)
    modules = ("br_netfilter", "overlay", *(("vxlan",) if cluster.pod_network.backend == "vxlan" else ()))
    text = "".join(f"{module}\n" for module in modules)
    yield File(chapter=Chapter.OS, machine=machine, path=MODULES, content=Content.of(text))
    loaded = tuple(KernelModule(chapter=Chapter.OS, machine=machine, module=module) for module in modules)
    yield from loaded
    # /proc/sys/net/bridge is there once the module is.
    yield from _settings(machine, WORKER_SETTINGS, (loaded[0].id,))


def _settings(machine: str, settings: dict[str, str], needs: tuple[str, ...] = ()) -> Iterator[Resource]:
    """Kernel settings now, and for the next boot (sysctl.d(5))."""
    text = "".join(f"{key} = {value}\n" for key, value in settings.items())
    yield File(chapter=Chapter.OS, machine=machine, path=SYSCTL, content=Content.of(text))
    for key, value in settings.items():
        yield KernelSetting(chapter=Chapter.OS, machine=machine, key=key, value=value, needs=needs)


def _clock(machine: str, facts: Facts) -> Iterator[Resource]:
    """systemd-timesyncd, unless the machine is a container or something else keeps its clock already."""
    if facts.container or facts.time_unit not in (None, TIME_UNIT):
        return
    installed = packages(machine, Chapter.OS, ("systemd-timesyncd",), facts)
    yield installed
    yield Unit(chapter=Chapter.OS, machine=machine, unit=TIME_UNIT, starts_after=(installed.id,))


def _selinux(machine: str, facts: Facts) -> Iterator[Resource]:
    if not facts.selinux:
        return
    text = "SELINUX=permissive\nSELINUXTYPE=targeted\n"
    yield File(chapter=Chapter.OS, machine=machine, path="/etc/selinux/config", content=Content.of(text))
    unit = unit_text(
        (("Description", "SELinux reports and does not refuse"), ("Before", f"{KUBELET_UNIT} {HAPROXY_UNIT}")),
        (("Type", "oneshot"), ("RemainAfterExit", "yes"), ("ExecStart", "/usr/sbin/setenforce 0")),
    )
    yield from service(machine, Chapter.OS, SELINUX_UNIT, unit, ())


OPERATING_SYSTEM: Final = Component("operating-system", wanted)
