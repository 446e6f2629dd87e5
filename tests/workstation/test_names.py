"""Which names lead where from the operator's computer."""

from __future__ import annotations

from hardway.spec.load import parse
from hardway.workstation.names import host_entries, hosts_lines

CLOUD = """
name: c
domain: example.org
machines:
  provider: openstack
  masters: [{name: m0, address: 10.0.0.10, floatingAddress: 203.0.113.10}]
  workers: [{name: w0, address: 10.0.0.20}]
api: {floatingAddress: 203.0.113.7}
balancer: {kind: octavia}
"""


def test_on_a_cloud_what_has_an_address_from_outside() -> None:
    assert [str(entry) for entry in host_entries(parse(CLOUD))] == [
        "203.0.113.7 kubernetes-the-hard-way.example.org kubernetes-the-hard-way",
        "203.0.113.10 m0.example.org m0",
    ]


def test_a_lab_s_api_is_on_this_computer() -> None:
    (entry,) = host_entries(parse("name: c\n"))
    assert str(entry) == "127.0.0.1 kubernetes-the-hard-way.hardway.internal kubernetes-the-hard-way"


def test_what_dns_knows_needs_no_line() -> None:
    entries = host_entries(parse(CLOUD))
    assert hosts_lines(entries, {"m0.example.org"}) == (str(entries[0]),)
