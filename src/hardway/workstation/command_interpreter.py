"""How cmd.exe is asked for and told of associations, whatever a command holds: quotes, blanks, %, !, &. Pure.

cmd.exe parses what follows /c by rules of its own, and what hands it over (WSL, Wine) quotes by others (those of the
C runtime). So no value is ever in the command line: it travels in a variable of the environment, and `!NAME!` is put in
by delayed expansion (/v:on), which is done last, after quotes, % and & were looked at (cmd /?, setlocal /?). What is
printed is UTF-16 (/u), so that no code page spoils a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

VARIABLE: Final = "HARDWAY_VALUE"
SHARED: Final = "WSLENV"
"""Names the variables that WSL hands over to Windows, with /w only in that direction (Microsoft's page on WSLENV)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A program to run: its arguments, and what its environment holds besides."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]


def ask(cmd: Sequence[str], verb: str, name: str) -> Call:
    """The call that prints NAME=VALUE; `verb` is assoc or ftype."""
    return Call((*cmd, "/d", "/u", "/c", verb, name), {})


def tell(cmd: Sequence[str], verb: str, name: str, value: str | None, shared: str = "") -> Call:
    """The call that sets a value, or takes it away; `shared` is what WSLENV holds now."""
    if value is None:
        return Call((*cmd, "/d", "/u", "/c", verb, f"{name}="), {})
    names = ":".join(part for part in (shared, f"{VARIABLE}/w") if part)
    argv = (*cmd, "/d", "/u", "/v:on", "/c", verb, f"{name}=!{VARIABLE}!")
    return Call(argv, {VARIABLE: value, SHARED: names})


def forget_file_type(cmd: Sequence[str], name: str) -> Call:
    """The call that takes a file type's command out of the registry, where ftype keeps it: Wine's ftype sets and never
    takes away."""
    key = rf"HKLM\Software\Classes\{name}\Shell\Open\Command"
    return Call((*cmd, "/d", "/u", "/c", "reg", "delete", key, "/f"), {})


def answer(output: bytes, name: str) -> str | None:
    """The value in what was printed; None where there is none, and it says so in the user's language."""
    wanted = f"{name}=".lower()
    lines = output.decode("utf-16-le", errors="replace").lstrip("\ufeff").splitlines()
    return next((line[len(wanted) :] for line in lines if line.lower().startswith(wanted)), None)


def command_for(program: str) -> str:
    """What opens a file with a program: as ftype wants it, %1 being the file."""
    return f'"{program}" "%1"'
