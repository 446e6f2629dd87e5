"""nova.conf: servers. API, conductor, scheduler and a compute for each chassis are one process. Pure."""

from __future__ import annotations

from hardway.cloud.configuration.ini import Section, Sections
from hardway.cloud.configuration.settings import NO_BROKER, Settings

DRIVER = "hardway.HardwayDriver"
"""Within the package nova.virt, where services/nova.py has it put."""


def nova(settings: Settings) -> Sections:
    return {
        "DEFAULT": {
            **NO_BROKER,
            "use_stderr": True,
            "compute_driver": DRIVER,
            "my_ip": "127.0.0.1",
            "host": settings.place.chassis(1).name,
            "state_path": settings.data("nova"),
            "instances_path": settings.place.instances,
            # A server whose port does not come up is in ERROR, instead of ACTIVE without a network.
            "vif_plugging_is_fatal": True,
            "vif_plugging_timeout": 60,
            "force_config_drive": True,
            "update_resources_interval": 600,
            "sync_power_state_interval": 10,
            "periodic_fuzzy_delay": 0,
            "heal_instance_info_cache_interval": -1,
            "shutdown_timeout": 20,
            "resume_guests_state_on_host_boot": True,
            # The servers are idle for most of their lives, and every chassis takes the whole computer for its own:
            # six servers of 2 CPUs and 4 GiB fit on two CPUs and 16 GiB.
            "initial_cpu_allocation_ratio": 16.0,
            "initial_ram_allocation_ratio": 4.0,
            "initial_disk_allocation_ratio": 16.0,
        },
        "database": settings.database("nova_cell1"),
        "api_database": settings.database("nova_api"),
        "api": {"auth_strategy": "keystone"},
        "wsgi": {"api_paste_config": settings.place.etc / "nova/api-paste.ini"},
        "vnc": {"enabled": False},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 30},
        "conductor": {"workers": 1},
        "quota": {"instances": 10, "cores": 20, "ram": 51200, "key_pairs": 20, "server_groups": 10},
        "hardway": _driver(settings),
        "glance": {"endpoint_override": settings.record.url("glance")},
        "keystone_authtoken": settings.middleware("nova"),
        "placement": settings.credentials("nova"),
        "neutron": settings.credentials("nova"),
        "service_user": {"send_service_user_token": True, **settings.credentials("nova")},
        **settings.locks("nova"),
    }


def _driver(settings: Settings) -> Section:
    """What the compute driver is told of the cloud."""
    chassis = (settings.place.chassis(number) for number in range(1, settings.record.chassis + 1))
    return {
        "cloud_name": settings.place.cloud,
        "chassis": tuple(f"{one.name}:{one.socket}" for one in chassis),
        "ovs_vsctl": settings.programs / "ovs-vsctl",
        "trees": settings.record.trees,
        "blobs": settings.record.blobs,
    }
