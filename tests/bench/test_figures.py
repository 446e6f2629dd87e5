"""What the benches say about what they measured: medians, goals met and missed, stamps, and where time goes."""

from __future__ import annotations

import asyncio
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from bench.children import Ended, timed
from bench.cluster.by_hardway import Run, Span
from bench.cluster.by_kubeadm import Run as KubeadmRun
from bench.cluster.kubeadm_machines import as_nodes, objects, wanted
from bench.cluster.kubeadm_texts import Secrets
from bench.readiness import Ready, stamp
from bench.report import BenchFailed, Report, Row, show, within
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from bench import cluster, simulated
from hardway.components.facts import DEFAULT_FACTS
from hardway.resources.host import File
from hardway.spec.model import Cluster


def one_round(hardway: float, bound: float, kubeadm: float) -> cluster.Round:
    ended = Ended(hardway + 1, 2.0, 80.0, 0, "")
    spans = [Span("etcd", 1.0, 4.0, "unit:m:etcd.service", 2.5)]
    run = Run(Ready(hardway - 1, hardway + 0.3, hardway, 20.0), ended, spans, {"file:m:/a": "1"})
    return cluster.Round(run, Ready(bound, bound - 1, bound, 9.0), KubeadmRun(Ready(50.0, 9.0, kubeadm), 7.0, 40.0))


def test_the_cluster_bench_compares_medians_and_says_which_goals_are_missed() -> None:
    report = cluster.report([one_round(10.0, 8.0, 48.0), one_round(12.0, 8.0, 48.0), one_round(90.0, 7.0, 47.0)])
    rows = {row.what: row for row in report.rows}
    assert rows["(a) hardway up"].reached.startswith("12.00 s")
    assert (rows["(a) / (b)"].reached, rows["(a) / (b)"].met) == ("1.50", True)
    assert (rows["(c) / (a)"].reached, rows["(c) / (a)"].met) == ("4.00", True)
    assert rows["  etcd"].reached == "3.00 s"
    worse = {row.what: row for row in cluster.report([one_round(13.0, 8.0, 48.0)]).rows}
    assert [worse[what].met for what in ("(a) / (b)", "(c) / (a)")] == [False, False]


def test_a_missed_goal_is_shown_as_missed() -> None:
    console = Console(width=100)
    with console.capture() as captured:
        show(Report("title", (within("slow", 3.0, 2.0), within("quick", 1.0, 2.0), Row("bound", "0.5 s"))), console)
    lines = captured.get().splitlines()
    assert [line.count("(missed)") for line in lines if "slow" in line or "quick" in line] == [1, 0]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:01:00Z"}]}, 60.0),
        ({"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "1970-01-01T00:01:00Z"}]}, None),
        ({"conditions": [{"type": "Other", "status": "True", "lastTransitionTime": "1970-01-01T00:01:00Z"}]}, None),
        ({}, None),
    ],
)
def test_only_a_condition_that_is_true_has_a_stamp(status: object, found: float | None) -> None:
    assert stamp({"status": status}, "Ready") == found


async def test_a_program_is_timed_with_what_it_used_and_a_strange_end_is_a_fault() -> None:
    ended = await timed((sys.executable, "-c", "print('here'); sum(range(3_000_000))"))
    assert ended.output == "here\n"
    assert ended.processor > 0
    assert ended.memory > 1
    with pytest.raises(BenchFailed, match="last words"):
        await timed((sys.executable, "-c", "import sys; sys.exit('last words')"))


async def test_a_bench_that_is_ended_ends_its_program() -> None:
    running = asyncio.ensure_future(timed((sys.executable, "-c", "import os, time; time.sleep(600)")))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_kubeadms_pin_is_the_digest_of_the_public_key() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secrets = Secrets("abcdef.0123456789abcdef", "00" * 32, pem)
    assert secrets.pin == f"sha256:{sha256(der).hexdigest()}"
    assert "abcdef" not in repr(secrets)


def test_kubeadms_six_nodes_stand_on_the_same_ground() -> None:
    it = Cluster(name="bench")
    facts = {machine.name: DEFAULT_FACTS for machine in it.all_machines}
    laid = wanted(it, facts, (), Secrets("abcdef.0123456789abcdef", "00" * 32, "-\nAA==\n-\n"))
    assert {one.machine for one in laid} == {machine.name for machine in it.all_machines}
    assert len({one.id for one in laid}) == len(laid)
    nodes = {machine.name for machine in (*it.masters, *it.workers)}
    for path in ("/etc/containerd/config.toml", "/etc/cni/net.d/10-hardway.conflist", "/etc/kubeadm.yaml"):
        assert {one.machine for one in laid if isinstance(one, File) and one.path == path} == nodes
    kinds = [one.body["kind"] for one in objects(it, facts)]
    assert kinds.count("Node") == len(as_nodes(it).workers) == 6
    assert {"DaemonSet", "Deployment"} <= set(kinds)


def test_a_settled_world_of_simulated_machines_leaves_nothing_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    folder.mkdir(mode=0o700)
    simulated.prepare(folder, 8)
    look = simulated.measure(folder, 8)
    assert look.steps == 0
    assert look.resources > 8
