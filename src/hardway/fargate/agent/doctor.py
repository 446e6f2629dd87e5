"""Everything that the agent needs of AWS, of the cluster and of this computer: is it there, and what mends it.

Only looks; makes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from hardway.fargate.agent.aws import Aws
from hardway.fargate.agent.kubelet_api import tls_context
from hardway.fargate.faults import FargateFault
from hardway.fargate.node import LEASE_NAMESPACE
from hardway.fargate.settings import Settings
from hardway.kube.api import ApiError, ApiUnavailable
from hardway.kube.client import KubeClient

CAN_WAIT: Final = 3.0
"""Seconds for a packet to a task and back."""
RIGHTS: Final = (
    ("get", "", "nodes", "", ""),
    ("create", "", "nodes", "", ""),
    ("patch", "", "nodes", "", ""),
    ("patch", "", "nodes", "status", ""),
    ("list", "", "pods", "", ""),
    ("watch", "", "pods", "", ""),
    ("delete", "", "pods", "", ""),
    ("patch", "", "pods", "status", ""),
    ("get", "", "secrets", "", ""),
    ("get", "", "configmaps", "", ""),
    ("create", "", "events", "", ""),
    ("get", "coordination.k8s.io", "leases", "", LEASE_NAMESPACE),
    ("create", "coordination.k8s.io", "leases", "", LEASE_NAMESPACE),
    ("update", "coordination.k8s.io", "leases", "", LEASE_NAMESPACE),
    ("create", "authorization.k8s.io", "subjectaccessreviews", "", ""),
)
"""verb, group, resource, subresource, namespace: what docs/fargate/rbac.yaml gives."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One prerequisite."""

    what: str
    met: bool
    why: str
    """What was found."""
    remedy: str = ""


