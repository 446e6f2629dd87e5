"""The section [hardway] of nova.conf: what the compute driver is told of its cloud. Runs in the cloud's environment.

Beside it the driver uses Nova's own `[DEFAULT] instances_path` (a directory for servers' disks, on a file system that
can be an overlay's upper), `vif_plugging_timeout`, `vif_plugging_is_fatal`, `shutdown_timeout`, the allocation ratios,
and what is reserved for the host.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from oslo_config import cfg

from hardway.cloud.compute.ports import Chassis
from hardway.cloud.compute.servers import Servers
from hardway.cloud.places import CloudPlace
from hardway.lab.cgroups import keeper

GROUP = "hardway"
OPTIONS = (
    cfg.StrOpt("cloud_name", required=True, help="The cloud's name: titles of namespaces begin with hardway.NAME."),
    cfg.DictOpt("chassis", default={}, help="HOST:SOCKET,...: the ovsdb-server of each host that runs nova-compute."),
    cfg.StrOpt("ovs_vsctl", default="ovs-vsctl", help="The command ovs-vsctl, split as by a shell."),
    cfg.StrOpt("trees", required=True, help="The directory of image trees; the property hardway_tree names one in it."),
    cfg.StrOpt("blobs", help="The operator's blob cache, which servers see read-only; without it they see none."),
)


def register(conf: Any) -> None:
    """Make the options known; once is enough, more do no harm."""
    conf.register_opts(OPTIONS, group=GROUP)


def chassis(conf: Any, host: str) -> Chassis:
    """The chassis that is a host of Nova. Raises ValueError where the section does not name it."""
    options = conf[GROUP]
    if host not in options.chassis:
        raise ValueError(f"[{GROUP}] chassis names no socket for the host {host}")
    title = f"{CloudPlace.of(options.cloud_name).title}.{host}"
    return Chassis(title, Path(options.chassis[host]), tuple(shlex.split(options.ovs_vsctl)))


def servers(conf: Any) -> Servers:
    """The servers of the cloud. Raises LabFault where this computer cannot hold any."""
    options = conf[GROUP]
    return Servers(
        cloud=CloudPlace.of(options.cloud_name),
        instances=Path(conf.instances_path),
        trees=Path(options.trees),
        blobs=Path(options.blobs) if options.blobs else None,
        keeper=keeper(),
    )
