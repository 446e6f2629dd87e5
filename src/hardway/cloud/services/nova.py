"""The process of Nova: API, conductor, scheduler, and a compute for each chassis, in threads of one process."""

from __future__ import annotations

from typing import Any

from hardway.cloud.compute import register
from hardway.cloud.services.computes import Computes
from hardway.cloud.services.context import Context

KEPT: list[Any] = []
"""The services, which nobody else holds."""


def application(context: Context) -> Any:
    from nova.wsgi.osapi_compute import application

    register()
    _ensure_cells(context)
    # nova-compute asks Placement once when it starts, then seldom.
    context.channel.await_ready("keystone", "placement", "glance", "neutron")
    _start_central()
    place, count = context.place, context.record.chassis
    computes = Computes([place.chassis(number) for number in range(1, count + 1)])
    computes.follow()
    computes.keep_following()
    _map_hosts()
    return application


def _ensure_cells(context: Context) -> None:
    """Where Nova's cells keep their databases: paths of this cloud, so not of the template."""
    from nova import objects
    from nova.context import get_admin_context
    from nova.objects import cell_mapping

    admin = get_admin_context()
    there = {cell.uuid for cell in cell_mapping.CellMappingList.get_all(admin)}
    cells = (
        (cell_mapping.CellMapping.CELL0_UUID, "cell0", "none:///", "nova_cell0"),
        ("7b1b0d4e-7f5e-5a33-8c8d-9a4f0d1c1e01", "cell1", "fake:///", "nova_cell1"),
    )
    for identity, name, transport, database in cells:
        if identity not in there:
            connection = f"sqlite:///{context.place.databases / database}.sqlite"
            objects.CellMapping(
                admin, uuid=identity, name=name, transport_url=transport, database_connection=connection
            ).create()


def _start_central() -> None:
    import os_vif
    from nova import service
    from nova.conductor import rpcapi as conductor
    from nova.scheduler import rpcapi as scheduler

    os_vif.initialize()
    for binary, topic in (("nova-conductor", conductor.RPC_TOPIC), ("nova-scheduler", scheduler.RPC_TOPIC)):
        made = service.Service.create(binary=binary, topic=topic, host="cloud")
        made.start()
        KEPT.append(made)


def _map_hosts() -> None:
    from nova.context import get_admin_context
    from nova.objects import host_mapping

    host_mapping.discover_hosts(get_admin_context())
