"""clouds.yaml: how openstacksdk, the stock command line and hardway itself find the cloud. Pure."""

from __future__ import annotations

from typing import Any

from hardway.cloud.configuration.settings import Settings
from hardway.cloud.record import LOOPBACK, PROJECT, REGION
from hardway.lab.nspawn import BLOBS


def admin_cloud(cloud: str) -> str:
    """The name under which clouds.yaml knows the cloud with its administrator's rights."""
    return f"{cloud}-admin"


def clouds(settings: Settings) -> dict[str, Any]:
    """The cloud as its user sees it, and as its administrator does.

    The key `hardway` is ours: openstacksdk passes unknown keys through, and hardway goes to floating addresses by the
    proxy that it names.
    """
    name = settings.place.cloud
    return {
        "clouds": {
            name: _cloud(settings, "hardway", PROJECT),
            admin_cloud(name): _cloud(settings, "admin", "admin"),
        }
    }


def _cloud(settings: Settings, user: str, project: str) -> dict[str, Any]:
    return {
        "auth": {
            "auth_url": settings.record.auth_url,
            "username": user,
            "password": settings.record.passwords[user],
            "project_name": project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": REGION,
        # what openstacksdk passes over, and hardway's provider reads: the way in, and where servers see the blob cache
        "hardway": {"proxy": f"socks5h://{LOOPBACK}:{settings.record.ports['proxy']}", "blobs": BLOBS},
    }
