"""The resolved document as a Project of typed values. Pure, but that it is given what bind mounts and secrets hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hardway.compose.faults import Collector
from hardway.compose.loading.endpoints import exposed, ports
from hardway.compose.loading.grants import grants
from hardway.compose.loading.load import Loaded
from hardway.compose.loading.materials import Materials
from hardway.compose.loading.storage import memories, mounts, volumes
from hardway.compose.loading.view import View
from hardway.compose.model import (
    Dependency,
    Healthcheck,
    Project,
    Resources,
    Service,
    When,
)
from hardway.compose.tree import Place, Scalar, Table

MOST_REPLICAS: Final = 1000
_RESTART: Final = re.compile(r"(always|unless-stopped|no|on-failure)(?::([0-9]{1,6}))?")


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
        volumes={volume.key: volume for volume in volumes(tree, faults)},
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
        ports=tuple(ports(view)),
        expose=tuple(exposed(view)),
        mounts=tuple(mounts(view)),
        tmpfs=tuple(memories(view)),
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


def _internal(tree: Table, faults: Collector) -> Iterator[tuple[str, Place]]:
    networks = View(tree, (), faults).inner("networks")
    for name in networks.table.entries:
        if networks.inner(name).truth("internal"):
            yield name, networks.inner(name).place("internal")
