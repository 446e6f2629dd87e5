"""Units of systemd and container images as shell text. Pure."""

from __future__ import annotations

from shlex import quote
from typing import Final

from hardway.machines import inventory
from hardway.machines.inventory import STARTED
from hardway.machines.scripts.work import Work, forget, record, record_was
from hardway.machines.shell import PATH, checked_unit
from hardway.resources.host import Image, Unit, UnitOff

_CTR = "ctr -n k8s.io images"


def unit(work: Work, unit: Unit) -> str:
    """Enables the unit and starts it anew; returns when systemd calls it started, within the unit's own deadline.

    Failures of before are forgotten first: systemd counts them, and refuses to start what started too often
    (StartLimitBurst=, systemd.unit(5)).

    A reload takes systemd longer than a start. A unit that was not there is read when it is first named and needs none,
    though systemd asks for one as soon as any other unit was enabled (257). It is enabled before it is first shown:
    what `show` says of that is kept until a reload. Where there is a SysV script as well, its hooks would cost two
    reloads more ($SYSTEMCTL_SKIP_SYSV, systemd's docs/ENVIRONMENT.md).
    """
    stale = "*LoadState=not-found*" + ("|*NeedDaemonReload=yes*" if work.step.seen.exists else "")
    name = quote(checked_unit(unit.unit))
    late = quote(f"systemd did not call it started within {unit.ready_within:g} s")
    return f"""{record(work)}rm -f -- {STARTED}/{name}
enabled=$(systemctl is-enabled -- {name} 2>/dev/null || :)
[ "$enabled" = enabled ] || call env SYSTEMCTL_SKIP_SYSV=1 systemctl --no-reload --quiet enable -- {name}
case $(systemctl show -p LoadState,NeedDaemonReload -- {name}) in {stale}) systemctl daemon-reload ;; esac
systemctl reset-failed -- {name} 2>/dev/null || :
{_ports_are_free(unit)}rc=0; call timeout {unit.ready_within:.3f} systemctl restart -- {name} || rc=$?
[ $rc -ne 124 ] || echo {late}
exit $rc"""


_PORTS_ARE_FREE: Final = """\
case $(systemctl is-active -- {name} 2>/dev/null) in inactive|failed)
  listens='$4 == "0A" && $2 ~ /:({hexadecimal})$/ {{ found = 1 }} END {{ exit !found }}'
  if awk "$listens" /proc/net/tcp /proc/net/tcp6; then
    echo {taken} "$(ss -Hltnp '{filter}' 2>/dev/null || :)"; exit 1
  fi ;;
esac
"""


def _ports_are_free(unit: Unit) -> str:
    """A unit whose port another program has would be started over and over, for as long as it has time to get ready.

    Looks at sockets that listen (state 0A), as proc(5) shows them, while the unit does not run.
    """
    ports = sorted({*unit.ports, *([unit.ready.port] if unit.ready else ())})
    if not ports:
        return ""
    said = " or ".join(map(str, ports))
    return _PORTS_ARE_FREE.format(
        name=quote(checked_unit(unit.unit)),
        hexadecimal="|".join(f"{port:04X}" for port in ports),
        taken=quote(f"port {said} is taken by another program:"),
        filter=" or ".join(f"sport = :{port}" for port in ports),
    )


def started(unit: Unit, inputs: str) -> str:
    """The script that writes down what a unit was started with, once it has proved ready."""
    stamp = f"{STARTED}/{checked_unit(unit.unit)}"
    new = quote(f"{stamp}.new")
    return f"umask 077; printf '%s\\n' {quote(inputs)} > {new} && mv -f -- {new} {quote(stamp)}"


def state(unit: str) -> str:
    """The script that prints a unit's ActiveState."""
    return f"PATH={PATH}; systemctl show -p ActiveState --value -- {quote(checked_unit(unit))}"


def evidence(unit: str) -> str:
    """The script that shows why a unit does not do its work."""
    name = quote(checked_unit(unit))
    return f"""PATH={PATH}; LC_ALL=C; export PATH LC_ALL; exec 2>&1
systemctl --no-pager --full --lines=0 status -- {name}
journalctl --no-pager -o cat -n 30 -u {name}
"""


def remove_unit(unit: Unit) -> str:
    """Stops and disables it; one whose file is gone already is nothing to stop."""
    name = quote(checked_unit(unit.unit))
    return f"""case $(systemctl show -p LoadState -- {name}) in *not-found) ;; *)
  systemctl --quiet disable --now -- {name} || call systemctl stop -- {name}
  systemctl reset-failed -- {name} 2>/dev/null || :
;; esac
{forget(unit)}rm -f -- {STARTED}/{name}"""


def unit_off(work: Work, unit: UnitOff) -> str:
    """Stops and masks it."""
    name = quote(checked_unit(unit.unit))
    was = record_was(work, work.step.seen.attributes.get("state", ""))
    return f"{was}call systemctl stop -- {name}\ncall systemctl --quiet mask -- {name}"


def remove_unit_off(work: Work, unit: UnitOff) -> str:
    """Lets it be as it was: enabled, running, or neither."""
    name, was = quote(checked_unit(unit.unit)), work.step.seen.attributes.get("was", "").split()
    enable = f"call systemctl --quiet enable -- {name}\n" if "enabled" in was else ""
    start = f"call systemctl start -- {name}\n" if "active" in was else ""
    return f"call systemctl --quiet unmask -- {name}\n{enable}{start}{forget(unit)}"


def image(work: Work, image: Image) -> str:
    """Imports the archive and records which digest containerd gave it (a docker archive gets another one).

    `--local`: containerd's transfer service, which ctr asks otherwise, takes nearly twice the processor time.
    """
    reference, blob = quote(image.reference), quote(work.blob)
    absent = quote(f"the archive holds no image {image.reference}")
    line = inventory.made(image.kind, image.name, {"digest": work.digest, "target": ""})
    return f"""{record(work, blob=image.blob, unit=image.unit)}call {_CTR} import --local {blob}
target=$({_CTR} ls name=={reference} | awk 'NR > 1 {{ print $3 }}')
[ -n "$target" ] || {{ echo {absent}; exit 1; }}
record {quote(line)}"$target"
{":" if work.shared else f"rm -f -- {blob}"}"""


def remove_image(image: Image) -> str:
    """Where containerd no longer runs, its images are its data's business."""
    return (
        f"if [ -S /run/containerd/containerd.sock ]; then {_CTR} rm {quote(image.reference)} || :; fi\n{forget(image)}"
    )
