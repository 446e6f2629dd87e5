"""Steps as shell text: for each kind of resource, what makes it so and what takes it away. Pure.

Every text may be killed anywhere and run again. The order inside each is always the same: forget that units were
started with the old content, keep what is there and not ours, record the thing as ours, make it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import Final

from hardway.machines.scripts import kernel, paths, services, system
from hardway.machines.scripts.work import Work
from hardway.machines.shell import PATH
from hardway.plan.steps import Action
from hardway.resources.host import (
    STATE,
    Directory,
    File,
    HostName,
    Image,
    KernelModule,
    KernelSetting,
    Packages,
    Program,
    SwapOff,
    SystemUser,
    Unit,
    UnitOff,
)

BUSY: Final = 75
FOREIGN: Final = 77
"""Exit codes of a script that touched nothing (sysexits.h: EX_TEMPFAIL, EX_NOPERM)."""

_SYSTEMD_FOLDERS: Final = ("/etc/systemd/", "/usr/lib/systemd/", "/lib/systemd/", "/usr/local/lib/systemd/")


def script(cluster: str, works: Sequence[Work], alone: bool = False) -> str:
    """The script of a batch. It prints `hw N RC` as each step ends and stops at the first that fails, its last output
    on standard error. Exits BUSY or FOREIGN before touching anything.

    `alone`: does not keep other scripts of ours away while it works (it takes long, and only appends to the inventory).
    """
    bodies = "".join(f"s{number}() {{\n{fragment(work)}\n}}\n" for number, work in enumerate(works))
    runs = "".join(f"run {number}\n" for number in range(len(works)))
    return f"{_head(cluster)}{bodies}{'exec 9>&-' if alone else ':'}\n{runs}{_tail(works)}"


def _head(cluster: str) -> str:
    return f"""set -u
PATH={PATH}; LC_ALL=C; export PATH LC_ALL
S={STATE}
(umask 077; mkdir -p -- "$S/preimages" "$S/started") || exit 74
exec 9>"$S/lock"; flock -w 60 9 || exit {BUSY}
[ -s "$S/cluster" ] || {{ echo {quote(cluster)} > "$S/cluster.new"; mv -f -- "$S/cluster.new" "$S/cluster"; }}
read -r theirs < "$S/cluster"
[ "$theirs" = {quote(cluster)} ] || {{ echo "hw foreign $theirs"; exit {FOREIGN}; }}
[ -s "$S/inventory" ] && [ -n "$(tail -c 1 "$S/inventory")" ] && echo >> "$S/inventory"
{_FUNCTIONS}"""


_FUNCTIONS: Final = """\
gone() { # takes files away; starts no process where none is there, and mostly none is
  for one; do if [ -e "$one" ] || [ -L "$one" ]; then rm -f -- "$one"; fi; done
}
call() { # COMMAND...: runs it, and says which one it was where it fails
  "$@" || { set -- $? "$@"; rc=$1; shift; printf 'hw command %s\\n' "$*"; return $rc; }
}
record() { printf '%s\\n' "$1" >> "$S/inventory"; }
run() {
  out=$(set -e; "s$1" </dev/null 2>&1 9>&-); rc=$?
  [ $rc -eq 0 ] || printf '%s\\n' "$out" | tail -n 40 >&2
  echo "hw $1 $rc"
  [ $rc -eq 0 ] || exit 1
}
parent() { # PATH LINE: makes a missing directory, and remembers that
  [ -d "$1" ] || { record "$2"; mkdir -m 0755 -- "$1"; }
}
abandon() { # PATH MADE GONE: takes an empty directory away that `parent` made
  if [ "$(grep -xF -e "$2" -e "$3" -- "$S/inventory" | tail -n 1)" = "$2" ]; then
    if [ -d "$1" ]; then rmdir -- "$1" 2>/dev/null || return 1; fi
    record "$3"
  else
    [ ! -d "$1" ]
  fi
}
keep() { # PATH PREIMAGE: keeps what is there
  if [ -e "$2" ] || [ -e "$2.new" ]; then rm -rf -- "$2" "$2.new"; fi
  if [ -L "$1" ] || [ -e "$1" ]; then
    (umask 077; mkdir -- "$2.new")
    if [ -d "$1" ] && [ ! -L "$1" ]; then
      mkdir -- "$2.new/content"; chown --reference="$1" -- "$2.new/content"; chmod --reference="$1" -- "$2.new/content"
    else
      cp -a -- "$1" "$2.new/content"
    fi
    mv -T -- "$2.new" "$2"; sync -f -- "$S"
  fi
}
kept() { [ -L "$1/content" ] || [ -e "$1/content" ]; }
restore() { # PATH BESIDE PREIMAGE: puts it back
  if [ -d "$3/content" ] && [ ! -L "$3/content" ]; then
    if [ -d "$1" ]; then chown --reference="$3/content" -- "$1"; chmod --reference="$3/content" -- "$1"; fi
  else
    rm -f -- "$2"; cp -a -- "$3/content" "$2"; mv -fT -- "$2" "$1"
  fi
}
"""

_EMPTY: Final = """\
$2 == "parent" || $2 == "package" { next }
$1 == "+" { live[$2 " " $3] = 1 }
$1 == "-" { delete live[$2 " " $3] }
END { for (one in live) exit 1 }"""


def _tail(works: Sequence[Work]) -> str:
    """After removals: systemd learns which of its files are gone, and with the last thing goes the record itself."""
    removals = [work.step.resource for work in works if work.step.action is Action.REMOVE]
    if not removals:
        return ""
    units = any(r.name.startswith(_SYSTEMD_FOLDERS) for r in removals if isinstance(r, File))
    reload = "[ -d /run/systemd/system ] && systemctl daemon-reload\n" if units else ""
    return f"""{reload}exec 9>"$S/lock"; flock 9
if awk {quote(_EMPTY)} "$S/inventory"; then
  rm -rf -- "$S"; rmdir -- /var/cache/hardway/blobs /var/cache/hardway 2>/dev/null
fi
exit 0
"""


def fragment(work: Work) -> str:
    """The text of one step, run under `set -e` with the functions of the script's head."""
    remove = work.step.action is Action.REMOVE
    match work.step.resource:
        case Directory() as directory:
            return paths.remove_directory(directory) if remove else paths.directory(work, directory)
        case File() as file:
            return paths.remove(file) if remove else paths.file(work, file)
        case Program() as program:
            return paths.remove(program) if remove else paths.program(work, program)
        case Image() as image:
            return services.remove_image(image) if remove else services.image(work, image)
        case Unit() as unit:
            return services.remove_unit(unit) if remove else services.unit(work, unit)
        case UnitOff() as unit_off:
            return services.remove_unit_off(work, unit_off) if remove else services.unit_off(work, unit_off)
    return _system_fragment(work, remove)


def _system_fragment(work: Work, remove: bool) -> str:
    match work.step.resource:
        case SystemUser() as user:
            return system.remove_user(work, user) if remove else system.user(work, user)
        case Packages() as packages:
            return system.remove_packages(work, packages) if remove else system.packages(work, packages)
        case KernelSetting() as setting:
            return kernel.remove_setting(work, setting) if remove else kernel.setting(work, setting)
        case KernelModule() as module:
            return kernel.remove_module(module) if remove else kernel.module(work, module)
        case SwapOff() as swap:
            return kernel.remove_swap(swap) if remove else kernel.swap(work, swap)
        case HostName() as hostname:
            return system.remove_hostname(work, hostname) if remove else system.hostname(work, hostname)
    raise ValueError(f"no script for {work.step.id}")
