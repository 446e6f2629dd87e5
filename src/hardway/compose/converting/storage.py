"""A service's volumes: claims that keep data, ConfigMaps of small files, memory; what would lose data is refused.

Pure: what bind mounts hold was read before.
"""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.converting.databases import database_at
from hardway.compose.converting.parts import Around, Body, Pieces
from hardway.compose.model import BindFile, BindSource, Mount, Service, Volume
from hardway.compose.tree import Path

MOST_BYTES: Final = 900 * 1024
"""Of a ConfigMap: 1 MiB is the API's limit, and etcd takes requests of 1.5 MiB."""

SUBPATH: Final = "data"
"""Where in a volume data lies: at its root a file system may have lost+found, and a database wants to begin empty."""

DOCKER_SOCKETS: Final = frozenset({"/var/run/docker.sock", "/run/docker.sock"})


def add_storage(service: Service, around: Around, pieces: Pieces) -> None:
    """Everything that is mounted from `volumes`, `tmpfs` and shm_size."""
    seen: set[str] = set()
    for number, mount in enumerate((*service.mounts, *service.tmpfs)):
        path: Path = ("services", service.name, "volumes", number)
        if number >= len(service.mounts):
            path = ("services", service.name, "tmpfs")
        if mount.target in seen:
            around.telling.refuse(mount.place, path, f"{mount.target} is mounted twice", "keep one")
            continue
        seen.add(mount.target)
        _Mounting(service, around, pieces, mount, path, f"v{number}").add()
    if service.shm_size:
        memory = {"medium": "Memory", "sizeLimit": str(service.shm_size)}
        pieces.volumes.append({"name": "shm", "emptyDir": memory})
        pieces.mounts.append({"name": "shm", "mountPath": "/dev/shm"})


