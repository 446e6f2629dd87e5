"""The article's fargate.toml, its unit's variables, and what is told of a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardway.fargate.configuration import load, option, sysconfig
from hardway.fargate.operations import Options, resolve
from hardway.fargate.settings import Settings
from hardway.spec.faults import SpecFaults

ARTICLE = """\
Region = "ap-northeast-1"
ClusterName = "blog"
Subnets = ["subnet-0aaa", "subnet-0bbb"]
SecurityGroups = ["sg-0aaa"]
AssignPublicIPv4Address = true
ExecutionRoleArn = ""
CloudWatchLogGroupName = ""
PlatformVersion = "LATEST"
OperatingSystem = "Linux"
CPU = "20"
Memory = "40Gi"
Pods = "20"
"""
SYSCONFIG = """\
# provider name (required)
PROVIDER_NAME="aws"
# provider config file path (required)
PROVIDER_CONFIG="{config}"
# virtual-kubelet port (required)
KUBELET_PORT=10251
# other options
OPTIONS="--kubeconfig={kubeconfig}"
"""


def loaded(folder: Path, text: str, name: str = "fargate.toml") -> Settings:
    (folder / name).write_text(text)
    return load(folder / name)


def test_the_articles_twelve_keys(tmp_path: Path) -> None:
    settings = loaded(tmp_path, ARTICLE)
    assert (settings.region, settings.subnets) == ("ap-northeast-1", ("subnet-0aaa", "subnet-0bbb"))
    assert settings.assign_public_address and settings.pod_limit == 20
    assert (settings.execution_role, settings.log_group) == ("", "")
    assert (settings.node_name, settings.kubelet_port) == ("virtual-kubelet", 10250)
    assert len(ARTICLE.splitlines()) == 12


def test_yaml_says_the_same(tmp_path: Path) -> None:
    text = ARTICLE.replace(" = ", ": ")
    assert loaded(tmp_path, text, "fargate.yaml") == loaded(tmp_path, ARTICLE)


def test_bare_numbers_are_taken(tmp_path: Path) -> None:
    assert loaded(tmp_path, ARTICLE.replace('"20"', "20")) == loaded(tmp_path, ARTICLE)


FAULTS = [
    ('CPU = "20"', 'CPU = "much"', "10:1: CPU: is no quantity"),
    ('Region = "ap-northeast-1"', "Region = ap", "1:10: "),
    ('Region = "ap-northeast-1"', 'Region = "tokyo"', "1:1: Region: 'tokyo' has not the form"),
    ("ClusterName", "ClusterNam", "2:1: ClusterNam: unknown key — did you mean ClusterName?"),
    ('Subnets = ["subnet-0aaa", "subnet-0bbb"]', "Subnets = []", "3:1: Subnets: is empty"),
    ('OperatingSystem = "Linux"', 'OperatingSystem = "Windows"', "9:1: OperatingSystem: "),
    ('CloudWatchLogGroupName = ""', 'CloudWatchLogGroupName = "/a"', "7:1: CloudWatchLogGroupName: needs Execution"),
    ('Pods = "20"', 'Pods = "20"\nKubeletCertificate = "x"', "KubeletKey: is missing beside"),
    ('Region = "ap-northeast-1"\n', "", "Region: is missing"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), FAULTS)
def test_faults_have_file_line_and_a_way_out(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    with pytest.raises(SpecFaults) as fault:
        loaded(tmp_path, ARTICLE.replace(right, wrong))
    text = str(fault.value)
    assert said in text
    assert str(tmp_path / "fargate.toml") in text and "—" in text


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    wrong = ARTICLE.replace('"40Gi"', '"x"').replace('"20"', '"-1"').replace('"LATEST"', '"newest"')
    with pytest.raises(SpecFaults) as fault:
        loaded(tmp_path, wrong)
    assert [one.where for one in fault.value.faults] == ["PlatformVersion", "CPU", "Memory", "Pods"]


def test_the_units_variables_are_understood(tmp_path: Path) -> None:
    (tmp_path / "fargate.toml").write_text(ARTICLE)
    (tmp_path / "conf").write_text("")
    unit = tmp_path / "virtual-kubelet"
    unit.write_text(SYSCONFIG.format(config=tmp_path / "fargate.toml", kubeconfig=tmp_path / "conf"))
    told = resolve(Options(sysconfig=unit), {})
    assert (told.settings.kubelet_port, told.kubeconfig) == (10251, tmp_path / "conf")
    told = resolve(Options(), {**sysconfig(unit), "KUBECONFIG": str(tmp_path / "conf")})
    assert told.settings.kubelet_port == 10251


def test_options_of_the_unit() -> None:
    assert option({"OPTIONS": "--nodename vk --kubeconfig=/a"}, "nodename") == "vk"
    assert option({"OPTIONS": "--nodename vk --kubeconfig=/a"}, "kubeconfig") == "/a"
    assert option({}, "kubeconfig") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PROVIDER_NAME=azure", "is not aws"),
        ("KUBELET_PORT=http", "is no port"),
        ("a\nB=1", ":1:1: is no assignment"),
        ('A="', ":1:1: is no assignment"),
    ],
)
def test_broken_variables(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "unit").write_text(text)
    with pytest.raises(SpecFaults, match=said):
        sysconfig(tmp_path / "unit")


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "fargate.toml").write_text(ARTICLE)
    with pytest.raises(SpecFaults, match="no such kubeconfig"):
        resolve(Options(config=tmp_path / "fargate.toml", kubeconfig=tmp_path / "no"), {})
