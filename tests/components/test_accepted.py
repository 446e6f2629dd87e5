"""The programs of the lab's base image take the files: haproxy, keepalived, nft, systemd check their own configuration.

In a mount and a network namespace of its own, on an overlay of the image: nothing remains.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import pytest

from hardway.components.render import render
from hardway.lab.base import ensure_base
from hardway.resources.base import Resource
from hardway.resources.host import File, SystemUser
from hardway.spec.model import Lab

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

MACHINES = ("hardway-lb-0", "hardway-master-0", "hardway-worker-0")
STUBS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "containerd")
"""systemd asks that a unit's program exists; what it does is no matter here."""

ROOT = """\
set -e
mount -t tmpfs tmpfs {work}
mkdir {work}/upper {work}/work {work}/root
mount -t overlay overlay -o lowerdir={base},upperdir={work}/upper,workdir={work}/work {work}/root
mount --rbind /dev {work}/root/dev
mount -t proc proc {work}/root/proc
cp -r {files}/. {work}/root/
ip link set lo up
ip link add eth0 type veth peer name eth1
chroot {work}/root sh -c {check}
"""

CHECKS = {
    "haproxy": "mkdir -p /run/haproxy && haproxy -c -f /etc/haproxy/haproxy.cfg",
    "keepalived": "keepalived --config-test --use-file=/etc/keepalived/keepalived.conf",
    # Twice: the second time the table is there. Afterwards it can be taken away by its name.
    "nft": "for n in 1 2; do nft -f /etc/hardway/pod-masquerade.nft; done && nft delete table ip hardway_pods",
    "sh": " && ".join(f"sh -n /etc/hardway/{name}" for name in ("check-haproxy", "prune-pod-routes", "etcd-hand-over")),
}


@pytest.fixture
async def base() -> Path:
    return (await ensure_base(Lab().suite)).tree


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, resources: Sequence[Resource]) -> Path:
    """The files of a balancer, a master and a worker in one tree; a real certificate where haproxy loads it."""
    tree = tmp_path_factory.mktemp("files")
    for name, text in render(resources).items():
        machine, _, path = name.partition("/")
        if machine in MACHINES:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
    for one in resources:
        if isinstance(one, File) and one.machine in MACHINES:
            (tree / one.path.lstrip("/")).chmod(one.mode | 0o400)
    _certificate(tree / "etc/haproxy/kubernetes-ca.pem")
    for name in STUBS:
        stub = tree / "usr/local/bin" / name
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("#!/bin/sh\n")
        stub.chmod(0o755)
    return tree


def _certificate(path: Path) -> None:
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=ca -keyout /dev/null -out"
    subprocess.run([*new.split(), str(path)], check=True, capture_output=True)


def checked(base: Path, files: Path, work: Path, check: str) -> str:
    """What the check said; fails with it where the check does."""
    script = ROOT.format(work=quote(str(work)), base=quote(str(base)), files=quote(str(files)), check=quote(check))
    namespaces = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script]
    result = subprocess.run(namespaces, capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    return said


MASTERS_NETWORK = "ip address add 10.0.0.10/24 dev eth0; ip link set eth0 up; ip link set eth1 up"
LAY_ROUTES = "ip -batch /etc/hardway/pod-routes; /etc/hardway/prune-pod-routes"


def test_routes_to_workers_that_stay_are_never_taken_away(base: Path, files: Path, tmp_path: Path) -> None:
    """Laid again, the routes are the same and no removal of one was ever seen; those of workers that have gone go."""
    script = f"""{MASTERS_NETWORK}
{LAY_ROUTES}
ip route add 10.244.99.0/24 via 10.0.0.99 proto 72; ip route add 10.244.98.0/24 via 10.0.0.98 proto 73
ip monitor route > /tmp/seen & monitor=$!
for n in $(seq 500); do # until the monitor listens
    grep -q 10.244.97.0 /tmp/seen && break
    ip route replace 10.244.97.0/24 via 10.0.0.97 proto 73
done
{LAY_ROUTES}
ip route show proto 72; ip route show proto 73
kill $monitor; grep ^Deleted /tmp/seen"""
    said = [line.split(" dev ")[0] for line in checked(base, files, tmp_path, script).splitlines()]
    assert said == [
        *(f"10.244.{n}.0/24 via 10.0.0.{n}" for n in (20, 21, 22)),
        *(f"10.244.{n}.0/24 via 10.0.0.{n}" for n in (97, 98)),
        "Deleted 10.244.99.0/24 via 10.0.0.99",
    ]


@pytest.mark.parametrize("name", CHECKS)
def test_the_program_takes_its_configuration(base: Path, files: Path, tmp_path: Path, name: str) -> None:
    checked(base, files, tmp_path, CHECKS[name])


def test_systemd_finds_no_fault_in_any_unit(
    base: Path, files: Path, tmp_path: Path, resources: Sequence[Resource]
) -> None:
    units = sorted(path.name for path in (files / "etc/systemd/system").iterdir())
    users = {one.user for one in resources if isinstance(one, SystemUser)}
    made = " && ".join(f"useradd --system {user}" for user in sorted(users))
    verify = " ".join(f"/etc/systemd/system/{unit}" for unit in units)
    assert checked(base, files, tmp_path, f"{made} && systemd-analyze verify --man=no {verify}") == ""


def test_a_fault_is_found(base: Path, files: Path, tmp_path: Path) -> None:
    """The checks above can fail: each program refuses a file with a word too many."""
    for path, check in (("haproxy/haproxy.cfg", CHECKS["haproxy"]), ("hardway/pod-masquerade.nft", CHECKS["nft"])):
        with pytest.raises(AssertionError):
            checked(base, files, tmp_path, f"echo nonsense >> /etc/{path} && {check}")
