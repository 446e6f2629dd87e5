"""Access to pods: logs, exec and port-forward by the real kubectl, through the API to every worker's kubelet."""

from __future__ import annotations

import asyncio
import re

from hardway.checks import wire
from hardway.checks.check import Finding, Wrong, check, count, expect, judged, troubles
from hardway.checks.kubectl import WITHIN, kubectl, running
from hardway.checks.scene import Pod, Scene
from hardway.checks.workload import HTTP
from hardway.resources.base import Chapter


@check("logs", "kubectl logs shows what a pod on each worker printed", Chapter.ACCESS, after=("pods",))
async def logs(scene: Scene) -> Finding:
    made = await scene.workload()
    found = await troubles({worker: _logs(scene, pod) for worker, pod in made.pods.items()})
    return judged(found, f"from {count(len(made.pods), 'worker')}")


async def _logs(scene: Scene, pod: Pod) -> None:
    printed = await kubectl(scene, "logs", f"--namespace={scene.space}", pod.name)
    if "listening on" not in printed:
        raise Wrong(f"{pod.name} should have printed that it listens, and printed {printed[:200]!r}")


@check("exec", "kubectl exec runs a program in a pod on each worker", Chapter.ACCESS, after=("pods",))
async def execute(scene: Scene) -> Finding:
    made = await scene.workload()
    found = await troubles({worker: _exec(scene, pod) for worker, pod in made.pods.items()})
    return judged(found, f"on {count(len(made.pods), 'worker')}")


async def _exec(scene: Scene, pod: Pod) -> None:
    program = ("/probe", "fetch", f"http://127.0.0.1:{HTTP}/hostname")
    printed = await kubectl(scene, "exec", f"--namespace={scene.space}", pod.name, "--", *program)
    expect("what it printed", printed.strip(), pod.name)


@check(
    "port-forward",
    "kubectl port-forward leads from this computer to a pod on each worker",
    Chapter.ACCESS,
    after=("pods",),
)
async def port_forward(scene: Scene) -> Finding:
    made = await scene.workload()
    found = await troubles({worker: _forward(scene, pod) for worker, pod in made.pods.items()})
    return judged(found, f"to {count(len(made.pods), 'worker')}")


async def _forward(scene: Scene, pod: Pod) -> None:
    arguments = ("port-forward", f"--namespace={scene.space}", "--address=127.0.0.1", f"pod/{pod.name}", f":{HTTP}")
    async with running(scene, *arguments) as process:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), WITHIN)
        if not line:
            _, err = await process.communicate()
            raise Wrong(f"kubectl port-forward: {err.decode(errors='replace').strip()[-400:]}")
        answer = await wire.get(None, f"http://127.0.0.1:{forwarded_port(line.decode())}/hostname")
    expect("the answer", answer.text.strip(), pod.name)


def forwarded_port(line: str) -> int:
    """The local port in "Forwarding from 127.0.0.1:40001 -> 8080". Raises Wrong. Pure."""
    found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> ", line)
    if found is None:
        raise Wrong(f"kubectl port-forward says {line.strip()!r}")
    return int(found[1])
