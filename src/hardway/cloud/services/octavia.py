"""The process of Octavia: its API, the sockets that providers report to, and the OVN provider's agent.

The agent turns what OVN's health checks find into operating statuses; where the provider is OVN, nothing else is
needed.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardway.cloud.configuration.octavia import sockets
from hardway.cloud.services.context import Context
from hardway.cloud.services.threads import use_threads

POLL_SECONDS = 0.02
"""The sockets are opened by threads of Octavia that do not tell when."""


class ThreadedServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread for each request, where Octavia would fork the whole process."""

    daemon_threads = True


def application(context: Context) -> Any:
    use_threads()
    arguments = ["octavia-api", "--config-file", str(context.place.etc / "octavia/octavia.conf")]
    _lead_to_sockets(context)
    _prepare(arguments)
    _listen(context)
    from octavia.api import app

    made = app.setup_app(argv=arguments)
    context.channel.await_ready("keystone", "neutron")
    _start_agent()
    return made


def _lead_to_sockets(context: Context) -> None:
    """octavia-lib knows its sockets as default arguments alone, below /var/run."""
    from octavia_lib.api.drivers import driver_lib

    driver_lib.DriverLibrary.__init__.__defaults__ = sockets(context.place)


def _prepare(arguments: list[str]) -> None:
    """Read the configuration once; `setup_app` would read it a second time, which oslo.config refuses."""
    from octavia.common import config, service
    from oslo_config import cfg

    assert config  # its import registers the options of [database]
    # SQLAlchemy has no pool for SQLite and refuses Octavia's time-out for one; no line of the file can unset it.
    cfg.CONF.set_override("pool_timeout", None, group="database")
    service.prepare_service(arguments)
    service.prepare_service = lambda argv: None


def _listen(context: Context) -> None:
    """What octavia-driver-agent does. The provider looks for the sockets once a second: they must be there first."""
    from octavia.api.drivers.driver_agent import driver_listener

    for path in sockets(context.place):
        Path(path).unlink(missing_ok=True)
    driver_listener.ForkingUDSServer = ThreadedServer
    for listener in (driver_listener.status_listener, driver_listener.stats_listener, driver_listener.get_listener):
        _in_thread(listener, threading.Event())
    pause = threading.Event()
    while not all(Path(path).is_socket() for path in sockets(context.place)):
        pause.wait(POLL_SECONDS)


def _start_agent() -> None:
    from ovn_octavia_provider.agent import OvnProviderAgent

    _in_thread(OvnProviderAgent, threading.Event())


def _in_thread(work: Callable[[threading.Event], Any], end: threading.Event) -> None:
    threading.Thread(target=work, args=(end,), daemon=True).start()
