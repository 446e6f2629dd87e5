"""Compose files to a resolved document: short forms, files on files, extends, include, profiles, env_file, places."""

from __future__ import annotations

from typing import Any

import pytest

from hardway.compose.faults import ComposeFaults
from hardway.compose.tree import at, plain
from tests.compose.projects import read


def services(compose: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(read(compose, **more).loaded.tree)["services"]
    return found


def web(keys: str, **more: Any) -> dict[str, Any]:
    """The resolved service of some keys, written in YAML's flow style."""
    found: dict[str, Any] = services(f"services: {{web: {{image: i, {keys}}}, db: {{image: i}}}}\n{TOP}", **more)["web"]
    del found["image"]
    return found


TOP = """
volumes: {data: , other: {name: real}}
networks: {front: , back: }
secrets: {key: {environment: KEY}}
configs: {conf: {content: x}}
"""

DEFAULTS = {"protocol": "tcp", "mode": "ingress"}


@pytest.mark.parametrize(
    ("keys", "resolved"),
    [
        ('ports: ["80"]', {"ports": [{"target": 80, **DEFAULTS}]}),
        ("ports: [80]", {"ports": [{"target": 80, **DEFAULTS}]}),
        ('ports: ["8080:80"]', {"ports": [{"target": 80, "published": "8080", **DEFAULTS}]}),
        ("ports: [22:22]", {"ports": [{"target": 22, "published": "22", **DEFAULTS}]}),
        (
            'ports: ["127.0.0.1:8080:80/udp"]',
            {"ports": [{"target": 80, "published": "8080", "host_ip": "127.0.0.1", **DEFAULTS, "protocol": "udp"}]},
        ),
        (
            'ports: ["[::1]:8080:80"]',
            {"ports": [{"target": 80, "published": "8080", "host_ip": "::1", **DEFAULTS}]},
        ),
        ('ports: ["127.0.0.1::80"]', {"ports": [{"target": 80, "host_ip": "127.0.0.1", **DEFAULTS}]}),
        (
            'ports: ["7000-7001:80-81"]',
            {
                "ports": [
                    {"target": 80, "published": "7000", **DEFAULTS},
                    {"target": 81, "published": "7001", **DEFAULTS},
                ]
            },
        ),
        ('ports: ["7000-7002:80"]', {"ports": [{"target": 80, "published": "7000-7002", **DEFAULTS}]}),
        ("ports: [{target: 80, published: 8080}]", {"ports": [{**DEFAULTS, "target": 80, "published": 8080}]}),
        ('volumes: ["data:/d"]', {"volumes": [{"type": "volume", "source": "data", "target": "/d"}]}),
        ('volumes: ["/d"]', {"volumes": [{"type": "volume", "target": "/d"}]}),
        (
            'volumes: ["./x:/d:ro"]',
            {
                "volumes": [
                    {
                        "type": "bind",
                        "source": "/project/x",
                        "target": "/d",
                        "read_only": True,
                        "bind": {"create_host_path": True},
                    }
                ]
            },
        ),
        (
            'volumes: ["/x:/d:ro,z,cached,rslave"]',
            {
                "volumes": [
                    {
                        "type": "bind",
                        "source": "/x",
                        "target": "/d",
                        "read_only": True,
                        "consistency": "cached",
                        "bind": {"create_host_path": True, "selinux": "z", "propagation": "rslave"},
                    }
                ]
            },
        ),
        (
            'volumes: ["~/x:/d"]',
            {"volumes": [{"type": "bind", "source": "/home/me/x", "target": "/d", "bind": {"create_host_path": True}}]},
        ),
        (
            "volumes: [{type: bind, source: ../y, target: /d}]",
            {"volumes": [{"type": "bind", "source": "/y", "target": "/d"}]},
        ),
        (
            'volumes: ["data:/d:nocopy"]',
            {"volumes": [{"type": "volume", "source": "data", "target": "/d", "volume": {"nocopy": True}}]},
        ),
        ("environment: [A=1, B=x=y, HOME, NONE]", {"environment": {"A": "1", "B": "x=y", "HOME": "/home/me"}}),
        (
            "environment: {A: 1, B: 1.10, C: true, D: , E: yes}",
            {"environment": {"A": "1", "B": "1.10", "C": "true", "E": "yes"}},
        ),
        ("depends_on: [db]", {"depends_on": {"db": {"condition": "service_started", "required": True}}}),
        ("networks: [front]", {"networks": {"front": {}}}),
        ("networks: {front: , back: {aliases: [w]}}", {"networks": {"front": {}, "back": {"aliases": ["w"]}}}),
        ("secrets: [key]", {"secrets": [{"source": "key"}]}),
        ("configs: [{source: conf, target: /c}]", {"configs": [{"source": "conf", "target": "/c"}]}),
        ("build: ./src", {"build": {"context": "/project/src"}}),
        ("build: {context: ., args: [A=1]}", {"build": {"context": "/project", "args": {"A": "1"}}}),
        ('extra_hosts: ["a:10.1.1.1", "a=10.1.1.2"]', {"extra_hosts": {"a": ["10.1.1.1", "10.1.1.2"]}}),
        ("extra_hosts: {b: 10.1.1.1}", {"extra_hosts": {"b": ["10.1.1.1"]}}),
        ("dns: 1.1.1.1", {"dns": ["1.1.1.1"]}),
        ("tmpfs: /t", {"tmpfs": ["/t"]}),
        ("sysctls: [net.core.somaxconn=1]", {"sysctls": {"net.core.somaxconn": "1"}}),
        ("restart: no", {"restart": "no"}),
        ("command: 'echo $$HOME ${HOME}'", {"command": "echo $HOME /home/me"}),
        ("mem_limit: '${LIMIT:-1g}'", {"mem_limit": "1g"}),
        ("x-own: {a: [1]}", {"x-own": {"a": [1]}}),
    ],
)
def test_long_forms(keys: str, resolved: dict[str, Any]) -> None:
    assert web(keys, env={"HOME": "/home/me", "KEY": "k"}) == resolved


def test_anchors_and_merge_keys() -> None:
    compose = """
x-a: &a {restart: always, environment: {A: 1, B: 1}}
x-b: &b {restart: "no", tty: true}
services:
  web: {<<: [*a, *b], image: w}
  db: {image: d, <<: *a, environment: {B: 2}}
"""
    found = services(compose)
    assert found["web"] == {"restart": "always", "environment": {"A": "1", "B": "1"}, "tty": True, "image": "w"}
    assert found["db"] == {"restart": "always", "environment": {"B": "2"}, "image": "d"}


BASE = """
services:
  web:
    image: w:1
    command: [a, b]
    environment: [A=1, B=1]
    ports: ["80:80", "81:81"]
    volumes: ["data:/d", "data:/e"]
    dns: 1.1.1.1
    healthcheck: {test: [CMD, x], interval: 5s}
    labels: {a: "1"}
    depends_on: [db]
    networks: [front]
  db: {image: d}
volumes: {data: }
networks: {front: }
"""


@pytest.mark.parametrize(
    ("override", "key", "resolved"),
    [
        ("image: w:2", "image", "w:2"),
        ("command: c", "command", "c"),
        ("environment: {B: 2, C: 3}", "environment", {"A": "1", "B": "2", "C": "3"}),
        ('dns: ["2.2.2.2"]', "dns", ["1.1.1.1", "2.2.2.2"]),
        ("healthcheck: {test: y}", "healthcheck", {"test": "y", "interval": "5s"}),
        ("labels: [b=2]", "labels", {"a": "1", "b": "2"}),
        (
            "depends_on: {db: {condition: service_healthy}}",
            "depends_on",
            {"db": {"condition": "service_healthy", "required": True}},
        ),
        ("environment: !override {X: 1}", "environment", {"X": "1"}),
        ("environment: !reset null", "environment", None),
        ("ports: !reset []", "ports", None),
        ("tty: true", "command", ["a", "b"]),
    ],
)
def test_files_on_files(override: str, key: str, resolved: Any) -> None:
    found = services(BASE, files={"compose.override.yaml": f"services: {{web: {{{override}}}}}"})
    assert found["web"].get(key) == resolved


def test_lists_with_an_identity_are_merged_by_it() -> None:
    override = 'services: {web: {ports: ["80:80", "82:82"], volumes: ["other:/d"]}}\nvolumes: {other: }'
    found = services(BASE, files={"over.yaml": override}, given=("compose.yaml", "over.yaml"))["web"]
    assert [port["target"] for port in found["ports"]] == [80, 81, 82]
    assert [(one["source"], one["target"]) for one in found["volumes"]] == [("other", "/d"), ("data", "/e")]


def test_an_override_file_is_found_by_its_name_and_only_beside_the_default() -> None:
    files = {"compose.override.yaml": "services: {web: {image: over}}"}
    assert services(BASE, files=files)["web"]["image"] == "over"
    assert services(BASE, files=files, given=("compose.yaml",))["web"]["image"] == "w:1"


def test_files_by_variable() -> None:
    files = {"b.yaml": "services: {web: {image: b}}"}
    assert services(BASE, files=files, env={"COMPOSE_FILE": "compose.yaml:b.yaml"})["web"]["image"] == "b"


def test_extends_in_a_file_and_of_another_one() -> None:
    compose = """
services:
  base: {image: b, environment: {A: 1, B: 1}, profiles: [never]}
  web: {extends: base, environment: {B: 2}}
  far: {extends: {file: sub/other.yaml, service: one}, image: mine}
"""
    other = "services: {one: {extends: two, env_file: here.env}, two: {image: t, command: [x], volumes: ['./f:/f:ro']}}"
    found = services(compose, files={"sub/other.yaml": other, "sub/here.env": "C=3", "sub/f": "x"})
    assert found["web"] == {"image": "b", "environment": {"A": "1", "B": "2"}}
    assert (found["far"]["image"], found["far"]["command"]) == ("mine", ["x"])
    assert found["far"]["volumes"][0]["source"] == "/project/sub/f"
    assert found["far"]["environment"] == {"C": "3"}


def test_include_brings_its_own_directory_and_variables() -> None:
    compose = "include: [sub/compose.yaml]\nservices: {web: {image: 'w:${TAG:-none}', depends_on: [db]}}"
    included = "services: {db: {image: 'd:${TAG}', volumes: ['./x:/x:ro']}}"
    found = services(compose, files={"sub/compose.yaml": included, "sub/.env": "TAG=5", "sub/x": ""})
    assert found["web"]["image"] == "w:none"
    assert found["db"]["image"] == "d:5"
    assert found["db"]["volumes"][0]["source"] == "/project/sub/x"


def test_env_files_go_beneath_the_environment() -> None:
    compose = """
services:
  web:
    image: w
    env_file: [a.env, {path: b.env}, {path: none.env, required: false}, {path: raw.env, format: raw}]
    environment: {C: own, D: "${TAG}"}
"""
    files = {"a.env": "A=1\nB=1\nC=1", "b.env": "B=${A}2", "raw.env": "R='$A'", ".env": "TAG=t"}
    expected = {"A": "1", "B": "12", "C": "own", "D": "t", "R": "'$A'"}
    assert services(compose, files=files)["web"]["environment"] == expected


def test_the_environment_of_this_process_goes_before_env() -> None:
    compose = "services: {web: {image: 'w:${TAG}'}}"
    assert services(compose, files={".env": "TAG=file"}, env={"TAG": "process"})["web"]["image"] == "w:process"


@pytest.mark.parametrize(
    ("profiles", "env", "active"),
    [
        ((), {}, {"always"}),
        (("debug",), {}, {"always", "tool"}),
        ((), {"COMPOSE_PROFILES": "debug,test"}, {"always", "tool", "tests"}),
        (("*",), {}, {"always", "tool", "tests"}),
    ],
)
def test_profiles(profiles: tuple[str, ...], env: dict[str, str], active: set[str]) -> None:
    compose = """
services:
  always: {image: i}
  tool: {image: i, profiles: [debug]}
  tests: {image: i, profiles: [test], depends_on: {tool: {condition: service_started, required: false}}}
"""
    assert set(services(compose, profiles=profiles, env=env)) == active


@pytest.mark.parametrize(
    ("top", "env", "name", "becomes"),
    [
        ("", {}, "", "project"),
        ("name: mine", {}, "", "mine"),
        ("name: '${N}'", {"N": "var"}, "", "var"),
        ("name: mine", {"COMPOSE_PROJECT_NAME": "env"}, "", "env"),
        ("name: mine", {"COMPOSE_PROJECT_NAME": "env"}, "given", "given"),
    ],
)
def test_the_project_has_a_name(top: str, env: dict[str, str], name: str, becomes: str) -> None:
    assert read(f"{top}\nservices: {{web: {{image: i}}}}", env=env, name=name).loaded.name == becomes


def test_the_name_is_a_variable_of_every_file() -> None:
    compose = "name: mine\nservices: {web: {image: 'i', hostname: '${COMPOSE_PROJECT_NAME}-web'}}"
    assert services(compose)["web"]["hostname"] == "mine-web"


def test_what_is_not_required_may_be_missing() -> None:
    depends = "depends_on: {gone: {condition: service_started, required: false}}"
    assert services(f"services: {{web: {{image: i, {depends}}}}}")["web"]["depends_on"] == {}


def test_every_key_knows_where_it_came_from() -> None:
    override = "services:\n  web:\n    image: over\n"
    tree = read(BASE, files={"compose.override.yaml": override}).loaded.tree
    places = {key: str(at(tree, ("services", "web", key))[0]) for key in ("image", "command")}
    assert places == {"image": "/project/compose.override.yaml:3:5", "command": "/project/compose.yaml:5:5"}


FAULTS = [
    ("services: {web: {imag: x}}", "1:18", "there is no such key — did you mean image?"),
    ("services: {web: {image: [x]}}", "1:18", "is a list, and must be text"),
    ("services: {web: {image: i, replicas: 2}}", "1:28", "there is no such key"),
    ("services: {web: {image: i, restart: 5}}", "1:37", "is a number (5), and must be text — put it in quotes"),
    ("services: {web: {image: i, restart: sometimes}}", "1:37", "is no restart policy"),
    ("services: {web: {image: i, privileged: perhaps}}", "1:40", "is no truth value"),
    ("services: {web: {image: i, stop_grace_period: 5 minutes}}", "1:47", "is no duration"),
    ("services: {web: {image: i, mem_limit: much}}", "1:39", "is no size"),
    ("services: {web: {image: i, cpus: few}}", "1:34", "is no number of processors"),
    ("services: {web: {image: i, deploy: {replicas: -1}}}", "1:47", "is no whole number"),
    ("services: {web: {image: i, ports: [a]}}", "1:36", "is no port"),
    ("services: {web: {image: i, ports: ['1-3:1-2']}}", "1:36", "ranges do not fit"),
    ("services: {web: {image: i, ports: ['80:70000']}}", "1:36", "do not fit"),
    ("services: {web: {image: i, ports: [{published: 80}]}}", "1:36", "without `target`"),
    ("services: {web: {image: i, volumes: ['a:b']}}", "1:38", "is no volume"),
    ("services: {web: {image: i, volumes: ['none:/d']}}", "1:38", "there is no volume 'none'"),
    ("services: {web: {image: i, volumes: [{type: nfs, target: /d}]}}", "1:45", "is 'nfs'"),
    ("services: {web: {image: i, networks: [none]}}", "1:39", "there is no network 'none'"),
    ("services: {web: {image: i, secrets: [none]}}", "1:38", "there is no secret 'none'"),
    ("services: {web: {image: i, depends_on: [wbe]}}", "1:41", "there is no service 'wbe' — did you mean web?"),
    ("services: {web: {image: i, depends_on: [web]}}", "1:12", "a circle: web -> web"),
    ("services: {web: {image: i, extends: none}}", "1:37", "there is no service 'none'"),
    ("services: {web: {extends: db}, db: {extends: web}}", "1:27", "extend each other"),
    ("services: {web: {image: i, env_file: none.env}}", "1:38", "there is no such file"),
    ("services: {web: {image: i, healthcheck: {test: [x]}}}", "1:48", "is no test"),
    ("services: {web: {image: i, command: 'a \"b'}}", "1:37", "cannot be split"),
    ("services: {web: {image: '${X:?give it}'}}", "1:25", "X must be set: give it"),
    ("services: {web: {image: '$'}}", "1:25", "no variable's name"),
    ("services: {web: {image: i}}\nsecrets: {k: {environment: NONE}}", "2:28", "NONE is not set"),
    ("services: {web: {image: i}}\nsecrets: {k: {file: ./none}}", "2:21", "is not there"),
    ("services: {web: {image: i}}\nsecrets: {k: {}}", "2:11", "says nothing of what it holds"),
    ("services: {web: {image: i}}\nsecrets: {k: {external: true}}", "2:25", "external one is not known"),
    ("services: {web: {image: i}}\nvolumes: {d: {x-hardway: {sise: 1Gi}}}", "2:27", "there is no such key"),
    ("services: {web: {image: i}}\nvolumes: {d: {x-hardway: {size: lots}}}", "2:33", "is no size"),
    ("services: {web: {image: i, x-hardway: {size: 1Gi}}}", "1:28", "it says nothing of a service"),
    ("services: {web: {image: i, volumes: ['./f:/f:rx']}}", "1:38", "the option 'rx' is not known"),
    ('services: {web: {image: "\\ud800"}}', "1:25", "which is no text"),
    ('services: {web: {image: "\\0"}}', "1:25", "which is no text"),
    ("include: [{path: []}]\nservices: {web: {image: i}}", "1:11", "names no file"),
    ("services: {}", "1:11", "there is no service"),
    ("volumes: {}", "1:1", "there is no service"),
    ("- a", "1:1", "is no mapping"),
    ("a: [", "1:5", "not valid YAML"),
    ("services: {web: {image: i}}\nservices: {}", "2:1", "given twice, first on line 1"),
    ("web: {image: i}", "1:1", "there is no such key"),
    ("services: &a {web: *a}", "1:11", "an anchor that holds itself"),
    ("services: !x {web: {image: i}}", "1:11", "the tag '!x' is not known"),
    ("name: No\nservices: {web: {image: i}}", "1:7", "is no project's name"),
    ("include: [none.yaml]\nservices: {web: {image: i}}", "0", "there is no such file"),
    ("include: [compose.yaml]\nservices: {web: {image: i}}", "1:11", "includes itself"),
]


@pytest.mark.parametrize(("compose", "place", "says"), FAULTS, ids=[one[0][:60] for one in FAULTS])
def test_faults_have_their_places(compose: str, place: str, says: str) -> None:
    with pytest.raises(ComposeFaults) as caught:
        read(compose)
    told = str(caught.value)
    assert says in told
    if place != "0":
        assert f"compose.yaml:{place}:" in told


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ComposeFaults) as caught:
        read("services:\n  web: {imag: x, ports: [a], tty: [1]}\n  db: {image: 3}\nvolume: {}")
    assert {(one.line, one.where) for one in caught.value.faults} == {
        (2, "services.web.imag"),
        (2, "services.web.tty"),
        (3, "services.db.image"),
        (4, "volume"),
    }


def test_many_aliases_are_refused_before_they_are_written_out() -> None:
    lines = ["x-a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(ComposeFaults, match="aliases that make more than"):
        read("\n".join([*lines, "services: {web: {image: i}}"]))


def test_files_that_include_each_other_twice_come_to_an_end() -> None:
    files = {f"f{n}.yaml": f"include: [f{n + 1}.yaml, ./f{n + 1}.yaml]" for n in range(15)}
    with pytest.raises(ComposeFaults, match="more than 200 files are included"):
        read("include: [f0.yaml]\nservices: {web: {image: i}}", files={**files, "f15.yaml": "services: {}"})


def test_an_unset_variable_is_told() -> None:
    loaded = read("services: {web: {image: 'w${NONE}'}}").loaded
    assert [(str(place), what) for place, what in loaded.warnings] == [
        ("/project/compose.yaml:1:25", "NONE is not set: it is empty here")
    ]


def test_a_conflict_with_what_is_included() -> None:
    compose = "include: [sub.yaml]\nservices: {web: {image: i}}"
    with pytest.raises(ComposeFaults, match="also in a file that is included"):
        read(compose, files={"sub.yaml": "services: {web: {image: other}}"})
