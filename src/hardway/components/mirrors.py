"""The cluster's registry as a mirror of the public ones: what containerd on each worker is told of it.

An image of docker.io, registry.k8s.io, quay.io or ghcr.io is looked for in the registry first, under the public
registry's own name (docker.io/library/nginx), and where it is not there, or the registry does not answer, in the public
one: a closed network has what was pushed, an open one lacks nothing. The files are containerd's hosts.toml
(https://github.com/containerd/containerd/blob/main/docs/hosts.md); containerd reads them with each pull.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from hardway.components.component import Component, FactsOf
from hardway.components.credentials import trust
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.host import File
from hardway.spec.addresses import registry_url
from hardway.spec.model import Cluster

FOLDER: Final = "/etc/containerd/certs.d"
AUTHORITIES: Final = "/etc/containerd/registry"

PUBLIC: Final[Mapping[str, str]] = {
    "docker.io": "https://registry-1.docker.io",
    "ghcr.io": "https://ghcr.io",
    "quay.io": "https://quay.io",
    "registry.k8s.io": "https://registry.k8s.io",
}
"""Public registries by the name that images bear, and where each answers."""


def wanted(cluster: Cluster, facts: FactsOf) -> tuple[Resource, ...]:
    """Nothing where the cluster has no registry."""
    url = registry_url(cluster)
    return () if url is None else tuple(one for w in cluster.workers for one in _mirrors(cluster, w.name, url))


def _mirrors(cluster: Cluster, machine: str, url: str) -> Iterator[Resource]:
    authority = trust(machine, names.REGISTRY_CA, AUTHORITIES) if cluster.registry.kind == "lab" else None
    if authority is not None:
        yield authority
    trusted = f'  ca = "{authority.path}"\n' if authority else ""
    for name, server in PUBLIC.items():
        text = f"""\
server = "{server}"

[host."{url}/v2/{name}"]
  capabilities = ["pull", "resolve"]
  override_path = true
{trusted}"""
        yield _file(machine, name, text)
    # By its own name too, for images that no public registry has.
    yield _file(machine, urlsplit(url).netloc, f'[host."{url}"]\n  capabilities = ["pull", "resolve"]\n{trusted}')


def _file(machine: str, name: str, text: str) -> File:
    path = f"{FOLDER}/{name}/hosts.toml"
    return File(chapter=Chapter.REGISTRY, machine=machine, path=path, content=Content.of(text))


MIRRORS: Final = Component("mirrors", wanted)
