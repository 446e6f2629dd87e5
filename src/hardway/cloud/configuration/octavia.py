"""octavia.conf: load balancers, carried out by OVN too. Pure.

Another provider is a word in `enabled_provider_drivers` and its package in the lock.
"""

from __future__ import annotations

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import NO_BROKER, Settings
from hardway.cloud.places import CloudPlace


def sockets(place: CloudPlace) -> tuple[str, str, str]:
    """Where providers report to Octavia and ask it: status, statistics, objects."""
    return (str(place.run / "octavia-status"), str(place.run / "octavia-stats"), str(place.run / "octavia-get"))


def octavia(settings: Settings) -> Sections:
    status, stats, get = sockets(settings.place)
    return {
        "DEFAULT": {**NO_BROKER, "use_stderr": True},
        "database": settings.database("octavia"),
        "api_settings": {
            "enabled_provider_drivers": "ovn:OVN",
            "default_provider_driver": "ovn",
            "auth_strategy": "keystone",
        },
        "driver_agent": {
            "status_socket_path": status,
            "stats_socket_path": stats,
            "get_socket_path": get,
            "enabled_provider_agents": "ovn",
        },
        "ovn": settings.ovn(),
        "quotas": {
            "default_load_balancer_quota": 10,
            "default_listener_quota": 50,
            "default_pool_quota": 50,
            "default_member_quota": 200,
            "default_health_monitor_quota": 50,
        },
        "keystone_authtoken": settings.middleware("octavia"),
        "service_auth": settings.credentials("octavia"),
        "neutron": settings.credentials("octavia"),
        **settings.locks("octavia"),
    }
