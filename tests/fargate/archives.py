"""Images for the local Fargate, made of Debian's static busybox: an OCI archive a name."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from hardway.sources.images import CONFIG, LAYER, MANIFEST, canonical, literal, manifest_of, write_archive
from hardway.sources.source import own_architecture

BUSYBOX = Path("/bin/busybox")
APPLETS = "sh base64 cat chmod mkdir printf sleep echo httpd env id ls test true"


def busybox_archive(folder: Path, reference: str, command: Sequence[str] = ("sleep", "3600")) -> Path:
    """An image of that name whose containers run a command of busybox, with one page for its web server."""
    config = {"Cmd": list(command), "Env": ["PATH=/bin"], "WorkingDir": "/"}
    layer = literal(LAYER, _layer())
    body = {"architecture": own_architecture(), "os": "linux", "config": config}
    rootfs = {"rootfs": {"type": "layers", "diff_ids": [layer.descriptor.digest]}}
    described = literal(CONFIG, json.dumps({**body, **rootfs}).encode())
    manifest = literal(MANIFEST, canonical(manifest_of(described.descriptor, [layer.descriptor])))
    target = folder / f"{reference.replace('/', '_').replace(':', '_')}.tar"
    write_archive(target, reference, own_architecture(), manifest, [described, layer])
    return target


def _layer() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("bin", "etc", "tmp", "var", "var/www"):
            _add(tar, name, None)
        _add(tar, "bin/busybox", BUSYBOX.read_bytes())
        _add(tar, "etc/passwd", b"root:x:0:0::/:/bin/sh\nweb:x:33:44::/:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\nweb:x:44:\n")
        _add(tar, "var/www/index.html", b"It works!\n")
        for applet in APPLETS.split():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return stream.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes | None) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755
    if content is None:
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
        return
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
