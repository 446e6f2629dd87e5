"""Compose files of the shapes that are about, written anew: what each becomes on a cluster is kept beside it.

UPDATE_GOLDEN=1 (or `make golden`) writes the outcomes anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from hardway.compose.converting.convert import Converted, convert
from hardway.compose.faults import ComposeFaults
from hardway.compose.manifests import as_text
from tests.compose.projects import read

SHAPES: Final = Path(__file__).parent / "shapes"
FILES: Final[dict[str, str | bytes | None]] = {
    "conf/nginx/site.conf": "server { listen 80; }\n",
    "conf/uwsgi.ini": "[uwsgi]\n",
    "secret.txt": "hidden",
    "src/index.js": "",
    "mysql/ibdata1": b"\x00",
}


@pytest.mark.parametrize("path", sorted(SHAPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shapes(path: Path) -> None:
    outcome = "\n".join(_outcome(path.read_text())) + "\n"
    kept = path.with_suffix(".outcome")
    if os.environ.get("UPDATE_GOLDEN"):
        kept.write_text(outcome)
    assert outcome == kept.read_text()


def _outcome(compose: str) -> Iterator[str]:
    try:
        found = read(compose, files=FILES, env={"TOKEN": "t", "HOME": "/home/me"}, name="shape")
    except ComposeFaults as fault:
        yield from (f"fault: {one}" for one in fault.faults)
        return
    converted = convert(found.project)
    yield from map(str, converted.diagnostics)
    yield f"{len(converted.refused)} refused"
    if not converted.refused:
        yield from _objects(converted)


def _objects(converted: Converted) -> Iterator[str]:
    for body in converted.bodies():
        yield "---"
        yield as_text(body).rstrip()
