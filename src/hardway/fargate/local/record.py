"""What a local Fargate was made of, as a file that its server and later commands read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network
from pathlib import Path

from hardway.fargate.local.account import SECURITY_GROUP, Account
from hardway.fargate.local.places import FargatePlace
from hardway.lab.files import write

REGION = "us-local-1"
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Record:
    """All that is chosen when it is made."""

    port: int
    runc: str
    archives: tuple[str, ...]
    """OCI archives, and folders of them."""
    subnets: Mapping[str, str]
    lab: str = ""
    """The lab that its network is joined to."""
    cluster: str = "hardway"
    log_group: str = "/hardway/pods"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def networks(self) -> Mapping[str, IPv4Network]:
        return {name: IPv4Network(text) for name, text in self.subnets.items()}

    @property
    def archive_paths(self) -> tuple[Path, ...]:
        return tuple(map(Path, self.archives))

    @property
    def runc_path(self) -> Path:
        return Path(self.runc)

    def account(self) -> Account:
        return Account(ACCOUNT, REGION, self.networks)

    def configuration(self) -> str:
        """A fargate.toml for the agent."""
        subnets = ", ".join(f'"{name}"' for name in self.subnets)
        return f"""\
Region = "{REGION}"
ClusterName = "{self.cluster}"
Subnets = [{subnets}]
SecurityGroups = ["{SECURITY_GROUP}"]
AssignPublicIPv4Address = false
ExecutionRoleArn = "{self.account().execution_role}"
CloudWatchLogGroupName = "{self.log_group}"
PlatformVersion = "LATEST"
OperatingSystem = "Linux"
CPU = "20"
Memory = "40Gi"
Pods = "20"
EndpointURL = "{self.url}"
PollSeconds = 2.0
"""


def read_record(place: FargatePlace) -> Record | None:
    """None where it was never made, or not to the end."""
    try:
        values = json.loads(place.record.read_text())
        return Record(**{**values, "archives": tuple(values["archives"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_record(place: FargatePlace, record: Record) -> None:
    write(place.record, json.dumps(asdict(record)), 0o600)
