"""The operator's way in: a kubeconfig that works from this computer, and the real kubectl run with it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hardway.components.layout import KUBECONFIG
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.resources.base import OPERATOR, Ref

Kubeconfig = dict[str, Any]

_FILES: Mapping[str, str] = {
    "certificate-authority": "certificate-authority-data",
    "client-certificate": "client-certificate-data",
    "client-key": "client-key-data",
}
"""Fields of a kubeconfig that name files, and the fields that hold the same inline (client-go, clientcmd/api/v1)."""


def kubeconfig_path(world: World) -> Path:
    """The operator's kubeconfig in the state directory. Raises Refused where there is no cluster yet."""
    path = world.state.path / KUBECONFIG
    if not path.exists():
        raise Refused((f"there is no cluster {world.cluster.name} yet: `hardway up` makes it",))
    return path


def kubectl_command(world: World, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs the cluster's own kubectl as its admin."""
    program = world.value(Ref(f"blob:{OPERATOR}:kubectl@{world.cluster.kubernetes.version}", "path"))
    if program is None:
        raise Refused(("kubectl is not in the cache: `hardway binaries` brings it",))
    return (program.decode(), f"--kubeconfig={kubeconfig_path(world)}", *arguments)


def inline_kubeconfig(world: World) -> Kubeconfig:
    """The operator's kubeconfig with certificates and key inside, so that it can go anywhere."""
    path = kubeconfig_path(world)
    return _inlined(yaml.safe_load(path.read_text()), path.parent)


def _inlined(config: Kubeconfig, folder: Path) -> Kubeconfig:
    def inline(fields: Mapping[str, Any]) -> dict[str, Any]:
        return dict(_inline_field(name, value, folder) for name, value in fields.items())

    clusters = [{**one, "cluster": inline(one["cluster"])} for one in config["clusters"]]
    users = [{**one, "user": inline(one["user"])} for one in config["users"]]
    return {**config, "clusters": clusters, "users": users}


def _inline_field(name: str, value: Any, folder: Path) -> tuple[str, Any]:
    if name not in _FILES:
        return name, value
    return _FILES[name], base64.b64encode((folder / value).read_bytes()).decode()
