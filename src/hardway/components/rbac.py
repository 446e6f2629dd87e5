"""Who may do what, beyond what Kubernetes itself says at its first start.

Two bindings to roles that every cluster has. The API servers may talk to kubelets: without it `logs` and `exec` are
Forbidden. The operators (group hardway:admins) may do everything, until the binding is taken from them: the article's
admin is in system:masters, a group that no rule can take anything from. Such a credential exists here too, as
break-glass, and stays with the operator.

The article writes a ClusterRole of its own for the kubelets and marks it as one of Kubernetes' own defaults; the
built-in system:kubelet-api-admin says the same and follows Kubernetes' releases.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.manifest import Body, api_answers, kube_object, meta, object_id
from hardway.pki import names
from hardway.resources.base import Chapter, Resource
from hardway.spec.model import Cluster

GROUP: Final = "rbac.authorization.k8s.io"


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The admins' binding first: all other objects are made by an admin."""
    answers = api_answers(cluster)
    return (
        kube_object(Chapter.RBAC, admins(), answers),
        kube_object(Chapter.RBAC, _api_servers(), (*answers, object_id(admins()))),
    )


def admins() -> Body:
    """The operators' group may do everything."""
    return _binding("hardway:admins", "cluster-admin", "Group", names.ADMIN_GROUP)


def _api_servers() -> Body:
    return _binding(
        "hardway:kube-apiserver-to-kubelet", "system:kubelet-api-admin", "User", names.API_SERVER_KUBELET_USER
    )


def _binding(name: str, role: str, kind: str, subject: str) -> Body:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": meta(name),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": kind, "name": subject}],
    }


RBAC: Final = Component("rbac", wanted)
