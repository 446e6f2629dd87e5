"""Base images: Debian or Ubuntu trees by mmdebstrap, made once and kept in the cache for all labs and clouds.

Touches <cache>/lab only. A tree is the lower layer of every machine's overlay, so it is never changed once in place.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardway.lab.commands import run
from hardway.lab.faults import LabFault
from hardway.lab.files import write
from hardway.lab.locks import locked
from hardway.lab.recipe import LAB, SSHD, SUITES, Distribution, Recipe
from hardway.sources.cache import cache_root

BUILD_SECONDS = 1200.0
"""The longest that making an image may take."""


@dataclass(frozen=True, slots=True)
class Base:
    """An image: made or to be made."""

    suite: str
    recipe: Recipe = LAB

    @property
    def digest(self) -> str:
        return self.recipe.digest(self.suite)

    @property
    def tree(self) -> Path:
        return trees() / f"{self.suite}-{self.digest}"

    @property
    def exists(self) -> bool:
        return self.tree.is_dir()


def trees() -> Path:
    """Where all images are."""
    return cache_root() / "lab"


def base_of(suite: str) -> Base:
    """The image that today's recipe makes of a suite."""
    return Base(suite)


async def ensure_base(
    suite: str, mirror: str | None = None, on_line: Callable[[str], None] | None = None, recipe: Recipe = LAB
) -> Base:
    """The image, made now if the cache has none. Raises LabFault.

    It is made beside and renamed, so a tree that is there is whole; a second process waits for the first.
    """
    base = Base(suite, recipe)
    if base.exists:
        return base
    base.tree.parent.mkdir(parents=True, exist_ok=True)
    async with locked(base.tree.parent):
        if not base.exists:
            await _make(base, mirror, on_line)
    return base


async def _make(base: Base, mirror: str | None, on_line: Callable[[str], None] | None) -> None:
    lines = await source_lines(base.suite, mirror)
    partial = base.tree.with_name(f".partial-{base.tree.name}")
    await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
    try:
        await _bootstrap(base, partial, lines, on_line)
        await _settle(partial, base.recipe)
        partial.rename(base.tree)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        raise


async def _bootstrap(base: Base, tree: Path, sources: Sequence[str], on_line: Callable[[str], None] | None) -> None:
    """In namespaces of its own, so that no mount and no process is left, however it ends."""
    argv = (
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase"),
        "--include=" + ",".join(base.recipe.packages),
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        '--aptopt=Acquire::Languages "none"',
        *(base.suite, str(tree), "-"),
    )
    try:
        await run(argv, stdin="\n".join(sources) + "\n", within=BUILD_SECONDS, on_line=on_line)
    except LabFault as fault:
        raise LabFault(
            f"the base image ({base.suite}) could not be made",
            fault.evidence or fault.what,
            "is the package mirror reachable? spec.lab.mirror names another one",
        ) from fault


async def _settle(tree: Path, recipe: Recipe) -> None:
    """What no package does: units off, settings, a user, nothing that two machines must not share."""
    for path, text in recipe.files:
        write(tree / path, text)
    for path, target in recipe.links:
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to(target)
    await run(("systemctl", f"--root={tree}", "disable", *recipe.disabled))
    await run(("systemctl", f"--root={tree}", "mask", *recipe.masked))
    await run(("systemctl", f"--root={tree}", "enable", *recipe.enabled))
    if recipe.user is not None:
        await _add_user(tree, recipe.user)
    (tree / "etc/ssh/sshd_config.d/hardway.conf").write_text(SSHD)
    for secret in (tree / "etc/ssh").glob("ssh_host_*"):
        secret.unlink()
    (tree / "etc/machine-id").write_text("uninitialized\n")
    (tree / "var/lib/dbus/machine-id").unlink(missing_ok=True)
    for directory in ("containerd", "etcd", "kubelet"):
        (tree / "var/lib" / directory).mkdir(exist_ok=True)
    (tree / "var/cache/hardway/blobs").mkdir(parents=True)
    for directory in ("etc", "var"):  # systemd-update-done.service(8): nothing to bring up to date at the first boot
        (tree / directory / ".updated").touch()


async def _add_user(tree: Path, user: str) -> None:
    """A password that none can be, rather than a locked account: sshd lets nobody into the latter."""
    await run(("chroot", str(tree), "useradd", "--create-home", "--shell=/bin/bash", "--password=*", user))
    write(tree / "etc/sudoers.d" / user, f"{user} ALL=(ALL) NOPASSWD: ALL\n", 0o440)


async def source_lines(suite: str, mirror: str | None) -> tuple[str, ...]:
    """The lines of sources.list(5) for a suite. Raises LabFault for an unknown suite or where no mirror is known."""
    distribution = SUITES.get(suite)
    if distribution is None:
        raise LabFault(f"the lab knows no suite {suite}", advice=f"spec.lab.suite: one of {', '.join(SUITES)}")
    uri = mirror or await own_mirror(distribution, suite)
    return (f"deb [signed-by={distribution.keyring}] {uri} {suite} {distribution.components}",)


async def own_mirror(distribution: Distribution, suite: str) -> str:
    """The mirror of that distribution which this computer's apt uses. Raises LabFault where it knows none."""
    listed = await run(
        ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages")
    )
    rows = (line.split("|") for line in listed.splitlines())
    for origin, label, uri in (row for row in rows if len(row) == 3):
        if origin == label == distribution.origin:
            return uri
    raise LabFault(
        f"this computer's apt knows no mirror of {distribution.origin}, which suite {suite} belongs to",
        advice="name one in spec.lab.mirror, or run apt-get update once",
    )
