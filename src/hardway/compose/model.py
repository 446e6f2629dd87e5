"""A project as its services are run: what the converter needs of the resolved document, as frozen values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hardway.compose.tree import Place, Table


class When(StrEnum):
    """What a service waits for of another one (`depends_on`)."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, slots=True)
class Port:
    """A published port."""

    target: int
    published: int | None
    protocol: str
    host_ip: str
    place: Place
    name: str = ""
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """One of a service's `volumes`."""

    type: str
    """bind, volume, tmpfs; others are refused."""
    source: str
    """A volume's key, an absolute path of this computer; empty for an anonymous volume."""
    target: str
    place: Place
    read_only: bool = False
    subpath: str = ""
    size: int | None = None
    """Bytes, of a tmpfs."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A secret or config that a service is given as a file."""

    source: str
    target: str
    """The absolute path in the container."""
    mode: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Dependency:
    """One of `depends_on`."""

    service: str
    when: When
    place: Place


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A test that is run in the container; times in seconds."""

    test: tuple[str, ...]
    """The command, of a shell where that was asked for."""
    interval: float
    timeout: float
    retries: int
    start_interval: float | None


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits or reservations: thousandths of a processor, bytes."""

    cpu: int | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service, its short forms resolved."""

    name: str
    place: Place
    tree: Table
    """The document's own: what the support table is looked up for."""
    image: str = ""
    builds: bool = False
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    from_files: frozenset[str] = frozenset()
    """Variables that an env_file brought."""
    ports: tuple[Port, ...] = ()
    expose: tuple[tuple[int, str], ...] = ()
    """Port and protocol."""
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[Mount, ...] = ()
    secrets: tuple[Grant, ...] = ()
    configs: tuple[Grant, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    healthcheck: Healthcheck | None = None
    restart: str = ""
    """As it is given: always, unless-stopped, no, on-failure; empty where it is not."""
    attempts: int | None = None
    """Of on-failure."""
    replicas: int = 1
    mode: str = "replicated"
    limits: Resources = Resources()
    reservations: Resources = Resources()
    stop_grace_period: float | None = None
    working_dir: str = ""
    user: str = ""
    group_add: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    read_only: bool = False
    init: bool = False
    tty: bool = False
    stdin_open: bool = False
    shm_size: int | None = None
    sysctls: Mapping[str, str] = field(default_factory=dict)
    security_opt: tuple[str, ...] = ()
    extra_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dns_search: tuple[str, ...] = ()
    dns_opt: tuple[str, ...] = ()
    hostname: str = ""
    container_name: str = ""
    aliases: tuple[tuple[str, Place], ...] = ()
    """Other names by which it is reached."""
    networks: tuple[str, ...] = ()
    pull_policy: str = ""
    platform: str = ""

    def place_of(self, *keys: str) -> Place:
        """Where a key of it stands."""
        node = self.tree
        place = self.place
        for key in keys:
            entry = node.entries.get(key)
            if entry is None:
                break
            place = entry.place
            if not isinstance(entry.node, Table):
                break
            node = entry.node
        return place


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume."""

    key: str
    name: str
    """As it is named outside; the key where nothing else is said."""
    external: bool
    place: Place
    size: str
    """A quantity of Kubernetes."""
    storage_class: str
    driver_opts: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """A secret or config."""

    key: str
    content: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class BindFile:
    """A file of a bind mount, by its path below the mount's source; empty where the source is that file."""

    path: str
    content: bytes
    executable: bool


@dataclass(frozen=True, slots=True)
class BindSource:
    """What is at a bind mount's source on this computer."""

    files: tuple[BindFile, ...] = ()
    is_folder: bool = False
    why_not: str = ""
    """Why it cannot be taken along; empty where it can."""


@dataclass(frozen=True, slots=True)
class Project:
    """A compose project."""

    name: str
    directory: str
    services: tuple[Service, ...]
    volumes: Mapping[str, Volume]
    secrets: Mapping[str, Material]
    configs: Mapping[str, Material]
    binds: Mapping[str, BindSource]
    """By absolute path."""
    tree: Table
    internal_networks: tuple[tuple[str, Place], ...] = ()
