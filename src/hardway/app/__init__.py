"""The one place that knows all rooms: a file for each of the command line's doors, and what a cluster is made with.

Rooms are imported when they are first needed, so that help is quick.
"""

from __future__ import annotations

import os
import sys

from hardway.app.worlds import kinds, load_cluster, open_world, providers, store

__all__ = ["kinds", "load_cluster", "main", "open_world", "providers", "store"]


def main() -> None:
    """The command `hardway`."""
    from hardway.app.cloud import Cloud, check_cloud
    from hardway.app.lab import Lab
    from hardway.app.programs import programs
    from hardway.app.workstation import Workstation
    from hardway.cli import composing, operations
    from hardway.cli.doors import Doors
    from hardway.cli.main import run

    # Secrets are given their modes one by one; a stricter umask would lock service users out of machines' disks.
    os.umask(0o022)
    doors = Doors(
        open_world,
        Lab(),
        programs,
        operations,
        Cloud(),
        check_cloud=check_cloud,
        compose=composing,
        workstation=Workstation(),
    )
    sys.exit(run(doors, sys.argv[1:]))
