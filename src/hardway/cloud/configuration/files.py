"""All configuration files of a cloud, by their path below its `etc`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from hardway.cloud.configuration.designate import designate, pools
from hardway.cloud.configuration.glance import glance
from hardway.cloud.configuration.ini import render
from hardway.cloud.configuration.keystone import keystone
from hardway.cloud.configuration.neutron import POLICY, neutron
from hardway.cloud.configuration.nova import nova
from hardway.cloud.configuration.octavia import octavia
from hardway.cloud.configuration.placement import placement
from hardway.cloud.configuration.settings import OPERATOR_ADDRESS, Settings

COPIED = ("nova/api-paste.ini", "designate/api-paste.ini")
"""Files that the projects bring, and want to find beside the ones written here; below `etc` of the environment."""


def files(settings: Settings) -> Mapping[str, str]:
    """Path and text of each. They hold passwords."""
    return {
        "keystone/keystone.conf": render(keystone(settings)),
        "glance/glance-api.conf": render(glance(settings)),
        "placement/placement.conf": render(placement(settings)),
        "nova/nova.conf": render(nova(settings)),
        "neutron/neutron.conf": render(neutron(settings)),
        "neutron/policy.yaml": yaml.safe_dump(POLICY),
        "octavia/octavia.conf": render(octavia(settings)),
        "designate/designate.conf": render(designate(settings)),
        "designate/pools.yaml": yaml.safe_dump(pools(settings), sort_keys=False),
        # What the operator's proxy resolves names by (resolv.conf(5), nsswitch.conf(5)).
        "operator/resolv.conf": f"nameserver {OPERATOR_ADDRESS}\noptions timeout:2 attempts:2\n",
        "operator/nsswitch.conf": "hosts: files dns\n",
    }
