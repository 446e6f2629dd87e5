"""Programs really built by the go command, and run: our own pause and probe."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hardway.catalog.releases import release
from hardway.sources.cache import Cache, cache_root
from hardway.sources.store import Store

pytestmark = [pytest.mark.build, pytest.mark.timeout(600)]


def fresh_cache(root: Path) -> Cache:
    """An empty cache, but for what the compiler keeps."""
    root.mkdir()
    shared = cache_root() / "go"
    shared.mkdir(parents=True, exist_ok=True)
    (root / "go").symlink_to(shared)
    return Cache(root)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    store = Store(fresh_cache(tmp_path_factory.mktemp("build") / "cache"))
    return dict(store.ensure(["pause", "probe"], release("1.37.2")))


def test_they_are_static_and_say_their_versions(programs: dict[str, Path]) -> None:
    for name, expected in (("pause", "pause (hardway) 3.10.1"), ("probe", "probe (hardway) 2")):
        said = subprocess.run([programs[name], "--version"], capture_output=True, text=True, check=True)
        assert said.stdout.strip() == expected
        # No program interpreter: an image with nothing else in it can run them.
        assert b"ld-linux" not in programs[name].read_bytes()


def test_a_second_build_is_the_same_to_the_last_byte(programs: dict[str, Path], tmp_path: Path) -> None:
    again = Store(fresh_cache(tmp_path / "cache")).ensure(["pause", "probe"], release("1.37.2"))
    assert {name: path.name for name, path in again.items()} == {name: path.name for name, path in programs.items()}


def test_pause_reaps_the_dead_and_ends_when_told(programs: dict[str, Path]) -> None:
    # The shell's children become pause's when the shell turns into it.
    script = f"sleep 0.3 & sleep 0.1 & exec {programs['pause']}"
    with subprocess.Popen(["/bin/sh", "-c", script]) as pause:
        deadline = time.monotonic() + 20
        while Path(f"/proc/{pause.pid}/exe").readlink() != programs["pause"] or _children(pause.pid):
            assert time.monotonic() < deadline, f"not reaped: {_children(pause.pid)}"
            time.sleep(0.05)
        assert pause.poll() is None
        pause.send_signal(signal.SIGTERM)
        assert pause.wait(10) == 0


def _children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


@dataclass
class Served:
    """A probe that serves."""

    plain: str
    secured: str
    trust: ssl.SSLContext
    lines: Path

    def post(self, review: dict[str, Any]) -> httpx.Response:
        return httpx.post(f"{self.secured}/validate", json=review, verify=self.trust)


def certificate(folder: Path) -> ssl.SSLContext:
    """A key and certificate for 127.0.0.1 in the folder, and a client's trust in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "probe")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return ssl.create_default_context(cafile=folder / "cert.pem")


