"""CoreDNS: answers what services are called. Two pods on two different workers, behind one fixed address.

Each pod of the cluster has that address as its name server: SERVICE.NAMESPACE.svc.<cluster domain> is answered from the
API, everything else goes to the name servers of the workers. Where the workers have none, nothing is forwarded and
outside names are refused: CoreDNS does not start with a forward to nobody.

It listens on 1053 in the pod, which needs no privilege; the service's port is 53. The article applies a manifest from
the web, whose pods may all run on one worker.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from hardway.components.component import Component, FactsOf
from hardway.components.layout import image, reference
from hardway.components.manifest import Body, api_answers, kube_objects, meta, object_id
from hardway.components.rbac import GROUP, admins
from hardway.resources.base import Chapter, Resource
from hardway.resources.kubernetes import Condition
from hardway.spec.model import Cluster

NAMESPACE: Final = "kube-system"
NAME: Final = "coredns"
SERVICE: Final = "kube-dns"
"""The name under which other software looks for the cluster's DNS."""
LABELS: Final = {"k8s-app": "kube-dns"}
PORT: Final = 1053
HEALTH_PORT: Final = 8080
READY_PORT: Final = 8181
METRICS_PORT: Final = 9153
NOBODY: Final = 65532


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """The image on each worker and CoreDNS's objects; none where there is no worker to run them."""
    if not cluster.workers:
        return ()
    outside = any(facts[worker.name].nameservers for worker in cluster.workers)
    corefile = _corefile(cluster, outside)
    bodies = (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(NAME, NAMESPACE)},
        *_rights(),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta(NAME, NAMESPACE),
            "data": {"Corefile": corefile},
        },
        _service(cluster),
        _disruption_budget(),
        _deployment(cluster, corefile),
    )
    objects = kube_objects(Chapter.DNS, bodies, (*api_answers(cluster), object_id(admins())))
    images = (image(cluster, worker.name, Chapter.DNS, "image-coredns") for worker in cluster.workers)
    return (*images, *objects, _available(objects[-1].id))


def _corefile(cluster: Cluster, outside: bool) -> str:
    forward = "    forward . /etc/resolv.conf\n    loop\n" if outside else ""
    return f""".:{PORT} {{
    errors
    health :{HEALTH_PORT} {{
        lameduck 5s
    }}
    ready :{READY_PORT}
    kubernetes {cluster.cluster_domain} in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }}
    prometheus :{METRICS_PORT}
{forward}    cache 30
    reload
    loadbalance
}}
"""


def _rights() -> tuple[Body, ...]:
    role = "hardway:coredns"
    watch = ["list", "watch"]
    return (
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRole",
            "metadata": meta(role),
            "rules": [
                {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": watch},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": watch},
            ],
        },
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": meta(role),
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        },
    )


def _service(cluster: Cluster) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(SERVICE, NAMESPACE, labels={**LABELS, "kubernetes.io/name": "CoreDNS"}),
        "spec": {
            "clusterIP": str(cluster.networks.dns),
            "selector": LABELS,
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": PORT},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": PORT},
                {"name": "metrics", "port": METRICS_PORT, "protocol": "TCP", "targetPort": METRICS_PORT},
            ],
        },
    }


def _disruption_budget() -> Body:
    """Draining a worker takes at most one of them away at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(NAME, NAMESPACE),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}},
    }


def _deployment(cluster: Cluster, corefile: str) -> Body:
    # A changed Corefile is a changed template: new pods read it one after another, and a bad one stops at the first.
    annotations = {"hardway/corefile": sha256(corefile.encode()).hexdigest()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(NAME, NAMESPACE, labels=LABELS),
        "spec": {
            "replicas": 2,
            "strategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS, "annotations": annotations}, "spec": _pod(cluster)},
        },
    }


def _pod(cluster: Cluster) -> Body:
    return {
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": NAME,
        "dnsPolicy": "Default",
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        # Also while a worker is not ready yet: else both go to the one that was ready first, and stay there.
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": LABELS},
                "matchLabelKeys": ["pod-template-hash"],
            }
        ],
        "securityContext": {"runAsNonRoot": True, "runAsUser": NOBODY, "runAsGroup": NOBODY},
        "containers": [_container(cluster)],
        "volumes": [
            {"name": "config", "configMap": {"name": NAME, "items": [{"key": "Corefile", "path": "Corefile"}]}}
        ],
    }


def _container(cluster: Cluster) -> Body:
    return {
        "name": NAME,
        "image": reference(cluster, "image-coredns"),
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "readinessProbe": {**_probe("/ready", READY_PORT), "periodSeconds": 1, "failureThreshold": 3},
        "livenessProbe": {
            **_probe("/health", HEALTH_PORT),
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            # Upstream's image has this capability on its program, which then does not start without it.
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }


def _probe(path: str, port: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}}


def _available(deployment: str) -> Condition:
    return Condition(
        chapter=Chapter.DNS,
        api_version="apps/v1",
        object_kind="Deployment",
        namespace=NAMESPACE,
        object_name=NAME,
        condition="Available",
        needs=(deployment,),
    )


COREDNS: Final = Component("coredns", wanted)
