"""The process of Placement: its API."""

from __future__ import annotations

from typing import Any

from hardway.cloud.services.context import Context


def application(context: Context) -> Any:
    from placement.wsgi.api import application

    return application
