"""Kernel settings, modules and swap as shell text. Pure."""

from __future__ import annotations

from shlex import quote

from hardway.machines.scripts.paths import preimage
from hardway.machines.scripts.work import Work, beside, forget, record, record_was
from hardway.machines.shell import setting_path
from hardway.resources.host import KernelModule, KernelSetting, SwapOff

_FSTAB = "/etc/fstab"


def setting(work: Work, setting: KernelSetting) -> str:
    """Writes the live value; remembers the one before."""
    path = quote(setting_path(setting.key))
    missing = quote(f"this kernel has no setting {setting.key}; is a module missing?")
    was = record_was(work, work.step.seen.attributes.get("value", ""))
    return f"[ -e {path} ] || {{ echo {missing}; exit 1; }}\n{was}printf '%s\\n' {quote(setting.value)} > {path}"


def remove_setting(work: Work, setting: KernelSetting) -> str:
    """Writes the value that it had before."""
    was, path = work.step.seen.attributes.get("was", ""), quote(setting_path(setting.key))
    back = f"if [ -e {path} ]; then printf '%s\\n' {quote(was)} > {path}; fi\n" if was else ""
    return f"{back}{forget(setting)}"


def module(work: Work, module: KernelModule) -> str:
    """Loads the module."""
    return f"{record(work)}call modprobe -- {quote(module.module)}"


def remove_module(module: KernelModule) -> str:
    """Unloads the module where nothing uses it."""
    return f"modprobe -r -- {quote(module.module)} || :\n{forget(module)}"


def swap(work: Work, swap: SwapOff) -> str:
    """Turns swap off, and comments it out of /etc/fstab."""
    new = beside(_FSTAB)
    keep = "" if work.step.seen.owned else f"keep {_FSTAB} {preimage(_FSTAB)}\n"
    return f"""{keep}{record(work)}call swapoff -a
if [ -e {_FSTAB} ]; then
  awk '$1 !~ /^#/ && $3 == "swap" {{ print "# hardway: " $0; next }} {{ print }}' {_FSTAB} > {new}
  chmod --reference={_FSTAB} -- {new}
  mv -fT -- {new} {_FSTAB}
fi"""


def remove_swap(swap: SwapOff) -> str:
    """Takes the comments out again and turns swap on."""
    new = beside(_FSTAB)
    return f"""if [ -e {_FSTAB} ]; then
  sed 's/^# hardway: //' {_FSTAB} > {new}
  chmod --reference={_FSTAB} -- {new}
  mv -fT -- {new} {_FSTAB}
fi
call swapon -a
{forget(swap)}rm -rf -- {preimage(_FSTAB)}"""
