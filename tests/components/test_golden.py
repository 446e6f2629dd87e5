"""Every file of the example cluster, as it would be laid: a change of one shows as a reviewed diff.

UPDATE_GOLDEN=1 (or `make golden`) writes them anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from hardway.components.render import render
from hardway.resources.base import Resource

GOLDEN = Path(__file__).parents[1] / "golden"


def _read() -> dict[str, str]:
    files = (path for path in GOLDEN.rglob("*") if path.is_file())
    return {str(path.relative_to(GOLDEN)): path.read_text() for path in files}


def _write(texts: dict[str, str]) -> None:
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for name, text in texts.items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_every_file_is_as_it_was_reviewed(resources: Sequence[Resource]) -> None:
    texts = dict(render(resources))
    if os.environ.get("UPDATE_GOLDEN"):
        _write(texts)
    kept = _read()
    assert sorted(texts) == sorted(kept), "files come or go: `make golden`, and review the difference"
    for name, text in texts.items():
        assert text == kept[name], f"{name}: `make golden`, and review the difference"


def test_no_secret_is_shown(resources: Sequence[Resource]) -> None:
    texts = render(resources)
    assert texts["hardway-master-0/etc/kubernetes/pki/kube-apiserver-key.pem"] == "***"
    assert "secret: ***" in texts["hardway-master-0/etc/kubernetes/encryption.yaml"]
