"""Anything that looks like a compose file: faults or objects, never a traceback; nothing unquoted, nothing outside."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardway.compose.converting.convert import Converted, convert
from hardway.compose.faults import ComposeFaults
from hardway.compose.loading.shape import schema
from hardway.compose.resolved import as_json, as_yaml
from hardway.compose.resources import resources
from hardway.plan.order import edges, sorted_by_edges
from tests.compose.projects import read

_NAMES = st.one_of(
    st.sampled_from(["web", "db", "my_app", "A.b", "1", "data", "default", "x" * 80, "-", "_"]),
    st.text(min_size=1, max_size=8),
)
_WORDS = st.one_of(
    st.sampled_from(
        ["", "i", "mysql:8", "$X", "${X:-d}", "${", "$$", "8080:80", "80", "./f:/f", "data:/var/lib/mysql", "/d",
         "a=b", "on-failure:3", "no", "host", "1000:1000", "5s", "512m", "service_healthy", "$(X)",
         "a\nb", "'; rm -rf / #", "\x07"]
    ),
    st.text(max_size=12),
)  # fmt: skip
_SCALARS = st.one_of(_WORDS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
_ANY = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=6,
)
_PORT = st.one_of(
    st.integers(0, 70000).map(str), st.tuples(st.integers(0, 70000), st.integers(1, 65535)).map("{0[0]}:{0[1]}".format)
)
_MOUNT = st.tuples(
    st.sampled_from(["data", "other", "./f", "./conf", "./none", "/etc", ""]),
    st.sampled_from(["/d", "/var/lib/mysql", "/etc/x", "/", "/data/db"]),
    st.sampled_from(["", ":ro", ":rw"]),
).map(lambda one: f"{one[0]}:{one[1]}{one[2]}" if one[0] else one[1])
_LIKELY = {
    "image": st.sampled_from(["mysql:8", "nginx", "redis", "a/b:c", "Bad Image"]),
    "command": st.one_of(_WORDS, st.lists(_WORDS, max_size=3)),
    "ports": st.lists(_PORT, max_size=3, unique=True),
    "volumes": st.lists(_MOUNT, max_size=3, unique=True),
    "environment": st.dictionaries(_NAMES, _SCALARS, max_size=3),
    "depends_on": st.lists(st.sampled_from(["web", "db", "my_app"]), max_size=2, unique=True),
    "secrets": st.lists(st.sampled_from(["key"]), max_size=1),
    "restart": st.sampled_from(["no", "always", "on-failure:2"]),
    "healthcheck": st.fixed_dictionaries({"test": st.one_of(_WORDS, st.lists(_WORDS, min_size=2, max_size=3))}),
    "networks": st.lists(st.sampled_from(["front", "back"]), max_size=2, unique=True),
    "user": st.sampled_from(["1000", "root", "me", "1:2"]),
    "scale": st.integers(0, 3),
    "hostname": _NAMES,
    "container_name": _NAMES,
}
_SERVICE = st.fixed_dictionaries(
    {"image": _LIKELY["image"]}, optional={key: value for key, value in _LIKELY.items() if key != "image"}
)
_PROJECT = st.fixed_dictionaries(
    {
        "services": st.dictionaries(
            st.sampled_from(["web", "db", "my_app", "A.b", "1", "x" * 80]), _SERVICE, min_size=1, max_size=3
        )
    },
    optional={
        "volumes": st.sampled_from([{"data": None, "other": {"name": "n"}}, {"data": {"external": True}}]),
        "networks": st.just({"front": None, "back": {"internal": True}}),
        "secrets": st.just({"key": {"file": "./f"}}),
        "name": _NAMES,
        "x-any": _ANY,
    },
)
_FILES: dict[str, str | bytes | None] = {"f": "text", "conf/a": b"\xff\x00", "conf/b/c": "x"}

_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(_PROJECT)
def test_a_project_is_told_of_or_converted(project: dict[str, Any]) -> None:
    try:
        found = read(yaml.safe_dump(project, allow_unicode=True), files=_FILES)
    except ComposeFaults as fault:
        assert all(one.what and "Traceback" not in str(one) for one in fault.faults)
        return
    converted = convert(found.project, lax=True)
    _check(converted)
    text = as_yaml(found.loaded.tree, "/project")
    assert yaml.safe_load(text) == yaml.safe_load(yaml.safe_dump(_doubled(as_json(found.loaded.tree, "/")["project"])))


def _doubled(value: Any) -> Any:
    """With the dollar signs of values doubled, as they are printed."""
    if isinstance(value, dict):
        return {key: _doubled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_doubled(one) for one in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _check(converted: Converted) -> None:
    space = converted.namespace["metadata"]["name"]
    bodies = [*converted.bodies()]
    for body in bodies:
        meta = body["metadata"]
        assert _LABEL.fullmatch(meta["name"]), meta["name"]
        assert body["kind"] == "Namespace" or meta["namespace"] == space
        assert all(
            re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,61})?[A-Za-z0-9]", one) for one in meta["labels"].values()
        )
        json.dumps(body)
    ids = [(body["kind"], body["metadata"]["name"]) for body in bodies]
    assert len(ids) == len(set(ids))
    for workload in converted.workloads:
        spec = workload.body["spec"]["template"]["spec"]
        assert spec["enableServiceLinks"] is False
        assert not {"hostPath", "hostNetwork", "hostPID"} & set(re.findall(r'"(\w+)":', json.dumps(spec)))
        _check_mounts(spec)
    made = resources(converted)
    assert len(sorted_by_edges(edges(made))) == len(made)


def _check_mounts(spec: dict[str, Any]) -> None:
    volumes = [one["name"] for one in spec.get("volumes", ())]
    mounts = spec["containers"][0].get("volumeMounts", ())
    assert len(volumes) == len(set(volumes))
    assert {one["name"] for one in mounts} <= set(volumes)
    assert len({one["mountPath"] for one in mounts}) == len(mounts)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=200))
def test_any_text_is_read_or_told_of(text: str) -> None:
    try:
        read(text)
    except ComposeFaults as fault:
        assert fault.faults


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(sorted(schema()["$defs"]["service"]["properties"])), _ANY, max_size=5))
def test_any_value_of_any_key(service: dict[str, Any]) -> None:
    try:
        found = read(yaml.safe_dump({"services": {"web": {"image": "i", **service}}}, allow_unicode=True))
    except ComposeFaults:
        return
    _check(convert(found.project, lax=True))


_KEYS = st.sampled_from(["a", "b", "c"])
_PART = st.fixed_dictionaries(
    {},
    optional={
        "image": st.just("i"),
        "extends": st.one_of(_KEYS, st.fixed_dictionaries({"service": _KEYS}, optional={"file": st.just("x.yaml")})),
        "env_file": st.just(["v.env"]),
        "depends_on": st.lists(_KEYS, max_size=1),
        "profiles": st.lists(st.sampled_from(["p", "q"]), max_size=1),
        "environment": st.one_of(st.just(["A=1"]), st.dictionaries(_KEYS, _WORDS, max_size=2)),
        "links": st.lists(st.sampled_from(["a", "b:x"]), max_size=1),
        "ports": st.lists(st.sampled_from(["80:80", "81:81"]), max_size=2, unique=True),
        "volumes": st.lists(st.sampled_from(["v:/v", "/v"]), max_size=1),
    },
)
_FILE = st.fixed_dictionaries(
    {"services": st.dictionaries(_KEYS, _PART, max_size=3), "volumes": st.just({"v": None})},
    optional={"include": st.lists(st.sampled_from(["x.yaml", "sub/y.yaml"]), max_size=1)},
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(_FILE, _FILE, _FILE, st.one_of(st.none(), _FILE), st.text(max_size=30))
def test_files_on_files_and_in_files(
    first: dict[str, Any], other: dict[str, Any], below: dict[str, Any], over: dict[str, Any] | None, env: str
) -> None:
    files: dict[str, str | bytes | None] = {"x.yaml": yaml.safe_dump(other), "sub/y.yaml": yaml.safe_dump(below)}
    if over is not None:
        files["compose.override.yaml"] = yaml.safe_dump(over)
    try:
        found = read(yaml.safe_dump(first, allow_unicode=True), files={**files, "v.env": env}, profiles=("p",))
    except ComposeFaults:
        return
    _check(convert(found.project, lax=True))
