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
    """Makes the user, in the group of its name where that is there already."""
    name, home = _user_name(user.user), quote(user.home)
    return f"""{record(work)}if getent passwd {name} >/dev/null; then exit 0; fi
if getent group {name} >/dev/null; then group='--gid {name}'; else group=--user-group; fi
shell=/usr/sbin/nologin; [ -x $shell ] || shell=/bin/false
useradd --system --no-create-home --home-dir {home} --shell $shell $group {name}"""


def remove_user(user: SystemUser) -> str:
    """Takes the user and its group away."""
    name = _user_name(user.user)
    return f"""if getent passwd {name} >/dev/null; then userdel {name}; fi
if getent group {name} >/dev/null; then groupdel {name}; fi
{forget(user)}"""


_INSTALL: Final = """\
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=120 update
  apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold install --no-install-recommends -- {names}
elif command -v dnf >/dev/null; then dnf -y -q install -- {names}
elif command -v yum >/dev/null; then yum -y -q install -- {names}
elif command -v zypper >/dev/null; then zypper --non-interactive --quiet install --no-recommends -- {names}
else echo 'none of apt-get, dnf, yum, zypper is here: install by hand:' {names}; exit 1
fi"""

_UNINSTALL: Final = """\
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 purge -- {names}
elif command -v dnf >/dev/null; then dnf -y -q remove -- {names}
elif command -v yum >/dev/null; then yum -y -q remove -- {names}
elif command -v zypper >/dev/null; then zypper --non-interactive --quiet remove -- {names}
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
