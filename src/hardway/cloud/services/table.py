"""Which processes the cloud's services are, and how each begins. Standard library alone; the rest is imported late."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from hardway.cloud.services.context import Context

THREADS = 8
"""Of each API."""


@dataclass(frozen=True, slots=True)
class Service:
    """A process."""

    name: str
    run: Callable[[Context], None]
    once: bool = False
    """Whether its work has an end; it is not started anew after that."""


def serve(name: str) -> Callable[[Context], None]:
    """Serve the application of the module of that name at its socket, for ever."""

    def run(context: Context) -> None:
        make = _of_module(name, "application")
        application = make(context)
        import waitress

        server = waitress.create_server(
            application,
            sockets=[context.sockets[name]],
            threads=THREADS,
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        context.channel.ready()
        server.run()

    return run


def work(module: str, function: str) -> Callable[[Context], None]:
    """A function that tells itself when it is ready."""
    return lambda context: cast(None, _of_module(module, function)(context))


def _of_module(module: str, function: str) -> Callable[[Context], object]:
    return cast(Callable[[Context], object], getattr(importlib.import_module(f"{__package__}.{module}"), function))


SERVICES = (
    Service("keystone", serve("keystone")),
    Service("neutron", serve("neutron")),
    Service("nova", serve("nova")),
    Service("placement", serve("placement")),
    Service("octavia", serve("octavia")),
    Service("designate", serve("designate")),
    Service("glance", serve("glance")),
    Service("neutron-maintenance", work("neutron", "maintain")),
    Service("seed", work("seed", "seed"), once=True),
)
"""Those that take longest first."""
