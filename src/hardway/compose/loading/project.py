"""The resolved document as a Project of typed values. Pure, but that it is given what bind mounts and secrets hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.grants import grants
from hardway.compose.loading.load import Loaded
from hardway.compose.loading.materials import Materials
from hardway.compose.loading.view import View
from hardway.compose.model import (
    Dependency,
    Healthcheck,
    Mount,
    Port,
    Project,
    Resources,
    Service,
    Volume,
    When,
)
from hardway.compose.tree import Items, Place, Scalar, Table, empty

DEFAULT_SIZE: Final = "5Gi"
"""Of a volume without `x-hardway: {size: ...}`."""
MOST_REPLICAS: Final = 1000
_QUANTITY: Final = re.compile(r"[1-9][0-9]{0,11}(Ki|Mi|Gi|Ti|k|M|G|T)?")
_CLASS: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_RESTART: Final = re.compile(r"(always|unless-stopped|no|on-failure)(?::([0-9]{1,6}))?")
_HARDWAY: Final = frozenset({"size", "class"})


def project_of(loaded: Loaded, materials: Materials, faults: Collector) -> Project:
    """Adds a fault for every value that is not of its form."""
    tree = loaded.tree
    services = tree.get("services")
    entries = services.entries if isinstance(services, Table) else {}
    return Project(
        name=loaded.name,
        directory=str(loaded.directory),
        services=tuple(
            _service(name, entry.place, entry.node, faults)
            for name, entry in entries.items()
            if isinstance(entry.node, Table)
        ),
        volumes={volume.key: volume for volume in _volumes(tree, faults)},
        secrets=materials.secrets,
        configs=materials.configs,
        binds=materials.binds,
        tree=tree,
        internal_networks=tuple(_internal(tree, faults)),
    )


def _service(name: str, place: Place, tree: Table, faults: Collector) -> Service:
    view = View(tree, ("services", name), faults)
    deploy = view.inner("deploy")
    restart, attempts = _restart(view, deploy)
    return Service(
        name=name,
        place=place,
        tree=tree,
        image=view.text("image"),
        builds=view.has("build"),
        command=view.words("command"),
        entrypoint=view.words("entrypoint"),
        environment=view.pairs("environment"),
        from_files=frozenset(_from_files(view)),
        ports=tuple(_ports(view)),
        expose=tuple(_exposed(view)),
        mounts=tuple(_mounts(view)),
        tmpfs=tuple(_tmpfs(view)),
        secrets=grants(view, "secrets"),
        configs=grants(view, "configs"),
        depends_on=tuple(_depends(view)),
        healthcheck=_healthcheck(view),
        restart=restart,
        attempts=attempts,
        replicas=_replicas(view, deploy),
        mode=deploy.text("mode", "replicated"),
        limits=_resources(view, deploy.inner("resources").inner("limits"), "cpus", "mem_limit"),
        reservations=_resources(view, deploy.inner("resources").inner("reservations"), "", "mem_reservation"),
        stop_grace_period=view.seconds("stop_grace_period"),
        working_dir=view.text("working_dir"),
        user=view.text("user"),
        group_add=view.texts("group_add"),
        cap_add=view.texts("cap_add"),
        cap_drop=view.texts("cap_drop"),
        privileged=view.truth("privileged"),
        read_only=view.truth("read_only"),
        init=view.truth("init"),
        tty=view.truth("tty"),
        stdin_open=view.truth("stdin_open"),
        shm_size=view.size("shm_size"),
        sysctls=view.pairs("sysctls"),
        security_opt=view.texts("security_opt"),
        extra_hosts={host: view.inner("extra_hosts").texts(host) for host in view.inner("extra_hosts").table.entries},
        dns_search=view.texts("dns_search"),
        dns_opt=view.texts("dns_opt"),
        hostname=view.text("hostname"),
        container_name=view.text("container_name"),
        aliases=tuple(_aliases(view)),
        networks=tuple(view.inner("networks").table.entries),
        pull_policy=view.text("pull_policy"),
        platform=view.text("platform"),
    )


def _from_files(view: View) -> Iterator[str]:
    """Variables that stand where env_file names a file: that is where they came from."""
    places = {item.place("path") for item, _ in view.items("env_file")}
    for name, entry in view.inner("environment").table.entries.items():
        if entry.place in places:
            yield name


def _ports(view: View) -> Iterator[Port]:
    for port, node in view.items("ports"):
        target = port.whole("target", least=1, most=65535)
        if target is None:
            if not port.has("target"):
                view.faults.add(node.place, port.path, "a port without `target`", "say the container's port")
            continue
        protocol = port.text("protocol", "tcp").lower()
        if protocol not in ("tcp", "udp", "sctp"):
            view.faults.add(port.place("protocol"), port.path, f"{protocol!r} is no protocol", "tcp, udp or sctp")
            continue
        published = _published(port)
        host_ip, named, app = port.text("host_ip"), port.text("name"), port.text("app_protocol")
        yield Port(target, published, protocol, host_ip, node.place, named, app)


def _published(port: View) -> int | None:
    """Of a range the first: the cluster has its own way to choose."""
    first = port.text("published").partition("-")[0]
    if not first:
        return None
    if first.isascii() and first.isdigit() and len(first) < 6 and int(first) < 65536:
        return int(first) or None
    port.faults.add(port.place("published"), (*port.path, "published"), f"{first!r} is no port", "1 to 65535")
    return None


def _exposed(view: View) -> Iterator[tuple[int, str]]:
    for written in view.texts("expose"):
        found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", written)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if found is None or not 0 < first <= last < 65536 or last - first > 200:
            view.faults.add(view.place("expose"), (*view.path, "expose"), f"{written!r} is no port", 'such as "8000"')
            continue
        yield from ((port, found[3] or "tcp") for port in range(first, last + 1))


def _mounts(view: View) -> Iterator[Mount]:
    for mount, node in view.items("volumes"):
        kind, target = mount.text("type"), mount.text("target")
        if not target.startswith("/"):
            view.faults.add(node.place, mount.path, f"the target {target!r} is no absolute path", "begin it with /")
            continue
        yield Mount(
            type=kind,
            source=mount.text("source"),
            target=str(PurePosixPath(target)),
            place=node.place,
            read_only=mount.truth("read_only"),
            subpath=mount.inner("volume").text("subpath"),
            size=mount.inner("tmpfs").size("size"),
        )


def _tmpfs(view: View) -> Iterator[Mount]:
    for written in view.texts("tmpfs"):
        target, _, options = written.partition(":")
        sized = [one.removeprefix("size=") for one in options.split(",") if one.startswith("size=")]
        from hardway.compose.units import size

        if not target.startswith("/"):
            view.faults.add(view.place("tmpfs"), (*view.path, "tmpfs"), f"{target!r} is no absolute path")
            continue
        yield Mount(
            "tmpfs", "", str(PurePosixPath(target)), view.place("tmpfs"), size=size(sized[0]) if sized else None
        )


def _depends(view: View) -> Iterator[Dependency]:
    depends = view.inner("depends_on")
    for name, entry in depends.table.entries.items():
        when = depends.inner(name).text("condition", When.STARTED.value)
        yield Dependency(name, When(when), entry.place)


def _healthcheck(view: View) -> Healthcheck | None:
    check = view.inner("healthcheck")
    test = check.table.get("test")
    if check.truth("disable") or test is None:
        return None
    words = check.texts("test")
    if isinstance(test, Scalar):
        command: tuple[str, ...] = ("/bin/sh", "-c", test.text) if test.text else ()
    elif words[:1] == ("NONE",):
        return None
    elif words[:1] == ("CMD-SHELL",):
        command = ("/bin/sh", "-c", *words[1:])
    else:
        command = words[1:] if words[:1] == ("CMD",) else ()
    if len(command) == 0:
        view.faults.add(test.place, (*check.path, "test"), "is no test", 'write ["CMD", ...] or one text for a shell')
        return None
    # The defaults are Docker's own (Dockerfile reference, HEALTHCHECK).
    return Healthcheck(
        test=command,
        interval=_or(check.seconds("interval"), 30.0),
        timeout=_or(check.seconds("timeout"), 30.0),
        retries=check.whole("retries", least=0, most=10_000) or 3,
        start_interval=check.seconds("start_interval"),
    )


def _or(value: float | None, default: float) -> float:
    return value or default


def _restart(view: View, deploy: View) -> tuple[str, int | None]:
    policy = deploy.inner("restart_policy")
    if policy.has("condition"):
        known = {"none": "no", "on-failure": "on-failure", "any": "always"}
        condition = policy.text("condition")
        if condition not in known:
            path = (*policy.path, "condition")
            view.faults.add(policy.place("condition"), path, f"{condition!r} is no condition", "none, on-failure, any")
        return known.get(condition, ""), policy.whole("max_attempts", most=100_000)
    written = view.text("restart")
    found = _RESTART.fullmatch(written)
    if written and found is None:
        way_out = "no, always, unless-stopped, on-failure or on-failure:3"
        view.faults.add(view.place("restart"), (*view.path, "restart"), f"{written!r} is no restart policy", way_out)
    return (found[1], int(found[2]) if found[2] else None) if found else ("", None)


def _replicas(view: View, deploy: View) -> int:
    for one, key in ((view, "scale"), (deploy, "replicas")):
        value = one.whole(key, most=MOST_REPLICAS)
        if value is not None:
            return value
    return 1


def _resources(view: View, inner: View, cpu: str, memory: str) -> Resources:
    """deploy.resources, or the older keys beside it."""
    millis = inner.millis("cpus")
    if millis is None and cpu:
        millis = view.millis(cpu)
    size = inner.size("memory")
    return Resources(millis or None, (view.size(memory) if size is None else size) or None)


def _aliases(view: View) -> Iterator[tuple[str, Place]]:
    networks = view.inner("networks")
    for name in networks.table.entries:
        inner = networks.inner(name)
        for alias in inner.texts("aliases"):
            yield alias, inner.place("aliases")
    if view.has("hostname"):
        yield view.text("hostname"), view.place("hostname")
    if view.has("container_name"):
        yield view.text("container_name"), view.place("container_name")


def _volumes(tree: Table, faults: Collector) -> Iterator[Volume]:
    section = View(tree, (), faults).inner("volumes")
    for key, entry in section.table.entries.items():
        volume = section.inner(key)
        ours = volume.inner("x-hardway")
        _check_hardway(ours)
        yield Volume(
            key=key,
            name=volume.text("name", key),
            external=volume.truth("external"),
            place=entry.place,
            size=_formed(ours, "size", _QUANTITY, DEFAULT_SIZE),
            storage_class=_formed(ours, "class", _CLASS, ""),
            driver_opts=bool(volume.inner("driver_opts").table.entries) or volume.text("driver", "local") != "local",
        )


def _check_hardway(ours: View) -> None:
    for key, entry in ours.table.entries.items():
        if key not in _HARDWAY:
            ours.faults.add(entry.place, (*ours.path, key), "there is no such key", "size and class are known here")


def _formed(view: View, key: str, pattern: re.Pattern[str], default: str) -> str:
    written = view.text(key, default)
    if written != default and not pattern.fullmatch(written):
        way_out = "such as 10Gi" if key == "size" else "the name of a StorageClass"
        view.faults.add(view.place(key), (*view.path, key), f"{written!r} is no {key}", way_out)
        return default
    return written


def _internal(tree: Table, faults: Collector) -> Iterator[tuple[str, Place]]:
    networks = View(tree, (), faults).inner("networks")
    for name in networks.table.entries:
        if networks.inner(name).truth("internal"):
            yield name, networks.inner(name).place("internal")


def bind_sources(tree: Table) -> Mapping[str, Place]:
    """The paths of bind mounts, each where it stands first."""
    found: dict[str, Place] = {}
    services = tree.get("services")
    for entry in services.entries.values() if isinstance(services, Table) else ():
        service = entry.node if isinstance(entry.node, Table) else empty(entry.place)
        volumes = service.get("volumes")
        for item in volumes.items if isinstance(volumes, Items) else ():
            kind, source = (item.get("type"), item.get("source")) if isinstance(item, Table) else (None, None)
            if isinstance(kind, Scalar) and kind.text == "bind" and isinstance(source, Scalar):
                found.setdefault(source.text, source.place)
    return found
