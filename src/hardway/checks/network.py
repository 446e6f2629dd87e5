"""The pod network and services: pod to pod, by the service's address, by a port of every worker."""

from __future__ import annotations

from itertools import permutations
from typing import Final

from hardway.checks.check import Finding, Wrong, check, count, expect, judged, troubles, until_right
from hardway.checks.scene import Pod, Scene, Workload
from hardway.checks.workload import HTTP
from hardway.resources.base import Chapter

TRIES: Final = 60
"""Connections within which every pod behind a service should have answered: with three pods, (2/3)^60 is 3e-11."""

PROGRAMMED_WITHIN: Final = 10.0
"""Seconds that a kube-proxy may take to hear of a ready pod and to write its rules."""


@check(
    "pod-to-pod",
    "a pod on each worker reaches the pod on each other worker by its address",
    Chapter.POD_NETWORK,
    after=("pods",),
)
async def pod_to_pod(scene: Scene) -> Finding:
    made = await scene.workload()
    pairs = list(permutations(made.pods, 2))
    found = await troubles({f"{a} to {b}": _reaches(scene, a, made.pods[b]) for a, b in pairs})
    return judged(found, f"{count(len(pairs), 'ordered pair')} of workers")


async def _reaches(scene: Scene, worker: str, pod: Pod) -> None:
    expect("the answer", await scene.fetched(worker, f"http://{pod.address}:{HTTP}/hostname"), pod.name)


@check(
    "cluster-ip",
    "from each worker and from a pod on it a service's address leads to its pods; from pods, to each of them",
    Chapter.POD_NETWORK,
    after=("pod-to-pod",),
)
async def cluster_ip(scene: Scene) -> Finding:
    made = await scene.workload()
    targets = {
        **{f"{worker}, from its pod": _reaches_all(scene, worker, made) for worker in made.pods},
        **{worker: _answers(scene, worker, made.cluster_ip, 80, made) for worker in made.pods},
    }
    return judged(await troubles(targets), f"{made.cluster_ip} from {count(len(made.pods), 'worker')}")


async def _reaches_all(scene: Scene, worker: str, made: Workload) -> None:
    await until_right(lambda: _reached_all(scene, worker, made), PROGRAMMED_WITHIN)


async def _reached_all(scene: Scene, worker: str, made: Workload) -> None:
    seen: set[str] = set()
    for _ in range(TRIES):
        seen.add(await scene.fetched(worker, f"http://{made.cluster_ip}/hostname"))
        if seen >= made.names:
            break
    if seen != made.names:
        raise Wrong(f"of {', '.join(sorted(made.names))} only {', '.join(sorted(seen))} answered")


async def _answers(scene: Scene, machine: str, host: str, port: int, made: Workload) -> None:
    await until_right(lambda: _answered(scene, machine, host, port, made), PROGRAMMED_WITHIN)


async def _answered(scene: Scene, machine: str, host: str, port: int, made: Workload) -> None:
    answer = await scene.get(machine, host, port, "/hostname")
    name = answer.text.strip()
    if answer.status != 200 or name not in made.names:
        raise Wrong(f"{host}:{port} says {answer.status} {name[:200]}")


@check(
    "node-port",
    "from a master a service answers at its port on each worker's own address",
    Chapter.POD_NETWORK,
    after=("pod-to-pod",),
)
async def node_port(scene: Scene) -> Finding:
    made = await scene.workload()
    master = scene.cluster.masters[0].name
    targets = {
        f"{master} to {one.name}": _answers(scene, master, str(one.address), made.node_port, made)
        for one in scene.cluster.workers
    }
    return judged(await troubles(targets), f"port {made.node_port} of {count(len(targets), 'worker')}")