class Unmet(Exception):
    """What is wrong, and what mends it."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


async def examine(settings: Settings, aws: Aws, client: KubeClient) -> list[Finding]:
    """All of them, in the order in which one would mend them."""
    checks = _Checks(settings, aws, client)
    return [await _finding(what, check) for what, check in checks.all()]


async def _finding(what: str, check: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(what, True, await check())
    except Unmet as fault:
        return Finding(what, False, fault.why, fault.remedy)
    except FargateFault as fault:
        said = " ".join(part for part in (fault.what, fault.evidence) if part)
        return Finding(what, False, said, fault.advice)
    except (ApiError, ApiUnavailable) as fault:
        return Finding(what, False, str(fault), "look at the kubeconfig, and at docs/fargate/rbac.yaml")


@dataclass(frozen=True)
class _Checks:
    settings: Settings
    aws: Aws
    client: KubeClient

    def all(self) -> Sequence[tuple[str, Callable[[], Awaitable[str]]]]:
        return (
            ("region", self.region),
            ("credentials", self.credentials),
            ("ECS cluster", self.cluster),
            ("subnets", self.subnets),
            ("security groups", self.security_groups),
            ("execution role", self.execution_role),
            ("log group", self.log_group),
            ("Kubernetes API", self.api),
            ("rights in the cluster", self.rights),
            ("kubelet API", self.kubelet_api),
            ("way to the tasks", self.way),
            ("names", self.names),
        )

    async def region(self) -> str:
        if self.settings.endpoint:
            return f"{self.settings.region}, at {self.settings.endpoint}"
        if self.settings.region not in self.aws.regions:
            raise Unmet(f"{self.settings.region} is no region with ECS", f"one of {', '.join(self.aws.regions)}")
        return self.settings.region

    async def credentials(self) -> str:
        found = await self.aws.call("sts", "GetCallerIdentity")
        return str(found["Arn"])

    async def cluster(self) -> str:
        name = self.settings.cluster
        answer = await self.aws.call("ecs", "DescribeClusters", clusters=[name])
        states = [one.get("status") for one in answer["clusters"]]
        if states != ["ACTIVE"]:
            remedy = f"aws ecs create-cluster --cluster-name {name} --region {self.settings.region}"
            raise Unmet(f"cluster {name} is {states[0] if states else 'not there'}", remedy)
        return name

    async def subnets(self) -> str:
        found = await self._subnets()
        networks = {one["VpcId"] for one in found}
        if len(networks) > 1:
            raise Unmet(f"they lie in several VPCs: {', '.join(sorted(networks))}", "name subnets of one VPC")
        full = [one["SubnetId"] for one in found if not one.get("AvailableIpAddressCount")]
        if full:
            raise Unmet(f"no free address in {', '.join(full)}", "name other subnets, or larger ones")
        return ", ".join(f"{one['SubnetId']} {one['CidrBlock']}" for one in found)

    async def _subnets(self) -> list[dict[str, Any]]:
        answer = await self.aws.call("ec2", "DescribeSubnets", SubnetIds=list(self.settings.subnets))
        return list(answer["Subnets"])

    async def security_groups(self) -> str:
        wanted = list(self.settings.security_groups)
        if not wanted:
            return "none named: the VPC's default one"
        answer = await self.aws.call("ec2", "DescribeSecurityGroups", GroupIds=wanted)
        networks = {one["VpcId"] for one in answer["SecurityGroups"]}
        if networks != {one["VpcId"] for one in await self._subnets()}:
            raise Unmet("they lie in another VPC than the subnets", "name groups of the subnets' VPC")
        return ", ".join(wanted)

    async def execution_role(self) -> str:
        if not self.settings.execution_role:
            return "none: no logs, no secrets, public images only"
        name = self.settings.execution_role.rpartition("/")[2]
        await self.aws.call("iam", "GetRole", RoleName=name)
        return name

    async def log_group(self) -> str:
        name = self.settings.log_group
        if not name:
            return "none: `kubectl logs` will say so"
        answer = await self.aws.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)
        if not any(one["logGroupName"] == name for one in answer["logGroups"]):
            remedy = f"aws logs create-log-group --log-group-name {name} --region {self.settings.region}"
            raise Unmet(f"{name} is not there", remedy)
        return name

    async def api(self) -> str:
        answer = await self.client.request("GET", "/version")
        return f"{self.client.server} {answer.json().get('gitVersion', '')}"

    async def rights(self) -> str:
        missing = [right async for right in self._missing_rights()]
        if missing:
            what = f"the kubeconfig's user may not {'; '.join(missing)}"
            raise Unmet(what, "kubectl apply -f docs/fargate/rbac.yaml")
        return f"all {len(RIGHTS)}"

    async def _missing_rights(self) -> AsyncIterator[str]:
        for verb, group, resource, subresource, namespace in RIGHTS:
            attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "metadata": {},
                "spec": {"resourceAttributes": {**attributes, "namespace": namespace}},
            }
            answer = await self.client.create(review)
            if not answer["status"]["allowed"]:
                yield f"{verb} {'/'.join(part for part in (resource, subresource) if part)}"

    async def kubelet_api(self) -> str:
        if not self.settings.kubelet_certificate:
            return "none: no KubeletCertificate, and so no `kubectl logs`"
        tls_context(self.settings)
        certificate = x509.load_pem_x509_certificate(Path(self.settings.kubelet_certificate).read_bytes())
        end = certificate.not_valid_after_utc
        if end <= datetime.now(UTC):
            raise Unmet(f"its certificate ended on {end:%Y-%m-%d}", "have the cluster's authority issue another one")
        address = self.settings.node_address
        if address and address not in _addresses(certificate):
            what = f"its certificate is not for {address}, where the API servers would look for it"
            raise Unmet(what, "have one issued with that address among its subject alternative names")
        return f"port {self.settings.kubelet_port}, certificate until {end:%Y-%m-%d}"

    async def way(self) -> str:
        """A task that runs answers, or refuses: either shows a way there and back."""
        arns = (await self.aws.call("ecs", "ListTasks", cluster=self.settings.cluster))["taskArns"][:10]
        if not arns:
            return "not known: no task runs"
        answer = await self.aws.call("ecs", "DescribeTasks", cluster=self.settings.cluster, tasks=arns)
        addresses = [address for one in answer["tasks"] if (address := _task_address(one))]
        for address in addresses:
            if await _reached(address):
                return f"{address} is reached from here"
        if not addresses:
            return "not known: no task has an address"
        what = f"no way from here to {', '.join(addresses)}: probes over the network and Services will not work"
        raise Unmet(what, "a VPN or route between the VPC and the cluster; let the security group in from there")

    async def names(self) -> str:
        return "tasks ask the VPC's name server, which does not know the cluster's Services"


def _addresses(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(one) for one in names.get_values_for_type(x509.IPAddress)}


def _task_address(task: dict[str, Any]) -> str:
    details = (one for attachment in task.get("attachments") or () for one in attachment.get("details") or ())
    return next((str(one["value"]) for one in details if one.get("name") == "privateIPv4Address"), "")


async def _reached(address: str) -> bool:
    try:
        async with asyncio.timeout(CAN_WAIT):
            _, writer = await asyncio.open_connection(address, 1)
            writer.close()
            return True
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
