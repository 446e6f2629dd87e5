"""The process of Nova: API, conductor, scheduler, and a compute for each chassis, in threads of one process."""

from __future__ import annotations

from typing import Any

from hardway.cloud.compute import register
from hardway.cloud.record import Record
from hardway.cloud.services.context import Context

KEPT: list[Any] = []
"""The services, which nobody else holds."""


def application(context: Context) -> Any:
    from nova.wsgi.osapi_compute import application

    register()
    _ensure_cells(context)
    # nova-compute asks Placement once when it starts, then seldom.
    context.channel.await_ready("keystone", "placement", "glance", "neutron")
    _start_services(context.record)
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


def _start_services(record: Record) -> None:
    import os_vif
    from nova import service
    from nova.compute import rpcapi as compute
    from nova.conductor import rpcapi as conductor
    from nova.scheduler import rpcapi as scheduler

    os_vif.initialize()
    central = (
        ("nova-conductor", conductor.RPC_TOPIC, None, "cloud"),
        ("nova-scheduler", scheduler.RPC_TOPIC, None, "cloud"),
    )
    computes = (
        ("nova-compute", compute.RPC_TOPIC, compute.RPC_TOPIC_ALT, f"chassis{number}")
        for number in range(1, record.chassis + 1)
    )
    for binary, topic, other, host in (*central, *computes):
        made = service.Service.create(binary=binary, topic=topic, topic_alt=other, host=host)
        made.start()
        KEPT.append(made)


def _map_hosts() -> None:
    from nova.context import get_admin_context
    from nova.objects import host_mapping

    host_mapping.discover_hosts(get_admin_context())
