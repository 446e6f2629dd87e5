"""etcd: where the cluster keeps its memory. One member on each master; three of them bear the loss of one.

Every master is told the whole list of members beforehand, so all start at once and none is the first. Whoever talks to
etcd, member or client, shows a certificate of etcd's own authority: a certificate of the API opens nothing here.

The article runs etcd as root, its data readable by every user of the machine, and with one certificate for the API
server, for etcd's servers, peers and clients. Here it has its own user, a directory that is closed to others (0700),
and a certificate for each use. Its metrics and health are asked on the loopback address, where no certificate is needed
and nothing can be read or written.

A member that is told to stop first gives leadership away, while it still serves everybody (the unit's ExecStop, so that
it is the same for a rolling change, for `systemctl restart` by hand and for a reboot).
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf, ids
from hardway.components.credentials import pair, trust
from hardway.components.layout import BIN, ETCD_DATA, ETCD_PKI, ETCD_UNIT, HARDWAY, program
from hardway.components.unit_file import ALWAYS, HARDENED, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Budget, Directory, File, Probe, SystemUser
from hardway.spec.model import Cluster, Machine

USER: Final = "etcd"
CLIENT_PORT: Final = 2379
PEER_PORT: Final = 2380
HEALTH_PORT: Final = 2381
"""Plain HTTP on 127.0.0.1: /metrics, /livez, /readyz and no keys (etcd's --listen-metrics-urls)."""
HAND_OVER: Final = f"{HARDWAY}/etcd-hand-over"
"""Run by systemd before etcd is stopped."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """All members."""
    return tuple(resource for master in cluster.masters for resource in _member(cluster, master))


def _member(cluster: Cluster, master: Machine) -> tuple[Resource, ...]:
    machine = master.name
    etcd, etcdctl = (program(cluster, machine, Chapter.ETCD, name) for name in ("etcd", "etcdctl"))
    hand_over = _hand_over(master)
    reads = (
        etcd,
        trust(machine, names.ETCD_CA, ETCD_PKI),
        *pair(machine, names.ETCD_SERVER, USER, ETCD_PKI),
        *pair(machine, names.ETCD_PEER, USER, ETCD_PKI),
    )
    return (
        SystemUser(chapter=Chapter.ETCD, machine=machine, user=USER),
        Directory(chapter=Chapter.ETCD, machine=machine, path=ETCD_DATA, owner=USER, mode=0o700, data=True),
        etcdctl,
        hand_over,
        # For the operator's `etcdctl` on the machine: root only, and etcd itself never reads it.
        *pair(machine, names.ETCD_HEALTH_CLIENT, "root", ETCD_PKI),
        *reads,
        *service(
            machine,
            Chapter.ETCD,
            ETCD_UNIT,
            _unit(cluster, master),
            reads,
            ready=Probe(port=HEALTH_PORT, path="/readyz"),
            ports=(CLIENT_PORT, PEER_PORT),
            budget=Budget("etcd"),
            starts_after=ids((etcdctl, hand_over)),
        ),
    )


def _hand_over(master: Machine) -> File:
    return File(
        chapter=Chapter.ETCD,
        machine=master.name,
        path=HAND_OVER,
        content=Content.of(_HAND_OVER.format(name=master.name)),
        mode=0o755,
    )


_HAND_OVER: Final = f"""\
#!/bin/sh
# Gives etcd's leadership to another member, if this one leads. systemd runs it before it stops etcd; $MAINPID is not
# set where etcd has ended by itself (systemd.service(5)).
[ -n "${{{{MAINPID:-}}}}" ] || exit 0
etcdctl() {{{{
    {BIN}/etcdctl --endpoints=https://127.0.0.1:{CLIENT_PORT} --dial-timeout=1s --command-timeout=2s \\
        --cacert={ETCD_PKI}/{names.ETCD_CA}.pem \\
        --cert={ETCD_PKI}/{names.ETCD_SERVER}.pem --key={ETCD_PKI}/{names.ETCD_SERVER}-key.pem "$@"
}}}}
# Lines such as: "MemberID" : 9372538179322589801
status=$(etcdctl endpoint status --write-out=fields) || exit 0
own=$(echo "$status" | sed -n 's/^"MemberID" : //p')
leader=$(echo "$status" | sed -n 's/^"Leader" : //p')
[ "$own" = "$leader" ] || exit 0
# Lines such as: 8211f1d0f64f3269, started, NAME, https://10.0.0.10:2380, https://10.0.0.10:2379, false (a learner)
members=$(etcdctl member list) || exit 0
for id in $(echo "$members" | awk -F', ' '$2 == "started" && $3 != "{{name}}" && $6 == "false" {{{{ print $1 }}}}'); do
    etcdctl move-leader "$id" && exit 0
done
"""
"""Its certificate is the member's own: for a server on the loopback address, and for a client."""


def endpoints(cluster: Cluster) -> str:
    """The members' client URLs, with commas between them."""
    return ",".join(f"https://{master.address}:{CLIENT_PORT}" for master in cluster.masters)


def _peers(cluster: Cluster) -> str:
    return ",".join(f"{master.name}=https://{master.address}:{PEER_PORT}" for master in cluster.masters)


def _flags(cluster: Cluster, master: Machine) -> dict[str, str]:
    client, peer = f"https://{master.address}:{CLIENT_PORT}", f"https://{master.address}:{PEER_PORT}"
    return {
        "name": master.name,
        "data-dir": ETCD_DATA,
        "listen-client-urls": f"{client},https://127.0.0.1:{CLIENT_PORT}",
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "listen-metrics-urls": f"http://127.0.0.1:{HEALTH_PORT}",
        # Read at a member's first start only; later the member knows its cluster from its data.
        "initial-cluster": _peers(cluster),
        "initial-cluster-state": "new",
        "initial-cluster-token": cluster.name,
        **_tls(),
    }


def _tls() -> dict[str, str]:
    return {
        "trusted-ca-file": f"{ETCD_PKI}/{names.ETCD_CA}.pem",
        "cert-file": f"{ETCD_PKI}/{names.ETCD_SERVER}.pem",
        "key-file": f"{ETCD_PKI}/{names.ETCD_SERVER}-key.pem",
        "client-cert-auth": "true",
        "peer-trusted-ca-file": f"{ETCD_PKI}/{names.ETCD_CA}.pem",
        "peer-cert-file": f"{ETCD_PKI}/{names.ETCD_PEER}.pem",
        "peer-key-file": f"{ETCD_PKI}/{names.ETCD_PEER}-key.pem",
        "peer-client-cert-auth": "true",
        # All clients are programs of this cluster, all newer than TLS 1.3.
        "tls-min-version": "TLS1.3",
    }


def _unit(cluster: Cluster, master: Machine) -> str:
    arguments = flags(_flags(cluster, master), cluster.flags.etcd)
    return unit_text(
        (
            ("Description", "etcd: the cluster's memory"),
            ("Documentation", "https://etcd.io/docs/v3.6/"),
            ("Wants", "network-online.target"),
            ("After", "network-online.target"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("Type", "notify"),
            ("ExecStart", command(f"{BIN}/etcd", arguments)),
            # Stopping goes on whatever it answers: without a quorum there is nobody to hand over to.
            ("ExecStop", command("-/bin/sh", (HAND_OVER,))),
            ("User", USER),
            # etcd says that it is ready only when a majority has met; alone it may wait for long.
            ("TimeoutStartSec", "infinity"),
            *ALWAYS,
            *HARDENED,
            ("ReadWritePaths", ETCD_DATA),
        ),
    )


ETCD: Final = Component("etcd", wanted)
