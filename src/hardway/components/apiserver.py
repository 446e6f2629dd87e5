"""kube-apiserver: the only door to the cluster's memory. One on each master, all alike, all in service at once.

What it must prove and to whom, each with a certificate of its own (the article has one for all of it):
to clients its address (`kube-apiserver`), to etcd that it may read (`kube-apiserver-etcd-client`), to kubelets that it
may fetch logs and run commands (`kube-apiserver-kubelet-client`), to aggregated APIs that it speaks for a user
(`front-proxy-client`). Kubelets are held to an authority of their own.

Changed from the article: the flags that are gone (`--kubelet-https`, `--enable-swagger-ui`, `Initializers`, a bare
`api/all`); `--apiserver-count`, which masters' leases made needless; the key that signs service-account tokens is a key
and no certificate that expires; secrets are encrypted with secretbox instead of aescbc, which has no integrity; there
is an audit policy, without which the article's audit log stays empty; nobody is served anonymously but the balancers'
health checks; and a server that is told to stop first says so on /readyz and goes on serving until the balancers have
seen it. The article's `--authorization-mode=Node,RBAC` and NodeRestriction stay: a kubelet may touch its own node and
what its own pods need.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import pair, secret, to_yaml, trust
from hardway.components.etcd import endpoints
from hardway.components.layout import API_SERVER_UNIT, BIN, ETCD_PKI, KUBERNETES, LOGS, PKI, program
from hardway.components.unit_file import ALWAYS, HARDENED, Settings, command, flags, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Budget, Directory, File, Probe, SystemUser
from hardway.spec.addresses import issuer
from hardway.spec.model import Cluster, Machine

USER: Final = "kube-apiserver"
AUTHENTICATION: Final = f"{KUBERNETES}/authentication.yaml"
AUDIT_POLICY: Final = f"{KUBERNETES}/audit-policy.yaml"
AUDIT_LOG: Final = f"{LOGS}/audit.log"
ENCRYPTION: Final = f"{KUBERNETES}/encryption.yaml"
SIGNING_KEY: Final = f"{PKI}/{names.API_SERVER}-{names.SERVICE_ACCOUNT}-key.pem"
VERIFICATION_KEYS: Final = f"{PKI}/{names.SERVICE_ACCOUNT}.pub"
HEALTH_PATHS: Final = ("/livez", "/readyz", "/healthz")
SHUTDOWN_DELAY: Final = "4s"
"""Longer than a balancer takes to see a failing /readyz: two checks, half a second apart, of at most a second each."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """An API server on each master."""
    return tuple(resource for master in cluster.masters for resource in _server(cluster, master))


def _server(cluster: Cluster, master: Machine) -> tuple[Resource, ...]:
    machine = master.name
    reads = (
        program(cluster, machine, Chapter.CONTROL_PLANE, "kube-apiserver"),
        *_credentials(machine),
        _encryption(cluster, machine),
        _config(machine, AUTHENTICATION, _authentication()),
        _config(machine, AUDIT_POLICY, _audit_policy()),
    )
    return (
        SystemUser(chapter=Chapter.CONTROL_PLANE, machine=machine, user=USER),
        Directory(chapter=Chapter.CONTROL_PLANE, machine=machine, path=LOGS, owner=USER, mode=0o700),
        *reads,
        *service(
            machine,
            Chapter.CONTROL_PLANE,
            API_SERVER_UNIT,
            _unit(cluster, master),
            reads,
            ready=Probe(
                port=cluster.api.port, path="/readyz", scheme="https", ca=names.certificate(names.KUBERNETES_CA)
            ),
            budget=Budget("kube-apiserver"),
        ),
    )


def _credentials(machine: str) -> tuple[File, ...]:
    return (
        *(trust(machine, name) for name in (names.KUBERNETES_CA, names.FRONT_PROXY_CA, names.KUBELET_CA)),
        trust(machine, names.ETCD_CA, ETCD_PKI),
        *pair(machine, names.API_SERVER, USER),
        *pair(machine, names.API_SERVER_ETCD_CLIENT, USER),
        *pair(machine, names.API_SERVER_KUBELET_CLIENT, USER),
        *pair(machine, names.FRONT_PROXY_CLIENT, USER),
        secret(machine, SIGNING_KEY, names.private_key(names.SERVICE_ACCOUNT), USER),
        File(
            chapter=Chapter.CERTIFICATES,
            machine=machine,
            path=VERIFICATION_KEYS,
            content=Content.of(names.public_key(names.SERVICE_ACCOUNT)),
        ),
    )


def _config(machine: str, path: str, text: str) -> File:
    return File(chapter=Chapter.CONTROL_PLANE, machine=machine, path=path, content=Content.of(text))


def _encryption(cluster: Cluster, machine: str) -> File:
    """The first key encrypts, all of them decrypt; `identity` reads what was written before there was encryption."""
    before = (
        "apiVersion: apiserver.config.k8s.io/v1\n"
        "kind: EncryptionConfiguration\n"
        "resources:\n"
        "- resources:\n"
        "  - secrets\n"
        "  providers:\n"
        f"  - {cluster.encryption.provider}:\n"
        "      keys:\n"
        f"      - name: {names.ENCRYPTION_KEY}\n"
        "        secret: "
    )
    return File(
        chapter=Chapter.ENCRYPTION,
        machine=machine,
        path=ENCRYPTION,
        content=Content.of(before, names.random_secret(names.ENCRYPTION_KEY), "\n  - identity: {}\n"),
        owner=USER,
        mode=0o600,
    )


def _authentication() -> str:
    """The balancers ask for health without a credential; everything else wants one (KEP-4633)."""
    return to_yaml(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "anonymous": {"enabled": True, "conditions": [{"path": path} for path in HEALTH_PATHS]},
        }
    )


def _audit_policy() -> str:
    """Who did what to which object, never with what content: bodies hold secrets and tokens."""
    return to_yaml(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": [
                {"level": "None", "nonResourceURLs": [f"{path}*" for path in HEALTH_PATHS]},
                {"level": "None", "resources": [{"group": "", "resources": ["events"]}]},
                {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
                {"level": "None", "verbs": ["get", "list", "watch"], "userGroups": ["system:nodes"]},
                {"level": "None", "verbs": ["watch"], "userGroups": ["system:serviceaccounts:kube-system"]},
                {"level": "Metadata"},
            ],
        }
    )


def _flags(cluster: Cluster, master: Machine) -> dict[str, str]:
    return {
        "advertise-address": str(master.address),
        "bind-address": "0.0.0.0",
        "secure-port": str(cluster.api.port),
        "tls-cert-file": f"{PKI}/{names.API_SERVER}.pem",
        "tls-private-key-file": f"{PKI}/{names.API_SERVER}-key.pem",
        "service-cluster-ip-range": str(cluster.networks.services),
        "service-node-port-range": "30000-32767",
        "event-ttl": "1h",
        "profiling": "false",
        "shutdown-delay-duration": SHUTDOWN_DELAY,
        # Watches are told to end; left to themselves they would hold a server that stops for its whole minute.
        "shutdown-watch-termination-grace-period": "3s",
        # One connection in a thousand requests moves on, so that a server that came back gets its share.
        "goaway-chance": "0.001" if len(cluster.masters) > 1 else "0",
        **_who_may(cluster),
        **_etcd(cluster),
        **_kubelets(),
        **_aggregation(),
        **_audit(),
    }


def _who_may(cluster: Cluster) -> dict[str, str]:
    return {
        "client-ca-file": f"{PKI}/{names.KUBERNETES_CA}.pem",
        "authentication-config": AUTHENTICATION,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "service-account-issuer": issuer(cluster),
        "service-account-signing-key-file": SIGNING_KEY,
        "service-account-key-file": VERIFICATION_KEYS,
    }


def _etcd(cluster: Cluster) -> dict[str, str]:
    return {
        "etcd-servers": endpoints(cluster),
        "etcd-cafile": f"{ETCD_PKI}/{names.ETCD_CA}.pem",
        "etcd-certfile": f"{PKI}/{names.API_SERVER_ETCD_CLIENT}.pem",
        "etcd-keyfile": f"{PKI}/{names.API_SERVER_ETCD_CLIENT}-key.pem",
        "encryption-provider-config": ENCRYPTION,
    }


def _kubelets() -> dict[str, str]:
    return {
        "kubelet-certificate-authority": f"{PKI}/{names.KUBELET_CA}.pem",
        "kubelet-client-certificate": f"{PKI}/{names.API_SERVER_KUBELET_CLIENT}.pem",
        "kubelet-client-key": f"{PKI}/{names.API_SERVER_KUBELET_CLIENT}-key.pem",
        # By address first: logs and exec must not depend on anybody's DNS.
        "kubelet-preferred-address-types": "InternalIP,Hostname",
    }


def _aggregation() -> dict[str, str]:
    """Masters run no kube-proxy, so webhooks and aggregated APIs are called at their pods' own addresses."""
    return {
        "enable-aggregator-routing": "true",
        "proxy-client-cert-file": f"{PKI}/{names.FRONT_PROXY_CLIENT}.pem",
        "proxy-client-key-file": f"{PKI}/{names.FRONT_PROXY_CLIENT}-key.pem",
        "requestheader-client-ca-file": f"{PKI}/{names.FRONT_PROXY_CA}.pem",
        "requestheader-allowed-names": names.FRONT_PROXY_USER,
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    }


