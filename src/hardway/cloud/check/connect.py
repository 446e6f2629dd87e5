"""Opens a cloud by its name in clouds.yaml, or by OS_* variables, and says in one sentence why it cannot be opened."""

from __future__ import annotations

import os
import socket
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hardway.cloud.check.catalog import endpoints
from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.faults import BadCloud, CheckFault, CloudUnreachable
from hardway.cloud.check.names import Run
from hardway.cloud.check.said import said

if TYPE_CHECKING:
    from openstack.config.cloud_region import CloudRegion

ANSWER_WITHIN: Final = 60
"""Seconds for one request, where clouds.yaml does not say."""


def open_cloud(name: str | None, horizon: str = "") -> Cloud:
    """The cloud, with a token. Without a name: that of OS_CLOUD, or what the OS_* variables say.

    Raises BadCloud, CloudUnreachable.
    """
    with explained(name or os.environ.get("OS_CLOUD", "")):
        from openstack.connection import Connection

        config = _config(name)
        api = Connection(config=config)
        assert config.get_session().auth is not None
        access: Any = config.get_session().auth.get_access(config.get_session())  # type: ignore[union-attr]
    if not access.project_id:
        raise BadCloud(
            f"the credential of {config.name or 'the cloud'} is for no project",
            "Name one: project_name in clouds.yaml, or OS_PROJECT_NAME.",
        )
    region = config.get_region_name() or ""
    return Cloud(
        api=api,
        endpoints=endpoints(access.service_catalog.catalog, region, _canonical()),
        project=access.project_id,
        run=Run(began=int(time.time()), computer=_computer(), process=os.getpid()),
        horizon=horizon,
    )


def _computer() -> int:
    """The same for all processes of this computer until it is booted again."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    told = boot.read_text() if boot.exists() else str(uuid.getnode())
    return zlib.crc32(f"{socket.gethostname()} {told}".encode())


def _config(name: str | None) -> CloudRegion:
    from openstack.config import OpenStackConfig

    config = OpenStackConfig(app_name="hardway").get_one(cloud=name)
    if config.config.get("api_timeout") is None:
        config.config["api_timeout"] = ANSWER_WITHIN
    return config


def _canonical() -> Any:
    from os_service_types import ServiceTypes

    return ServiceTypes().get_service_type


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turns what openstacksdk and keystoneauth raise while a cloud is opened into faults for a person."""
    try:
        yield
    except Exception as error:
        fault = _fault(f"cloud {name}" if name else "the cloud", error)
        if fault is None:
            raise
        raise fault from error


NAMED: Final = "`openstack --os-cloud NAME token issue` uses the same files and variables."
CREDENTIAL: Final = "Is the user, password or application credential right, and has it not expired?"


def _fault(cloud: str, error: Exception) -> CheckFault | None:
    """None for what nobody foresaw."""
    from keystoneauth1 import exceptions as ks
    from openstack import exceptions as sdk
    from yaml import YAMLError

    if isinstance(error, ks.SSLError):
        advice = "Name the authority that signed it: cacert in clouds.yaml, or OS_CACERT."
        return BadCloud(f"{cloud}: its certificate is not trusted: {said(error)}", advice)
    if isinstance(error, ks.Unauthorized):
        return BadCloud(f"{cloud}: Keystone refused the credential: {said(error)}", CREDENTIAL)
    if isinstance(error, ks.ConnectFailure | ks.ConnectTimeout):
        return CloudUnreachable(f"{cloud} does not answer: {said(error)}", "Is auth_url right, and is it reachable?")
    if isinstance(error, ks.DiscoveryFailure | ks.HttpError):
        return BadCloud(f"{cloud}: auth_url leads to no Keystone: {said(error)}", "It mostly ends in /v3.")
    # keystoneauth raises a bare Exception where a user has no password
    if isinstance(error, ks.MissingRequiredOptions | ks.MissingAuthPlugin) or type(error) is Exception:
        return BadCloud(f"{cloud} is not described in full: {said(error)}", f"Give --cloud NAME, or OS_CLOUD. {NAMED}")
    if isinstance(error, sdk.ConfigException | ks.ClientException | YAMLError | TypeError):
        return BadCloud(f"{cloud} cannot be used: {said(error)}", NAMED)
    return None
