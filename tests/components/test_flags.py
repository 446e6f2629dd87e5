"""Every flag that a unit passes is known to the program of this release: the programs themselves are asked."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence

import pytest

from hardway.catalog.releases import release
from hardway.components.render import render
from hardway.resources.base import Resource
from hardway.sources.store import Store
from hardway.spec.model import Cluster

pytestmark = pytest.mark.build

PROGRAMS = (
    ("hardway-master-0", "etcd"),
    ("hardway-master-0", "kube-apiserver"),
    ("hardway-master-0", "kube-controller-manager"),
    ("hardway-master-0", "kube-scheduler"),
    ("hardway-worker-0", "kubelet"),
    ("hardway-worker-0", "kube-proxy"),
)


@pytest.mark.parametrize(("machine", "program"), PROGRAMS)
def test_every_flag_is_known(resources: Sequence[Resource], cluster: Cluster, machine: str, program: str) -> None:
    unit = render(resources)[f"{machine}/etc/systemd/system/{program}.service"]
    command = unit.split("ExecStart=")[1].split("\n\n")[0]
    flags = set(re.findall(r"--([a-z][a-z0-9-]*)", command.split("\nRestart")[0]))
    path = Store().ensure([program], release(cluster.kubernetes.version))[program]
    known = subprocess.run([path, "--help"], capture_output=True, text=True, check=False)
    assert flags, "the unit passes no flag at all"
    assert flags - set(re.findall(r"--([a-z][a-z0-9-]*)", known.stdout + known.stderr)) == set()
