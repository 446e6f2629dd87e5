"""placement.conf: how much room each chassis has. Pure."""

from __future__ import annotations

from hardway.cloud.configuration.ini import Sections
from hardway.cloud.configuration.settings import Settings


def placement(settings: Settings) -> Sections:
    return {
        "DEFAULT": {"use_stderr": True},
        "placement_database": settings.database("placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": settings.middleware("placement"),
        **settings.locks("placement"),
    }
