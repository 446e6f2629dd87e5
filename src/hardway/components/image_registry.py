"""The registry of images, where the cluster has one of its own: the CNCF's distribution, on one machine.

It is two processes over one directory. The first answers at the machine's address and only reads, so that whoever is in
the machines' network, a pod included, may pull and can change nothing; it needs no passwords for that. The second
writes, and listens on the machine's loopback address: `hardway images push` reaches it through SSH, as root does.

Both have the certificate that the registry's own authority signed. Nothing of the registry is needed to bring the
cluster up: its own images come from the operator (image files, see containerd.py).
"""

from __future__ import annotations

from typing import Any, Final

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import pair, to_yaml
from hardway.components.layout import BIN, HARDWAY, REGISTRY_UNIT, REGISTRY_WRITES_UNIT, program
from hardway.components.unit_file import ALWAYS, HARDENED, Settings, command, service, unit_text
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import Directory, File, Probe, SystemUser
from hardway.spec.addresses import LOOPBACK, full_name, registry_writes_port
from hardway.spec.model import Cluster, Machine

USER: Final = "registry"
DATA: Final = "/var/lib/registry"
PKI: Final = f"{HARDWAY}/registry"


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """Nothing where the cluster has no registry of its own."""
    machine = cluster.registry_machine
    return () if machine is None else _registry(cluster, machine)


def _registry(cluster: Cluster, machine: Machine) -> tuple[Resource, ...]:
    name, chapter = machine.name, Chapter.REGISTRY
    registry = program(cluster, name, chapter, "registry")
    identity = pair(name, names.REGISTRY, USER, PKI)
    resources: list[Resource] = [
        SystemUser(chapter=chapter, machine=name, user=USER),
        Directory(chapter=chapter, machine=name, path=DATA, owner=USER, mode=0o750, data=True),
        registry,
        *identity,
    ]
    reading = (REGISTRY_UNIT, str(machine.address), cluster.registry.port, False)
    writing = (REGISTRY_WRITES_UNIT, LOOPBACK, registry_writes_port(cluster), True)
    for unit, address, port, writes in (reading, writing):
        path = f"{HARDWAY}/{unit.removesuffix('.service')}.yaml"
        text = to_yaml(_configuration(f"{address}:{port}", writes))
        config = File(chapter=chapter, machine=name, path=path, content=Content.of(text))
        ready = Probe(
            port=port,
            path="/v2/",
            scheme="https",
            host=address,
            ca=names.certificate(names.REGISTRY_CA),
            server_name=full_name(cluster, machine),
        )
        reads = (registry, config, *identity)
        resources += (config, *service(name, chapter, unit, _unit(path, writes), reads, ready=ready))
    return tuple(resources)


def _configuration(address: str, writes: bool) -> dict[str, Any]:
    """https://distribution.github.io/distribution/about/configuration/."""
    maintenance = {} if writes else {"uploadpurging": {"enabled": False}, "readonly": {"enabled": True}}
    return {
        "version": 0.1,
        "log": {"accesslog": {"disabled": True}, "level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": DATA},
            **({"maintenance": maintenance} if maintenance else {}),
        },
        "http": {
            "addr": address,
            "headers": {"X-Content-Type-Options": ["nosniff"]},
            "tls": {
                "certificate": f"{PKI}/{names.REGISTRY}.pem",
                "key": f"{PKI}/{names.REGISTRY}-key.pem",
                "minimumtls": "tls1.3",
            },
        },
    }


def _unit(config: str, writes: bool) -> str:
    paths: Settings = (("ReadWritePaths", DATA),) if writes else ()
    return unit_text(
        (
            ("Description", f"registry of images, for {'writing' if writes else 'reading'}"),
            ("Documentation", "https://distribution.github.io/distribution/"),
            ("Wants", "network-online.target"),
            ("After", "network-online.target"),
            ("StartLimitIntervalSec", "0"),
        ),
        (
            ("ExecStart", command(f"{BIN}/registry", ("serve", config))),
            ("User", USER),
            # It would send traces to a collector that is not there.
            ("Environment", "OTEL_TRACES_EXPORTER=none"),
            *ALWAYS,
            *HARDENED,
            *paths,
        ),
    )


IMAGE_REGISTRY: Final = Component("image-registry", wanted)
