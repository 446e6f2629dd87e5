"""The node as the API has it: labels, taint, capacity, conditions, addresses, and its lease. Pure.

Labels and taint are those of the article's node, and beside them today's names.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from hardway.fargate.settings import Settings
from hardway.fargate.status import rfc3339
from hardway.kube.api import Body

TAINT: Final = {"key": "virtual-kubelet.io/provider", "value": "aws", "effect": "NoSchedule"}
LEASE_NAMESPACE: Final = "kube-node-lease"
LEASE_SECONDS: Final = 40
RENEW_SECONDS: Final = 10.0
"""The kubelet's own: a quarter of the lease."""


def labels(settings: Settings) -> dict[str, str]:
    return {
        "type": "virtual-kubelet",
        "kubernetes.io/role": "agent",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": settings.architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": settings.architecture,
        "kubernetes.io/hostname": settings.node_name,
        "node-role.kubernetes.io/agent": "",
        "node.kubernetes.io/exclude-from-external-load-balancers": "true",
        "topology.kubernetes.io/region": settings.region,
    }


def node(settings: Settings) -> Body:
    """What is created."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": settings.node_name, "labels": labels(settings)},
        "spec": {"taints": [TAINT]},
    }


def node_status(settings: Settings, address: str, version: str, now: datetime, before: Body, trouble: str) -> Body:
    """`trouble` says why it is not ready, empty where it is; `before` is the node as it was read."""
    capacity = {
        "cpu": settings.cpu,
        "memory": settings.memory,
        "pods": settings.pods,
        "ephemeral-storage": f"{20 * settings.pod_limit}Gi",
    }
    status: dict[str, Any] = {
        "capacity": capacity,
        "allocatable": capacity,
        "conditions": _conditions(now, before, trouble),
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": settings.node_name},
        ],
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": "",
            "osImage": "AWS Fargate",
            "containerRuntimeVersion": f"fargate://{settings.platform_version}",
            "kubeletVersion": f"v{version}-hardway-fargate",
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": settings.architecture,
        },
    }
    if settings.kubelet_certificate:
        status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": settings.kubelet_port}}
    return status


def _conditions(now: datetime, before: Body, trouble: str) -> list[Body]:
    said = {one["type"]: one for one in (before.get("status") or {}).get("conditions") or ()}
    good = ("True", "AwsAnswers", "AWS answers") if not trouble else ("False", "AwsDoesNotAnswer", trouble[:1024])
    wanted = {
        "Ready": good,
        "MemoryPressure": ("False", "NotOurs", "tasks have memory of their own"),
        "DiskPressure": ("False", "NotOurs", "tasks have disks of their own"),
        "PIDPressure": ("False", "NotOurs", "tasks have processes of their own"),
        "NetworkUnavailable": ("False", "NotOurs", "tasks have network interfaces of their own"),
    }
    return [_condition(kind, *values, now, said.get(kind)) for kind, values in wanted.items()]


def _condition(kind: str, status: str, reason: str, message: str, now: datetime, before: Body | None) -> Body:
    kept = before is not None and before.get("status") == status
    since = before.get("lastTransitionTime") if kept and before else None
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": rfc3339(now),
        "lastTransitionTime": since or rfc3339(now),
    }


def micro_time(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lease(settings: Settings, holder: str, node_uid: str, now: datetime) -> Body:
    owner = {"apiVersion": "v1", "kind": "Node", "name": settings.node_name, "uid": node_uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": settings.node_name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": micro_time(now),
        },
    }


def held_by_another(lease_body: Body, holder: str, now: datetime) -> str:
    """Who else holds the lease now, or ""."""
    spec = lease_body.get("spec") or {}
    other = str(spec.get("holderIdentity") or "")
    renewed = spec.get("renewTime")
    if not other or other == holder or not renewed:
        return ""
    age = (now - datetime.fromisoformat(renewed)).total_seconds()
    return other if age < float(spec.get("leaseDurationSeconds") or LEASE_SECONDS) else ""
