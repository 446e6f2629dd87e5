"""One real cluster on a real lab for all end-to-end tests, driven by the command line as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.host_snapshot import HostSnapshot, take_snapshot

NAME = os.environ.get("HARDWAY_E2E_NAME", "hardway")
"""The first part of the labs' names: with another one, several people can run these tests at once on one computer."""

SPEC = f"""\
apiVersion: hardway/v1
kind: Cluster
name: {NAME}-e2e
"""


BALANCERS = frozenset({"hardway-lb-0", "hardway-lb-1"})

OTHER = f"""\
name: {NAME}-other
machines:
  masters: [{{name: m0, address: 10.0.0.10}}]
  workers: [{{name: w0, address: 10.0.0.20}}, {{name: w1, address: 10.0.0.21}}]
balancer: {{kind: external}}
podNetwork: {{backend: host-gw}}
proxy: {{mode: nftables}}
encryption: {{provider: aesgcm}}
certificates: {{algorithm: rsa-2048}}
"""
"""Another choice than the default wherever there is one."""


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Driver:
    """Runs `hardway` in a folder with a cluster.yaml."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """More of its environment."""

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    @property
    def spec(self) -> Path:
        return self.folder / "cluster.yaml"

    @property
    def state(self) -> Path:
        name: str = yaml.safe_load(self.spec.read_text())["name"]
        return self.folder / ".hardway" / name

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    @property
    def vault(self) -> Path:
        return self.state / "vault.sqlite"

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).parent / "hardway"), *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, going on by itself."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment, stdout=pipe, stderr=pipe, text=True
        )

    def __call__(self, *arguments: str, code: int | None = 0) -> Answer:
        """Run it to its end, and expect an exit code."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        answer = Answer(done.returncode, done.stdout, done.stderr)
        if code is not None:
            assert answer.code == code, f"hardway {arguments}: {answer.code}\n{answer.out}\n{answer.err}"
        return answer

    def on(self, machine: str, *command: str, code: int | None = 0) -> str:
        """Run a command on a machine of the lab."""
        return self("lab", "exec", machine, "--", *command, code=code).out

    def kubectl(self, *arguments: str, code: int | None = 0) -> str:
        return self("kubectl", "--", *arguments, code=code).out

    def steps(self) -> list[str]:
        """The ids of the steps that a plan now has."""
        answer = self("plan", "-o", "json", code=None)
        assert answer.code in (0, 3), answer.err
        return [step["id"] for step in answer.json["steps"]]

    def up(self) -> Answer:
        return self("up", "--yes")

    def mends(self, steps: set[str]) -> None:
        """A plan names exactly these steps, `up` does exactly these, and then nothing is left to do.

        Conditions are left out: the cluster notices by itself, in its own time, what does not work.
        """
        assert without_conditions(self.steps()) == without_conditions(steps)
        self.up()
        last = self("journal", "-o", "json").json[-1]
        assert without_conditions(step["id"] for step in last["steps"]) == without_conditions(steps)
        assert {step["fate"] for step in last["steps"]} == {"done"}
        assert self.steps() == []

    def verified(self) -> list[dict[str, Any]]:
        """verify's rows, whatever they say."""
        answer = self("verify", "-o", "json", code=None)
        assert answer.code in (0, 1), answer.err
        rows: list[dict[str, Any]] = answer.json["checks"]
        return rows

    def failing_checks(self) -> dict[str, str]:
        """verify's checks that did not pass, by name, each with its state and what was seen."""
        failing = (row for row in self.verified() if row["state"] != "passed")
        return {row["check"]: f"{row['state']}: {row['evidence']}" for row in failing}


def without_conditions(steps: Iterable[str]) -> set[str]:
    return {step for step in steps if not step.startswith("condition:")}


def holders(cluster: Driver, balancers: Iterable[str]) -> list[str]:
    """Which of these balancers hold the API's address."""
    return [one for one in balancers if " 10.0.0.100/" in cluster.on(one, "ip", "-4", "-o", "address", "show")]


@pytest.fixture(scope="session")
def before() -> HostSnapshot:
    """The computer before the cluster was made."""
    return take_snapshot(f"{NAME}-e2e")


@pytest.fixture(scope="session")
def hardway(tmp_path_factory: pytest.TempPathFactory, before: HostSnapshot) -> Iterator[Driver]:
    """The driver, in a folder of its own, its cluster not made yet; taken down at the end whatever happens."""
    assert os.geteuid() == 0, "the lab needs root"
    driver = Driver(tmp_path_factory.mktemp("e2e"))
    driver.spec.write_text(SPEC)
    yield driver
    driver("lab", "down", "--yes", code=None)


@pytest.fixture(scope="session")
def cluster(hardway: Driver) -> Driver:
    """The cluster, made."""
    hardway.up()
    return hardway


@pytest.fixture(scope="session")
def other_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """The machines of the cluster of other choices; who answers at the API's address is the master itself."""
    driver = Driver(tmp_path_factory.mktemp("other"))
    driver.spec.write_text(OTHER)
    try:
        driver("lab", "up")
        driver.on("m0", "ip", "address", "add", "10.0.0.100/32", "dev", "eth0")
        yield driver
    finally:
        driver("lab", "down", "--yes", code=None)


@pytest.fixture(scope="session")
def other(other_lab: Driver) -> Driver:
    """The cluster of other choices, made."""
    other_lab.up()
    return other_lab
