"""Machines: each answers, and is the one it should be."""

from __future__ import annotations

from hardway.checks.check import Finding, check, count, judged, troubles
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter


@check("machines", "every machine answers by SSH with the host key it was given", Chapter.MACHINES)
async def machines(scene: Scene) -> Finding:
    all_machines = scene.cluster.all_machines
    found = await troubles({one.name: scene.run(one.name, "true\n") for one in all_machines})
    return judged(found, f"{count(len(all_machines), 'machine')} answered")
