"""The user's own kubeconfig: the cluster comes and goes by name, and nobody else's entry is ever touched."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from hardway.components.credentials import kubeconfig_body
from hardway.operations.merging import MERGED, merge_kubeconfig, merged_kubeconfig, withdraw_kubeconfig
from hardway.operations.up import Refused
from hardway.operations.world import World
from hardway.pki import names
from hardway.state.directory import StateDirectory, open_state
from tests.pki.vault_in_memory import Pki, make_pki, small_cluster

NAME = "hardway-demo"
NOBODYS: dict[str, Any] = {"clusters": [], "users": [], "contexts": []}


@pytest.fixture(scope="module")
def pki() -> Pki:
    return make_pki(small_cluster())


@pytest.fixture(scope="module")
def others() -> Pki:
    """Another cluster that happens to have the same name."""
    return make_pki(small_cluster())


@pytest.fixture
def state(tmp_path: Path, pki: Pki) -> StateDirectory:
    """What `up` leaves for the operator."""
    state = open_state(tmp_path / "cluster.yaml", "demo")
    for name, content in {
        "ca.pem": pki.certificates[names.KUBERNETES_CA],
        "admin.pem": pki.certificates[names.ADMIN],
        "admin-key.pem": pki.keys[names.ADMIN],
    }.items():
        state.write(name, content)
    body = kubeconfig_body(
        "kubernetes-the-hard-way",
        "admin",
        {"server": "https://127.0.0.1:1", "certificate-authority": "ca.pem"},
        {"client-certificate": "admin.pem", "client-key": "admin-key.pem"},
    )
    state.write("kubeconfig", yaml.safe_dump(body).encode())
    return state


@pytest.fixture
def world(state: StateDirectory) -> World:
    return cast("World", SimpleNamespace(state=state, cluster=small_cluster()))


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def foreign(pki: Pki, name: str = NAME, user: str = NAME) -> dict[str, Any]:
    """What another tool, or another cluster of ours, may have put there."""
    return kubeconfig_body(
        name,
        user,
        {"server": "https://other", "certificate-authority-data": in_base64(pki.certificates[names.KUBERNETES_CA])},
        {"client-certificate-data": in_base64(pki.certificates[names.ADMIN])},
    )


def entry_names(config: dict[str, Any]) -> dict[str, list[str]]:
    return {part: [one["name"] for one in config[part]] for part in ("clusters", "users", "contexts")}


def test_others_admin_and_their_context_of_the_article_s_name_stay(world: World, others: Pki, tmp_path: Path) -> None:
    target = tmp_path / "config"
    theirs = foreign(others, "kubernetes-the-hard-way", "admin")
    target.write_text(yaml.safe_dump(theirs))
    merge_kubeconfig(world, target)
    merged = yaml.safe_load(target.read_text())
    assert entry_names(merged) == {
        "clusters": ["kubernetes-the-hard-way", NAME],
        "users": ["admin", NAME],
        "contexts": ["kubernetes-the-hard-way", NAME],
    }
    assert {part: merged[part][0] for part in NOBODYS} == {part: theirs[part][0] for part in NOBODYS}
    assert merged["current-context"] == NAME
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_merging_again_replaces_our_own_entries(world: World, tmp_path: Path) -> None:
    target = tmp_path / "config"
    merge_kubeconfig(world, target)
    once = target.read_text()
    merge_kubeconfig(world, target)
    assert target.read_text() == once


@pytest.mark.parametrize("part", ["clusters", "users", "contexts"])
def test_an_entry_of_our_name_that_is_another_cluster_s_is_refused(
    part: str, world: World, others: Pki, tmp_path: Path
) -> None:
    theirs: dict[str, Any] = {**NOBODYS, part: foreign(others)[part]}
    if part == "contexts":
        theirs["contexts"][0]["context"] = {"cluster": "theirs", "user": "theirs"}
    target = tmp_path / "config"
    target.write_text(yaml.safe_dump(theirs))
    with pytest.raises(Refused, match=f"{part}: {NAME}"):
        merge_kubeconfig(world, target)
    assert yaml.safe_load(target.read_text()) == theirs


def test_a_link_stays_a_link(world: World, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real", tmp_path / "config"
    real.write_text("apiVersion: v1\n")
    link.symlink_to(real)
    assert merge_kubeconfig(world, link) == real
    assert link.is_symlink()
    assert entry_names(yaml.safe_load(real.read_text()))["users"] == [NAME]


@pytest.mark.parametrize("text", ["a: [", "[]", "clusters: 1", "users: [1]", "\0"])
def test_what_is_no_kubeconfig_is_refused_and_stays(text: str, world: World, tmp_path: Path) -> None:
    target = tmp_path / "config"
    target.write_text(text)
    with pytest.raises(Refused, match="no kubeconfig"):
        merge_kubeconfig(world, target)
    assert target.read_text() == text


def test_the_entries_go_with_the_cluster_and_only_they(
    world: World, state: StateDirectory, others: Pki, tmp_path: Path
) -> None:
    """Also when the state's own kubeconfig has gone already, as it has by the end of `down`."""
    target = tmp_path / "config"
    theirs = {**foreign(others, "other", "admin"), "current-context": "other"}
    target.write_text(yaml.safe_dump(theirs))
    merge_kubeconfig(world, target)
    state.delete("kubeconfig")
    withdraw_kubeconfig(state, NAME)
    assert yaml.safe_load(target.read_text()) == {**theirs, "current-context": ""}


@pytest.mark.parametrize("now", [None, "a: [", "clusters: []\n"])
def test_what_became_of_the_file_meanwhile_is_its_owner_s_business(
    now: str | None, world: World, state: StateDirectory, tmp_path: Path
) -> None:
    target = tmp_path / "config"
    merge_kubeconfig(world, target)
    target.unlink()
    if now is not None:
        target.write_text(now)
    withdraw_kubeconfig(state, NAME)
    assert (target.read_text() if target.exists() else None) == now


def test_an_entry_that_became_another_cluster_s_stays(
    world: World, state: StateDirectory, others: Pki, tmp_path: Path
) -> None:
    target = tmp_path / "config"
    merge_kubeconfig(world, target)
    target.write_text(yaml.safe_dump(foreign(others)))
    withdraw_kubeconfig(state, NAME)
    assert yaml.safe_load(target.read_text()) == foreign(others)


def test_nothing_merged_is_nothing_to_withdraw(state: StateDirectory) -> None:
    assert state.read(MERGED) is None
    withdraw_kubeconfig(state, NAME)


def test_an_empty_file_gets_the_form_of_a_kubeconfig(others: Pki) -> None:
    merged = merged_kubeconfig({}, foreign(others, "a", "b"), NAME)
    assert (merged["apiVersion"], merged["kind"], entry_names(merged)["contexts"]) == ("v1", "Config", [NAME])
