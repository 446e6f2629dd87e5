"""What the configuration of every project is made from, and the sections that several of them share. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from hardway.cloud.configuration.ini import Section, Sections
from hardway.cloud.places import CloudPlace
from hardway.cloud.record import REGION, Record

EXTERNAL = IPv4Network("192.168.0.0/24")
"""The network that floating addresses are of; the operator stands in it."""
OPERATOR_ADDRESS = IPv4Address("192.168.0.1")
"""The external network's gateway, and its name server."""
PHYSICAL_NETWORK = "physnet1"
DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Settings:
    """A cloud to configure."""

    place: CloudPlace
    record: Record

    @property
    def venv(self) -> Path:
        return Path(self.record.venv)

    @property
    def programs(self) -> Path:
        """The directory with the programs of Open vSwitch and OVN."""
        return Path(self.record.programs) / "bin"

    def database(self, name: str) -> Section:
        return {"connection": f"sqlite:///{self.place.databases / name}.sqlite"}

    def data(self, name: str) -> Path:
        return self.place.data / name

    def credentials(self, user: str) -> Section:
        """How a project proves itself to Keystone, for any section that keystoneauth1 reads."""
        return {
            "auth_url": self.record.auth_url,
            "auth_type": "password",
            "username": user,
            "password": self.record.passwords[user],
            "project_name": "service",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
            "region_name": REGION,
        }

    def middleware(self, user: str) -> Section:
        """How a project has Keystone check the tokens it is given."""
        return {"www_authenticate_uri": self.record.auth_url, **self.credentials(user)}

    def locks(self, user: str) -> Sections:
        return {"oslo_concurrency": {"lock_path": self.place.run / "locks" / user}}

    def ovn(self) -> Section:
        """Unix sockets cross network namespaces, which the loopback address does not."""
        return {
            "ovn_nb_connection": f"unix:{self.place.northbound}",
            "ovn_sb_connection": f"unix:{self.place.southbound}",
        }


NO_BROKER = {"transport_url": "fake:///"}
"""Within a project all runs in one process, and the projects speak HTTP to each other: no message leaves a process."""
