"""Certificates, keys and kubeconfigs as files on a machine. Values only: what they hold is referred to, not read.

A machine's kubeconfig names certificate files and embeds none, so that a renewed certificate is one changed file. The
article embeds them (`--embed-certs=true`), and then every renewal means a new kubeconfig.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from hardway.components.layout import KUBERNETES, PKI
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Ref
from hardway.resources.host import File
from hardway.spec.addresses import api_name
from hardway.spec.model import Cluster

SECRET_MODE: Final = 0o600
LOCAL_API: Final = "127.0.0.1"


def trust(machine: str, authority: str, folder: str = PKI) -> File:
    """The bundle of authorities to verify others with: NAME.pem, readable by all; never a key."""
    content = Content.of(names.certificate(authority))
    return File(chapter=Chapter.CERTIFICATES, machine=machine, path=f"{folder}/{authority}.pem", content=content)


def pair(machine: str, use: str, owner: str, folder: str = PKI) -> tuple[File, File]:
    """The machine's certificate for one use and its key, which only `owner` can read."""
    name = names.on(use, machine)
    certificate = File(
        chapter=Chapter.CERTIFICATES,
        machine=machine,
        path=f"{folder}/{use}.pem",
        content=Content.of(names.certificate(name)),
    )
    return certificate, secret(machine, f"{folder}/{use}-key.pem", names.private_key(name), owner)


def secret(machine: str, path: str, value: Ref, owner: str) -> File:
    """A key that only `owner` can read."""
    return File(
        chapter=Chapter.CERTIFICATES,
        machine=machine,
        path=path,
        content=Content.of(value),
        owner=owner,
        mode=SECRET_MODE,
    )


def kubeconfig(
    cluster: Cluster, machine: str, name: str, server: str, authority: File, identity: tuple[File, File]
) -> File:
    """A program's kubeconfig on a machine: /etc/kubernetes/NAME.kubeconfig. It holds no secret itself."""
    certificate, key = identity
    text = to_yaml(
        kubeconfig_body(
            cluster.name,
            name,
            {"server": server, "certificate-authority": authority.path},
            {"client-certificate": certificate.path, "client-key": key.path},
        )
    )
    path = f"{KUBERNETES}/{name}.kubeconfig"
    return File(chapter=Chapter.KUBECONFIGS, machine=machine, path=path, content=Content.of(text))


def kubeconfig_body(
    context: str, user: str, cluster: Mapping[str, str], identity: Mapping[str, str], cluster_name: str = ""
) -> dict[str, Any]:
    """A kubeconfig of one cluster, one user, one context."""
    named = cluster_name or context
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": named, "cluster": dict(cluster)}],
        "users": [{"name": user, "user": dict(identity)}],
        "contexts": [{"name": context, "context": {"cluster": named, "user": user}}],
        "current-context": context,
    }


def local_api(cluster: Cluster) -> str:
    """The API server of the machine itself, for programs that run beside it."""
    return f"https://{LOCAL_API}:{cluster.api.port}"


def balanced_api(cluster: Cluster) -> str:
    """The API behind the VIP, for workers."""
    return f"https://{cluster.api.address}:{cluster.api.port}"


def api_server_name(cluster: Cluster) -> str:
    """The name in the API servers' certificate to hold them to, wherever they are reached."""
    return api_name(cluster)


def to_yaml(body: Mapping[str, Any]) -> str:
    """Block style, in the order given."""
    return _written(json.dumps(body))


@lru_cache(maxsize=256)
def _written(body: str) -> str:
    """Kept, since a thousand workers have the same files, and YAML is slow to write."""
    return yaml.safe_dump(json.loads(body), sort_keys=False, default_flow_style=False, width=120)
