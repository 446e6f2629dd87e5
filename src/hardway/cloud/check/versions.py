"""Which version a service says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardway.cloud.check.cloud import Cloud


def told_by(service_type: str) -> Callable[[Cloud], str]:
    """Reads that service's version documents: its newest API, and the newest of its microversions."""

    def version(cloud: Cloud) -> str:
        config = cloud.api.config
        data: Any = cloud.api.session.get_endpoint_data(
            service_type=config.get_service_type(service_type) or service_type,
            interface=config.get_interface(service_type),
            region_name=config.get_region_name(service_type),
            min_version=0,
            max_version="latest",
        )
        return in_words(data.api_version, data.max_microversion) if data else ""

    return version


def in_words(api: tuple[int | float, ...] | None, newest: tuple[int | float, ...] | None) -> str:
    """API 2.1, microversions to 2.100. Pure."""
    told = f"API {_dotted(api)}" if api else ""
    micro = f"microversions to {_dotted(newest)}" if newest and newest != api else ""
    return ", ".join(part for part in (told, micro) if part)


def _dotted(version: tuple[int | float, ...]) -> str:
    return ".".join(str(part) for part in version)
