"""What happens when hardway itself is at fault: the details go to a file that only the user can read."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from hardway import __version__
from hardway.cli.errors import Message


class Crashed(Exception):
    """Something unforeseen happened while a cluster was open; `folder` is its state directory. The cause is chained."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


def crash_message(fault: BaseException) -> Message:
    """Keeps the details in a file and says where. Never raises."""
    cause = fault.__cause__ if isinstance(fault, Crashed) and fault.__cause__ else fault
    folder = fault.folder if isinstance(fault, Crashed) else None
    kind, text = type(cause).__name__, str(cause).split("\n")[0][:200]
    what = (
        f"this is a fault of hardway itself: {kind}: {text}" if text else f"this is a fault of hardway itself: {kind}"
    )
    log = _keep(cause, folder)
    where = f"details are in {log}" if log else "its details could not be written anywhere"
    return Message(f"{what}; {where}", way_out="Please report it with that file; `hardway up` may be tried again.")


def _keep(fault: BaseException, folder: Path | None) -> Path | None:
    """Where the details were written: beside the cluster's state, else among the temporary files."""
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.log"
    details = f"hardway {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{_traced(fault)}"
    for home in (folder, Path(tempfile.gettempdir())):
        if home is not None:
            with suppress(OSError):
                return _write(home / name, details)
    return None


def _write(path: Path, details: str) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(details)
    return path


def _traced(fault: BaseException) -> str:
    """Without the values of local variables: a secret may be among them."""
    return "".join(traceback.format_exception(fault))
