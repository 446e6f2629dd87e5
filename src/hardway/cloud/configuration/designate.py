"""designate.conf and its pool: names, answered by Designate's own name server (mdns). Pure."""

from __future__ import annotations

from typing import Any

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import DNS_PORT, NO_BROKER, OPERATOR_ADDRESS, Settings
from hardway.cloud.record import LOOPBACK

POOL = "794ccc2c-d751-44fe-b57f-8894c9f5c842"
"""Designate's default pool has this identity wherever it is."""
NAME_SERVER = "ns1.cloud.internal."


def designate(settings: Settings) -> Sections:
    port = settings.record.ports["designate"]
    return {
        "DEFAULT": {**NO_BROKER, "use_stderr": True, "state_path": settings.data("designate")},
        "storage:sqlalchemy": settings.database("designate"),
        "service:api": {
            "listen": f"{LOOPBACK}:{port}",
            "api_base_uri": f"{settings.record.url('designate')}/",
            "api_paste_config": settings.place.etc / "designate/api-paste.ini",
            "auth_strategy": "keystone",
            "enable_host_header": True,
        },
        "service:central": {"workers": 1},
        # The worker asks mdns itself whether a change is served, so an answer is there at once or never.
        "service:worker": {"poll_delay": 0, "poll_retry_interval": 1, "poll_max_retries": 10, "poll_timeout": 5},
        # On the loopback address for the worker, and in the operator's namespace for servers and the operator.
        "service:mdns": {
            "listen": (f"{LOOPBACK}:{settings.record.ports['mdns']}", f"{OPERATOR_ADDRESS}:{DNS_PORT}"),
        },
        "keystone_authtoken": settings.middleware("designate"),
        **settings.locks("designate"),
    }


def pools(settings: Settings) -> list[dict[str, Any]]:
    """The one pool. Its target is no other server: mdns answers by itself what its database says."""
    server = {"host": LOOPBACK, "port": settings.record.ports["mdns"]}
    return [
        {
            "name": "default",
            "id": POOL,
            "description": "Designate's own name server",
            "attributes": {},
            "ns_records": [{"hostname": NAME_SERVER, "priority": 1}],
            "nameservers": [server],
            "targets": [
                {
                    "type": "fake",
                    "description": "mdns",
                    "masters": [server],
                    # Without these a NOTIFY goes to port 53 and is waited for.
                    "options": server,
                }
            ],
        }
    ]
