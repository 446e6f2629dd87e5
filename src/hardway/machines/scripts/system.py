"""Users, packages and the host's name as shell text. Pure."""

from __future__ import annotations

import re
from shlex import quote
from typing import Final

from hardway.machines import inventory
from hardway.machines.inventory import PACKAGE
from hardway.machines.scripts.work import Work, beside, forget, record, record_was
from hardway.resources.host import HostName, Packages, SystemUser

_USER_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


def _user_name(user: str) -> str:
    if not _USER_NAME.fullmatch(user):
        raise ValueError(f"no name of a user (useradd(8)): {user!r}")
    return user


def user(work: Work, user: SystemUser) -> str:
    """Makes the user, in the group of its name where that is there already; then the group's number is remembered."""
    name, home = _user_name(user.user), quote(user.home)
    return f"""{_record_user(work, name)}if getent passwd {name} >/dev/null; then exit 0; fi
if getent group {name} >/dev/null; then group='--gid {name}'; else group=--user-group; fi
shell=/usr/sbin/nologin; [ -x $shell ] || shell=/bin/false
call useradd --system --no-create-home --home-dir {home} --shell $shell $group {name}"""


def _record_user(work: Work, name: str) -> str:
    """A group that is found when the user is recorded for the first time is somebody else's."""
    if work.step.seen.owned:
        return record(work)
    ours, theirs = record(work).rstrip(), record(work, was="GROUP").rstrip().replace("GROUP", "'$group'")
    return f"""group=$(getent group {name} | cut -d : -f 3)
if [ -n "$group" ]; then {theirs}; else {ours}; fi
"""


def remove_user(work: Work, user: SystemUser) -> str:
    """Takes the user away, and its group unless that was there before it.

    userdel(8) takes the group along where login.defs(5) has USERGROUPS_ENAB: one of somebody else's is made again.
    """
    name = _user_name(user.user)
    group = work.step.seen.attributes.get("was", "")
    if group.isdecimal():
        settled = f"if ! getent group {name} >/dev/null; then call groupadd --system --gid {group} {name}; fi"
    else:
        settled = f"if getent group {name} >/dev/null; then call groupdel {name}; fi"
    return f"""if getent passwd {name} >/dev/null; then call userdel {name}; fi
{settled}
{forget(user)}"""


_INSTALL: Final = """\
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  call apt-get -q -o DPkg::Lock::Timeout=120 update
  set -- -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold
  call apt-get "$@" install --no-install-recommends -- {names}
elif command -v dnf >/dev/null; then call dnf -y -q install -- {names}
elif command -v yum >/dev/null; then call yum -y -q install -- {names}
elif command -v zypper >/dev/null; then call zypper --non-interactive --quiet install --no-recommends -- {names}
else echo 'none of apt-get, dnf, yum, zypper is here: install by hand:' {names}; exit 1
fi"""

_UNINSTALL: Final = """\
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  call apt-get -q -y -o DPkg::Lock::Timeout=120 purge -- {names}
elif command -v dnf >/dev/null; then call dnf -y -q remove -- {names}
elif command -v yum >/dev/null; then call yum -y -q remove -- {names}
elif command -v zypper >/dev/null; then call zypper --non-interactive --quiet remove -- {names}
fi
"""


def packages(work: Work, packages: Packages) -> str:
    """Installs those that are missing, with the distribution's own tool, and records each."""
    seen = work.step.seen.attributes.get("missing", "").split()
    missing = [name for name in packages.names if name in seen] or list(packages.names)
    ours = "".join(f"record {quote(inventory.made(PACKAGE, name, {}))}\n" for name in missing)
    return f"{ours}{record(work)}{_INSTALL.format(names=' '.join(map(quote, missing)))}"


def remove_packages(work: Work, packages: Packages) -> str:
    """Takes away those that were not there before and that nothing else wants."""
    names = work.step.seen.attributes.get("was", "").split()
    uninstall = _UNINSTALL.format(names=" ".join(map(quote, names))) if names else ""
    ours = "".join(f"record {quote(inventory.gone(PACKAGE, name))}\n" for name in names)
    return f"{uninstall}{ours}{forget(packages)}"


def hostname(work: Work, hostname: HostName) -> str:
    """Sets the name, now and after a reboot."""
    seen = work.step.seen.attributes
    return record_was(work, seen.get("static", seen.get("hostname", ""))) + _named(hostname.hostname)


def _named(name: str) -> str:
    new = beside("/etc/hostname")
    return f"""printf '%s\\n' {quote(name)} > {new}
chmod 0644 {new}
mv -fT -- {new} /etc/hostname
hostname -- {quote(name)} 2>/dev/null || printf '%s\\n' {quote(name)} > /proc/sys/kernel/hostname
"""


def remove_hostname(work: Work, hostname: HostName) -> str:
    """Sets the name that it had before."""
    was = work.step.seen.attributes.get("was", "")
    return f"{_named(was) if was else ''}{forget(hostname)}"
