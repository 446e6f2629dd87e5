"""The flags that a spec may not override, since other parts of hardway rely on them; with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PATH: Final = "leave it out: units, certificates and checks rely on the path"
_IDENTITY: Final = "leave it out: it follows from machines"
_TRUST: Final = "leave it out: it decides who is trusted"

_ASKED: Final = "leave it out: its health is asked there"

_KUBECONFIGS: Final = dict.fromkeys(("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"), _PATH)
_SERVING: Final = {"tls-cert-file": _PATH, "tls-private-key-file": _PATH, "client-ca-file": _TRUST}
_SERVICES: Final = {"service-cluster-ip-range": "set networks.services"}

OWNED_FLAGS: Final[Mapping[str, Mapping[str, str]]] = {
    "etcd": {
        "config-file": "give single flags: with a file etcd ignores all flags",
        "data-dir": _PATH,
        "wal-dir": _PATH,
        "name": _IDENTITY,
        "initial-cluster": _IDENTITY,
        "initial-cluster-state": _IDENTITY,
        "initial-cluster-token": _IDENTITY,
        "initial-advertise-peer-urls": _IDENTITY,
        "advertise-client-urls": _IDENTITY,
        "listen-peer-urls": _IDENTITY,
        "listen-client-urls": _IDENTITY,
        "listen-metrics-urls": _ASKED,
        "cert-file": _PATH,
        "key-file": _PATH,
        "trusted-ca-file": _TRUST,
        "client-cert-auth": _TRUST,
        "auto-tls": _TRUST,
        "peer-cert-file": _PATH,
        "peer-key-file": _PATH,
        "peer-trusted-ca-file": _TRUST,
        "peer-client-cert-auth": _TRUST,
        "peer-auto-tls": _TRUST,
    },
    "kubeApiserver": {
        **_SERVING,
        **_SERVICES,
        "secure-port": "set api.port",
        "bind-address": "leave it out: balancers, masters and the machine itself all ask there",
        "advertise-address": _IDENTITY,
        "etcd-servers": _IDENTITY,
        "etcd-prefix": "leave it out: it is where the cluster's memory is found again",
        "etcd-cafile": _TRUST,
        "etcd-certfile": _PATH,
        "etcd-keyfile": _PATH,
        "kubelet-certificate-authority": _TRUST,
        "kubelet-client-certificate": _PATH,
        "kubelet-client-key": _PATH,
        "proxy-client-cert-file": _PATH,
        "proxy-client-key-file": _PATH,
        "requestheader-client-ca-file": _TRUST,
        "requestheader-allowed-names": _TRUST,
        "requestheader-username-headers": _TRUST,
        "requestheader-group-headers": _TRUST,
        "requestheader-extra-headers-prefix": _TRUST,
        "enable-aggregator-routing": "leave it out: masters run no kube-proxy",
        "service-account-issuer": "leave it out: it follows from clusterDomain, for the cluster's life",
        "service-account-key-file": _TRUST,
        "service-account-signing-key-file": _PATH,
        "encryption-provider-config": "set encryption.provider",
        "anonymous-auth": _TRUST,
        "authentication-config": _TRUST,
        "authorization-config": _TRUST,
        "authorization-mode": _TRUST,
    },
    "kubeControllerManager": {
        **_KUBECONFIGS,
        **_SERVING,
        **_SERVICES,
        "allocate-node-cidrs": "leave it out: each worker's pod range is laid by hardway",
        "cluster-cidr": "set networks.pods",
        "root-ca-file": _TRUST,
        "service-account-private-key-file": _PATH,
        "cluster-signing-cert-file": _TRUST,
        "cluster-signing-key-file": _TRUST,
        "use-service-account-credentials": _TRUST,
        "bind-address": _ASKED,
        "secure-port": _ASKED,
    },
    "kubeScheduler": {
        **_KUBECONFIGS,
        **_SERVING,
        "config": _PATH,
        "bind-address": _ASKED,
        "secure-port": _ASKED,
    },
    "kubelet": {
        **_SERVING,
        "kubeconfig": _PATH,
        "bootstrap-kubeconfig": _TRUST,
        "config": _PATH,
        "config-dir": _PATH,
        "root-dir": _PATH,
        "cert-dir": _PATH,
        "hostname-override": _IDENTITY,
        "node-ip": _IDENTITY,
        "pod-cidr": "set podRange of the worker",
        "cluster-dns": "set networks.dns",
        "cluster-domain": "set clusterDomain",
        "container-runtime-endpoint": _PATH,
        "anonymous-auth": _TRUST,
        "authorization-mode": _TRUST,
        "rotate-certificates": _TRUST,
        "rotate-server-certificates": _TRUST,
    },
    "kubeProxy": {
        "kubeconfig": _PATH,
        "config": _PATH,
        "hostname-override": _IDENTITY,
        "cluster-cidr": "set networks.pods",
        "proxy-mode": "set proxy.mode",
    },
}
