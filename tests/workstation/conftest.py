"""A computer for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workstation.bench import Computer


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    """A home of its own, also for the programs that are run: none of this user's own settings is seen there."""
    made = Computer(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("KDE_FULL_SESSION", "GNOME_DESKTOP_SESSION_ID", "DISPLAY", "KUBECONFIG", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_DATA_DIRS", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / "system"))
    return made
