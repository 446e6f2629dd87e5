"""Cinder: volumes. Proved with a volume of 1 GiB that grows by another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.service import Agent, Proof, Proved, Service, Wrong
from hardway.cloud.check.versions import told_by
from hardway.cloud.check.waiting import gone, settled

SETTLED_WITHIN = 120.0
"""Seconds."""


def _volume(cloud: Cloud, made: Made) -> Proved:
    """It is made longer since every back end must be able to (Cinder's "driver minimum features"), and only it can."""
    api: Any = cloud.api.block_storage
    volume = api.create_volume(name=cloud.name("volume"), size=1)
    made.undo("volume", partial(_remove, cloud, volume))

    def available() -> Any:
        ask = partial(api.get_volume, volume.id)
        return settled(cloud, "the volume", ask, within=SETTLED_WITHIN, wanted=("available",))

    available()
    api.extend_volume(volume, 2)
    size = available().size
    if size != 2:
        raise Wrong(f"the volume was to grow to 2 GiB and has {size}")
    return Proved("a volume of 1 GiB grew to 2 GiB")


def _remove(cloud: Cloud, volume: Any) -> None:
    api = cloud.api.block_storage
    api.delete_volume(volume, ignore_missing=False)
    gone("the volume", partial(api.get_volume, volume.id), SETTLED_WITHIN)


def _sweep(cloud: Cloud) -> None:
    for volume in cloud.leftovers(cloud.api.block_storage.volumes()):
        _remove(cloud, volume)


def _agents(cloud: Cloud) -> Sequence[Agent]:
    return [Agent(one.binary, one.host, one.state == "up") for one in cloud.api.block_storage.services()]


CINDER = Service(
    name="Cinder",
    counterpart="EBS",
    type="block-storage",
    there=lambda cloud: cloud.has("block-storage"),
    version=told_by("block-storage"),
    proofs=(Proof("volume", "a volume is made and grows", _volume),),
    sweep=_sweep,
    agents=_agents,
)
