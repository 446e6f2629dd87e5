"""Designate: names. Proved with a zone and a record that reach the name servers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.service import Agent, Proof, Proved, Service
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import gone, settled

ACTIVE_WITHIN = 120.0
"""Seconds: ACTIVE means that every name server of the pool has it."""

DOMAIN = "example.com."
"""Set aside for examples (RFC 2606), under a top-level domain that every list of allowed ones holds."""
ADDRESS = "192.0.2.1"
"""Set aside for documentation (RFC 5737)."""


def _zone(cloud: Cloud, made: Made) -> Proved:
    api = cloud.api.dns
    zone = api.create_zone(name=f"{cloud.name('zone')}.{DOMAIN}", email=f"hostmaster@{DOMAIN[:-1]}", ttl=60)
    made.undo("zone", partial(_remove, cloud, zone))
    settled(cloud, "the zone", partial(api.get_zone, zone.id), within=ACTIVE_WITHIN)
    record = api.create_recordset(zone, name=f"api.{zone.name}", type="A", ttl=60, records=[ADDRESS])
    settled(cloud, "the record", partial(api.get_recordset, record.id, zone), within=ACTIVE_WITHIN)
    return Proved("a zone and a record of it are ACTIVE on all name servers")


def _remove(cloud: Cloud, zone: Any) -> None:
    api = cloud.api.dns
    api.delete_zone(zone, ignore_missing=False)
    gone("the zone", partial(api.get_zone, zone.id), ACTIVE_WITHIN)


def _sweep(cloud: Cloud) -> None:
    for zone in cloud.leftovers(cloud.api.dns.zones()):
        _remove(cloud, zone)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    statuses = cloud.api.dns.service_statuses()
    return [Agent(f"designate-{one.service_name}", one.hostname, one.status == "UP") for one in statuses]


DESIGNATE = Service(
    name="Designate",
    counterpart="Route 53",
    type="dns",
    there=lambda cloud: cloud.has("dns"),
    version=told_by("dns"),
    proofs=(Proof("zone", "a zone and a record of it reach every name server", _zone),),
    sweep=_sweep,
    agents=_agents,
)
