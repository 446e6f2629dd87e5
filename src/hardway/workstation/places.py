"""Where things belong on this computer, by the XDG Base Directory Specification and each shell's own manual."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hardway.operations.merging import users_kubeconfig
from hardway.workstation.model import Shell


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one user."""

    user: str
    home: Path
    config: Path
    """XDG_CONFIG_HOME."""
    data: Path
    """XDG_DATA_HOME."""
    state: Path
    """Where it is remembered what was made here, and what was there before."""
    zshrc: Path
    kubeconfig: Path
    hosts: Path
    hardway: Path
    """The command that runs this."""
    applications: tuple[Path, ...]
    """Where desktop files are (Desktop Menu Specification)."""
    search: tuple[Path, ...]
    """The PATH."""

    def folder(self, text: str) -> Path:
        """A folder of the spec; ~ is the home."""
        return self.home / text[1:].lstrip("/") if text.startswith("~") else Path(text)

    def completion(self, shell: Shell, program: str) -> Path:
        """Where a shell looks for completions (bash-completion's README, zshcompsys(1), fish-completions(7))."""
        match shell:
            case Shell.BASH:
                return self.data / "bash-completion/completions" / program
            case Shell.ZSH:
                return self.zsh_functions / f"_{program}"
            case Shell.FISH:
                return self.config / "fish/completions" / f"{program}.fish"

    @property
    def zsh_functions(self) -> Path:
        """zsh has no folder of the user's own that it looks into by itself."""
        return self.data / "zsh/site-functions"

    @property
    def client(self) -> Path:
        """The OpenStack client's environment."""
        return self.data / "hardway/openstack-client"

    @property
    def mimeapps(self) -> Path:
        """The user's own choice of applications (Association between MIME types and applications, 1.0)."""
        return self.config / "mimeapps.list"


def this_computer(environment: Mapping[str, str] | None = None) -> Places:
    """The places of the user who runs this."""
    given = os.environ if environment is None else environment
    home = Path(given.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir)
    data = _folder(given, "XDG_DATA_HOME", home / ".local/share")
    system = (given.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return Places(
        user=pwd.getpwuid(os.geteuid()).pw_name,
        home=home,
        config=_folder(given, "XDG_CONFIG_HOME", home / ".config"),
        data=data,
        state=_folder(given, "XDG_STATE_HOME", home / ".local/state") / "hardway/workstation",
        zshrc=_folder(given, "ZDOTDIR", home) / ".zshrc",
        kubeconfig=users_kubeconfig(),
        hosts=Path("/etc/hosts"),
        hardway=_own_command(),
        applications=tuple(folder / "applications" for folder in (data, *map(Path, system))),
        search=tuple(Path(one) for one in given.get("PATH", "").split(os.pathsep) if one),
    )


def _folder(environment: Mapping[str, str], name: str, otherwise: Path) -> Path:
    """A relative path in such a variable is to be passed over, says the specification."""
    given = Path(environment.get(name) or "")
    return given if given.is_absolute() else otherwise


def _own_command() -> Path:
    """Beside the Python that runs this, where an installation puts it; else on the PATH."""
    beside = Path(sys.executable).with_name("hardway")
    found = shutil.which("hardway")
    return beside if beside.exists() or found is None else Path(found)
