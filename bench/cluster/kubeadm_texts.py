"""What kubeadm is told, as its documentation has it: configurations, the kubelet's unit and drop-in. Pure."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import yaml

from hardway.catalog.releases import release
from hardway.components.containerd import SOCKET
from hardway.components.credentials import api_server_name
from hardway.components.facts import Facts
from hardway.spec.model import Cluster, Machine

API: Final = "kubeadm.k8s.io/v1beta4"
PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
"""What runs in static pods on the masters."""

KUBELET_UNIT_TEXT: Final = """\
[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
"""

KUBELET_DROP_IN: Final = """\
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
--kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
"""Both as the project's own packages have them ("The kubelet drop-in file for systemd")."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What init and the joins share, fixed beforehand."""

    token: str
    certificate_key: str
    authority_public: str
    """The authority's public key, SubjectPublicKeyInfo PEM."""

    def __repr__(self) -> str:
        return "Secrets(***)"

    @property
    def pin(self) -> str:
        """As `--discovery-token-ca-cert-hash` has it."""
        lines = self.authority_public.strip().splitlines()[1:-1]
        return f"sha256:{sha256(b64decode(''.join(lines))).hexdigest()}"


def init(cluster: Cluster, master: Machine, facts: Facts, secrets: Secrets) -> str:
    """The configuration of `kubeadm init`."""
    own = {
        "apiVersion": API,
        "kind": "InitConfiguration",
        "bootstrapTokens": [{"token": secrets.token, "ttl": "1h0m0s"}],
        "certificateKey": secrets.certificate_key,
        "localAPIEndpoint": _endpoint(cluster, master),
        "nodeRegistration": _registration(master),
    }
    return yaml.safe_dump_all([own, _cluster(cluster), _kubelet(facts)], sort_keys=False)


def join(cluster: Cluster, machine: Machine, secrets: Secrets) -> str:
    """The configuration of `kubeadm join`, as a master or as a worker."""
    discovery = {
        "token": secrets.token,
        "apiServerEndpoint": f"{cluster.api.address}:{cluster.api.port}",
        "caCertHashes": [secrets.pin],
    }
    plane = {"localAPIEndpoint": _endpoint(cluster, machine), "certificateKey": secrets.certificate_key}
    body = {
        "apiVersion": API,
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": discovery},
        "nodeRegistration": _registration(machine),
        **({"controlPlane": plane} if machine in cluster.masters else {}),
    }
    return yaml.safe_dump(body, sort_keys=False)


def _endpoint(cluster: Cluster, machine: Machine) -> dict[str, Any]:
    return {"advertiseAddress": str(machine.address), "bindPort": cluster.api.port}


def _registration(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "criSocket": f"unix://{SOCKET}",
        # The images were imported beforehand.
        "imagePullPolicy": "Never",
        "kubeletExtraArgs": [{"name": "node-ip", "value": str(machine.address)}],
        # cgroup v1, and what else of a lab machine is no real machine's.
        "ignorePreflightErrors": ["all"],
    }


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "ClusterConfiguration",
        "clusterName": cluster.name,
        "kubernetesVersion": f"v{cluster.kubernetes.version}",
        "controlPlaneEndpoint": f"{cluster.api.address}:{cluster.api.port}",
        "networking": {"serviceSubnet": str(cluster.networks.services), "dnsDomain": cluster.cluster_domain},
        "encryptionAlgorithm": "ECDSA-P256",
        "apiServer": {"certSANs": [api_server_name(cluster)]},
        "etcd": {"local": {"imageTag": release(cluster.kubernetes.version).etcd}},
    }


def _kubelet(facts: Facts) -> dict[str, Any]:
    v1 = {"cgroupDriver": "cgroupfs", "failCgroupV1": False}
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "failSwapOn": False,
        "resolvConf": facts.resolv_conf,
        **(v1 if facts.cgroup == "v1" else {"cgroupDriver": "systemd"}),
        **({"oomScoreAdj": 0} if facts.restricted_oom else {}),
    }
