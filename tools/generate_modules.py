"""Makes the wrapper modules in src/hardway/catalog/modules: go.mod and go.sum that pin each program to the last byte.

Run by a developer when `catalog/releases.py` gains a version, never by the product; the results are committed. Needs
the go command and a module source:

    tools/generate_modules.py [NAME...]

A wrapper requires the upstream module, names its programs as tools (so that `go mod tidy` keeps what they need), and
repeats the `replace` lines without which upstream's own go.mod means nothing to others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardway.catalog.programs import PROGRAMS, GoModule
from hardway.catalog.releases import RELEASES

MODULES = Path(__file__).parent.parent / "src" / "hardway" / "catalog" / "modules"
GO = "1.26.0"

MENDS: dict[str, dict[str, str]] = {
    # The release of this dependency that flannel 0.28.4 names is gone.
    "flannel": {"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common": "v1.3.103"},
}


def wrappers() -> dict[tuple[str, str], GoModule]:
    """Every wrapper by (name, version)."""
    modules = {program.module.name: program.module for program in PROGRAMS.values()}
    return {
        (name, getattr(release, module.release)): module
        for release in RELEASES.values()
        for name, module in modules.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="wrappers to make; all by default")
    names = parser.parse_args().names
    for (name, version), module in wrappers().items():
        if not module.own and (not names or name in names):
            generate(module, version)


def generate(module: GoModule, version: str) -> None:
    """Write go.mod and go.sum of one wrapper."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "go.mod").write_text(go_mod(module, version))
        go(scratch, "mod", "tidy")
        target = MODULES / module.name / version
        target.mkdir(parents=True, exist_ok=True)
        for file in ("go.mod", "go.sum"):
            (target / file).write_bytes((Path(scratch) / file).read_bytes())


def go_mod(module: GoModule, version: str) -> str:
    """The wrapper's go.mod before tidying."""
    packages = [program.package for program in PROGRAMS.values() if program.module == module]
    required = dict.fromkeys(sorted(_modules(module, packages)), f"v{version}")
    lines = [f"module hardway.internal/{module.name}", f"go {GO}"]
    lines += [f"tool {package}" for package in packages]
    lines += [f"require {path} {wanted}" for path, wanted in {**required, **MENDS.get(module.name, {})}.items()]
    lines += replaces(module, version)
    return "\n".join(lines) + "\n"


def _modules(module: GoModule, packages: Sequence[str]) -> set[str]:
    """etcd's programs are modules of their own; everybody else's are packages of one module."""
    return {package if not package.startswith(module.path) else module.path for package in packages}


def replaces(module: GoModule, version: str) -> list[str]:
    """Kubernetes replaces its own libraries by folders beside it; published, they bear v0.MINOR.PATCH."""
    if module.path != "k8s.io/kubernetes":
        return []
    published = "v0." + version.split(".", 1)[1]
    upstream = json.loads(go(None, "mod", "download", "-json", f"{module.path}@v{version}"))
    parsed: dict[str, Any] = json.loads(go(None, "mod", "edit", "-json", upstream["GoMod"]))
    olds = [replace["Old"]["Path"] for replace in parsed["Replace"] if replace["New"]["Path"].startswith("./staging/")]
    return [f"replace {old} => {old} {published}" for old in olds]


def go(folder: str | None, *arguments: str) -> str:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "GOWORK": "off"}
    command = ["go", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
