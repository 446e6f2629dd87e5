"""Programs built from Go modules by the ordinary go command: pinned wrapper modules, one build for each at a time."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache as remembered
from pathlib import Path

from hardway.catalog.programs import PROGRAMS, GoModule, Program
from hardway.sources import modules, toolchain
from hardway.sources.cache import Cache, Key
from hardway.sources.command import Outcome, run
from hardway.sources.faults import NotAnswering, SourceFault, disk_full
from hardway.sources.source import Item, Report, own_architecture
from hardway.sources.toolchain import Toolchain
from hardway.sources.web import Web


def settings(module: GoModule, version: str) -> tuple[str, ...]:
    """The go command's settings that decide what comes out."""
    major, minor = [*version.split("."), "0"][:2]
    stamps = [stamp.format(version=version, major=major, minor=minor) for stamp in module.versions]
    # No symbol tables: half the size, and stack traces keep their names.
    linker = " ".join(
        ("-s -w", *(f"-X {stamp}" for stamp in stamps), *(("-extldflags=-static",) if module.cgo else ()))
    )
    tags = (f"-tags={','.join(module.tags)}",) if module.tags else ()
    return ("-mod=readonly", "-trimpath", "-buildvcs=false", *tags, "-ldflags", linker)


@remembered
def _recipe(module: GoModule, version: str) -> str | None:
    """A digest of all that the build is made of; None where this version is not pinned."""
    files = modules.files(module, version)
    return modules.digest(files, " ".join(settings(module, version))) if files else None


@dataclass(frozen=True, slots=True)
class GoPrograms:
    """The source `go`."""

    cache: Cache
    architecture: str
    kind: str = "go"
    web: Web = field(default_factory=Web)
    """Asks the module source whether it answers; never through the mirror of the release sites."""

    def key(self, item: Item) -> Key | None:
        program = PROGRAMS.get(item.name)
        recipe = program and _recipe(program.module, item.version)
        return Key(item.name, item.version, self.architecture, f"{self.kind}-{recipe}") if recipe else None

    async def fetch(self, items: Sequence[Item], report: Report) -> None:
        first = items[0]
        if self.key(first) is None:
            raise NotAnswering(f"no build recipe is pinned for {first}")

        def tell(line: str) -> None:
            for item in items:
                report(item.name, line)

        # Two compilers at once would only take memory and time from each other.
        async with self.cache.lock("go-build", lambda: tell("waiting for another build to end")):
            missing = [item for item in items if (key := self.key(item)) and self.cache.get(key) is None]
            if missing:
                await self._build(PROGRAMS[first.name].module, first.version, missing, tell)

    async def _build(self, module: GoModule, version: str, items: Sequence[Item], tell: Callable[[str], None]) -> None:
        needed = modules.needed_go(modules.files(module, version))
        tools = await toolchain.find(self.cache, needed, self.architecture, tell)
        environment = {**tools.environment, "GOARCH": self.architecture, "CGO_ENABLED": "1" if module.cgo else "0"}
        if module.cgo:
            await self._require_compiler(module, environment)
        await self._require_modules(module, version, environment)
        with self.cache.workspace() as work:
            binaries = await _compile(module, version, items, work, tools, environment, tell)
            for item, binary in zip(items, binaries, strict=True):
                key = self.key(item)
                assert key is not None
                await asyncio.to_thread(self.cache.put, key, binary, executable=True)

    async def _require_compiler(self, module: GoModule, environment: Mapping[str, str]) -> None:
        if self.architecture != own_architecture():
            raise NotAnswering(f"{module.name} has C code and cannot be built for {self.architecture} on this computer")
        packages = ["gcc", "libc6-dev", *module.packages]
        advice = f"Install what it takes: apt-get install {' '.join(packages)}"
        if shutil.which("gcc") is None:
            raise SourceFault(f"{module.name} has C code, and there is no C compiler (gcc) here", advice=advice)
        if "pkg-config" not in module.packages:
            return
        if shutil.which("pkg-config") is None:
            raise SourceFault(f"{module.name} needs pkg-config to find libseccomp", advice=advice)
        found = await run(["pkg-config", "--exists", "--print-errors", "libseccomp"], environment=environment)
        if found.exit_code != 0:
            raise SourceFault(f"{module.name} needs libseccomp's headers", found.output, advice)

    async def _require_modules(self, module: GoModule, version: str, environment: Mapping[str, str]) -> None:
        """Decide within seconds whether the module source answers, unless the module is here already."""
        here = Path(environment["GOMODCACHE"]) / f"{_escaped(module.path)}@v{version}"
        first = re.split("[,|]", environment.get("GOPROXY", "direct"))[0]
        if module.own or here.is_dir():
            return
        if first == "off":
            raise NotAnswering("GOPROXY=off, and the modules are not in the cache")
        if first.startswith(("http://", "https://")):
            await self.web.text(f"{first.rstrip('/')}/{_escaped(module.path)}/@v/v{version}.info")


def _escaped(path: str) -> str:
    """A module's path as proxies and the module cache write it: capitals as !lower (go help goproxy)."""
    return re.sub("[A-Z]", lambda found: "!" + found[0].lower(), path)


async def _compile(
    module: GoModule,
    version: str,
    items: Sequence[Item],
    work: Path,
    tools: Toolchain,
    environment: Mapping[str, str],
    tell: Callable[[str], None],
) -> list[Path]:
    """Build in a copy of the wrapper module; answer the binaries in the items' order."""
    programs: list[Program] = [PROGRAMS[item.name] for item in items]
    modules.write(module, version, work / "module")
    for folder in ("out", "go-tmp"):
        (work / folder).mkdir()
    command = [tools.go, "build", "-v", *settings(module, version), "-o", f"{work}/out/"]
    command += [program.package for program in programs]
    tell(f"go build {' '.join(program.binary for program in programs)} ({module.path} {version})")
    counted = _Count(tell)
    ended = await run(
        command,
        environment={**environment, "GOTMPDIR": str(work / "go-tmp")},
        folder=work / "module",
        on_line=counted.line,
    )
    if ended.exit_code != 0:
        raise _failure(module, version, ended, work)
    return [work / "out" / program.binary for program in programs]


class _Count:
    """Turns the go command's lines into progress: modules downloaded, packages compiled."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._packages = 0

    def line(self, text: str) -> None:
        if text.startswith("go: "):
            self._tell(text.removeprefix("go: "))
            return
        self._packages += 1
        self._tell(f"compiled {self._packages}: {text}")


_NETWORK = ("dial tcp", "no such host", "TLS handshake timeout", "i/o timeout", "connection refused", "bad gateway")


def _failure(module: GoModule, version: str, ended: Outcome, work: Path) -> SourceFault:
    evidence = "\n".join(ended.output.splitlines()[-15:])
    lowered = ended.output.lower()
    if "no space left on device" in lowered or "disk quota exceeded" in lowered:
        return disk_full(work.parent.parent, evidence)
    if any(sign.lower() in lowered for sign in _NETWORK):
        return NotAnswering(f"the module source broke off while {module.name} {version} was built", evidence)
    if "signal: killed" in lowered:
        return SourceFault(
            f"the build of {module.name} {version} was killed, most likely for want of memory",
            evidence,
            "Kubernetes takes about 4 GB of memory to build: add memory or swap.",
        )
    advice = "The recipe or the Go toolchain is at fault; sources.kind: upstream is another way."
    return SourceFault(f"{module.name} {version} does not build", evidence, advice)
