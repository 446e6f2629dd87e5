"""What stands around the tasks in the account: the caller, roles, subnets, security groups, network interfaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final
from uuid import uuid4

from hardway.fargate.local.errors import ApiFault

VPC: Final = "vpc-0f0f0f0f0f0f0f0f0"
RESERVED: Final = 4
"""The first addresses of a subnet after its own are AWS's (VPC User Guide, "Subnet sizing"), and so is the last one."""
SECURITY_GROUP: Final = "sg-0aaaaaaaaaaaaaaaa"
ROLE: Final = "hardway-execution"


@dataclass
class Interface:
    """A network interface of a task."""

    id: str
    subnet: str
    address: IPv4Address
    task: str


@dataclass
class Account:
    """One account, in one region."""

    id: str
    region: str
    subnets: Mapping[str, IPv4Network]
    interfaces: dict[str, Interface] = field(default_factory=dict)

    @property
    def execution_role(self) -> str:
        return f"arn:aws:iam::{self.id}:role/{ROLE}"

    def attach(self, subnet: str, task: str) -> Interface:
        """A new interface with a free address of the subnet. Raises ApiFault where there is none."""
        if subnet not in self.subnets:
            raise ApiFault("InvalidParameterException", f"The subnet ID '{subnet}' does not exist")
        taken = {one.address for one in self.interfaces.values()}
        address = next((one for one in self._free(subnet) if one not in taken), None)
        if address is None:
            raise ApiFault("InvalidParameterException", f"The subnet '{subnet}' has no free address")
        made = Interface(f"eni-{uuid4().hex[:17]}", subnet, address, task)
        self.interfaces[made.id] = made
        return made

    def _free(self, subnet: str) -> Iterator[IPv4Address]:
        hosts = iter(self.subnets[subnet].hosts())
        for _ in range(RESERVED - 1):
            next(hosts)
        yield from hosts

    def detach(self, interface: str) -> None:
        self.interfaces.pop(interface, None)

    def GetCallerIdentity(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"UserId": "AIDALOCAL", "Account": self.id, "Arn": f"arn:aws:iam::{self.id}:user/hardway"}

    def GetRole(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["RoleName"] != ROLE:
            raise ApiFault("NoSuchEntity", f"The role with name {request['RoleName']} cannot be found.", 404)
        role = {"Path": "/", "RoleName": ROLE, "RoleId": "AROALOCAL", "Arn": self.execution_role}
        return {"Role": {**role, "CreateDate": datetime(2024, 1, 1, tzinfo=UTC)}}

    def DescribeSubnets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request.get("SubnetIds") or list(self.subnets)
        for name in wanted:
            if name not in self.subnets:
                raise ApiFault("InvalidSubnetID.NotFound", f"The subnet ID '{name}' does not exist")
        return {"Subnets": [self._subnet(name) for name in wanted]}

    def _subnet(self, name: str) -> dict[str, Any]:
        used = sum(1 for one in self.interfaces.values() if one.subnet == name)
        free = self.subnets[name].num_addresses - RESERVED - 1 - used
        where = {"VpcId": VPC, "AvailabilityZone": f"{self.region}a", "State": "available"}
        return {"SubnetId": name, "CidrBlock": str(self.subnets[name]), "AvailableIpAddressCount": free, **where}

    def DescribeSecurityGroups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        for name in request.get("GroupIds") or ():
            if name != SECURITY_GROUP:
                raise ApiFault("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
        return {"SecurityGroups": [{"GroupId": SECURITY_GROUP, "GroupName": "default", "VpcId": VPC}]}

    def DescribeNetworkInterfaces(self, request: Mapping[str, Any]) -> dict[str, Any]:
        wanted = request.get("NetworkInterfaceIds") or list(self.interfaces)
        for name in wanted:
            if name not in self.interfaces:
                raise ApiFault("InvalidNetworkInterfaceID.NotFound", f"The network interface '{name}' does not exist")
        return {"NetworkInterfaces": [self._interface(self.interfaces[name]) for name in wanted]}

    def _interface(self, one: Interface) -> dict[str, Any]:
        address = {"PrivateIpAddress": str(one.address)}
        where = {"SubnetId": one.subnet, "VpcId": VPC, "Status": "in-use"}
        return {"NetworkInterfaceId": one.id, "Description": one.task, **address, **where}
