"""What the cloud's handlers share: the cloud, whose cluster it is, what was seen of the project, and how to get in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from hardway.openstack.cloud import Body, Cloud
from hardway.openstack.estate import Estate, balancing_service
from hardway.openstack.faults import CloudFault
from hardway.openstack.marks import is_ours
from hardway.openstack.naming import Names
from hardway.spec.model import Cluster


@dataclass
class Site:
    """One cluster's place in one cloud."""

    cloud: Cloud
    cluster: Cluster
    cluster_id: str
    log_in: Callable[[str], Awaitable[str | None]]
    """Try to log in to a machine; None where that works, else why not."""
    estate: Estate = field(default_factory=Estate)

    @property
    def names(self) -> Names:
        return Names.of(self.cluster)

    @property
    def balancing(self) -> str:
        """The type of the service that has load balancers."""
        return balancing_service(self.cluster)

    def ours(self, thing: Body) -> bool:
        return is_ours(thing, self.cluster_id)

    def id_of(self, resource_id: str) -> str:
        """The cloud's id of what is in a resource's place. Raises KeyError where nothing is."""
        return str(self.estate.made[resource_id]["id"])

    def only(self, kind: str, name: str) -> Body | None:
        """The one thing of that name: ours, else the one that is there already. Raises CloudFault where two are."""
        found = self.estate.named(kind, name)
        mine = [one for one in found if self.ours(one)]
        chosen = mine or found
        if len(chosen) > 1:
            raise CloudFault(
                f"{len(chosen)} things of kind {kind} are called {name}",
                "\n".join(str(one["id"]) for one in chosen),
                "name it by its id in the spec, or take the others away",
                bad_input=True,
            )
        return chosen[0] if chosen else None

    def subnet(self) -> Body | None:
        """The machines' subnet: by name, else (servers that exist) that of the first master's port."""
        named = self.only("subnet", self.names.subnet)
        if named is not None or self.cluster.openstack.servers == "create":
            return named
        address = str(self.cluster.masters[0].address)
        return next((self.estate.of("subnet").get(one) for one in self._subnets_of(address)), None)

    def _subnets_of(self, address: str) -> Sequence[str]:
        ports = self.estate.of("port").values()
        return [ip["subnet_id"] for port in ports for ip in port["fixed_ips"] if ip["ip_address"] == address]

    def external(self) -> Body:
        """The external network. Raises CloudFault where there is none of that name."""
        name = self.cluster.openstack.external_network
        found = [one for one in self.estate.named("network", name) if one.get("router:external")]
        if len(found) != 1:
            there = sorted(one["name"] for one in self.estate.of("network").values() if one.get("router:external"))
            raise CloudFault(
                f"there is no external network {name}" if not found else f"{len(found)} external networks are {name}",
                "external networks here: " + (", ".join(there) or "none"),
                "name one in openstack.externalNetwork",
                bad_input=True,
            )
        return found[0]
