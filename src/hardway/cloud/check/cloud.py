"""The cloud as proofs and findings see it: its API, its catalog, and the run that they belong to."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hardway.cloud.check.catalog import Endpoint
from hardway.cloud.check.names import Run, is_leftover

if TYPE_CHECKING:
    from openstack.connection import Connection


class Stopped(Exception):
    """The run was interrupted: what was made is taken away, nothing more is begun."""


@dataclass(frozen=True)
class Cloud:
    """One cloud, open. Used by many threads at once."""

    api: Connection
    endpoints: tuple[Endpoint, ...]
    project: str
    """The project's id."""
    run: Run
    horizon: str = ""
    """Where its dashboard is said to be, if the user said so."""
    stop: threading.Event = field(default_factory=threading.Event)

    def has(self, service_type: str) -> bool:
        """Whether the catalog has that service, at the interface that this user's requests go to."""
        return any(one.type == service_type and one.interface in self._interfaces for one in self.endpoints)

    @cached_property
    def _interfaces(self) -> tuple[str, ...]:
        interface = self.api.config.get_interface() or "public"
        return (interface,) if isinstance(interface, str) else tuple(interface)

    @cached_property
    def extensions(self) -> frozenset[str]:
        """The aliases of Neutron's extensions."""
        return frozenset(one.alias for one in self.api.network.extensions())

    def name(self, part: str) -> str:
        """For something that this run makes."""
        return self.run.name(part)

    def leftovers(self, objects: Iterable[Any]) -> list[Any]:
        """Those with the name of a run that is over."""
        now = time.time()
        return [one for one in objects if is_leftover(_name(one), self.run, now, _is_running)]

    @property
    def unstoppable(self) -> Cloud:
        """The same for what must be done even after an interruption: taking away what was made."""
        return replace(self, stop=threading.Event())

    def close(self) -> None:
        """Ends the connections that are kept open for further requests."""
        self.api.close()
        self.api.session.session.close()

    def pause(self, seconds: float) -> None:
        """Raises Stopped as soon as the run is interrupted."""
        if self.stop.wait(seconds):
            raise Stopped


def _name(one: Any) -> str:
    name = one.get("name") if isinstance(one, dict) else one.name
    return name or ""


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
