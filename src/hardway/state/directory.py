"""The state directory of one cluster: `.hardway/<cluster>/` beside the spec. Touches that directory only.

.hardway/.gitignore        "*": none of it belongs into a repository
.hardway/<cluster>/cluster.json    the cluster's name and random id
                   applied.json    the spec that was applied last
                   vault.sqlite    keys, certificates, secrets (see `vault.py`)
                   journal.sqlite  every run and step
                   lock            held by the kernel while a run goes on (see `lock.py`)
                   ...             files for the operator, such as kubeconfig
"""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID, uuid4

from hardway.state.faults import StateFault
from hardway.state.files import check_private, make_directory, read_private, sync_directory, write_private

HOME: Final = ".hardway"
IDENTITY: Final = "cluster.json"
APPLIED: Final = "applied.json"
VAULT: Final = "vault.sqlite"
JOURNAL: Final = "journal.sqlite"
LOCK: Final = "lock"
_OWN: Final = (IDENTITY, APPLIED, VAULT, JOURNAL, LOCK)
"""Names that no file for the operator may take, nor one that begins so (SQLite puts files beside its own)."""


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """The state directory of one cluster, there and found in order."""

    path: Path
    cluster: str
    """The cluster's name."""
    cluster_id: str
    """A random UUID, made once; also on every machine of the cluster."""

    @property
    def vault(self) -> Path:
        return self.path / VAULT

    @property
    def journal(self) -> Path:
        return self.path / JOURNAL

    @property
    def lock(self) -> Path:
        return self.path / LOCK

    def file(self, relative: str) -> Path:
        """Where a file for the operator is. Raises StateFault for a path that leads out or onto hardway's own files."""
        parts = PurePosixPath(relative).parts
        if not parts or relative != "/".join(parts) or "\0" in relative or {"..", "."} & set(parts) or parts[0] == "/":
            raise StateFault(f"{relative!r} is no path inside the state directory")
        if parts[0].startswith(_OWN) or any(part.startswith(".") for part in parts):
            raise StateFault(f"{relative!r} is a name that hardway keeps for itself")
        return self.path.joinpath(*parts)

    def read(self, relative: str) -> bytes | None:
        """A file for the operator; None where there is none. Raises StateFault where it is not ours or not private."""
        return read_private(self.file(relative))

    def write(self, relative: str, content: bytes) -> None:
        """Write a file for the operator, 0600, whole or not at all. Raises StateFault."""
        path = self.file(relative)
        for parent in self._between(path):
            make_directory(parent)
        write_private(path, content)

    def delete(self, relative: str) -> None:
        """Remove a file for the operator, and directories that it leaves empty. Raises StateFault."""
        path = self.file(relative)
        between = self._between(path)
        if not all(check_private(parent, directory=True) for parent in between):
            return
        try:
            path.unlink(missing_ok=True)
            for parent in reversed(between):
                if not any(parent.iterdir()):
                    parent.rmdir()
        except OSError as fault:
            raise StateFault(f"cannot remove {path}: {fault.strerror}") from fault

    def _between(self, path: Path) -> list[Path]:
        """The directories from ours down to the file's own, ours left out."""
        inner = path.relative_to(self.path).parents
        return [self.path / parent for parent in reversed(inner) if parent != Path()]

    def remember(self, spec: str) -> None:
        """Keep the spec, as canonical JSON (`spec.dump`), as the one that was applied last. Raises StateFault."""
        write_private(self.path / APPLIED, spec.encode())

    def applied(self) -> str | None:
        """The spec that was applied last, as it was remembered; None before the first time. Raises StateFault."""
        path = self.path / APPLIED
        content = read_private(path)
        if content is None:
            return None
        try:
            json.loads(content)
            return content.decode()
        except ValueError:
            raise StateFault(f"{path} cannot be read", _MOVE) from None

    def remove_unused(self) -> None:
        """Remove it where nothing was ever kept in it: what was refused before it began leaves no trace."""
        if self.path.is_dir() and {entry.name for entry in self.path.iterdir()} <= {IDENTITY, LOCK}:
            self.remove()

    def remove(self) -> None:
        """Remove it all, every key included. For the very end of taking a cluster down. Raises StateFault.

        The identity goes last, so that a removal that was cut off can be done again.
        """
        check_private(self.path, directory=True)
        try:
            for entry in sorted(self.path.iterdir(), key=lambda entry: (entry.name in (LOCK, IDENTITY), entry.name)):
                _remove(entry)
            self.path.rmdir()
            _remove_home(self.path.parent)
        except OSError as fault:
            raise StateFault(f"cannot remove {fault.filename or self.path}: {fault.strerror}") from fault


_MOVE: Final = "it was altered, or made by another version of hardway; put it right or move it away"


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)


def _remove_home(home: Path) -> None:
    """Where no cluster is left, the directory of all goes too."""
    if [entry.name for entry in home.iterdir()] == [".gitignore"]:
        (home / ".gitignore").unlink()
        home.rmdir()


def location(spec: Path, cluster: str) -> Path:
    """Where the state of that cluster is: beside its spec."""
    return spec.absolute().parent / HOME / cluster


def existing_state(spec: Path, cluster: str) -> StateDirectory | None:
    """The cluster's state directory; None where there is none yet. Makes nothing. Raises StateFault."""
    path = location(spec, cluster)
    if not check_private(path.parent, directory=True) or not check_private(path, directory=True):
        return None
    content = read_private(path / IDENTITY)
    if content is None:
        _refuse_strange(path)
        return None
    state = StateDirectory(path, *_identity(path / IDENTITY, content))
    if state.cluster != cluster:
        advice = f"it was copied or renamed; put it back to {shlex.quote(str(path.parent / state.cluster))}"
        raise StateFault(f"{path} is the state of another cluster, {state.cluster}", advice)
    for own in (APPLIED, VAULT, LOCK):
        check_private(path / own)
    return state


def open_state(spec: Path, cluster: str) -> StateDirectory:
    """The cluster's state directory, made where there is none. Raises StateFault."""
    state = existing_state(spec, cluster)
    if state is not None:
        return state
    path = location(spec, cluster)
    make_directory(path.parent)
    write_private(path.parent / ".gitignore", b"*\n")
    make_directory(path)
    made = StateDirectory(path, cluster, str(uuid4()))
    write_private(path / IDENTITY, json.dumps({"name": made.cluster, "id": made.cluster_id}).encode() + b"\n")
    sync_directory(path.parent)
    return made


def _identity(path: Path, content: bytes) -> tuple[str, str]:
    try:
        data = json.loads(content)
        name, cluster_id = data["name"], str(UUID(data["id"]))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise StateFault(f"{path} does not say which cluster it is", _MOVE) from fault
    if not isinstance(name, str):
        raise StateFault(f"{path} does not say which cluster it is", _MOVE)
    return name, cluster_id


def _refuse_strange(path: Path) -> None:
    """Without an identity only what a first opening cut off leaves may be there."""
    strange = sorted(entry.name for entry in path.iterdir() if entry.name not in (f".{IDENTITY}.new", LOCK))
    if strange:
        raise StateFault(
            f"{path} holds {strange[0]!r} but no {IDENTITY}: it is no state directory, or a damaged one",
            f"bring {IDENTITY} back from a backup, or move the directory away",
        )
