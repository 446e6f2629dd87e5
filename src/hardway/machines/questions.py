"""All that is asked of a machine, as one script for one round trip; `answers` reads what it prints. Pure.

Few processes are started there: one `stat` over all paths, one `sha256sum` over all files, one `systemctl show` over
all units. Paths go in and come out separated by NUL, the one byte that no path holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from shlex import quote
from typing import Final

from hardway.machines.inventory import CLUSTER, INVENTORY, LOCK, STARTED
from hardway.machines.shell import PATH, checked_path, checked_unit, setting_path
from hardway.resources.base import Resource
from hardway.resources.host import (
    Directory,
    File,
    Image,
    KernelModule,
    KernelSetting,
    Packages,
    Program,
    SystemUser,
    Unit,
    UnitOff,
)

_CLOCKS: Final = "chrony.service chronyd.service systemd-timesyncd.service ntpsec.service ntp.service ntpd.service"
_UPLINKS: Final = "/run/systemd/resolve/resolv.conf"
"""What systemd-resolved itself asks (systemd-resolved.service(8)); /etc/resolv.conf then names only its stub."""


def observe_script(resources: Sequence[Resource]) -> str:
    """The script that asks all that `answers.parse` needs to know about these resources of one machine."""
    parts = [_HEAD, *(ask(resources) for ask in _QUESTIONS), "say end\n"]
    return "".join(parts)


_HEAD: Final = f"""PATH={PATH}; LC_ALL=C; QUOTING_STYLE=literal; export PATH LC_ALL QUOTING_STYLE
exec 2>/dev/null </dev/null
say() {{ printf '\\0\\0%s\\0' "$1"; }}
one() {{ v=; [ -r "$2" ] && read -r v < "$2"; printf '%s %s\\n' "$1" "$v"; }}
if [ -e {LOCK} ]; then exec 9<{LOCK}; flock -s -w 20 9 || {{ say busy; echo yes; }}; fi
say facts
printf 'uname %s\\n' "$(uname -rm)"
one hostname /proc/sys/kernel/hostname
one static /etc/hostname
one boot /proc/sys/kernel/random/boot_id
one cluster {CLUSTER}
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then echo cgroup v2; else echo cgroup v1; fi
[ -e /run/systemd/container ] && echo container yes
while read -r k v; do [ "$k" = CapEff: ] && echo "capabilities $v"; done < /proc/self/status
swap=off; n=0
while read -r a b; do n=$((n + 1)); [ $n -gt 1 ] && swap=on; done < /proc/swaps
while read -r a b c d; do case $a in \\#*) ;; *) [ "$c" = swap ] && swap=on ;; esac; done < /etc/fstab
echo "swap $swap"
[ -e /sys/fs/selinux/enforce ] && echo selinux yes
[ -n "${{SSH_CONNECTION:-}}" ] && echo "connection $SSH_CONNECTION"
for u in {_CLOCKS}; do
  for d in /etc/systemd/system/*.wants; do
    [ -e "$d/$u" ] && {{ [ -s "/etc/systemd/system/$u" ] || [ ! -L "/etc/systemd/system/$u" ]; }} && echo "time $u"
  done
done
servers() {{ while read -r a b c; do [ "$a" = nameserver ] && n="$n $b"; done < "$1"; }}
f=/etc/resolv.conf; n=; servers $f
case $n in *127.0.0.53*) [ -s {_UPLINKS} ] && f={_UPLINKS} && n= && servers $f ;; esac
echo "resolv $f$n"
if [ ! -e {CLUSTER} ]; then
  if [ -e /run/reboot-required ]; then echo reboot due
  elif command -v needs-restarting >/dev/null && ! needs-restarting -r >/dev/null; then echo reboot due; fi
fi
say addresses; ip -4 addr
say os; cat /etc/os-release || cat /usr/lib/os-release
say inventory; [ -e {INVENTORY} ] && cat {INVENTORY}
"""


def _arguments(names: Iterable[str]) -> str:
    return " ".join(map(quote, names))


def _over(paths: Sequence[str], command: str) -> str:
    """The command over all paths, however many: printf is built in, and xargs keeps within the kernel's limit."""
    for path in paths:
        checked_path(path)
    return f"printf '%s\\0' {_arguments(paths)} | xargs -0 {command}\n" if paths else ""


_STAT: Final = "stat --printf '%n\\0%F\\0%a\\0%U\\0%G\\0%s:%.9Y:%.9Z:%i\\0%N\\0' --"


def _ask_paths(resources: Sequence[Resource]) -> str:
    paths = [r.path for r in resources if isinstance(r, File | Program)]
    beneath = [r.path for r in resources if isinstance(r, Directory | Program)]
    files = [r.path for r in resources if isinstance(r, File)]
    followed = _STAT.replace("stat", "stat -L", 1)
    return (
        f"say paths; {_over(paths, _STAT) or ':'}\nsay beneath; {_over(beneath, followed) or ':'}\n"
        f"say hashes; {_over(files, 'sha256sum -z --') or ':'}\n"
    )


def hash_script(paths: Sequence[str]) -> str:
    """The script that hashes these paths; `answers.parse_hashes` reads its answer."""
    return f"PATH={PATH}; exec 2>/dev/null\n{_over(paths, 'sha256sum -z --')}"


def _ask_users(resources: Sequence[Resource]) -> str:
    users = [r.user for r in resources if isinstance(r, SystemUser)]
    return f"say users; getent passwd -- {_arguments(users)}\n" if users else ""


def _ask_units(resources: Sequence[Resource]) -> str:
    units = [checked_unit(r.unit) for r in resources if isinstance(r, Unit | UnitOff)]
    if not units:
        return ""
    stamps = "".join(f"one {quote(unit)} {STARTED}/{quote(unit)}\n" for unit in units)
    properties = "Id,Names,LoadState,ActiveState,UnitFileState"
    return f"say started\n{stamps}say units; systemctl show -p {properties} -- {_arguments(units)}\n"


def _ask_settings(resources: Sequence[Resource]) -> str:
    keys = [r.key for r in resources if isinstance(r, KernelSetting)]
    reads = "".join(
        f"[ -r {quote(setting_path(key))} ] && one {quote(key)} {quote(setting_path(key))}\n" for key in keys
    )
    return f"say settings\n{reads}" if keys else ""


def _ask_modules(resources: Sequence[Resource]) -> str:
    modules = [r.module for r in resources if isinstance(r, KernelModule)]
    if not modules:
        return ""
    asks = "".join(f"module {quote(module)} {quote(module.replace('-', '_'))}\n" for module in modules)
    # Without any modules for the running kernel there is nothing to load: what it has is built in.
    return f"""say modules
files=/lib/modules/$(uname -r)
module() {{
  if [ -e "/sys/module/$2" ] || [ ! -d "$files" ] || grep -qs "/$2\\.ko" "$files/modules.builtin" ||
    grep -qsw "$1" /proc/filesystems; then echo "$1"; fi
}}
{asks}"""


def _ask_packages(resources: Sequence[Resource]) -> str:
    names = sorted({name for r in resources if isinstance(r, Packages) for name in r.names})
    if not names:
        return ""
    listed = _arguments(names)
    return (
        "say packages\n"
        "if command -v dpkg-query >/dev/null; then "
        f"dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n' -- {listed}; "
        f"else rpm -q --qf '%{{NAME}} installed\\n' -- {listed}; fi\n"
    )


def _ask_images(resources: Sequence[Resource]) -> str:
    if not any(isinstance(r, Image) for r in resources):
        return ""
    return "say images; [ -S /run/containerd/containerd.sock ] && timeout 10 ctr -n k8s.io images ls\n"


_QUESTIONS: Final[tuple[Callable[[Sequence[Resource]], str], ...]] = (
    _ask_paths,
    _ask_users,
    _ask_units,
    _ask_settings,
    _ask_modules,
    _ask_packages,
    _ask_images,
)
