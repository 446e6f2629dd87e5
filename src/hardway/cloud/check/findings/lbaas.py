"""Whether neutron-lbaas moves load balancers away from a network node that has died: only neutron.conf tells."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Final

from hardway.cloud.check.faults import BadCloud
from hardway.cloud.check.report import Finding, Standing

OPTION: Final = "allow_automatic_lbaas_agent_failover"
TRUE: Final = frozenset({"true", "1", "on", "yes", "t", "y"})
"""What oslo.config takes for true, in any case."""


def option_in(file: Path) -> str:
    """What neutron.conf says of it; its default, false, where it says nothing.

    The file is as oslo.config reads it: without interpolation, and where an option stands twice the last one holds.
    Raises BadCloud for what is no such file.
    """
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, allow_no_value=True, default_section="", delimiters=("=", ":")
    )
    try:
        parser.read_string(file.read_text(encoding="utf-8"), source=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BadCloud(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except configparser.Error as error:
        where = " ".join(str(error).split())
        raise BadCloud(f"{file} is no configuration of Neutron: {where}") from error
    return parser.get("DEFAULT", OPTION, fallback=None) or "false"


def failover(option: str | None, *, lbaasv2: bool) -> Finding:
    """By what neutron.conf says; None where there was none to read. Pure."""
    if not lbaasv2:
        return Finding(OPTION, Standing.FINE, "the cloud has no neutron-lbaas, whose option it is")
    if option is None:
        return Finding(OPTION, Standing.NOT_KNOWN, "only neutron.conf tells: give it as --neutron-conf FILE")
    if option.strip().lower() in TRUE:
        return Finding(OPTION, Standing.FINE, f"{option}: load balancers leave a network node that has died")
    advice = f"{OPTION} = true under [DEFAULT] of neutron.conf, and more than one neutron-lbaasv2-agent."
    return Finding(OPTION, Standing.AMISS, f"{option}: load balancers die with their network node", advice)
