"""All that is asked of a machine, in one round trip: the script that asks, and the parser of its answer. Pure.

Few processes are started there: one `stat` over all paths, one `sha256sum` over all files, one `systemctl show` over
all units. Paths go in and come out separated by NUL, the one byte that no path holds.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from hardway.components.facts import DEFAULT_FACTS, Facts
from hardway.machines.inventory import CLUSTER, INVENTORY, LOCK, STARTED, Entry, Key
from hardway.machines.inventory import parse as parse_inventory
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

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/cni/bin"

_RESOURCE_CAPABILITY: Final = 1 << 24
"""CAP_SYS_RESOURCE (capabilities(7)): without it no oom_score_adj can be lowered."""

_UNIT_NAME: Final = re.compile(r"[A-Za-z0-9:_.\\@][-A-Za-z0-9:_.\\@]*")


_CLOCKS: Final = "chrony.service chronyd.service systemd-timesyncd.service ntpsec.service ntp.service ntpd.service"
_UPLINKS: Final = "/run/systemd/resolve/resolv.conf"
"""What systemd-resolved itself asks (systemd-resolved.service(8)); /etc/resolv.conf then names only its stub."""


class StrangeAnswer(Exception):
    """A machine's answer is not what the script prints: it was cut off, or something else answered."""


@dataclass(frozen=True, slots=True)
class PathSeen:
    """What lstat(2) says of a path."""

    type: str
    """As stat(1) says it: regular file, directory, symbolic link, ..."""
    mode: str
    """Four octal digits."""
    owner: str
    """The user's name where the group's is the same, else user:group."""
    signature: str
    """Size, times of change and inode: the same as long as nobody wrote to it."""
    target: str | None
    """Where a symbolic link leads."""


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """What systemd says of a unit."""

    load: str
    active: str
    enabled: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A machine at one moment."""

    facts: Facts
    hostname: str
    static_hostname: str
    boot_id: str
    cluster: str | None
    """The id of the cluster that it belongs to."""
    owned: Mapping[Key, Entry]
    busy: bool
    """A script of an earlier run is still at work there."""
    paths: Mapping[str, PathSeen]
    beneath: Mapping[str, PathSeen]
    """What symbolic links lead to, and directories."""
    hashes: Mapping[str, str]
    users: frozenset[str]
    units: Mapping[str, UnitSeen]
    started: Mapping[str, str]
    """By unit: the digest of what it read when it last proved ready."""
    settings: Mapping[str, str]
    modules: frozenset[str]
    swap: bool
    reboot: bool
    """Nothing of ours is on it yet, and its distribution asks for a restart: by the file of Debian's update-notifier
    and unattended-upgrades, or by needs-restarting(1) of Red Hat's."""
    packages: frozenset[str]
    images: Mapping[str, str]
    """Manifest digests by reference, as containerd has them."""


def observe_script(resources: Sequence[Resource]) -> str:
    """The script that asks all that `parse` needs to know about these resources of one machine."""
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


def checked_path(path: str) -> str:
    """The path; ValueError for one that is not absolute or holds a NUL."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"no absolute path: {path!r}")
    return path


def checked_unit(unit: str) -> str:
    """The unit's name; ValueError for what cannot be one (systemd.unit(5))."""
    if not _UNIT_NAME.fullmatch(unit):
        raise ValueError(f"no name of a unit: {unit!r}")
    return unit


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
    """The script that hashes these paths; `parse_hashes` reads its answer."""
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


def setting_path(key: str) -> str:
    """The file of a sysctl, by sysctl(8)'s rule: the first separator, . or /, is the one between levels."""
    separators = [character for character in key if character in "./"]
    if separators and separators[0] == ".":
        key = key.translate(str.maketrans("./", "/."))
    if not key or key.startswith("/") or ".." in key.split("/"):
        raise ValueError(f"no sysctl: {key!r}")
    return f"/proc/sys/{key}"


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


