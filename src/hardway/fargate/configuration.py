"""Reads the agent's configuration: the article's fargate.toml, or the same keys as YAML. Touches the files named.

All faults at once, each with file, line and column where the format tells them.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hardway.fargate.settings import Settings
from hardway.spec.document import LARGEST, Document, read
from hardway.spec.faults import Fault, Place, SpecFaults, dotted, nearest, shown

_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_KEY: Final = re.compile(r"""^(\s*)["']?([A-Za-z0-9_-]+)["']?\s*=""")
_VARIABLE: Final = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


def load(path: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings of a file, keys of `overrides` in place of its own. Raises SpecFaults."""
    text = _text(path)
    document = _toml(text, str(path)) if path.suffix == ".toml" else read(text, str(path))
    if not isinstance(document.data, dict):
        raise SpecFaults((Fault(str(path), 1, 1, "", "holds no keys", 'write `Region = "..."` and the other keys'),))
    data = {**document.data, **(overrides or {})}
    faults = list(document.faults)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        faults += _faults(error.errors(include_url=False), document, str(path))
    else:
        faults += _rules(settings, document, str(path))
        if not faults:
            return settings
    raise SpecFaults(tuple(sorted(faults, key=lambda fault: (fault.line, fault.column))))


def sysconfig(path: Path) -> Mapping[str, str]:
    """The variables of a unit's environment file such as /etc/sysconfig/virtual-kubelet. Raises SpecFaults."""
    values: dict[str, str] = {}
    faults: list[Fault] = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        found = _VARIABLE.match(line.strip())
        try:
            words = shlex.split(found[2]) if found else None
        except ValueError:
            words = None
        if found is None or words is None:
            faults.append(Fault(str(path), number, 1, "", "is no assignment", 'write it as NAME="value"'))
            continue
        values[found[1]] = " ".join(words)
    faults += _sysconfig_faults(values, path)
    if faults:
        raise SpecFaults(tuple(faults))
    return values


def option(values: Mapping[str, str], name: str) -> str:
    """The value of an option in the article's OPTIONS="--kubeconfig=...", empty where it is not there."""
    words = shlex.split(values.get("OPTIONS", ""))
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
        if word == f"--{name}":
            return following
    return ""


def _sysconfig_faults(values: Mapping[str, str], path: Path) -> Iterator[Fault]:
    if values.get("PROVIDER_NAME", "aws") != "aws":
        yield Fault(str(path), 0, 0, "PROVIDER_NAME", "is not aws", "this agent knows AWS alone")
    port = values.get("KUBELET_PORT", "10250")
    if not port.isdecimal() or not 1 <= int(port[:6]) <= 65535:
        yield Fault(str(path), 0, 0, "KUBELET_PORT", f"{port[:20]!r} is no port", "write a number up to 65535")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecFaults(
            (Fault(str(path), 0, 0, "", f"cannot be read: {reason}", "name a file that you may read"),)
        ) from None
    if len(content) > LARGEST:
        raise SpecFaults((Fault(str(path), 0, 0, "", f"larger than {LARGEST // 1024} KiB"),))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SpecFaults((Fault(str(path), line, 1, "", "is not UTF-8 text", "save the file as UTF-8"),)) from None


def _toml(text: str, file: str) -> Document:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecFaults((_syntax(str(error), file, text),)) from None
    places: dict[tuple[str | int, ...], Place] = {
        (found[2],): Place(number, len(found[1]) + 1)
        for number, line in enumerate(text.splitlines(), start=1)
        if (found := _KEY.match(line))
    }
    return Document(data, places, places, (), (), ())


def _syntax(said: str, file: str, text: str) -> Fault:
    found = _AT.search(said)
    line, column = (int(found[1]), int(found[2])) if found else (len(text.splitlines()), 1)
    what = _AT.sub("", said).removesuffix(" (at end of document)")
    return Fault(file, line, column, "", what[:1].lower() + what[1:], "texts need quotes, lists need [ ]")


def _faults(errors: Sequence[ErrorDetails], document: Document, file: str) -> Iterator[Fault]:
    known = [field.alias or name for name, field in Settings.model_fields.items()]
    given = set(document.data)
    misspelt = {near for key in given - set(known) if (near := nearest(key, known))}
    for error in errors:
        where = error["loc"]
        if error["type"] == "missing" and where[0] in misspelt:
            continue
        place = document.nearest_place(where[:1], of_key=error["type"] == "extra_forbidden")
        what, way_out = _words(error, known)
        yield Fault(file, place.line, place.column, dotted(where), what, way_out)


def _words(error: ErrorDetails, known: Sequence[str]) -> tuple[str, str]:
    key = str(error["loc"][0])
    if error["type"] == "missing":
        return "is missing", f"add `{key} = ...`"
    if error["type"] == "extra_forbidden":
        near = nearest(key, known)
        return "unknown key", f"did you mean {near}?" if near else f"known here: {', '.join(known)}"
    if error["type"] == "string_pattern_mismatch":
        return f"{shown(error['input'])} has not the form that it must have", _EXAMPLES.get(key, "")
    if error["type"] == "too_short":
        return "is empty", _EXAMPLES.get(key, "")
    said = error["msg"].removeprefix("Value error, ")
    return said[:1].lower() + said[1:], _EXAMPLES.get(key, "")


_EXAMPLES: Final[Mapping[str, str]] = {
    "Region": "write it as ap-northeast-1",
    "ClusterName": "write its name, not its ARN",
    "Subnets": 'write ["subnet-0123abcd"]',
    "SecurityGroups": 'write ["sg-0123abcd"]',
    "ExecutionRoleArn": "write arn:aws:iam::123456789012:role/NAME, or leave it empty",
    "TaskRoleArn": "write arn:aws:iam::123456789012:role/NAME, or leave it empty",
    "PlatformVersion": "write LATEST or 1.4.0",
    "OperatingSystem": "only Linux tasks are made",
    "CPU": "write it as Kubernetes does: 20, 500m",
    "Memory": "write it as Kubernetes does: 40Gi",
    "Pods": "write how many pods the node takes",
}


def _rules(settings: Settings, document: Document, file: str) -> Iterator[Fault]:
    """What single keys cannot tell."""

    def fault(key: str, what: str, way_out: str) -> Fault:
        place = document.nearest_place((key,))
        return Fault(file, place.line, place.column, key, what, way_out)

    if settings.log_group and not settings.execution_role:
        yield fault(
            "CloudWatchLogGroupName",
            "needs ExecutionRoleArn: tasks on Fargate write their logs with that role",
            "name a role with AmazonECSTaskExecutionRolePolicy, or leave the log group empty",
        )
    files = {
        "KubeletCertificate": settings.kubelet_certificate,
        "KubeletKey": settings.kubelet_key,
        "KubeletClientCA": settings.kubelet_client_ca,
    }
    if any(files.values()):
        for key in (key for key, value in files.items() if not value):
            yield fault(key, "is missing beside the other files of the kubelet API", "name all three, or none")
