"""Directories, files and programs as shell text: written beside and renamed, never through a link. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from shlex import quote

from hardway.machines import inventory
from hardway.machines.inventory import PARENT, PREIMAGES, STARTED, preimage_key
from hardway.machines.scripts.work import Work, beside, forget, record
from hardway.machines.shell import checked_path, checked_unit
from hardway.plan.steps import Action
from hardway.resources.host import Directory, File, Program


def preimage(path: str) -> str:
    """Where what was at that path before is kept."""
    return f"{PREIMAGES}/{preimage_key(path)}"


def _forget_starts(work: Work) -> str:
    """Before the content changes: a run that is cut off after it must not forget that the units were to restart."""
    stamps = " ".join(quote(f"{STARTED}/{checked_unit(unit)}") for unit in work.readers)
    return f"gone {stamps}\n" if stamps else ""


def _take(work: Work, path: str) -> str:
    """Keeps what is there and not ours, and makes missing parents."""
    ours = work.step.seen.owned or "data" in work.step.seen.attributes
    keep = "" if ours else f"keep {quote(checked_path(path))} {preimage(path)}\n"
    return keep + "".join(_parents(path))


def _parents(path: str) -> Iterable[str]:
    for parent in list(PurePosixPath(path).parents)[-2::-1]:
        yield f"parent {quote(str(parent))} {quote(inventory.made(PARENT, str(parent), {}))}\n"


def _record(work: Work, **attributes: str) -> str:
    """Records the path as ours; and where it was ours as another kind of thing, that it is that no longer."""
    resource, seen = work.step.resource, work.step.seen
    others = {File.kind, Program.kind, Directory.kind} - {resource.kind} if seen.owned else set()
    former = others if "chapter" not in seen.attributes else ()
    gone = (f"record {quote(inventory.gone(kind, resource.name))}\n" for kind in sorted(former))
    return record(work, **attributes) + "".join(gone)


def _owned_by(owner: str) -> str:
    return quote(f"{owner}:{owner}")


def file(work: Work, file: File) -> str:
    """Writes the file; where only owner or mode differ, sets those."""
    path, new = quote(file.path), beside(file.path)
    owner, mode = _owned_by(file.owner), f"{file.mode:04o}"
    if work.step.action is Action.CHANGE and not work.step.changes("sha256"):
        return f"{_take(work, file.path)}{_record(work)}chown -h -- {owner} {path}\nchmod -- {mode} {path}"
    begin = f"{_forget_starts(work)}{_take(work, file.path)}{_record(work)}gone {new}\n"
    if file.owner == "root" and not file.mode & ~0o666:
        return f"{begin}{_written(work.content, new, 0o777 & ~file.mode)}\nmv -fT -- {new} {path}"
    write = _written(work.content, new, 0o077)
    return f"{begin}{write}\nchown -h -- {owner} {new}\nchmod -- {mode} {new}\nmv -fT -- {new} {path}"


def _written(content: bytes, new: str, umask: int) -> str:
    """Writes a new file with that umask, never through a link (`set -C` is O_EXCL); no process's argument holds it.

    By cat, which says why it cannot write: of a full disk a shell's own printf says "I/O error".
    """
    text = content.decode("ascii", errors="replace")
    if text.isascii() and all(character.isprintable() or character in "\n\t" for character in text):
        return f"(umask {umask:03o}; set -C; printf %s {quote(text)} | cat > {new})"
    encoded = b64encode(content).decode()
    return f"(umask {umask:03o}; set -C; printf %s {encoded} | base64 -d > {new})"


def program(work: Work, program: Program) -> str:
    """Links the program into the shared cache, or moves the copy that was brought into place."""
    path, new, blob = quote(program.path), beside(program.path), quote(work.blob)
    missing = quote(f"the program {work.blob} is not there; is the cache mounted?")
    begin = f"[ -f {blob} ] || {{ echo {missing}; exit 1; }}\n{_forget_starts(work)}{_take(work, program.path)}"
    begin += f"{_record(work, blob=program.blob)}gone {new}\n"
    if work.shared:
        return f"{begin}ln -s -- {blob} {new}\nmv -fT -- {new} {path}"
    line = inventory.made(program.kind, program.name, {"signature": f"{work.sha256}:"})
    return (
        f"{begin}chown -- root:root {blob}\nchmod -- 0755 {blob}\nmv -fT -- {blob} {new}\nmv -fT -- {new} {path}\n"
        f'record {quote(line)}"$(stat -c %s:%.9Y:%.9Z:%i -- {path})"'
    )


def remove(resource: File | Program) -> str:
    """Puts back what was there before, or leaves nothing; parents made for it go with the last thing in them."""
    path, new, keep = quote(checked_path(resource.path)), beside(resource.path), preimage(resource.path)
    climb = " && ".join(_abandoned(resource.path))
    return (
        f"if kept {keep}; then restore {path} {new} {keep}; else rm -f -- {path} {new}; fi\n"
        f"{climb or ':'} || :\n{forget(resource)}rm -rf -- {keep}"
    )


def _abandoned(path: str) -> Iterable[str]:
    for parent in map(str, list(PurePosixPath(path).parents)[:-1]):
        made, gone = inventory.made(PARENT, parent, {}), inventory.gone(PARENT, parent)
        yield f"abandon {quote(parent)} {quote(made)} {quote(gone)}"


def directory(work: Work, directory: Directory) -> str:
    """Makes the directory, closed until it has its owner."""
    path = quote(directory.path)
    data = {"data": "yes"} if directory.data else {}
    return (
        f"{_take(work, directory.path)}{_record(work, **data)}"
        f"[ -d {path} ] || mkdir -m 0700 -- {path}\n"
        f"chown -- {_owned_by(directory.owner)} {path}\nchmod -- {directory.mode:04o} {path}"
    )


def remove_directory(directory: Directory) -> str:
    """Goes when it is empty; what others put into it stays. One with data goes with all that is in it."""
    path, keep = quote(checked_path(directory.path)), preimage(directory.path)
    empty = f"rmdir -- {path} 2>/dev/null || :"
    whole = f'rm -rf --one-file-system -- {path} || [ -z "$(ls -A -- {path})" ]'
    return (
        f"if kept {keep}; then restore {path} {beside(directory.path)} {keep}\n"
        f"elif [ -d {path} ]; then {whole if directory.data else empty}\nfi\n"
        f"{' && '.join(_abandoned(directory.path)) or ':'} || :\n{forget(directory)}rm -rf -- {keep}"
    )


TEXT_LIMIT = 64 * 1024
"""Bytes: a larger file is not brought back to show a difference in it."""


def texts_script(paths: Sequence[str]) -> str:
    """The script that prints, for each of the files that is there and small: its number and its content in base64."""
    asks = "".join(f"text {number} {quote(checked_path(path))}\n" for number, path in enumerate(paths))
    return f"""exec 2>/dev/null
text() {{
  [ -f "$2" ] && [ "$(stat -L -c %s -- "$2")" -le {TEXT_LIMIT} ] && printf '%s %s\\n' "$1" "$(base64 -w 0 -- "$2")"
}}
{asks}"""
