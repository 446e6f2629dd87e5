"""hardway itself as a disk: the wheel of this checkout, its locked dependencies, a spec, and the proof to run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from tools.vm.kept import kept, make_disk, run
from tools.vm.system import HARDWAY, PYTHON

CHECKOUT = Path(__file__).parents[2]
LOCK = CHECKOUT / "requirements.lock"
SPEC = CHECKOUT / "examples" / "small.yaml"
PROOF = Path(__file__).with_name("proof.py")

PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)), "manylinux2014_x86_64")
"""What runs on the suite's libc (PEP 600)."""

COMMAND = f"""\
#!/bin/sh
PYTHONPATH={HARDWAY}/hardway:{HARDWAY}/dependencies exec python3 -c '
from hardway.app import main
main()' "$@"
"""


def product(folder: Path) -> Path:
    """The disk, made anew in this folder: sources change from run to run."""
    tree, wheels = folder / "tree", folder / "wheels"
    shutil.copytree(_dependencies(), tree / "dependencies")
    _pip("wheel", "--no-deps", f"--wheel-dir={wheels}", str(CHECKOUT))
    (wheel,) = wheels.glob("*.whl")
    _pip("install", "--no-deps", f"--target={tree / 'hardway'}", str(wheel))
    (tree / "bin").mkdir()
    (tree / "bin" / "hardway").write_text(COMMAND)
    (tree / "bin" / "hardway").chmod(0o755)
    shutil.copy(SPEC, tree / "cluster.yaml")
    shutil.copy(PROOF, tree / "proof.py")
    make_disk(folder / "hardway.img", tree, "hardway")
    return folder / "hardway.img"


def _dependencies() -> Path:
    """All that is locked, installed for the virtual machine's Python, whichever this one is."""
    lock = "\n".join(locked_for(LOCK.read_text(), PYTHON)) + "\n"

    def make(folder: Path) -> None:
        listed = folder / "requirements.lock"
        listed.write_text(lock)
        _pip(
            *("install", "--no-deps", "--require-hashes", f"--requirement={listed}", f"--target={folder}"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"),
            *(f"--platform={platform}" for platform in PLATFORMS),
        )

    return kept("dependencies", (lock, PYTHON), make)


def locked_for(lock: str, python: str) -> Iterator[str]:
    """The lock's lines for a Linux with that Python: pip would judge markers by the Python that it runs on."""
    target = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    wanted = True
    for line in lock.splitlines():
        if line[:1] in (" ", "#"):
            kept_line = line
        else:
            one = Requirement(line.removesuffix(" \\"))
            wanted = one.marker is None or one.marker.evaluate(target)
            kept_line = f"{one.name}{one.specifier} \\"
        if wanted:
            yield kept_line


def _pip(*arguments: str) -> None:
    run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)
