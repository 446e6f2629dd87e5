"""What each verb prints and answers: exit codes, JSON, plain text off a terminal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardway.checks.runner import State
from hardway.plan.saved import load_plan
from hardway.resources.base import Seen
from tests.cli.house import ETCD, KEY, UNIT, House, failing, row

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Told:
    """Runs a verb and keeps what it said."""

    def __init__(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        self.house, self._capsys = house, capsys
        self.out = self.err = ""

    def __call__(self, *argv: str) -> int:
        code = self.house.run(*argv)
        captured = self._capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        assert not CONTROL.search(self.out + self.err)
        assert "Traceback" not in self.out + self.err
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def told(house: House, capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(house, capsys)


def nothing_to_do(house: House) -> None:
    house.operations.resources = ()


def test_plan_with_changes_is_3_and_shows_each_step_under_its_chapter_and_machine(told: Told) -> None:
    assert told("plan") == 3
    lines = told.out.splitlines()
    assert lines.index("certificates") < lines.index("    + file /etc/key.pem") < lines.index("etcd")
    assert any(line.startswith("    ~ file /etc/etcd.conf  (") for line in lines)
    assert lines[-1] == "2 to create, 1 to change, 0 to remove"
    assert "Docker's default bridge" in told.err
    assert told.house.opened == [("cluster.yaml", False, "plan")]


def test_plan_without_changes_is_0(told: Told) -> None:
    nothing_to_do(told.house)
    assert told("plan") == 0
    assert told.out == "nothing to do\n"


def test_plan_names_what_is_removed(told: Told) -> None:
    old = replace(ETCD, path="/etc/old.conf")
    told.house.operations.resources = ()
    told.house.operations.gone = (old,)
    told.house.operations.seen = {old.id: Seen(old.id, {"sha256": "1"}, owned=True)}
    assert told("plan") == 3
    assert "    - file /etc/old.conf\n" in told.out
    assert told.out.endswith("0 to create, 0 to change, 1 to remove\n")
    assert told("plan", "-o", "json") == 3
    assert [(step["id"], step["action"]) for step in told.json["steps"]] == [(old.id, "remove")]


def test_a_saved_plan_can_be_loaded_and_is_handed_on(told: Told, tmp_path: Path) -> None:
    assert told("plan", "--out", "plan.json") == 3
    assert load_plan((tmp_path / "plan.json").read_text()).cluster == "demo"
    assert told("up", "plan.json") == 0
    saved = told.house.operations.asked[-1]
    assert {step["id"] for step in saved.steps} == {ETCD.id, KEY.id, UNIT.id}


def test_plan_as_json_is_what_is_saved(told: Told, tmp_path: Path) -> None:
    assert told("plan", "-o", "json", "--out", "plan.json") == 3
    assert told.json == json.loads((tmp_path / "plan.json").read_text())


def test_diff_shows_what_changes_and_no_secret(told: Told) -> None:
    assert told("plan", "--diff") == 3
    assert "        -size: 1\n        +size: 2\n" in told.out
    assert "        +***\n" in told.out
    assert told.house.operations.asked == [(ETCD.id,)]


def test_a_cut_plan_file_is_bad_input_and_nothing_is_opened(told: Told, tmp_path: Path) -> None:
    told("plan", "--out", "plan.json")
    told.house.opened.clear()
    (tmp_path / "plan.json").write_text((tmp_path / "plan.json").read_text()[:-40])
    assert told("up", "plan.json") == 2
    assert "plan.json cannot be used" in told.err
    assert "hardway plan --out" in told.err
    assert told.house.opened == []


def test_up_shows_each_step_and_where_the_time_went(told: Told) -> None:
    assert told("up", "--yes", "-f", "my lab.yaml") == 0
    assert re.search(r"^ +\d+\.\d s  etcd: hardway-master-0: \+ unit etcd.service$", told.out, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d s  etcd: done, 2 steps in \d+\.\d s$", told.out, re.MULTILINE)
    assert re.search(r"^etcd +2 ", told.out, re.MULTILINE)
    assert "https://127.0.0.1:40000" in told.out
    assert "Node/hardway-worker-0 Ready" in told.out
    assert "hardway kubectl -f 'my lab.yaml' -- get nodes" in told.out
    assert told.house.opened == [("my lab.yaml", True, "up")]


def test_up_with_nothing_to_do(told: Told) -> None:
    nothing_to_do(told.house)
    assert told("up") == 0
    assert "nothing to do" in told.out


def test_up_as_json_keeps_standard_output_for_the_result(told: Told) -> None:
    assert told("up", "--yes", "-o", "json") == 0
    assert told.json["outcome"] == "done"
    assert told.json["steps"] == 3
    assert {one["chapter"]: one["steps"] for one in told.json["chapters"]} == {"certificates": 1, "etcd": 2}
    assert told.json["status"]["api_url"] == "https://127.0.0.1:40000"
    assert "unit etcd.service" in told.err


@pytest.mark.parametrize("verb", ["up", "down"])
def test_where_nobody_can_be_asked_nothing_is_changed(told: Told, verb: str) -> None:
    assert told(verb) == 2
    assert "no --yes" in told.err
    assert "done, " not in told.out


def test_a_failed_step_is_told_with_machine_chapter_evidence_and_way_out(told: Told) -> None:
    told.house.operations.act = failing("etcd.service")
    assert told("up", "--yes") == 1
    assert "hardway-master-0, etcd: unit etcd.service: it did not start" in told.err
    assert "    Main process exited\n    \\x1b[31mfatal\\x07\n" in told.err
    assert "way out: read its log" in told.err
    assert "1 step failed" in told.err


def test_a_failure_as_json(told: Told) -> None:
    told.house.operations.act = failing("etcd.service")
    assert told("up", "--yes", "-o", "json") == 1
    assert told.json["outcome"] == "failed"
    assert "it did not start" in told.json["error"]["also"][0]["what"]


def test_down(told: Told) -> None:
    assert told("down", "--yes") == 0
    assert "cluster demo is gone" in told.out
    assert told.house.opened == [("cluster.yaml", True, "down")]


def test_verify(told: Told) -> None:
    assert told("verify") == 0
    assert "the cluster works: 2 checks passed" in told.out
    assert told("verify", "-o", "json") == 0
    assert told.json["passed"] is True
    assert [check["check"] for check in told.json["checks"]] == ["etcd", "dns"]


def test_verify_with_a_failing_check_is_1_and_shows_its_evidence(told: Told) -> None:
    told.house.operations.rows = (
        row("etcd", State.FAILED, "member \x1b1 is gone"),
        row("dns", State.NOT_TRIED, "etcd"),
    )
    assert told("verify") == 1
    assert "member \\x1b1 is gone" in told.out
    assert "1 of 2 checks failed, 1 not tried" in told.out
    assert told("verify", "-o", "json") == 1
    assert told.json["passed"] is False


def test_status(told: Told) -> None:
    assert told("status") == 0
    assert "etcd kube-scheduler(off)" in told.out
    assert re.search(r"^admin +2027-01-02 +12 *$", told.out, re.MULTILINE)
    assert "everything is as the spec says" in told.out
    assert told("status", "-o", "json") == 0
    assert told.json["certificates"][0]["expires"] == "2027-01-02T00:00:00+00:00"


def test_journal_names_what_was_cut_off(told: Told) -> None:
    assert told("journal") == 0
    assert "cut off, or going on" in told.out
    assert re.search(rf"^etcd +hardway-master-0 +{re.escape(UNIT.id)} *$", told.out, re.MULTILINE)
    assert told("journal", "2", "-o", "json") == 0
    assert [step["fate"] for step in told.json[0]["steps"]] == ["cut off"]
    assert told("journal", "9") == 2


def test_kubectl_is_given_its_own_options_and_its_exit_code_is_ours(told: Told) -> None:
    assert told("kubectl", "-f", "lab.yaml", "--", "apply", "-f", "web.yaml") == 5
    assert told("kubectl", "get", "pods", "-A", "--", "x") == 5
    assert [tuple(one) for one in told.house.executed] == [
        ("/cache/kubectl", "apply", "-f", "web.yaml"),
        ("/cache/kubectl", "get", "pods", "-A", "--", "x"),
    ]
    assert told.house.opened[0][0] == "lab.yaml"


def test_kubeconfig(told: Told) -> None:
    assert told("kubeconfig") == 0
    assert told.out == "apiVersion: v1\nkind: Config\n"
    assert told("kubeconfig", "-o", "json") == 0
    assert told.json["kind"] == "Config"
    assert told("kubeconfig", "--merge") == 0
    assert "/home/me/.kube/config" in told.err


def test_init_writes_once(told: Told, tmp_path: Path) -> None:
    assert told("init") == 0
    assert (tmp_path / "cluster.yaml").read_text() == "name: demo\n"
    (tmp_path / "cluster.yaml").write_text("name: mine\n")
    assert told("init") == 2
    assert (tmp_path / "cluster.yaml").read_text() == "name: mine\n"
    for wrong in ("nowhere/cluster.yaml", "cluster.yaml/x.yaml"):
        assert told("init", wrong) == 1
        assert "way out" in told.err
        assert "fault of hardway" not in told.err


def test_schema_and_render(told: Told) -> None:
    assert told("schema") == 0
    assert told.json == {"type": "object"}
    assert told("render", "--to", "files", "-o", "json") == 0
    assert told.json["files"] == ["files/hardway-master-0/etc/etcd.conf"]
    assert told("render") == 2


def test_lab(told: Told) -> None:
    assert told("lab", "exec", "hardway-master-0", "--", "ls", "-f", "--", "x") == 7
    assert told("lab", "exec", "hardway-master-0") == 2
    assert told("lab", "shell", "hardway-master-0") == 0
    assert told("lab", "kill", "hardway-master-0") == 0
    assert told("lab", "start", "hardway-master-0", "-o", "json") == 0
    assert told("lab", "down") == 2
    assert told("lab", "down", "--yes") == 0
    assert told.house.lab.calls == [
        ("exec", "hardway-master-0", "ls", "-f", "--", "x"),
        ("shell", "hardway-master-0"),
        ("kill", "hardway-master-0"),
        ("start", "hardway-master-0"),
        ("down",),
    ]
    assert told("lab", "up") == 0
    assert "hardway-master-0: boots" in told.err
    assert told("lab", "status", "-o", "json") == 0
    assert told.json == [{"name": "hardway-master-0", "address": "10.0.0.10", "state": "running"}]


def test_fargate(told: Told) -> None:
    assert told("fargate", "run", "-c", "a.toml", "--kubeconfig", "k", "--sysconfig", "u") == 0
    assert told.house.fargate.calls == [("run", Path("a.toml"), Path("k"), Path("u"))]
    assert told("fargate", "ps") == 0
    assert "default/httpd" in told.out and "$0.0123" in told.out
    assert told("fargate", "ps", "-o", "json") == 0
    assert told.json[0]["address"] == "10.77.0.4"


def test_fargate_doctor_is_1_where_something_is_missing(told: Told) -> None:
    assert told("fargate", "doctor") == 0
    told.house.fargate.met = False
    assert told("fargate", "doctor") == 1
    assert "aws ecs create-cluster" in told.out
    assert told("fargate", "doctor", "-o", "json") == 1
    assert told.json[0]["met"] is False


def test_the_local_fargate(told: Told, tmp_path: Path) -> None:
    assert told("fargate", "local", "up", "--name", "a", "--images", str(tmp_path), "--lab", "l") == 0
    assert "10.77.0.4" in told.out
    assert told("fargate", "local", "up", "--images", str(tmp_path / "no")) == 2
    assert told("fargate", "local", "config") == 0
    assert told.out == 'Region = "us-local-1"\n'
    assert told("fargate", "local", "down") == 2
    assert told("fargate", "local", "down", "--yes", "-o", "json") == 0
    assert told.house.fargate.calls == [("up", "a", (tmp_path,), "l"), ("down", "fargate")]
    told.house.fargate.state = "off"
    assert told("fargate", "local", "status", "-o", "json") == 1
    assert told.json["tasks"][0]["containers"] == ["web RUNNING"]


def test_cloud(told: Told) -> None:
    assert told("cloud", "up", "--name", "small", "--chassis", "1") == 0
    assert told("cloud", "down") == 2
    assert told("cloud", "down", "--yes", "--keep-data") == 0
    assert told.house.cloud.calls == [("up", "small", "1"), ("down", "hardway", "True")]
    assert told("cloud", "openstack", "--admin", "--", "server", "list", "--name", "x") == 5
    assert told("cloud", "logs", "nova", "--follow") == 5
    assert told.house.executed == [
        ("openstack", "hardway", "True", "server", "list", "--name", "x"),
        ("tail", "hardway", "nova", "100", "True"),
    ]


def test_cloud_status_is_1_where_something_does_not_run(told: Told) -> None:
    assert told("cloud", "status") == 0
    assert "30.0.0" in told.out
    told.house.cloud.state = "degraded"
    assert told("cloud", "status", "-o", "json") == 1
    assert json.loads(told.out)["parts"][0]["state"] == "failed"


def test_cloud_openrc_is_for_a_shell(told: Told) -> None:
    assert told("cloud", "openrc", "--name", "my") == 0
    assert told.out == "export OS_CLIENT_CONFIG_FILE='/a b/my/clouds.yaml'\nexport OS_CLOUD=my\n"


def test_lab_doctor_is_1_while_something_is_missing(told: Told) -> None:
    assert told("lab", "doctor") == 0
    told.house.lab.met = False
    assert told("lab", "doctor", "--install") == 1
    assert "apt-get install systemd-container" in told.out
    assert told.house.lab.calls == [("doctor", "False"), ("doctor", "True")]


def test_binaries(told: Told) -> None:
    assert told("binaries", "-o", "json") == 0
    assert told.json[0]["size"] == 25_000_000
    assert "etcd: builds" in told.err


def test_text_of_others_never_drives_the_terminal(told: Told) -> None:
    told.house.operations.resources = (replace(ETCD, path="/etc/\x1b]0;owned\x07\u202e[red]"),)
    assert told("plan") == 3
    assert "+ file /etc/\\x1b]0;owned\\x07\\x202e[red]" in told.out
    assert told("up", "--yes") == 0
