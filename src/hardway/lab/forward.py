"""The way in: a loopback port of this computer that leads to an address in the lab, by systemd-socket-proxyd(8).

The listening socket belongs to this computer's network namespace, the program that was given it to the lab's. Touches
the lab's forward record and its job.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from hardway.lab.cgroups import Keeper
from hardway.lab.files import write
from hardway.lab.jobs import Job
from hardway.lab.loopback import LOOPBACK, listen
from hardway.lab.network import NAMESPACES
from hardway.lab.places import LabPlace

PROXY = "/usr/lib/systemd/systemd-socket-proxyd"


@dataclass(frozen=True, slots=True)
class ForwardRecord:
    """A forward that was opened."""

    port: int
    target: str

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"


def read_forward(lab: LabPlace) -> ForwardRecord | None:
    """The forward that was opened last, whether it runs now or not."""
    try:
        return ForwardRecord(**json.loads(lab.forward_record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


async def open_forward(lab: LabPlace, target: str, port: int, keeper: Keeper) -> ForwardRecord:
    """Open the forward anew: at the given port, else at the one it had, else at a free one. Raises LabFault."""
    await keeper.kill(lab.forward)
    before = read_forward(lab)
    record = ForwardRecord(_usable(port or (before.port if before else 0)), target)
    write(lab.forward_record, json.dumps(asdict(record)), 0o600)
    await keeper.start(
        Job(
            name=lab.forward,
            argv=("nsenter", f"--net={NAMESPACES / lab.title}", PROXY, "--connections-max=4096", target),
            environment=(),
            output=lab.directory / "forward.log",
            listen=record.port,
        )
    )
    return record


async def close_forward(lab: LabPlace, keeper: Keeper) -> None:
    """Close the forward and forget its port."""
    await keeper.kill(lab.forward)
    lab.forward_record.unlink(missing_ok=True)


def _usable(port: int) -> int:
    """The port, or a free one for 0, proven by listening on it for a moment. Raises PortInUse."""
    with listen(port, "lab.apiPort in the spec names another port") as server:
        return int(server.getsockname()[1])
