"""`hardway render` writes the reviewed files, whatever computer it runs on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hardway.components.facts import Facts
from hardway.lab.provider import LabProvider
from hardway.operations.render import render
from hardway.operations.up import Refused
from hardway.spec.model import Cluster
from tests.components.test_golden import GOLDEN

CLUSTER = Cluster(name="hardway")
URL = "(forward hardway)"
"""Where the operator reaches the API: a port that is chosen only when it is opened."""


class StrangeComputer(LabProvider):
    """A lab on a computer that is as unlike the declared facts as one can be."""

    def expected_facts(self, cluster: Cluster) -> Facts | None:
        facts = super().expected_facts(cluster)
        assert facts is not None
        return replace(
            facts,
            os_id="fedora",
            cgroup="v1" if facts.cgroup == "v2" else "v2",
            restricted_oom=not facts.restricted_oom,
            selinux=True,
        )


def _texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("provider", [LabProvider(), StrangeComputer()], ids=["this computer", "a strange one"])
def test_what_is_rendered_is_what_was_reviewed(provider: LabProvider, tmp_path: Path) -> None:
    render(CLUSTER, provider, tmp_path / "files")
    rendered = {name: text.replace(URL, "https://127.0.0.1:6443") for name, text in _texts(tmp_path / "files").items()}
    assert rendered == _texts(GOLDEN)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        render(CLUSTER, LabProvider(), tmp_path)
    assert _texts(tmp_path) == {"mine": "mine"}


def test_a_file_in_the_folder_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Refused, match="no folder"):
        render(CLUSTER, LabProvider(), tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"
