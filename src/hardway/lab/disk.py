"""A lab machine's disk: what is on it before the first boot, what it was made of, its console.

Touches the machine's own directory, and writes below its root only before it first boots (see hardway.lab.layers).
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path

from hardway.lab.faults import LabFault
from hardway.lab.files import write
from hardway.lab.keys import new_key_pair
from hardway.lab.layers import make_layers
from hardway.lab.places import MachinePlace
from hardway.sources.cache import cache_root

TERMINAL_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*(\x07|\x1b\\)|[ -/]*[0-~])")
"""Control sequences of ECMA-48, so that a machine's output cannot play with the operator's terminal."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a machine was made of. Its base stays, also when today's recipe makes another."""

    address: str
    suite: str
    base: str
    """Name of the base image's directory in the cache."""
    uuid: str

    @property
    def tree(self) -> Path:
        return cache_root() / "lab" / self.base


def read_record(machine: MachinePlace) -> Record | None:
    """What the machine was made of; None where it is not, or was not made to the end."""
    try:
        return Record(**json.loads(machine.record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def make_disk(
    machine: MachinePlace, address: IPv4Address, suite: str, tree: Path, client: str, remounts: bool
) -> Record:
    """A new disk with a name, an identity, and host keys of its own; what was there before is lost."""
    remove_disk(machine)
    machine.lab.directory.mkdir(parents=True, exist_ok=True)
    machine.lab.directory.chmod(0o700)
    upper = make_layers(machine.directory, remounts)
    record = Record(str(address), suite, tree.name, str(uuid.uuid4()))
    _fill(upper, machine, record, client)
    write(machine.record, json.dumps(asdict(record)), 0o600)
    return record


def change_address(machine: MachinePlace, record: Record, address: IPv4Address) -> Record:
    """The same disk under another address."""
    changed = Record(str(address), record.suite, record.base, record.uuid)
    write(machine.record, json.dumps(asdict(changed)), 0o600)
    return changed


def remove_disk(machine: MachinePlace) -> None:
    """Remove the machine's directory, if it is there. Nothing is mounted in it but in the machine's own namespace."""
    if machine.directory.exists():
        shutil.rmtree(machine.directory)


def _fill(upper: Path, machine: MachinePlace, record: Record, client: str) -> None:
    host = new_key_pair()
    for directory, mode in (("etc", 0o755), ("root", 0o700), ("root/.ssh", 0o700)):
        (upper / directory).mkdir(mode=mode, exist_ok=True)
    write(upper / "etc/hostname", f"{machine.name}\n")
    write(upper / "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {machine.name}\n::1 localhost\n")
    write(upper / "etc/resolv.conf", "# No name server: nothing beyond the lab's network is reachable.\n")
    write(upper / "etc/machine-id", record.uuid.replace("-", "") + "\n", 0o444)
    write(upper / "root/.ssh/authorized_keys", client + "\n", 0o600)
    write(upper / "etc/ssh/ssh_host_ed25519_key", host.private, 0o600)
    write(upper / "etc/ssh/ssh_host_ed25519_key.pub", host.public + "\n")
    write(machine.known_hosts, f"{machine.name} {host.public}\n")


def console_tail(machine: MachinePlace, lines: int = 12) -> str:
    """The last lines that the machine wrote to its console, without colours and cursor movements."""
    try:
        text = TERMINAL_SEQUENCE.sub("", machine.console.read_text(errors="replace"))
    except FileNotFoundError:
        return ""
    return "\n".join(line for line in text.splitlines()[-lines:] if line.strip())


def check_base(machine: MachinePlace, record: Record) -> None:
    """Raises LabFault where the image below the machine's disk is gone."""
    if not record.tree.is_dir():
        raise LabFault(
            f"{machine.name}: its base image {record.base} is no longer in the cache",
            advice="remove the lab and make it anew: `hardway lab down`, `hardway lab up`",
        )
