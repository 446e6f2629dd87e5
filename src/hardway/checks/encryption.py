"""Encryption at rest: what etcd holds of a secret is not the secret."""

from __future__ import annotations

import secrets
from shlex import quote

from hardway.checks import workload
from hardway.checks.check import Finding, Wrong, check, expect
from hardway.checks.etcd import etcdctl_settings
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter

NAME = "plain"


@check(
    "encryption",
    "a secret that was just written is ciphertext in etcd, read raw, and comes back in the clear through the API",
    Chapter.ENCRYPTION,
    after=("vip", "etcd"),
)
async def encryption(scene: Scene) -> Finding:
    plain = secrets.token_hex(16).encode()
    space = await scene.namespace()
    made = workload.secret(space, NAME, {"key": plain})
    await scene.kube.apply(made)
    raw = await _raw(scene, f"/registry/secrets/{space}/{NAME}")
    evidence = encrypted(raw, plain, scene.cluster.encryption.provider)
    read = await scene.kube.get("v1", "Secret", NAME, space)
    expect("the secret through the API", (read or {}).get("data"), made["data"])
    return Finding(True, evidence)


async def _raw(scene: Scene, key: str) -> bytes:
    master = scene.cluster.masters[0]
    script = f"{etcdctl_settings(str(master.address))}etcdctl get {quote(key)} --print-value-only\n"
    result = await (await scene.machine(master.name)).run(script)
    if result.exit_code != 0 or not result.stdout.strip():
        raise Wrong(f"{master.name}: etcdctl get {key}: {result.stderr.decode(errors='replace').strip() or 'nothing'}")
    return result.stdout


def encrypted(raw: bytes, plain: bytes, provider: str) -> str:
    """The prefix that says how it is encrypted. Raises Wrong where it is not, or by another cipher. Pure."""
    prefix = f"k8s:enc:{provider}:v1:"
    if plain in raw:
        raise Wrong("etcd holds the secret in the clear")
    if not raw.startswith(prefix.encode()):
        raise Wrong(f"what etcd holds begins with {raw[:24]!r} and not with {prefix}")
    return f"etcd holds {prefix}..., {len(raw)} bytes"