@pytest.fixture(scope="module")
def served(programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("probe")
    trust = certificate(folder)
    lines = folder / "log"
    command = [str(programs["probe"]), "serve", "--listen=127.0.0.1:0", "--tls-listen=127.0.0.1:0"]
    command += [f"--cert={folder / 'cert.pem'}", f"--key={folder / 'key.pem'}"]
    with lines.open("wb") as log, subprocess.Popen(command, stdout=log) as probe:
        try:
            ports = _ports(lines, probe)
            yield Served(f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}", trust, lines)
        finally:
            probe.terminate()
            assert probe.wait(10) == 0


def _ports(lines: Path, probe: subprocess.Popen[bytes]) -> list[str]:
    deadline = time.monotonic() + 20
    while len(found := re.findall(r"on 127\.0\.0\.1:(\d+)\n", lines.read_text())) < 2:
        assert probe.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_it_answers_and_logs_each_request(served: Served) -> None:
    assert httpx.get(f"{served.plain}/healthz").text == "ok\n"
    assert httpx.get(f"{served.plain}/hostname").text.strip() == socket.gethostname()
    assert re.search(r"^127\.0\.0\.1:\d+ GET /hostname 200$", served.lines.read_text(), re.MULTILINE)


def test_it_fetches_for_its_caller(served: Served) -> None:
    def fetch(url: str, **more: str) -> httpx.Response:
        return httpx.get(f"{served.plain}/fetch", params={"url": url, **more})

    assert fetch(f"{served.plain}/hostname").text.strip() == socket.gethostname()
    assert fetch(f"{served.plain}/nowhere").status_code == 404
    refused = fetch(f"{served.secured}/hostname")
    assert refused.status_code == 502
    assert "certificate" in refused.text
    assert fetch(f"{served.secured}/hostname", insecure="1").status_code == 200
    assert fetch("http://127.0.0.1:9/").status_code == 502


def test_it_resolves_names(served: Served) -> None:
    assert "127.0.0.1" in httpx.get(f"{served.plain}/resolve", params={"name": "localhost"}).text.split()
    assert httpx.get(f"{served.plain}/resolve", params={"name": "no.such.name.invalid"}).status_code == 502


def review(**labels: str) -> dict[str, Any]:
    body = {"uid": "u-1", "operation": "CREATE", "object": {"metadata": {"name": "x", "labels": labels}}}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": body}


def test_the_webhook_denies_what_bears_the_label_and_nothing_else(served: Served) -> None:
    denied = served.post(review(**{"hardway.example/deny": "yes"})).json()
    assert (denied["apiVersion"], denied["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert denied["response"]["uid"] == "u-1"
    assert denied["response"]["allowed"] is False
    assert denied["response"]["status"]["message"] == "denied by the probe webhook"
    for labels in ({}, {"hardway.example/deny": "no"}, {"app": "x"}):
        assert served.post(review(**labels)).json()["response"] == {"uid": "u-1", "allowed": True}


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]"])
def test_the_webhook_refuses_what_is_no_review(served: Served, body: bytes) -> None:
    assert httpx.post(f"{served.secured}/validate", content=body, verify=served.trust).status_code == 400


def test_the_aggregated_api_lists_itself_and_its_objects(served: Served) -> None:
    group = "probe.hardway.example/v1alpha1"
    listed = httpx.get(f"{served.secured}/apis/{group}", verify=served.trust).json()
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", group)
    assert [resource["name"] for resource in listed["resources"]] == ["hostnames"]
    objects = httpx.get(f"{served.secured}/apis/{group}/hostnames", verify=served.trust).json()
    assert objects["items"][0]["metadata"]["name"] == socket.gethostname()
    assert objects["apiVersion"] == group


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fetch", "{plain}/hostname"], 0),
        (["fetch", "{plain}/nowhere"], 1),
        (["fetch", "{secured}/hostname"], 1),
        (["fetch", "--insecure", "{secured}/hostname"], 0),
        (["resolve", "localhost"], 0),
        (["resolve", "no.such.name.invalid"], 1),
        (["fetch"], 1),
        ([], 1),
        (["nonsense"], 1),
    ],
)
def test_the_command_line(programs: dict[str, Path], served: Served, arguments: list[str], code: int) -> None:
    filled = [argument.format(plain=served.plain, secured=served.secured) for argument in arguments]
    ended = subprocess.run([str(programs["probe"]), *filled], capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert bool(ended.stderr) == bool(code)


def test_a_file_is_written_and_read(programs: dict[str, Path], tmp_path: Path) -> None:
    """What a pod does with a volume."""
    probe, note = str(programs["probe"]), str(tmp_path / "note")
    assert subprocess.run([probe, "put", note, "kept"], check=False).returncode == 0
    assert subprocess.run([probe, "get", note], capture_output=True, text=True, check=False).stdout == "kept"
    for wrong in (["get", f"{note}/x"], ["put", f"{note}/x", ""], ["get"], ["put", note]):
        ended = subprocess.run([probe, *wrong], capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert ended.stderr


def test_a_key_that_cannot_be_read_ends_it_at_once(programs: dict[str, Path], tmp_path: Path) -> None:
    command = [programs["probe"], "serve", "--listen=127.0.0.1:0", f"--cert={tmp_path / 'none'}"]
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "no such file" in ended.stderr


def test_a_build_ignores_the_users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -tags=nonsense -race")
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOENV", str(tmp_path / "env"))
    (tmp_path / "env").write_text("GOARCH=mips\nCGO_ENABLED=1\n")
    path = Store(fresh_cache(tmp_path / "cache")).ensure(["pause"], release("1.37.2"))["pause"]
    assert os.access(path, os.X_OK)
    assert subprocess.run([path, "-v"], capture_output=True, check=True).stdout


def test_the_image_of_the_probe_holds_the_probe(programs: dict[str, Path], tmp_path: Path) -> None:
    store = Store(fresh_cache(tmp_path / "cache"))
    files = store.ensure(["image-probe"], release("1.37.2"))
    index = json.loads((store.cache.root / "index.json").read_text())
    assert sum(key.startswith("image-probe@2 ") for key in index) == 1
    assert programs["probe"].read_bytes() in files["image-probe"].read_bytes()
