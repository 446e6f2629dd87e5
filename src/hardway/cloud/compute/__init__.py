"""The compute driver of the cloud: real Nova, whose servers are systemd-nspawn machines as the lab's.

    options    section [hardway] of nova.conf
    driver     what Nova calls; the only module, with options, that needs Nova
    servers    disks and processes        ports         veth pairs into the chassis' br-int
    first_boot what a new server is given user_data     what its user asks for
    image      the tree below all servers places        names and directories

The cloud's environment has Nova and its dependencies, and not hardway's: nothing here, or imported from here, may need
more than the standard library, PyYAML, cryptography and platformdirs, which Nova brings.
"""

from __future__ import annotations

import importlib
import sys

NOVA_NAME = "nova.virt.hardway"
"""Nova loads drivers from its own package only: `compute_driver = hardway.HardwayDriver` is this module there."""


def register() -> None:
    """Let Nova find the driver. To be called in Nova's process before nova-compute starts."""
    sys.modules[NOVA_NAME] = importlib.import_module("hardway.cloud.compute.driver")
