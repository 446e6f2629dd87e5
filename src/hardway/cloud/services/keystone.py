"""The process of Keystone: its API, and before it serves, users, roles and the catalogue."""

from __future__ import annotations

from typing import Any

from hardway.cloud.services.context import Context


def application(context: Context) -> Any:
    from keystone.wsgi.api import application

    from hardway.cloud.services.catalogue import write_catalogue

    write_catalogue(context.record)
    return application
