"""Secrets and configs that a service is given: where each stands in its container. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from hardway.compose.loading.view import View
from hardway.compose.model import Grant

_FOLDERS: Final = {"secrets": "/run/secrets", "configs": "/"}
"""Where relative targets begin (Compose Specification, "configs" and "secrets")."""


def grants(view: View, key: str) -> tuple[Grant, ...]:
    """A service's secrets or configs."""
    return tuple(_grants(view, key))


def _grants(view: View, key: str) -> Iterator[Grant]:
    for grant, node in view.items(key):
        source = grant.text("source")
        target = PurePosixPath(_FOLDERS[key]) / grant.text("target", source)
        if ".." in target.parts or not source:
            view.faults.add(node.place, grant.path, f"{str(target)!r} is no path for it", "name a file inside")
            continue
        yield Grant(source, str(target), _mode(grant), node.place)


def _mode(grant: View) -> int | None:
    """An octal number: 0440 is one to YAML; "0440" in quotes is the same here."""
    if not grant.has("mode"):
        return None
    node = grant.table.get("mode")
    value = getattr(node, "value", None)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0o777:
        return value
    written = grant.text("mode")
    if isinstance(value, str) and re.fullmatch(r"0?o?[0-7]{1,3}", written):
        return int(written.replace("o", ""), 8)
    grant.faults.add(grant.place("mode"), (*grant.path, "mode"), f"{written!r} is no file mode", "such as 0440")
    return None
