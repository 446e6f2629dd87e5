"""How programs are built: the same whatever the user's own Go settings are, and with faults that say what to do."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from hardway.catalog.programs import CNI_PLUGINS, KUBERNETES, PROGRAMS, RUNC
from hardway.catalog.toolchain import Wheel
from hardway.sources import go, modules, toolchain
from hardway.sources.cache import Cache
from hardway.sources.command import Outcome
from hardway.sources.faults import NotAnswering, SourceFault
from hardway.sources.source import Item, own_architecture


def quiet(line: str) -> None:
    """Nobody listens."""


def test_the_version_is_stamped_where_kubernetes_looks_for_it() -> None:
    linker = go.settings(KUBERNETES, "1.37.2")[-1]
    assert "-X k8s.io/component-base/version.gitVersion=v1.37.2" in linker
    assert "-X k8s.io/component-base/version.gitMinor=37" in linker
    assert "-X k8s.io/client-go/pkg/version.gitVersion=v1.37.2" in linker


def test_c_code_is_linked_statically_and_with_seccomp() -> None:
    settings = go.settings(RUNC, "1.5.2")
    assert settings[-1].endswith("-extldflags=-static")
    assert any(setting.startswith("-tags=seccomp,") for setting in settings)
    assert "-static" not in " ".join(go.settings(KUBERNETES, "1.37.2"))


def test_what_decides_the_build_decides_the_key() -> None:
    files = modules.files(KUBERNETES, "1.37.2")
    before = modules.digest(files, "settings")
    assert modules.digest(dict(files), "settings") == before
    assert modules.digest(files, "other settings") != before
    assert modules.digest({**files, "go.sum": files["go.sum"] + b"\n"}, "settings") != before


def test_a_version_that_is_not_pinned_is_not_built(cache: Cache) -> None:
    source = go.GoPrograms(cache, "amd64")
    assert source.key(Item("kubelet", "1.36.0")) is None
    assert source.key(Item("kubelet", "../../x")) is None
    assert source.key(Item("kubelet", "1.37.2")) is not None


@pytest.mark.parametrize(
    ("text", "version"), [("go1.26.8", (1, 26, 8)), ("go1.26rc1", (1, 26)), ("devel +abc", (0,)), ("go1.26", (1, 26))]
)
def test_go_versions(text: str, version: tuple[int, ...]) -> None:
    assert toolchain.parse_version(text) == version


def fake_go(folder: Path, version: str) -> None:
    """A go command that says its version and where it takes modules from."""
    folder.mkdir()
    answer = json.dumps({"GOVERSION": version, "GOPROXY": "https://modules.example", "GOFLAGS": "-mod=mod"})
    (folder / "go").write_text(f"#!/bin/sh\ncat <<'E'\n{answer}\nE\n")
    (folder / "go").chmod(0o755)


async def test_the_users_own_settings_do_not_reach_the_build(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path / "bin", "go1.30.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("GOFLAGS", "GOARCH", "CGO_CFLAGS", "GOEXPERIMENT", "CC", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hostile")
    found = await toolchain.find(cache, (1, 26), "amd64", quiet)
    assert (found.go, found.version) == (str(tmp_path / "bin" / "go"), (1, 30, 1))
    assert "hostile" not in found.environment.values()
    assert found.environment["GOFLAGS"] == "-modcacherw"
    assert found.environment["GOENV"] == "off"
    assert found.environment["GOPROXY"] == "https://modules.example"
    assert found.environment["GOMODCACHE"] == str(cache.root / "go" / "mod")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A wheel with a go command in it, in a folder that is the only place pip looks in."""
    fake_go(tmp_path / "packed", "go1.29.0")
    index = tmp_path / "index"
    index.mkdir()
    file = index / "hardway_fake_go-1.29.0-py3-none-any.whl"
    info = "hardway_fake_go-1.29.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(tmp_path / "packed" / "go", "go/bin/go")
        archive.writestr("evil/bin/go", "not taken")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: hardway-fake-go\nVersion: 1.29.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    digest = sha256(file.read_bytes()).hexdigest()
    return Wheel("hardway-fake-go", "1.29.0", ((own_architecture(), digest),), "go")


async def test_too_old_a_go_is_replaced_by_the_pinned_wheels(
    cache: Cache, wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path / "bin", "go1.19.8")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "GO_WHEEL", wheel)
    found = await toolchain.find(cache, (1, 26), own_architecture(), quiet)
    assert found.version == (1, 29, 0)
    assert found.go == str(cache.root / "go" / "toolchain" / "1.29.0" / "bin" / "go")
    assert not (cache.root / "go" / "toolchain" / "evil").exists()


async def test_a_wheel_with_another_hash_is_refused(cache: Cache, wheel: Wheel) -> None:
    other = replace(wheel, sha256=((own_architecture(), "0" * 64),))
    with pytest.raises(SourceFault, match=r"Go toolchain 1\.29\.0 .* could not be fetched"):
        await toolchain.fetch(cache, other, own_architecture(), quiet)
    assert not (cache.root / "go").exists()


async def test_no_c_compiler_is_said_with_the_packages_to_install(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    source = go.GoPrograms(cache, own_architecture())
    with pytest.raises(SourceFault, match="apt-get install gcc libc6-dev libseccomp-dev pkg-config"):
        await source._require_compiler(RUNC, {})


async def test_c_code_for_another_architecture_is_left_to_other_sources(cache: Cache) -> None:
    source = go.GoPrograms(cache, "riscv64")
    with pytest.raises(NotAnswering, match="cannot be built for riscv64"):
        await source._require_compiler(RUNC, {})


@pytest.mark.parametrize("proxy", ["off", "http://127.0.0.1:9"])
async def test_a_module_source_that_does_not_answer_is_known_before_the_build(cache: Cache, proxy: str) -> None:
    environment = {"GOPROXY": proxy, "GOMODCACHE": str(cache.root / "go" / "mod")}
    with pytest.raises(NotAnswering):
        await go.GoPrograms(cache, "amd64")._require_modules(CNI_PLUGINS, "1.9.1", environment)


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("write /x: no space left on device", "the disk is full"),
        ("compile: signal: killed", "want of memory"),
        ("undefined: foo", "does not build"),
    ],
)
def test_a_failed_build_is_told_in_words(tmp_path: Path, output: str, what: str) -> None:
    fault = go._failure(CNI_PLUGINS, "1.9.1", Outcome(1, output), tmp_path / "cache" / "tmp")
    assert what in fault.what
    assert output in fault.evidence
    assert fault.advice


def test_a_lost_module_source_leaves_the_way_to_others(tmp_path: Path) -> None:
    output = "go: example.org/x@v1: Get https://modules.example/x: dial tcp: lookup modules.example: no such host"
    assert isinstance(go._failure(CNI_PLUGINS, "1.9.1", Outcome(1, output), tmp_path), NotAnswering)


def test_binaries_are_found_under_the_names_that_go_gives_them() -> None:
    assert PROGRAMS["etcd"].binary == "server"
    assert PROGRAMS["etcdctl"].binary == "etcdctl"
    assert PROGRAMS["containerd-shim-runc-v2"].binary == "containerd-shim-runc-v2"
    assert PROGRAMS["cni-host-local"].binary == "host-local"
