"""What the projects look for in the environment, and the modules that all of them load."""

from __future__ import annotations

import importlib
import os

from hardway.cloud.places import CloudPlace


def prepare_environment(place: CloudPlace, programs: str) -> None:
    """Lead each project to its files, and to the programs of Open vSwitch and OVN."""
    etc = place.etc
    os.environ.update(
        {
            "OS_KEYSTONE_CONFIG_FILES": f"{etc}/keystone/keystone.conf",
            "OS_GLANCE_CONFIG_DIR": f"{etc}/glance",
            "OS_PLACEMENT_CONFIG_DIR": f"{etc}/placement",
            "OS_NOVA_CONFIG_DIR": f"{etc}/nova",
            "OS_NEUTRON_CONFIG_FILES": f"{etc}/neutron/neutron.conf",
            "OS_DESIGNATE_CONFIG_DIR": f"{etc}/designate",
            # Neutron calls ovsdb-client.
            "PATH": f"{programs}/bin:{os.environ['PATH']}",
            # Threads of the system, not eventlet's.
            "OS_NOVA_DISABLE_EVENTLET_PATCHING": "true",
            # Neutron asks uwsgi or mod_wsgi how many API processes there are; where there is neither it looks here, and
            # without a number no event of OVN is ever handled.
            "ASGI_WORKERS": "1",
            # Neutron keeps files there by its parent's number, which must not be another run's.
            "TMPDIR": str(place.run / "tmp"),
        }
    )


COMMON = (
    "oslo_config.cfg",
    "oslo_log.log",
    "oslo_db.sqlalchemy.enginefacade",
    "sqlalchemy.orm",
    "alembic",
    "oslo_policy.policy",
    "oslo_middleware",
    "keystonemiddleware.auth_token",
    "keystoneauth1.loading",
    "keystoneauth1.identity",
    "webob",
    "paste.deploy",
    "waitress",
    "requests",
    "jsonschema",
    "stevedore",
    "cryptography.fernet",
    "oslo_utils.timeutils",
    "oslo_concurrency.lockutils",
    "oslo_cache",
    "lxml",
    "pecan",
    "wsme",
    "openstack",
    "routes",
    "yaml",
    "netaddr",
)
"""Loaded once, before the services are forked off. None of oslo.messaging and oslo.versionedobjects: they load
eventlet, and Nova refuses to start where anybody did so before it."""


def load_common_modules() -> None:
    for module in COMMON:
        importlib.import_module(module)
