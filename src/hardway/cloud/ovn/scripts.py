"""How OVN's daemons are started: shell scripts for its centre and for each chassis, run anew at each start. Pure.

A daemon told to `--detach` goes on when it serves, so each line finds what it needs. services/watched.py runs a script
and ends all daemons of it when one of them ends.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from hardway.cloud.configuration.settings import PHYSICAL_NETWORK, Settings
from hardway.cloud.ovn.programs import schema
from hardway.cloud.places import ChassisPlace, CloudPlace

TUNNEL_NETWORK = "172.30.0"
"""Within the cloud's namespaces alone."""
BFD_MILLISECONDS, BFD_MISSES = 300, 4
"""How often gateways ask each other, and after how many silences another one takes over (RFC 5880). OVN's own second
would cost three seconds and more; shorter than this, a busy computer takes the living for dead."""

INTEGRATION, EXTERNAL, TUNNEL = "br-int", "br-ex", "br-phy"
"""The bridges of a chassis. Servers are plugged into the first."""
CABLE_EXTERNAL, CABLE_TUNNEL = "ex", "phy"
"""The links that lead from a chassis to the fabric."""


def central_script(settings: Settings) -> str:
    """The northbound and the southbound database, and what translates the one into the other."""
    place = settings.place
    options = {
        # Neutron sets it some 20 s after its start. Until then OVN answers for a load balancer's address with that of
        # its unbound port, and whoever asked finds nobody.
        "ignore_lsp_down": "false",
        "bfd-min-tx": str(BFD_MILLISECONDS),
        "bfd-min-rx": str(BFD_MILLISECONDS),
        "bfd-mult": str(BFD_MISSES),
    }
    north, south = f"unix:{place.northbound}", f"unix:{place.southbound}"
    return _script(
        _header(settings, place.run),
        *_database(settings, "nb", place.ovn / "nb.db", place.northbound, "ovn/ovn-nb"),
        *_database(settings, "sb", place.ovn / "sb.db", place.southbound, "ovn/ovn-sb"),
        ("ovn-nbctl", f"--db={north}", "init"),
        ("ovn-nbctl", f"--db={north}", "set", "NB_Global", ".", *(f"options:{k}={v}" for k, v in options.items())),
        ("ovn-sbctl", f"--db={south}", "init"),
        (
            *("ovn-northd", f"--ovnnb-db={north}", f"--ovnsb-db={south}"),
            *_daemon(place, place.run, "northd"),
        ),
    )


def chassis_script(settings: Settings, chassis: ChassisPlace) -> str:
    """Open vSwitch with its userspace datapath, and OVN's controller. Run in the chassis' network namespace."""
    place = settings.place
    database = f"unix:{chassis.socket}"
    address = tunnel_address(chassis.number)
    identity = {
        "system-id": chassis.name,
        "hostname": chassis.name,
        "ovn-remote": f"unix:{place.southbound}",
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": address,
        "ovn-bridge-datapath-type": "netdev",
        "ovn-bridge-mappings": f"{PHYSICAL_NETWORK}:{EXTERNAL}",
        "ovn-cms-options": "enable-chassis-as-gw",
        "ovn-monitor-all": "true",
    }
    configure = ("ovs-vsctl", f"--db={database}", "--no-wait")
    switch, controller = f"{chassis.name}-vswitchd", f"{chassis.name}-controller"
    return _script(
        _header(settings, chassis.run),
        *_database(settings, chassis.name, place.ovn / f"{chassis.name}.db", chassis.socket, "openvswitch/vswitch"),
        (*configure, "init"),
        (*configure, "set", "Open_vSwitch", ".", *(f"external_ids:{k}={v}" for k, v in identity.items())),
        (*configure, "--", *_bridges()),
        ("ovs-vswitchd", database, *_daemon(place, chassis.run, switch)),
        # Waits until vswitchd has made the bridges.
        ("ovs-vsctl", f"--db={database}", "--timeout=20", "set", "Open_vSwitch", ".", "external_ids:started=yes"),
        # Userspace tunnels: vswitchd finds the way out by this namespace's addresses and routes, and the address is on
        # the bridge that holds the cable.
        ("ip", "address", "replace", f"{address}/24", "dev", TUNNEL),
        ("ip", "link", "set", TUNNEL, "up"),
        ("ovn-controller", database, *_daemon(place, chassis.run, controller)),
    )


def tunnel_address(number: int) -> str:
    return f"{TUNNEL_NETWORK}.{number}"


def _header(settings: Settings, run: Path) -> str:
    """Where the programs are, and where they keep what no option names."""
    directories = ("OVS_RUNDIR", "OVN_RUNDIR", "OVS_DBDIR", "OVN_DBDIR")
    settled = (f"export {name}={shlex.quote(str(run))}" for name in directories)
    return "\n".join((f"PATH={shlex.quote(str(settings.programs))}:$PATH", *settled))


def _database(settings: Settings, name: str, file: Path, socket: Path, kind: str) -> tuple[str | tuple[str, ...], ...]:
    """A database, made if it is not there, and its server."""
    place, path = settings.place, shlex.quote(str(file))
    made = shlex.quote(str(schema(Path(settings.record.programs), kind)))
    return (
        f"[ -e {path} ] || ovsdb-tool create {path} {made}",
        ("ovsdb-server", f"--remote=punix:{socket}", *_daemon(place, socket.parent, f"{name}-ovsdb"), str(file)),
    )


def _daemon(place: CloudPlace, run: Path, name: str) -> tuple[str, ...]:
    """Options that all daemons share: go on when you serve; where the log and the control socket are."""
    return (
        "--detach",
        "--no-chdir",
        f"--pidfile={run / name}.pid",
        f"--log-file={place.log / name}.log",
        "-vconsole:off",
        f"--unixctl={run / name}.ctl",
    )


def _bridges() -> tuple[str, ...]:
    """All bridges in one transaction: in userspace, and the cables in them."""
    bridges = (
        ("--may-exist", "add-br", INTEGRATION),
        ("set", "bridge", INTEGRATION, "datapath_type=netdev", "fail-mode=secure"),
        ("--may-exist", "add-br", EXTERNAL),
        ("set", "bridge", EXTERNAL, "datapath_type=netdev"),
        ("--may-exist", "add-port", EXTERNAL, CABLE_EXTERNAL),
        ("--may-exist", "add-br", TUNNEL),
        ("set", "bridge", TUNNEL, "datapath_type=netdev"),
        ("--may-exist", "add-port", TUNNEL, CABLE_TUNNEL),
    )
    first, *others = bridges
    return (*first, *(word for command in others for word in ("--", *command)))


def _script(header: str, *commands: str | tuple[str, ...]) -> str:
    lines = (command if isinstance(command, str) else shlex.join(command) for command in commands)
    return "\n".join((header, *lines)) + "\n"
