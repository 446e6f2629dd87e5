"""A real API server, a local Fargate with real containers, and the agent as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import pytest

from hardway.fargate.local import operations
from tests.fargate.archives import busybox_archive
from tests.kube.conftest import RealApi, api

__all__ = ["api"]

T = TypeVar("T")
WITHIN = 40.0
REPOSITORY = Path(__file__).parents[2]


def eventually(what: Callable[[], T], within: float = WITHIN) -> T:
    """Its first answer that is true. Fails with the last one that was not, or what it raised."""
    until, last = time.monotonic() + within, "nothing"
    while time.monotonic() < until:
        try:
            if found := what():
                return found
            last = repr(found)
        except (AssertionError, LookupError, subprocess.CalledProcessError) as error:
            last = f"{error} {getattr(error, 'stderr', '')}"
        time.sleep(0.2)
    pytest.fail(f"not within {within:g} s; last: {last[-2000:]}")


@dataclass
class Local:
    """A local Fargate, seen from outside."""

    name: str
    url: str
    configuration: str

    def told(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/_local", timeout=10) as answer:
            body: dict[str, Any] = json.load(answer)
            return body

    def change(self, **values: Any) -> None:
        """How it behaves, and what faults it shows."""
        request = Request(f"{self.url}/_local", json.dumps(values).encode(), method="PUT")
        with urlopen(request, timeout=10) as answer:
            answer.read()

    def live(self) -> list[dict[str, Any]]:
        return [one for one in self.told()["tasks"] if one["desiredStatus"] == "RUNNING"]

    def fetch(self, url: str) -> str:
        """As somebody in the VPC."""
        namespace = f"--net=/run/netns/hardway..{self.name}"
        script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"
        done = subprocess.run(
            ("nsenter", namespace, sys.executable, "-c", script, url), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    images = tmp_path_factory.mktemp("images")
    for reference in ("docker.io/library/httpd:latest", "docker.io/library/httpd:2"):
        busybox_archive(images, reference, ("httpd", "-f", "-p", "80", "-h", "/var/www"))
    busybox_archive(images, "public.ecr.aws/docker/library/busybox:stable")
    name = f"test-{os.getpid()}"
    try:
        state = asyncio.run(operations.up(name, [images], "", lambda *_: None))
        made = Local(name, state.url, operations.configuration(name))
        made.change(step=0.1, lag=0.2, throttled=False)
        yield made
    finally:
        asyncio.run(operations.down(name))


@dataclass
class Agent:
    """The agent's process."""

    api: RealApi
    folder: Path
    settings: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    began: int = 0
    """Where in its log."""

    @property
    def log(self) -> str:
        return (self.folder / "agent.log").read_text(errors="replace")

    def start(self) -> None:
        config = self.folder / "fargate.yaml"
        (self.folder / "agent.log").touch()
        self.began = len(self.log)
        config.write_text(json.dumps(self.settings))
        kubeconfig = self.api.folder / "fargate.kubeconfig"
        credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(
                (REPOSITORY / ".venv/bin/hardway", "fargate", "run", "-c", config, "--kubeconfig", kubeconfig),
                stdout=log,
                stderr=log,
                env={**os.environ, **credentials, **self.environment},
            )

    def until_it_is_ready(self) -> None:
        """Since it was started last."""

        def ready() -> bool:
            if self.process is None or self.process.poll() is not None:
                pytest.fail(f"the agent ended: {self.log}")
            return "is kept" in self.log[self.began :]

        eventually(ready)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def end(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(timeout=30)
            self.process = None


@dataclass
class Kubectl:
    """kubectl as the cluster's administrator."""

    api: RealApi

    def __call__(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        command = (str(self.api.kubectl), "--kubeconfig", str(self.api.break_glass), *arguments)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=check, timeout=60)
        return done.stdout if check else done.stdout + done.stderr

    def apply(self, body: dict[str, Any]) -> None:
        self("apply", "-f", "-", stdin=json.dumps(body))

    def get(self, *arguments: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self("get", *arguments, "-o", "json"))
        return body


@pytest.fixture(scope="session")
def kubectl(api: RealApi) -> Kubectl:
    """Of a cluster with the agent's role, and a service account for pods."""
    made = Kubectl(api)
    made("apply", "-f", str(REPOSITORY / "docs/fargate/rbac.yaml"))
    made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    binding = "kubelet-client"
    role = "--clusterrole=system:kubelet-api-admin"
    made("create", "clusterrolebinding", binding, role, "--user=kube-apiserver-kubelet-client")
    return made


@pytest.fixture
def agent(api: RealApi, local: Local, kubectl: Kubectl, tmp_path: Path) -> Iterator[Agent]:
    """Running; what the last test left is taken away first, and whatever it changed of the local Fargate."""
    local.change(step=0.1, lag=0.2, throttled=False, network=True, capacity=True, log_lag=0.0, faults=[])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    files = {key: str(api.folder / name) for key, name in _FILES.items()}
    settings = {**tomllib.loads(local.configuration), **files, "KubeletPort": port, "NodeAddress": "127.0.0.1"}
    made = Agent(api, tmp_path, {**settings, "PollSeconds": 0.3, "OrphanGraceSeconds": 30})
    made.start()
    try:
        made.until_it_is_ready()
        yield made
        if made.process is None:
            made.start()
        kubectl("delete", "pods", "--all", "--wait=false", "--grace-period=1")
        eventually(lambda: not kubectl.get("pods")["items"])
        # A restarted agent waits a minute for tasks that AWS may not tell of yet.
        eventually(lambda: not local.live() and not local.told()["families"] and not local.told()["secrets"], 100)
    finally:
        made.end()


_FILES = {"KubeletCertificate": "kubelet.crt", "KubeletKey": "kubelet.key", "KubeletClientCA": "ca.crt"}
