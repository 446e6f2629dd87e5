"""The process of Designate: API, central, worker, producer, and its name server (mdns), in threads of one process."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from hardway.cloud.places import OPERATOR
from hardway.cloud.record import LOOPBACK
from hardway.cloud.services.context import Context
from hardway.cloud.services.namespaces import inside
from hardway.cloud.services.threads import use_threads

KEPT: list[Any] = []
"""The services, which nobody else holds."""


def application(context: Context) -> Any:
    use_threads()
    from designate.wsgi.api import application

    _answer_inside(context.place.part(OPERATOR))
    _start_services()
    _fill_pool(context)
    return application


def _answer_inside(namespace: str) -> None:
    """Let the name server's sockets for all but the loopback address belong to the operator's network namespace."""
    from designate import utils

    def placed(bind: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
        def bound(host: str, *rest: Any) -> socket.socket:
            return bind(host, *rest) if host == LOOPBACK else inside(namespace, lambda: bind(host, *rest))

        return bound

    utils.bind_tcp, utils.bind_udp = placed(utils.bind_tcp), placed(utils.bind_udp)


def _start_services() -> None:
    from designate.central.service import Service as Central
    from designate.mdns.service import Service as NameServer
    from designate.producer.service import Service as Producer
    from designate.worker.service import Service as Worker

    for kind in (Central, Worker, NameServer, Producer):
        made = kind()
        made.start()
        KEPT.append(made)


def _fill_pool(context: Context) -> None:
    """designate-manage pool update, within this process."""
    from designate.central import rpcapi
    from designate.manage import pool

    command = pool.PoolCommands()
    command._setup = lambda *_, **__: setattr(command, "central_api", rpcapi.CentralAPI())
    command.update(file=str(context.place.etc / "designate/pools.yaml"), delete=False)
