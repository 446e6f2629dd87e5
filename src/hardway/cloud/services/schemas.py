"""Makes the empty databases of all projects, each in a process of its own. A program: CLOUDS-DIRECTORY NAME.

Keystone, Glance, Placement, Nova and Designate run their migrations. Neutron's and Octavia's do not run on SQLite;
their models make the tables, and the rows that the migrations would have added are added here.
"""

from __future__ import annotations

import importlib
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardway.cloud.places import CloudPlace
from hardway.cloud.services.environment import load_common_modules, prepare_environment
from hardway.cloud.services.sqlite import share_databases


def main(root: str, name: str) -> int:
    place = CloudPlace(name, Path(root))
    prepare_environment(place, programs="")
    load_common_modules()
    share_databases()
    # Forked: what is loaded is loaded once, and each has the one global configuration to itself.
    forks = multiprocessing.get_context("fork")
    processes = [forks.Process(target=_logged, args=(make, place), name=make.__name__) for make in MAKERS]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    failed = [process.name for process in processes if process.exitcode]
    for each in failed:
        sys.stderr.write(f"{each}:\n{(place.log / f'{each}.log').read_text()[-2000:]}\n")
    return 1 if failed else 0


def _logged(make: Callable[[CloudPlace], None], place: CloudPlace) -> None:
    with (place.log / f"{make.__name__}.log").open("w") as log:
        sys.stdout = sys.stderr = log
        make(place)


def _manage(module: str, *arguments: str) -> None:
    """A project's own management command. Raises SystemExit where it fails."""
    sys.argv = [module, *arguments]
    try:
        code = importlib.import_module(module).main()
    except SystemExit as ended:
        code = ended.code
    if code:
        raise SystemExit(f"{module} {' '.join(arguments)}: {code}")


def keystone(place: CloudPlace) -> None:
    _manage("keystone.cmd.manage", "--config-file", f"{place.etc}/keystone/keystone.conf", "db_sync")


def glance(place: CloudPlace) -> None:
    _manage("glance.cmd.manage", "--config-file", f"{place.etc}/glance/glance-api.conf", "db", "sync")


def placement(place: CloudPlace) -> None:
    # The file beside the directory: the options on the command line decide where it looks, and it wants both.
    where = ("--config-dir", f"{place.etc}/placement", "--config-file", f"{place.etc}/placement/placement.conf")
    _manage("placement.cmd.manage", *where, "db", "sync")


def nova_api(place: CloudPlace) -> None:
    _manage("nova.cmd.manage", "--config-file", f"{place.etc}/nova/nova.conf", "api_db", "sync")


def nova_cell(place: CloudPlace) -> None:
    """Of cell1; cell0 has the same tables, and is copied.

    `--local_cell` asks for no mapping, which is made when Nova first starts.
    """
    _manage("nova.cmd.manage", "--config-file", f"{place.etc}/nova/nova.conf", "db", "sync", "--local_cell")


def designate(place: CloudPlace) -> None:
    _manage("designate.cmd.manage", "--config-file", f"{place.etc}/designate/designate.conf", "database", "sync")


def neutron(place: CloudPlace) -> None:
    from neutron.db.migration.models import head
    from neutron.db.models.securitygroup_default_rules import SecurityGroupDefaultRule as Rule

    # What every new security group starts with. Without these nothing leaves a port, not even a DHCP request.
    out = {"direction": "egress", "used_in_default_sg": True, "used_in_non_default_sg": True}
    among = {
        "direction": "ingress",
        "remote_group_id": "PARENT",
        "used_in_default_sg": True,
        "used_in_non_default_sg": False,
    }
    rows = [Rule(ethertype=version, **rule) for version in ("IPv4", "IPv6") for rule in (out, among)]
    _create_all(place, "neutron", head.get_metadata(), rows)


def octavia(place: CloudPlace) -> None:
    from octavia.common import constants as known
    from octavia.db import base_models, models

    rows = [
        model(name=name)
        for names, model in (
            (known.SUPPORTED_PROVISIONING_STATUSES, models.ProvisioningStatus),
            (known.SUPPORTED_HEALTH_MONITOR_TYPES, models.HealthMonitorType),
            (known.SUPPORTED_LB_ALGORITHMS, models.Algorithm),
            (known.SUPPORTED_PROTOCOLS, models.Protocol),
            (known.SUPPORTED_OPERATING_STATUSES, models.OperatingStatus),
            (known.SUPPORTED_SP_TYPES, models.SessionPersistenceType),
            (known.SUPPORTED_AMPHORA_ROLES, models.AmphoraRoles),
            (known.SUPPORTED_LB_TOPOLOGIES, models.LBTopology),
            (known.SUPPORTED_VRRP_AUTH, models.VRRPAuthMethod),
            (known.SUPPORTED_L7RULE_TYPES, models.L7RuleType),
            (known.SUPPORTED_L7RULE_COMPARE_TYPES, models.L7RuleCompareType),
            (known.SUPPORTED_L7POLICY_ACTIONS, models.L7PolicyAction),
            (known.SUPPORTED_CLIENT_AUTH_MODES, models.ClientAuthenticationMode),
        )
        for name in names
    ]
    _create_all(place, "octavia", base_models.BASE.metadata, rows)


def _create_all(place: CloudPlace, name: str, metadata: Any, rows: list[Any]) -> None:
    import sqlalchemy
    from sqlalchemy import orm

    engine = sqlalchemy.create_engine(f"sqlite:///{place.databases / name}.sqlite")
    metadata.create_all(engine)
    with orm.Session(engine) as session, session.begin():
        session.add_all(rows)


MAKERS = (keystone, neutron, nova_cell, designate, octavia, nova_api, glance, placement)

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
