"""Zones and records in Designate. A zone that is there already gets our records, and stays."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Final

from hardway.engine.handler import Context
from hardway.openstack.cloud import Body
from hardway.openstack.faults import CloudFault
from hardway.openstack.handlers.base import CloudHandler
from hardway.openstack.resources.base import object_id
from hardway.openstack.resources.names import TTL, RecordSet, Zone
from hardway.plan.steps import Step
from hardway.resources.base import Resource, Seen, Unknown

WITHIN: Final = 120.0
"""Seconds until a zone or a record is served, or gone."""
PAUSE: Final = 0.5
"""Seconds between two looks: Designate has nothing to watch."""


class _NamingHandler(CloudHandler):
    """What the two share: both are pending for a while."""

    async def served(self, path: str, what: str) -> Body:
        """Wait until it is ACTIVE. Raises CloudFault."""
        deadline = monotonic() + WITHIN
        while True:
            found = await self.site.cloud.get("dns", path)
            if found["status"] == "ACTIVE":
                return found
            if found["status"] == "ERROR" or monotonic() > deadline:
                advice = "the cloud's name server does not take it: designate-worker's log says why"
                raise CloudFault(f"{what} is {found['status']}", "", advice)
            await asyncio.sleep(PAUSE)

    async def gone(self, path: str) -> None:
        await self.site.cloud.delete("dns", path)
        deadline = monotonic() + WITHIN
        while monotonic() < deadline:
            try:
                await self.site.cloud.get("dns", path)
            except CloudFault as fault:
                if fault.status == 404:
                    return
                raise
            await asyncio.sleep(PAUSE)
        raise CloudFault(f"{path} is not gone after {WITHIN:.0f} s", "", "designate-worker's log says why")


class ZoneHandler(_NamingHandler):
    """The machines' zone."""

    kind = Zone.kind

    def find(self, resource: Zone) -> Body | None:
        return next((one for one in self.site.estate.of(self.kind).values() if one["name"] == resource.label), None)

    def attributes(self, found: Body, resource: Zone | None) -> Mapping[str, str]:
        return {"exists": "yes"}

    def owned(self, seen: Seen) -> Resource:
        return Zone(label=seen.id.split(":", 2)[2], email="")

    async def create(self, step: Step, context: Context) -> Body:
        zone = step.resource
        assert isinstance(zone, Zone)
        body = {"name": zone.label, "email": zone.email, "ttl": TTL, **self.marked("machines' names")}
        try:
            made = await self.site.cloud.post("dns", "/zones", body)
        except CloudFault as fault:
            if fault.status != 409:
                raise
            advice = "another project has it: have it shared or moved to this one, or set openstack.names: hosts"
            raise CloudFault(f"the zone {zone.label} cannot be made", fault.evidence, advice, status=409) from fault
        return await self.served(f"/zones/{made['id']}", f"the zone {zone.label}")

    async def remove(self, found: Body, context: Context) -> None:
        await self.gone(f"/zones/{found['id']}")


class RecordSetHandler(_NamingHandler):
    """The names of machines and API."""

    kind = RecordSet.kind

    def find(self, resource: RecordSet) -> Body | None:
        there = self.site.estate.of(self.kind).values()
        return next((one for one in there if one["type"] == "A" and one["name"] == resource.label), None)

    def attributes(self, found: Body, resource: RecordSet | None) -> Mapping[str, str]:
        addresses = " ".join(sorted(found["records"]))
        return {"address": addresses, "host": str(found["name"]).rstrip("."), "ttl": str(found.get("ttl") or TTL)}

    def owned(self, seen: Seen) -> Resource:
        label = seen.id.split(":", 2)[2]
        return RecordSet(label=label, zone="", host=label.rstrip("."), address=seen.attributes["address"])

    def _records(self, step: Step, context: Context) -> Body:
        address = step.resource.attributes(context.resolve)["address"]
        assert not isinstance(address, Unknown)
        return {"records": [address], "ttl": TTL}

    async def create(self, step: Step, context: Context) -> Body:
        record = step.resource
        assert isinstance(record, RecordSet)
        zone = self.site.id_of(object_id(Zone.kind, record.zone))
        body = {
            "name": record.label,
            "type": "A",
            **self._records(step, context),
            **self.marked("address of a machine"),
        }
        made = await self.site.cloud.post("dns", f"/zones/{zone}/recordsets", body)
        return await self.served(f"/zones/{zone}/recordsets/{made['id']}", record.label)

    async def change(self, step: Step, found: Body, context: Context) -> Body:
        path = f"/zones/{found['zone_id']}/recordsets/{found['id']}"
        await self.site.cloud.put("dns", path, self._records(step, context))
        return await self.served(path, step.resource.name)

    async def remove(self, found: Body, context: Context) -> None:
        await self.gone(f"/zones/{found['zone_id']}/recordsets/{found['id']}")
