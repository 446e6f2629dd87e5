"""The names of the keys and certificates in the vault, and references to them."""

from __future__ import annotations

from typing import Final

from hardway.resources.base import OPERATOR, Ref

KUBERNETES_CA: Final = "kubernetes-ca"
"""Signs the API servers' serving certificates and every client certificate of the API."""
ETCD_CA: Final = "etcd-ca"
"""Signs all certificates of etcd: servers, peers, clients."""
FRONT_PROXY_CA: Final = "front-proxy-ca"
"""Signs the API servers' client certificate towards aggregated APIs."""
KUBELET_CA: Final = "kubelet-ca"
"""Signs the kubelets' serving certificates."""

REGISTRY_CA: Final = "registry-ca"
"""Signs the certificate of the registry of images, where the cluster has one of its own."""

API_SERVER: Final = "kube-apiserver"
API_SERVER_KUBELET_CLIENT: Final = "kube-apiserver-kubelet-client"
API_SERVER_KUBELET_USER: Final = API_SERVER_KUBELET_CLIENT
"""The user (common name) as which the API servers come to the kubelets; to be bound to system:kubelet-api-admin."""
API_SERVER_ETCD_CLIENT: Final = "kube-apiserver-etcd-client"
FRONT_PROXY_CLIENT: Final = "front-proxy-client"
FRONT_PROXY_USER: Final = FRONT_PROXY_CLIENT
"""The common name that aggregated APIs accept from the front proxy (--requestheader-allowed-names)."""
ETCD_SERVER: Final = "etcd-server"
ETCD_PEER: Final = "etcd-peer"
ETCD_HEALTH_CLIENT: Final = "etcd-health-client"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
CONTROLLER_MANAGER_SERVING: Final = "kube-controller-manager-serving"
SCHEDULER: Final = "kube-scheduler"
SCHEDULER_SERVING: Final = "kube-scheduler-serving"
KUBELET_CLIENT: Final = "kubelet-client"
KUBELET_SERVING: Final = "kubelet-serving"
KUBE_PROXY: Final = "kube-proxy"
REGISTRY: Final = "registry"

ADMIN_GROUP: Final = "hardway:admins"
"""The operators' group; to be bound to cluster-admin."""
ADMIN: Final = "admin"
"""The operator: user admin, group hardway:admins."""
BREAK_GLASS: Final = "break-glass"
"""Group system:masters; stays in the state directory."""
SERVICE_ACCOUNT: Final = "service-account"
"""The key pair that signs service-account tokens; no certificate."""
ENCRYPTION_KEY: Final = "encryption-key-1"
"""32 random bytes for encryption at rest."""


def on(use: str, machine: str) -> str:
    """The name of a machine's own certificate for one of the uses above: kube-apiserver.hardway-master-0."""
    return f"{use}.{machine}"


def certificate(name: str) -> Ref:
    """The certificate, PEM."""
    return Ref(f"certificate:{OPERATOR}:{name}", "pem")


def private_key(name: str) -> Ref:
    """The private key, PKCS#8 PEM."""
    return Ref(f"key:{OPERATOR}:{name}", "pem", secret=True)


def public_key(name: str) -> Ref:
    """The public key, SubjectPublicKeyInfo PEM."""
    return Ref(f"key:{OPERATOR}:{name}", "public")


def random_secret(name: str) -> Ref:
    """Random bytes, base64."""
    return Ref(f"secret:{OPERATOR}:{name}", "base64", secret=True)
