"""The rules of provider `openstack`, each by the text that breaks it."""

from __future__ import annotations

import pytest

from tests.spec.faults_of import faults_of, one_machine

OCTAVIA = "balancer: {kind: octavia}\n"
IN_A_CLOUD = f"name: c\n{OCTAVIA}machines:\n  provider: openstack\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE"

FAULTS = {
    f"name: c\n{OCTAVIA}": (
        "2:18: balancer.kind: a balancer of kind octavia is a cloud's, and machines.provider is lab"
        " — use machines.provider: openstack, or balancer.kind: haproxy"
    ),
    "name: c\nmachines:\n  provider: openstack\n": (
        "3:13: balancer.kind: by default, a balancer of kind haproxy is not for provider openstack"
        " — use balancer.kind: octavia (or lbaasv2, external)"
    ),
    f"{IN_A_CLOUD}  balancers: [{{name: a, address: 10.0.0.30}}]\n": (
        "5:3: machines.balancers: a balancer of kind octavia has no machines of ours"
        " — leave machines.balancers out, or use balancer.kind: haproxy"
    ),
    one_machine("masters", more=", floatingAddress: 192.0.2.1"): (
        "4:54: machines.masters[0].floatingAddress: only servers of a cloud have floating addresses — leave it out"
    ),
    f"{IN_A_CLOUD}  masters:\n    - {{name: a, address: 10.0.0.40, hostKey: {KEY}}}\n": (
        "6:46: machines.masters[0].hostKey: a server that hardway makes has a host key that hardway makes"
        " — leave it out, or use openstack.servers: existing"
    ),
    f"{IN_A_CLOUD}  masters:\n    - {{name: a, address: 10.0.0.40, hostKey: rsa}}\n": (
        "6:46: machines.masters[0].hostKey: 'rsa' is no public host key"
        " — write it as known_hosts has it, without the host: ssh-ed25519 AAAA..."
    ),
    f"{IN_A_CLOUD}  masters:\n    - {{name: a, address: 10.0.0.40, floatingAddress: 10.0.0.41}}\n": (
        "6:54: machines.masters[0].floatingAddress: 10.0.0.41 lies in networks.machines (10.0.0.0/24)"
        " — use an address of the external network"
    ),
    f"{IN_A_CLOUD}  masters:\n    - {{name: a, address: 10.0.0.40, floatingAddress: 192.0.2.1}}\n"
    "api: {floatingAddress: 192.0.2.1}\n": (
        "6:54: machines.masters[0].floatingAddress: 192.0.2.1 is the floating address of the API too — use another one"
    ),
    f"{IN_A_CLOUD}openstack: {{servers: existing}}\n": (
        "5:22: openstack.privateKey: by default, existing servers are logged in to with a key of yours"
        " — name the file of the private key in openstack.privateKey"
    ),
    f"{IN_A_CLOUD}openstack: {{keyPair: mine}}\n": (
        "5:22: openstack.privateKey: by default, the private half of key pair mine is needed to log in"
        " — name its file in openstack.privateKey, or leave keyPair out"
    ),
    f"{IN_A_CLOUD}openstack: {{privateKey: k}}\n": (
        "5:25: openstack.privateKey: the servers that are made would not know this key"
        " — name its key pair in openstack.keyPair"
    ),
    f"{IN_A_CLOUD}openstack: {{sshFrom: [10.0.0.1/24]}}\n": (
        "5:23: openstack.sshFrom[0]: '10.0.0.1/24' begins amid a range — write 10.0.0.0/24"
    ),
    f"{IN_A_CLOUD}openstack: {{user: Root}}\n": (
        "5:19: openstack.user: 'Root' is no user's name — use at most 32 lower-case letters, digits, _ and -"
    ),
    f"{IN_A_CLOUD}openstack: {{servers: found}}\n": (
        "5:22: openstack.servers: 'found' is not known — use 'create' or 'existing'"
    ),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_place_and_a_way_out(text: str) -> None:
    assert faults_of(text) == [FAULTS[text]]


GOOD = (
    IN_A_CLOUD,
    f"{IN_A_CLOUD}openstack: {{servers: existing, privateKey: k}}\n",
    f"{IN_A_CLOUD}openstack: {{keyPair: mine, privateKey: k}}\n",
    IN_A_CLOUD.replace("octavia", "external"),
    IN_A_CLOUD.replace("octavia", "lbaasv2"),
)


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_taken(text: str) -> None:
    assert faults_of(text) == []