def parse(answer: bytes, address: str | None = None) -> Observation:
    """What the script's output says; `address` is the machine's own, where it is known.

    Raises StrangeAnswer for one that is not whole.
    """
    sections = _sections(answer)
    if "facts" not in sections or "end" not in sections:
        raise StrangeAnswer(f"the answer is not whole: it ends with {answer[-60:]!r}")
    facts = dict(_words(sections["facts"]))
    return Observation(
        facts=_facts(facts, sections, address),
        hostname=facts.get("hostname", ""),
        static_hostname=facts.get("static", ""),
        boot_id=facts.get("boot", ""),
        cluster=facts.get("cluster") or None,
        owned=parse_inventory(_text(sections.get("inventory", b""))),
        busy="busy" in sections,
        paths=_paths(sections.get("paths", b"")),
        beneath=_paths(sections.get("beneath", b"")),
        hashes=parse_hashes(sections.get("hashes", b"")),
        users=frozenset(line.split(":")[0] for line in _text(sections.get("users", b"")).splitlines()),
        units=_units(_text(sections.get("units", b""))),
        started={unit: stamp for unit, stamp in _words(sections.get("started", b"")) if stamp},
        settings={key: " ".join(value.split()) for key, value in _words(sections.get("settings", b""))},
        modules=frozenset(_text(sections.get("modules", b"")).split()),
        swap=facts.get("swap") == "on",
        reboot="reboot" in facts,
        packages=frozenset(name for name, state in _words(sections.get("packages", b"")) if state == "installed"),
        images=_images(_text(sections.get("images", b""))),
    )


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _words(data: bytes) -> Iterable[tuple[str, str]]:
    """Each line's first word and the rest of it."""
    for line in _text(data).splitlines():
        first, _, rest = line.partition(" ")
        yield first, rest


def _sections(answer: bytes) -> Mapping[str, bytes]:
    """Two NULs and a name begin a section. What `stat` and `sha256sum` end with a NUL of their own keeps it apart."""
    found: dict[str, bytes] = {}
    for part in re.split(rb"\0\0(?=[a-z]+\0)", answer)[1:]:
        name, _, body = part.partition(b"\0")
        found[name.decode()] = body
    return found


def _facts(facts: Mapping[str, str], sections: Mapping[str, bytes], address: str | None) -> Facts:
    kernel, _, arch = facts.get("uname", "").partition(" ")
    os = dict(_os_release(_text(sections.get("os", b""))))
    resolv_conf, *nameservers = facts.get("resolv", DEFAULT_FACTS.resolv_conf).split()
    _, _, reached, *_ = [*facts.get("connection", "").split(), "", "", ""]
    interface, mtu = _interface(_text(sections.get("addresses", b"")), address or reached)
    return Facts(
        os_id=os.get("ID", "linux"),
        os_version=os.get("VERSION_ID", ""),
        arch=arch,
        kernel=kernel,
        cgroup="v2" if facts.get("cgroup") == "v2" else "v1",
        restricted_oom=not int(facts.get("capabilities") or "0", 16) & _RESOURCE_CAPABILITY,
        container="container" in facts,
        interface=interface,
        mtu=mtu,
        resolv_conf=resolv_conf,
        nameservers=tuple(sorted(nameservers)),
        time_unit=facts.get("time"),
        selinux="selinux" in facts,
    )


_LINK: Final = re.compile(r"^\d+: ([^:@]+)(?:@[^:]+)?: .*\bmtu (\d+)")


def _interface(shown: str, address: str) -> tuple[str, int]:
    """The interface with that address and its MTU, from `ip -4 addr`; /sys shows a container the host's instead."""
    link = DEFAULT_FACTS.interface, DEFAULT_FACTS.mtu
    for line in shown.splitlines():
        if match := _LINK.match(line):
            link = match[1], int(match[2])
        elif line.strip().startswith(f"inet {address}/"):
            return link
    return DEFAULT_FACTS.interface, DEFAULT_FACTS.mtu


def _os_release(text: str) -> Iterable[tuple[str, str]]:
    """Assignments in a shell's syntax (os-release(5)), read without a shell."""
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals or name.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            continue
        yield name, words[0] if words else ""


_FIELDS: Final = 7


def _paths(data: bytes) -> Mapping[str, PathSeen]:
    fields = _text(data).split("\0")
    rows = (fields[start : start + _FIELDS] for start in range(0, len(fields) - _FIELDS + 1, _FIELDS))
    return {row[0]: _path(*row) for row in rows}


def _path(name: str, kind: str, mode: str, user: str, group: str, signature: str, arrow: str) -> PathSeen:
    target = arrow.removeprefix(f"{name} -> ") if kind == "symbolic link" else None
    return PathSeen(kind, mode.zfill(4), user if user == group else f"{user}:{group}", signature, target)


def parse_hashes(data: bytes) -> Mapping[str, str]:
    """Hashes by path, from the output of `sha256sum -z`."""
    rows = (row.partition("  ") for row in _text(data).split("\0") if row)
    return {path: sha256 for sha256, _, path in rows}


def _units(text: str) -> Mapping[str, UnitSeen]:
    found: dict[str, UnitSeen] = {}
    for block in text.split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        seen = UnitSeen(*(properties.get(key, "") for key in ("LoadState", "ActiveState", "UnitFileState")))
        for name in (properties.get("Id", ""), *properties.get("Names", "").split()):
            found[name] = seen
    return found


def _images(text: str) -> Mapping[str, str]:
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row[2] for row in rows if len(row) > 2 and row[2].startswith("sha256:")}
