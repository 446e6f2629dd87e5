"""containerd and runc: what really starts a container, and the plugins that give it a network.

The kubelet asks containerd (over CRI), containerd keeps a small shim beside each pod and lets runc make the container.
Because of the shims, containerd itself can be restarted without a container noticing (`KillMode=process`).

The article's containerd 1.2.0-rc.0 and runc 1.0.0-rc5 have known escapes from containers (CVE-2019-5736), and its
configuration is of a format that containerd 2 no longer reads. There is no crictl here: `ctr -n k8s.io` shows the same.
On a machine with cgroup v2 systemd is asked to make the pods' cgroups; with v1 containerd makes them itself, and the
kubelet must be told the same. Pods' images come from the operator, so that a closed network is no obstacle.
"""

from __future__ import annotations

from typing import Final

from hardway.components.component import Component, FactsOf
from hardway.components.facts import Facts
from hardway.components.layout import BIN, CNI_BIN, CNI_CONFIG, CONTAINERD_UNIT, image, program, reference
from hardway.components.mirrors import FOLDER as MIRRORS
from hardway.components.unit_file import ALWAYS, Settings, command, service, unit_text
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File
from hardway.spec.model import Cluster

CONFIG: Final = "/etc/containerd/config.toml"
SOCKET: Final = "/run/containerd/containerd.sock"
PROGRAMS: Final = ("containerd", "containerd-shim-runc-v2", "ctr", "runc")
PLUGINS: Final = ("bridge", "host-local", "loopback", "portmap", "bandwidth")
"""What the pod network's configuration names (flannel.py), and loopback, which containerd itself calls."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """A container runtime on each worker."""
    return tuple(
        resource for worker in cluster.workers for resource in _runtime(cluster, worker.name, facts[worker.name])
    )


def _runtime(cluster: Cluster, machine: str, facts: Facts) -> tuple[Resource, ...]:
    programs = tuple(program(cluster, machine, Chapter.WORKERS, name) for name in PROGRAMS)
    plugins = (program(cluster, machine, Chapter.WORKERS, f"cni-{name}", f"{CNI_BIN}/{name}") for name in PLUGINS)
    config = File(
        chapter=Chapter.WORKERS, machine=machine, path=CONFIG, content=Content.of(_configuration(cluster, facts))
    )
    # A new runc or plugin is taken up with the next container; only containerd itself must restart for a new one.
    reads = (*(one for one in programs if one.path == f"{BIN}/containerd"), config)
    return (
        *programs,
        *plugins,
        config,
        *service(machine, Chapter.WORKERS, CONTAINERD_UNIT, _unit(facts), reads),
        image(cluster, machine, Chapter.WORKERS, "image-pause"),
    )


def _configuration(cluster: Cluster, facts: Facts) -> str:
    return f"""\
version = 3

[grpc]
  address = "{SOCKET}"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{reference(cluster, "image-pause")}"

{_registries(cluster)}[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = {_toml(facts.restricted_oom)}

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{CNI_BIN}"]
  conf_dir = "{CNI_CONFIG}"

[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{BIN}/runc"
  SystemdCgroup = {_toml(facts.cgroup == "v2")}
"""


def _registries(cluster: Cluster) -> str:
    """Where the mirrors are described (mirrors.py), if the cluster has any; each is read with each pull."""
    if cluster.registry.kind == "none":
        return ""
    return f"""\
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "{MIRRORS}"

"""


def _toml(value: bool) -> str:
    return "true" if value else "false"


def _unit(facts: Facts) -> str:
    return unit_text(
        (
            ("Description", "containerd container runtime"),
            ("Documentation", "https://containerd.io"),
            ("After", "network.target local-fs.target"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("Type", "notify"),
            ("ExecStart", command(f"{BIN}/containerd")),
            ("Delegate", "yes"),
            ("KillMode", "process"),
            *ALWAYS,
            ("TasksMax", "infinity"),
            *_limits(facts),
        ),
    )


def _limits(facts: Facts) -> Settings:
    """Last to be killed when memory runs out; where that may not be asked for, the unit would not even start."""
    if facts.restricted_oom:
        return ()
    return (
        ("OOMScoreAdjust", "-999"),
        ("LimitNOFILE", "1048576"),
        ("LimitNPROC", "infinity"),
        ("LimitCORE", "infinity"),
    )


CONTAINERD: Final = Component("containerd", wanted)
