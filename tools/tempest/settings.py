"""What tempest is told of the cloud: tempest.conf."""

from __future__ import annotations

import configparser
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hardway.cloud.operations import client_environment

USER: Final = "debian"
"""Of the servers' image."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What of a cloud tempest must know."""

    auth_url: str
    password: str
    image: str
    flavor: str
    network: str
    """The external one."""
    extensions: Sequence[str]
    """Neutron's."""
    ports: Sequence[int]
    """Of the APIs, on loopback."""
    operator: str
    """The network namespace from which floating addresses are reached."""


def look(name: str) -> Cloud:
    """Asks the cloud itself. Raises CloudFault, and what openstacksdk raises."""
    import openstack

    os.environ.update(client_environment(name))
    cloud: Any = openstack.connect(cloud=f"{name}-admin")
    auth: Mapping[str, Any] = cloud.config.config["auth"]
    urls = {one.url for one in cloud.identity.endpoints()}
    return Cloud(
        auth_url=auth["auth_url"],
        password=auth["password"],
        image=cloud.image.find_image("debian-13", ignore_missing=False).id,
        flavor=cloud.compute.find_flavor("hardway.node", ignore_missing=False).id,
        network=cloud.network.find_network("public", ignore_missing=False).id,
        extensions=sorted(one.alias for one in cloud.network.extensions()),
        ports=sorted({port for url in urls if (port := urlsplit(url).port)}),
        operator=f"hardway.{name}.operator",
    )


def tempest_conf(cloud: Cloud, home: Path) -> str:
    """The file. Pure."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(_sections(cloud, home))
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _sections(cloud: Cloud, home: Path) -> Mapping[str, Mapping[str, str]]:
    return {
        "oslo_concurrency": {"lock_path": str(home / "lock")},
        "DEFAULT": {"log_dir": str(home), "log_file": "tempest.log"},
        "auth": {
            "use_dynamic_credentials": "true",
            "admin_username": "admin",
            "admin_password": cloud.password,
            "admin_project_name": "admin",
            "admin_domain_name": "Default",
        },
        "identity": {"uri_v3": cloud.auth_url, "auth_version": "v3", "region": "RegionOne"},
        "service_available": {
            "glance": "true",
            "neutron": "true",
            "nova": "true",
            "cinder": "false",
            "swift": "false",
            "horizon": "false",
        },
        **_of_servers(cloud),
        **_of_networks(cloud),
    }


def _of_servers(cloud: Cloud) -> Mapping[str, Mapping[str, str]]:
    """Servers have no VNC, no disk to resize, no hypervisor to migrate between; config drives are a directory."""
    lacks = (
        *("resize", "live_migration", "cold_migration", "vnc_console", "console_output", "interface_attach"),
        *("rescue", "suspend", "pause", "shelve", "snapshot", "personality", "config_drive", "metadata_service"),
    )
    return {
        "compute": {
            "image_ref": cloud.image,
            "image_ref_alt": cloud.image,
            "flavor_ref": cloud.flavor,
            "flavor_ref_alt": cloud.flavor,
            "build_timeout": "300",
            "fixed_network_name": "",
        },
        "compute-feature-enabled": dict.fromkeys(lacks, "false"),
        "validation": {
            "run_validation": "true",
            "connect_method": "floating",
            "auth_method": "keypair",
            "image_ssh_user": USER,
            "ping_timeout": "120",
            "ssh_timeout": "180",
        },
    }


def _of_networks(cloud: Cloud) -> Mapping[str, Mapping[str, str]]:
    return {
        "network": {
            "public_network_id": cloud.network,
            "floating_network_name": "public",
            "project_network_cidr": "10.100.0.0/16",
            "project_network_mask_bits": "24",
        },
        "network-feature-enabled": {
            "ipv6": "false",
            "floating_ips": "true",
            "port_security": "true",
            "api_extensions": ",".join(cloud.extensions),
        },
        "scenario": {"dhcp_client": ""},
    }
