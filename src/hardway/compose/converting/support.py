"""Every key of the Compose Specification and what becomes of it on a cluster; the one table that the converter looks
keys up in and that docs/compose-support.md is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hardway.compose.diagnostics import Telling
from hardway.compose.tree import Items, Node, Path, Place, Scalar, Table, walk


class Status(StrEnum):
    """Of a key."""

    LOADED = "loaded"
    """Its meaning is in the resolved project: it makes no object of its own."""
    MAPPED = "mapped"
    PARTLY = "partly"
    """Some of its values are refused, each with its reason."""
    HARMLESS = "harmless"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Support:
    """What becomes of a key."""

    status: Status
    how: str
    """What it becomes; for a refused one, why."""
    way_out: str = ""


def _mapped(how: str) -> Support:
    return Support(Status.MAPPED, how)


def _partly(how: str) -> Support:
    return Support(Status.PARTLY, how)


def _harmless(how: str) -> Support:
    return Support(Status.HARMLESS, how)


def _loaded(how: str) -> Support:
    return Support(Status.LOADED, how)


def _refused(why: str, way_out: str = "take it out, or give --lax to go without it") -> Support:
    return Support(Status.REFUSED, why, way_out)


_NO_TUNING: Final = _refused("Kubernetes has no such setting of a single container")
_DEVICES: Final = _refused("devices are given by device plugins, which this cluster has none of")
_MODELS: Final = _refused("there is nothing on the cluster that serves models")

SERVICE: Final[Mapping[str, Support]] = {
    "image": _mapped("the container's image, as it is named; pulled where it is not there"),
    "build": _partly("with `image` beside it that image is taken as it is; alone it is refused"),
    "command": _mapped("the container's args; a text is split into words, no shell is put around it"),
    "entrypoint": _mapped("the container's command"),
    "environment": _mapped("variables; what looks like a secret is kept in a Secret"),
    "env_file": _loaded("its variables are in `environment`, kept in a Secret"),
    "ports": _partly("a Service of type NodePort; on 127.0.0.1 only inside the cluster"),
    "expose": _mapped("ports of the Service of the service's name"),
    "volumes": _partly(
        "PersistentVolumeClaims, ConfigMaps of small files, memory; writable folders of a host are refused"
    ),
    "tmpfs": _mapped("an emptyDir in memory"),
    "secrets": _mapped("a Secret, at /run/secrets or its own target"),
    "configs": _mapped("a ConfigMap, at its target"),
    "depends_on": _mapped("the order of `up`, which waits as the condition says"),
    "depends_on.*.restart": _harmless("a pod is not restarted with another one"),
    "healthcheck": _mapped("readiness and startup probes; as with Docker nothing is restarted by it"),
    "restart": _mapped("a Deployment; `no` and `on-failure` a Job, unless it has ports or a healthcheck"),
    "scale": _mapped("replicas"),
    "deploy.replicas": _mapped("replicas"),
    "deploy.mode": _partly("replicated: a Deployment; global: a DaemonSet; replicated-job: a Job"),
    "deploy.resources.limits.cpus": _mapped("a limit"),
    "deploy.resources.limits.memory": _mapped("a limit"),
    "deploy.resources.limits.pids": _refused("the kubelet limits processes for all its pods alike"),
    "deploy.resources.reservations.cpus": _mapped("a request"),
    "deploy.resources.reservations.memory": _mapped("a request"),
    "deploy.resources.reservations.devices": _DEVICES,
    "deploy.resources.reservations.generic_resources": _DEVICES,
    "deploy.restart_policy.condition": _mapped("as `restart`"),
    "deploy.restart_policy.max_attempts": _mapped("a Job's backoffLimit"),
    "deploy.restart_policy.delay": _harmless("the kubelet waits longer after each failure"),
    "deploy.restart_policy.window": _harmless("the kubelet has its own window"),
    "deploy.labels": _harmless("labels of Swarm's services"),
    "deploy.endpoint_mode": _harmless("a Service has an address of its own"),
    "deploy.update_config": _harmless("Kubernetes rolls by its own defaults"),
    "deploy.rollback_config": _harmless("`hardway compose up` with the older file is the way back"),
    "deploy.placement": _refused("Swarm's node labels are not known here"),
    "stop_grace_period": _mapped("terminationGracePeriodSeconds; 10 s as with Docker, 120 s for databases"),
    "stop_signal": _refused("Kubernetes takes it from the image", "set STOPSIGNAL in the image's Dockerfile"),
    "working_dir": _mapped("workingDir"),
    "user": _partly("runAsUser and runAsGroup; names are refused, only the image knows their numbers"),
    "group_add": _partly("supplementalGroups; names are refused"),
    "cap_add": _mapped("capabilities"),
    "cap_drop": _mapped("capabilities"),
    "privileged": _mapped("a privileged container"),
    "read_only": _mapped("readOnlyRootFilesystem"),
    "init": _mapped("shareProcessNamespace: the pause process reaps what is left over"),
    "tty": _mapped("tty"),
    "stdin_open": _mapped("stdin"),
    "shm_size": _mapped("an emptyDir in memory at /dev/shm"),
    "sysctls": _partly("the pod's sysctls, of those that Kubernetes calls safe"),
    "security_opt": _partly("no-new-privileges and seccomp=unconfined"),
    "extra_hosts": _partly("hostAliases; host-gateway is refused"),
    "dns_search": _mapped("dnsConfig.searches"),
    "dns_opt": _mapped("dnsConfig.options"),
    "dns": _refused("names of services are answered by the cluster's DNS alone"),
    "hostname": _mapped("the pod's hostname, and a Service of that name"),
    "container_name": _mapped("a Service of that name"),
    "links": _mapped("an alias is a Service of that name, for all services"),
    "external_links": _refused("containers outside of the project are not known here", "use extra_hosts"),
    "networks": _partly("all services reach each other: nothing is isolated"),
    "networks.*.aliases": _mapped("Services of those names"),
    "networks.*.ipv4_address": _refused("a pod's address is the cluster's choice", "use the service's name"),
    "networks.*.ipv6_address": _refused("a pod's address is the cluster's choice", "use the service's name"),
    "networks.*.link_local_ips": _refused("a pod's address is the cluster's choice", "use the service's name"),
    "networks.*.mac_address": _refused("a pod's address is the cluster's choice"),
    "networks.*.driver_opts": _refused("there is one network, the cluster's"),
    "networks.*.interface_name": _refused("a pod has one interface, eth0"),
    "networks.*.priority": _harmless("there is one network"),
    "networks.*.gw_priority": _harmless("there is one network"),
    "networks.*.use_service_name_alias": _harmless("a service always has its name"),
    "network_mode": _partly("bridge; host, none and another's network are refused"),
    "pull_policy": _partly("imagePullPolicy; missing where nothing is said; the timed ones are refused"),
    "pull_refresh_after": _refused("Kubernetes pulls always, never, or what is missing"),
    "platform": _partly("a nodeSelector for the architecture of linux/..."),
    "mem_limit": _mapped("a limit"),
    "mem_reservation": _mapped("a request"),
    "cpus": _mapped("a limit"),
    "profiles": _loaded("services of profiles that are not enabled are left out"),
    "extends": _loaded("laid on what it extends"),
    "labels": _harmless("Docker's labels; nothing in the cluster reads them"),
    "label_file": _harmless("Docker's labels; nothing in the cluster reads them"),
    "annotations": _harmless("annotations for a container runtime of Docker's"),
    "logging": _harmless("`hardway compose logs` shows what containers print"),
    "develop": _harmless("for `docker compose watch`"),
    "attach": _harmless("logs are asked for, never attached"),
    "domainname": _harmless("the cluster has its own domain"),
    "pid": _refused("a pod that sees all processes of its machine is none of a project's"),
    "ipc": _partly("shareable and private; the host's and another container's are refused"),
    "uts": _refused("a pod has its own host name"),
    "cgroup": _partly("private; the host's is refused"),
    "userns_mode": _refused("user namespaces are the cluster's setting"),
    "ulimits": _refused("Kubernetes sets no limits of a process; those of containerd hold"),
    "volumes_from": _refused("containers have no volumes that others could take", "name the volume in both services"),
    "devices": _DEVICES,
    "device_cgroup_rules": _DEVICES,
    "gpus": _DEVICES,
    "models": _MODELS,
    "provider": _refused("a service that another program provides"),
    "pre_start": _refused("there is no counterpart yet", "make it a service and wait for its end by depends_on"),
    "post_start": _refused("Kubernetes' hook may run before the entrypoint", "do it in the entrypoint"),
    "pre_stop": _refused("there is no counterpart yet", "do it in the entrypoint when it is told to stop"),
    "credential_spec": _refused("for Windows"),
    "isolation": _refused("for Windows"),
    "runtime": _refused("the cluster has one container runtime"),
    "mac_address": _refused("a pod's address is the cluster's choice"),
    "use_api_socket": _refused("there is no Docker on the cluster's machines"),
    "umask": _NO_TUNING,
    "blkio_config": _NO_TUNING,
    "cgroup_parent": _NO_TUNING,
    "cpu_count": _NO_TUNING,
    "cpu_percent": _NO_TUNING,
    "cpu_shares": _NO_TUNING,
    "cpu_quota": _NO_TUNING,
    "cpu_period": _NO_TUNING,
    "cpu_rt_period": _NO_TUNING,
    "cpu_rt_runtime": _NO_TUNING,
    "cpuset": _NO_TUNING,
    "mem_swappiness": _NO_TUNING,
    "memswap_limit": _NO_TUNING,
    "oom_kill_disable": _NO_TUNING,
    "oom_score_adj": _NO_TUNING,
    "pids_limit": _refused("the kubelet limits processes for all its pods alike"),
    "storage_opt": _NO_TUNING,
}
"""Of services, by key."""

TOP: Final[Mapping[str, Support]] = {
    "name": _mapped("the namespace"),
    "version": _loaded("tolerated; it has no meaning any more"),
    "include": _loaded("what is included is part of the project"),
    "volumes.*.name": _mapped("the claim's name"),
    "volumes.*.external": _mapped("a claim that must be there, and is never removed"),
    "volumes.*.driver": _partly("local; others are refused"),
    "volumes.*.driver_opts": _refused(
        "how storage is made is a StorageClass's business", "use x-hardway: {class: ...}"
    ),
    "volumes.*.labels": _harmless("Docker's labels"),
    "volumes.*.x-hardway": _mapped("size and class of the claim"),
    "secrets.*.file": _mapped("a Secret"),
    "secrets.*.environment": _mapped("a Secret"),
    "secrets.*.name": _harmless("it has its key's name inside the project"),
    "secrets.*.external": _refused("an external one is not known to this project", "give its `file` or `environment`"),
    "secrets.*.labels": _harmless("Docker's labels"),
    "secrets.*.driver": _refused("a secret store of Swarm's"),
    "secrets.*.driver_opts": _refused("a secret store of Swarm's"),
    "secrets.*.template_driver": _refused("templates of Swarm's"),
    "configs.*.file": _mapped("a ConfigMap"),
    "configs.*.environment": _mapped("a ConfigMap"),
    "configs.*.content": _mapped("a ConfigMap"),
    "configs.*.name": _harmless("it has its key's name inside the project"),
    "configs.*.external": _refused("an external one is not known to this project", "give its `file` or `content`"),
    "configs.*.labels": _harmless("Docker's labels"),
    "configs.*.template_driver": _refused("templates of Swarm's"),
    "networks.*.name": _harmless("there is one network, the cluster's"),
    "networks.*.driver": _harmless("there is one network, the cluster's"),
    "networks.*.driver_opts": _harmless("there is one network, the cluster's"),
    "networks.*.ipam": _harmless("addresses are the cluster's"),
    "networks.*.external": _harmless("there is one network, the cluster's"),
    "networks.*.internal": _mapped("told: nothing is isolated"),
    "networks.*.enable_ipv4": _harmless("the cluster's network is IPv4"),
    "networks.*.enable_ipv6": _refused("the cluster's network is IPv4"),
    "networks.*.attachable": _harmless("there is one network, the cluster's"),
    "networks.*.labels": _harmless("Docker's labels"),
    "models": _MODELS,
    "jobs": _refused("scheduled jobs have no counterpart yet", 'make it a service with `restart: "no"`'),
}
"""Of the rest, by path."""

_ALL: Final[Mapping[tuple[str, ...], Support]] = {
    **{tuple(key.split(".")): support for key, support in TOP.items()},
    **{("services", "*", *key.split(".")): support for key, support in SERVICE.items()},
}
_LONGEST: Final = max(map(len, _ALL))


def support_of(path: Path) -> Support | None:
    """What becomes of that key itself; None for one that is not in the table, such as a part of a mapped one."""
    return next((each for keys, each in _ALL.items() if _fits(path, keys)), None) if len(path) <= _LONGEST else None


def _fits(path: Path, keys: tuple[str, ...]) -> bool:
    return len(path) == len(keys) and all(key in ("*", part) for part, key in zip(path, keys, strict=True))


def tell_keys(tree: Table, telling: Telling) -> None:
    """Says what is left out, and refuses what has no place; of values the converter itself speaks."""
    for path, place, node in _keys(tree):
        support = support_of(path)
        if support is None or _says_nothing(node):
            continue
        if support.status is Status.HARMLESS:
            telling.harmless(place, path, support.how)
        if support.status is Status.REFUSED:
            telling.cannot(place, path, support.how, support.way_out)


def _keys(tree: Table) -> Iterator[tuple[Path, Place, Node]]:
    return ((path, place, node) for path, place, node in walk(tree) if path and not str(path[0]).startswith("x-"))


def _says_nothing(node: Node) -> bool:
    """Empty, or false."""
    if isinstance(node, Scalar):
        return node.value in (None, False, "")
    return not (node.items if isinstance(node, Items) else node.entries)


def reference() -> str:
    """docs/compose-support.md."""
    lines = [
        "# What of a compose file a cluster takes",
        "",
        "<!-- Made by `hardway.compose.converting.support.reference()` of its own table; a test compares. -->",
        "",
        "**mapped**: it becomes part of objects. **partly**: some values are refused, each with its reason.",
        "**loaded**: it is in the resolved project. **harmless**: left out, and told. **refused**: exit code 2;",
        "with `--lax` it is left out and told, unless data could be lost by that. Keys that begin with `x-` are free.",
        "",
    ]
    for title, keys in (("Services", SERVICE), ("The rest", TOP)):
        lines += [f"## {title}", "", "| key | | what becomes of it |", "|---|---|---|"]
        lines += [f"| `{key}` | {one.status.value} | {_cell(one)} |" for key, one in sorted(keys.items())]
        lines.append("")
    return "\n".join(lines)


def _cell(one: Support) -> str:
    return (f"{one.how}; {one.way_out}" if one.way_out else one.how).replace("|", "\\|")