def _audit() -> dict[str, str]:
    return {
        "audit-policy-file": AUDIT_POLICY,
        "audit-log-path": AUDIT_LOG,
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "3",
        "audit-log-maxsize": "100",
    }


def _unit(cluster: Cluster, master: Machine) -> str:
    arguments = flags(_flags(cluster, master), cluster.flags.kube_apiserver)
    return unit_text(
        (
            ("Description", "Kubernetes API server"),
            ("Documentation", "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/"),
            ("Wants", "network-online.target"),
            # Not after etcd's readiness: it asks etcd by itself until a majority answers.
            ("After", "network-online.target"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("Type", "notify"),
            ("ExecStart", command(f"{BIN}/kube-apiserver", arguments)),
            ("User", USER),
            ("TimeoutStartSec", "infinity"),
            ("TimeoutStopSec", "90"),
            *ALWAYS,
            *HARDENED,
            *_low_port(cluster.api.port),
            ("ReadWritePaths", LOGS),
        ),
    )


def _low_port(port: int) -> Settings:
    """A port below 1024 is a privilege (capabilities(7)); a later CapabilityBoundingSet= adds to the empty one."""
    capability = "CAP_NET_BIND_SERVICE"
    return (("CapabilityBoundingSet", capability), ("AmbientCapabilities", capability)) if port < 1024 else ()


API_SERVER: Final = Component("kube-apiserver", wanted)
