from __future__ import annotations

from pathlib import Path

import pytest

from tests.state.cluster import Operator


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return tmp_path / "cluster.yaml"


@pytest.fixture
def operator(spec: Path) -> Operator:
    return Operator(spec)
