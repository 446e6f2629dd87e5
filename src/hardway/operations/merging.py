"""The cluster in the user's own kubeconfig: put there by name, taken away again, and never over anybody else's entry.

The state's own kubeconfig has the article's names (context kubernetes-the-hard-way, user admin), which other clusters
may well have too. In the user's file all three entries are called hardway-CLUSTER. Which entries of that name are this
cluster's is told by its authority alone.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml
from cryptography import x509

from hardway.operations.access import Kubeconfig, inline_kubeconfig
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.state.directory import StateDirectory

MERGED: Final = "merged.json"
"""In the state directory: the authority of the cluster's entries by the file that has them, so that `down`, which takes
the kubeconfig itself away first, can take them away too."""

Ours = Callable[[Any], bool]

_CA: Final = "certificate-authority-data"


def merge_kubeconfig(world: World, target: Path | None = None, *, make_current: bool = True) -> Path:
    """Put the cluster, its user and its context into the user's own kubeconfig, and make it current.

    Without `make_current` only where the file has no current context. A link is followed; the file is written beside
    and renamed, mode 0600. Raises Refused where it is no kubeconfig, or has another cluster's entries of that name.
    """
    path = (target or users_kubeconfig()).resolve()
    mine, name = inline_kubeconfig(world), entry_name(world.cluster.name)
    present = read_kubeconfig(path)
    merged = merged_kubeconfig(present, mine, name, str(path))
    if not make_current and present.get("current-context"):
        merged = {**merged, "current-context": present["current-context"]}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remember(world.state, {**_remembered(world.state), path: authority_of(mine)})
    _write(path, merged)
    return path


def withdraw_kubeconfig(state: StateDirectory, name: str) -> None:
    """Take a cluster's entries, by its `entry_name`, out of the files that they were merged into. Others' stay."""
    for path, authority in _remembered(state).items():
        withdraw_from(path, authority, name)


def withdraw_from(path: Path, authority: str, name: str) -> None:
    """The same for one file and the cluster with that authority."""
    # A file that has gone, or can no longer be read as a kubeconfig, shows nobody the way to this cluster.
    with suppress(Refused):
        present = read_kubeconfig(path)
        without = withdrawn_kubeconfig(present, authority, name)
        if without != present:
            _write(path, without)


def entry_name(cluster: str) -> str:
    """What the cluster, its user and its context are called in the user's own kubeconfig."""
    return f"hardway-{cluster}"


def merged_kubeconfig(present: Kubeconfig, mine: Kubeconfig, name: str, where: str = "the kubeconfig") -> Kubeconfig:
    """`present` with the one cluster, user and context of `mine`, all called `name`, as the current ones. Pure.

    Raises Refused where something of that name is another cluster's.
    """
    foreign = [
        f"{part}: {name}"
        for part, is_ours in _ours(authority_of(mine), name).items()
        for one in _named(present, part, name)
        if not is_ours(one)
    ]
    if foreign:
        way_out = (
            "rename or delete them (kubectl config delete-context, delete-cluster, delete-user), or set KUBECONFIG"
        )
        raise Refused((f"{where} has entries of another cluster under the same name; {way_out}:", *foreign))
    entries = {
        "clusters": {"name": name, "cluster": mine["clusters"][0]["cluster"]},
        "users": {"name": name, "user": mine["users"][0]["user"]},
        "contexts": {"name": name, "context": {"cluster": name, "user": name}},
    }
    lists = {part: [*_others(present, part, name), entry] for part, entry in entries.items()}
    return {"apiVersion": "v1", "kind": "Config", **present, **lists, "current-context": name}


def withdrawn_kubeconfig(present: Kubeconfig, authority: str, name: str) -> Kubeconfig:
    """`present` without the entries called `name` of the cluster with that authority (base64 of its PEM). Pure."""
    ours = _ours(authority, name)
    if not any(map(ours["clusters"], _named(present, "clusters", name))):
        return present
    lists = {
        part: [one for one in present.get(part) or [] if one["name"] != name or not is_ours(one)]
        for part, is_ours in ours.items()
    }
    current = present.get("current-context")
    return {**present, **lists, "current-context": "" if current == name else current}


def authority_of(mine: Kubeconfig) -> str:
    """The authority of a kubeconfig's cluster, base64 of its PEM."""
    authority: str = mine["clusters"][0]["cluster"][_CA]
    return authority


def _ours(authority: str, name: str) -> Mapping[str, Ours]:
    """For each part of a kubeconfig, what tells that an entry belongs to the cluster with that authority."""
    return {
        "clusters": lambda one: _inner(one, "cluster").get(_CA) == authority,
        "users": lambda one: _issued_by(authority, _inner(one, "user").get("client-certificate-data")),
        "contexts": lambda one: _inner(one, "context").get("cluster") == name,
    }


def _inner(entry: Any, part: str) -> Mapping[str, Any]:
    inner = entry.get(part)
    return inner if isinstance(inner, dict) else {}


def _issued_by(authority: str, certificate: Any) -> bool:
    """Whether that authority made the certificate, both in base64; the admin's is renewed, its authority stays."""
    try:
        ca, leaf = (x509.load_pem_x509_certificate(base64.b64decode(one)) for one in (authority, certificate))
        leaf.verify_directly_issued_by(ca)
    except Exception:
        # Others' bytes: whatever the parser makes of them, they are not ours.
        return False
    return True


def _named(config: Kubeconfig, part: str, name: str) -> list[Any]:
    return [one for one in config.get(part) or [] if one["name"] == name]


def _others(config: Kubeconfig, part: str, name: str) -> list[Any]:
    return [one for one in config.get(part) or [] if one["name"] != name]


def users_kubeconfig() -> Path:
    """The first file of KUBECONFIG, or ~/.kube/config, as kubectl has it."""
    first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(first) if first else Path.home() / ".kube" / "config"


def read_kubeconfig(path: Path) -> Kubeconfig:
    """The kubeconfig there; an empty one where nothing is. Raises Refused for anything else."""
    try:
        present = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise _no_kubeconfig(path, str(fault)) from fault
    if present is None:
        return {}
    if not isinstance(present, dict) or not all(
        _is_list(present.get(part)) for part in ("clusters", "users", "contexts")
    ):
        raise _no_kubeconfig(path)
    return present


def _is_list(part: Any) -> bool:
    return part is None or (isinstance(part, list) and all(isinstance(one, dict) and "name" in one for one in part))


def _no_kubeconfig(path: Path, why: str = "") -> Refused:
    return Refused((f"{path} is no kubeconfig: move it away, or set KUBECONFIG to another file", *why.splitlines()))


def _write(path: Path, config: Kubeconfig) -> None:
    """Beside and renamed, 0600, the owner as before (root may act for a user by sudo)."""
    beside = path.with_name(f".{path.name}.hardway")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600, exist_ok=False)
    beside.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    if path.exists():
        before = path.stat()
        os.chown(beside, before.st_uid, before.st_gid)
    beside.replace(path)


def _remember(state: StateDirectory, files: Mapping[Path, str]) -> None:
    state.write(MERGED, json.dumps({str(path): authority for path, authority in files.items()}).encode())


def _remembered(state: StateDirectory) -> Mapping[Path, str]:
    content = state.read(MERGED)
    return {Path(path): authority for path, authority in json.loads(content).items()} if content else {}
