"""The processes of Neutron: its API with ML2 and OVN, and the worker that keeps Neutron and OVN in agreement."""

from __future__ import annotations

import threading
from typing import Any

from hardway.cloud.services.context import Context
from hardway.cloud.services.threads import use_threads


def application(context: Context) -> Any:
    use_threads()
    _keep_hash_ring_silent()
    from neutron.wsgi.api import application

    return application


def _keep_hash_ring_silent() -> None:
    """Neutron's thread for OVN's events notes every 30 s in the database that it is alive.

    SQLite has one lock for writing: an API thread that holds it may be waiting for OVN, so for that very thread, and
    both stand still for 30 s. This process is the ring's only node: do not write, and never find the node too old.
    """
    from neutron.common.ovn import constants
    from neutron.db import ovn_hash_ring_db

    constants.HASH_RING_NODES_TIMEOUT = constants.HASH_RING_CACHE_TIMEOUT = 10**8
    ovn_hash_ring_db.touch_node = lambda context, node_uuid: None


def maintain(context: Context) -> None:
    """neutron-ovn-maintenance-worker, without the launcher that would fork once more. Never returns."""
    use_threads()
    from neutron import server

    server.boot_server(lambda: _maintain(context), prog="neutron-ovn-maintenance-worker")


def _maintain(context: Context) -> None:
    from neutron import manager, service
    from neutron.api import extensions
    from neutron_lib.api import attributes

    manager.init()
    extensions.PluginAwareExtensionManager.get_instance().extend_resources("2.0", attributes.RESOURCES)
    worker = service._get_ovn_maintenance_worker()
    worker.start()
    context.channel.ready()
    threading.Event().wait()
