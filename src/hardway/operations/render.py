"""render: every file of every machine in a folder, as it would be laid, without touching anything.

The machines are taken to be as `DEFAULT_FACTS` declares: the same spec renders the same files on every computer.
"""

from __future__ import annotations

from pathlib import Path

from hardway.components.facts import DEFAULT_FACTS
from hardway.components.render import render as render_texts
from hardway.machines.provider import Provider
from hardway.operations.up import Refused
from hardway.operations.wanted import wanted
from hardway.spec.model import Cluster


def render(cluster: Cluster, provider: Provider, folder: Path) -> tuple[Path, ...]:
    """Write the files under folder/MACHINE/PATH; keys are shown as ***, certificates as their names. Raises Refused."""
    if folder.exists() and not folder.is_dir():
        raise Refused((f"{folder} is no folder: name a new one",))
    if folder.exists() and any(folder.iterdir()):
        raise Refused((f"{folder} is not empty: name a new folder",))
    facts = {machine.name: DEFAULT_FACTS for machine in cluster.all_machines}
    texts = render_texts(wanted(cluster, facts, provider))
    return tuple(_write(folder / path.lstrip("/"), text) for path, text in sorted(texts.items()))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
