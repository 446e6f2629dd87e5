"""neutron.conf and its policy: networks, all of them carried out by OVN. Pure."""

from __future__ import annotations

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import NO_BROKER, OPERATOR_ADDRESS, PHYSICAL_NETWORK, Settings

POLICY = {
    # Neutron leaves it to administrators; the users of this cloud may choose their floating addresses.
    "create_floatingip:floating_ip_address": "role:member or role:admin",
}


def neutron(settings: Settings) -> Sections:
    return {
        "DEFAULT": {
            **NO_BROKER,
            "use_stderr": True,
            "core_plugin": "ml2",
            "service_plugins": ("ovn-router",),
            "auth_strategy": "keystone",
            "state_path": settings.data("neutron"),
            "api_paste_config": settings.venv / "etc/neutron/api-paste.ini",
            "global_physnet_mtu": 1500,
            "notify_nova_on_port_status_changes": True,
            "notify_nova_on_port_data_changes": True,
            "send_events_interval": 1,
            # OVN has no agents to tell or to schedule to.
            "dhcp_agent_notification": False,
            "network_auto_schedule": False,
            "router_auto_schedule": False,
            "rpc_workers": 0,
            "rpc_state_report_workers": 0,
        },
        "database": settings.database("neutron"),
        "ml2": {
            "type_drivers": ("local", "flat", "geneve"),
            "tenant_network_types": "geneve",
            "mechanism_drivers": "ovn",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": PHYSICAL_NETWORK},
        "ml2_type_geneve": {"vni_ranges": "1:65536", "max_header_size": 38},
        "securitygroup": {"enable_security_group": True},
        "ovn": {
            **settings.ovn(),
            "ovn_l3_scheduler": "leastloaded",
            "ovn_metadata_enabled": False,
            "enable_distributed_floating_ip": True,
            "neutron_sync_mode": "log",
            "dns_servers": str(OPERATOR_ADDRESS),
        },
        "oslo_policy": {"policy_file": settings.place.etc / "neutron/policy.yaml"},
        "keystone_authtoken": settings.middleware("neutron"),
        "nova": settings.credentials("neutron"),
        "placement": settings.credentials("neutron"),
        **settings.locks("neutron"),
    }