class _Mounting:
    """One mount."""

    def __init__(self, service: Service, around: Around, pieces: Pieces, mount: Mount, path: Path, name: str) -> None:
        self._service, self._around, self._pieces = service, around, pieces
        self._mount, self._path, self._name = mount, path, name
        self._telling = around.telling

    def add(self) -> None:
        mount = self._mount
        database = database_at(mount.target, self._service.image)
        if mount.type == "bind":
            self._bind(database)
        elif mount.type == "tmpfs":
            memory: Body = {"medium": "Memory", **({"sizeLimit": str(mount.size)} if mount.size else {})}
            self._volume({"emptyDir": memory})
        elif mount.type == "volume" and mount.source:
            self._named(self._around.project.volumes[mount.source], database)
        elif mount.type == "volume":
            self._anonymous(database)
        else:
            way_out = "use a named volume, or build what it holds into the image"
            self._telling.refuse(mount.place, self._path, f"volumes of type {mount.type} are not on a cluster", way_out)

    def _volume(self, source: Body, **more: object) -> None:
        self._pieces.volumes.append({"name": self._name, **source})
        self._mounted(**more)

    def _mounted(self, **more: object) -> None:
        read_only = {"readOnly": True} if self._mount.read_only else {}
        self._pieces.mounts.append({"name": self._name, "mountPath": self._mount.target, **read_only, **more})

    def _named(self, volume: Volume, database: str) -> None:
        if volume.driver_opts:
            way_out = "x-hardway: {class: NAME} names the StorageClass that makes it so"
            self._telling.refuse(
                volume.place, ("volumes", volume.key), "a driver of Docker's is not on a cluster", way_out
            )
        sharers = self._around.sharers(volume.key)
        if database and sum(not _reads_only(one, volume.key) for one in sharers) > 1:
            names = ", ".join(one.name for one in sharers)
            what = f"the data directory of {database} would have several writers ({names})"
            self._telling.refuse(self._mount.place, self._path, what, "a volume of its own for each, or read_only")
        if self._service.replicas > 1 and not self._mount.read_only:
            what = f"{self._service.replicas} replicas would write to one volume"
            self._telling.refuse(self._mount.place, self._path, what, "one replica, or read_only")
        claim = self._around.names.claims[volume.key]
        if len(sharers) > 1:
            self._share(claim, sharers)
        self._pieces.keeps = self._pieces.keeps or not self._mount.read_only
        self._pieces.claims.append(volume.key)
        inside = PurePosixPath(SUBPATH, self._mount.subpath)
        if inside.is_absolute() or ".." in inside.parts:
            self._telling.refuse(self._mount.place, self._path, f"{self._mount.subpath!r} leads out of the volume")
            return
        self._volume({"persistentVolumeClaim": {"claimName": claim}}, subPath=str(inside))

    def _share(self, claim: str, sharers: tuple[Service, ...]) -> None:
        names = ", ".join(one.name for one in sharers)
        self._pieces.shared.append(claim)
        what = f"is shared by {names}: their pods run on one machine"
        self._telling.mapped(self._mount.place, self._path, what)

    def _anonymous(self, database: str) -> None:
        if database:
            what = f"the data of {database} would go with its pod: this volume has no name"
            self._telling.refuse(self._mount.place, self._path, what, f"name it: `data:{self._mount.target}`")
            return
        what = "a volume without a name is empty at first, and goes with its pod"
        self._telling.mapped(self._mount.place, self._path, what, "name it to keep what is in it")
        self._volume({"emptyDir": {}})

    def _bind(self, database: str) -> None:
        mount = self._mount
        source = self._around.project.binds.get(mount.source, BindSource(why_not="is not there"))
        if database and (source.is_folder or not source.files):
            self._refuse_database(database)
        elif self._fits(source):
            self._config_map(source)

    def _refuse_database(self, database: str) -> None:
        """The article's "OS error 71": a host's folder lacks what a database asks of a file system, and on a cluster it
        would also stay behind on one machine."""
        what = (
            f"{database} keeps its data here, on a folder of one computer: such a mount brings that computer's owners, "
            "modes and file system with it (InnoDB then stops with OS errors), and a pod may start on another machine"
        )
        way_out = (
            f"1. a named volume: `volumes: [data:{self._mount.target}]` and `volumes: {{data: {{}}}}` at the top; "
            "2. data that is there already: put it in once, from a dump, at the first start "
            "(/docker-entrypoint-initdb.d, mounted read-only); "
            "3. the database outside of the cluster: take the service out and name its host in the others' environment"
        )
        self._telling.refuse(self._mount.place, self._path, what, way_out)

    def _fits(self, source: BindSource) -> bool:
        """Whether it can be taken along as a ConfigMap; says why not, and what else to do."""
        if self._mount.source in DOCKER_SOCKETS:
            what = "there is no Docker on the cluster's machines to be spoken to"
            self._telling.refuse(
                self._mount.place, self._path, what, "take it out: the cluster's own API is another one"
            )
            return False
        why = source.why_not
        total = sum(len(file.content) for file in source.files)
        if not why and total > MOST_BYTES:
            why = f"holds {total // 1024} KiB, and a ConfigMap {MOST_BYTES // 1024} KiB"
        if not why and source.is_folder and not source.files:
            why = "is empty"
        if not why and source.is_folder and not self._mount.read_only:
            why = "is a folder that may be written to, and pods run on other machines"
        if why:
            what = f"{self._mount.source} {why}"
            self._telling.refuse(self._mount.place, self._path, what, _BIND_WAYS)
            return False
        if not self._mount.read_only:
            what = f"{self._mount.source} is taken along as it is now, and cannot be written to"
            self._telling.mapped(self._mount.place, self._path, what, "`:ro` says so itself")
        return True

    def _config_map(self, source: BindSource) -> None:
        name = f"{self._around.names.services[self._service.name]}-files-{self._name}"
        keys = {f"f{number}": file for number, file in enumerate(source.files)}
        self._pieces.objects.append({**self._object("ConfigMap", name), **contents(keys)})
        whole = source.is_folder
        items = [_item(key, file, file.path if whole else "file") for key, file in keys.items()]
        self._pieces.volumes.append({"name": self._name, "configMap": {"name": name, "items": items}})
        self._pieces.mounts.append(
            {
                "name": self._name,
                "mountPath": self._mount.target,
                "readOnly": True,
                **({} if whole else {"subPath": "file"}),
            }
        )

    def _object(self, kind: str, name: str) -> Body:
        return {"apiVersion": "v1", "kind": kind, "metadata": self._around.meta(name, self._service.name)}


_BIND_WAYS: Final = (
    "a named volume for what is written; the image for what belongs to the program (COPY in its Dockerfile); "
    "`:ro` for a small folder that is only read"
)


def _reads_only(service: Service, key: str) -> bool:
    return all(mount.read_only for mount in service.mounts if mount.source == key)


def contents(files: dict[str, BindFile]) -> Body:
    """A ConfigMap's data, and binaryData for what is no text."""
    data: Body = {}
    binary: Body = {}
    for key, file in files.items():
        try:
            data[key] = file.content.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(file.content).decode()
    return {"data": data, **({"binaryData": binary} if binary else {})}


def _item(key: str, file: BindFile, path: str) -> Body:
    return {"key": key, "path": path, "mode": 0o755 if file.executable else 0o644}


def claim(volume: Volume, around: Around) -> Body:
    """The PersistentVolumeClaim of a named volume; one machine at a time may write to it."""
    spec: Body = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": volume.size}},
        **({"storageClassName": volume.storage_class} if volume.storage_class else {}),
    }
    meta = around.meta(around.names.claims[volume.key])
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}
