"""The table of what is supported: complete by the specification's schema, and its page as it is in docs/.

UPDATE_GOLDEN=1 writes the page anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import pytest

from hardway.compose.converting.support import SERVICE, TOP, Status, reference, support_of
from hardway.compose.diagnostics import Kind
from hardway.compose.loading.shape import schema
from tests.compose.projects import converted

PAGE: Final = Path(__file__).parents[2] / "docs" / "compose-support.md"


def test_every_key_of_a_service_is_in_the_table() -> None:
    keys = set(schema()["$defs"]["service"]["properties"])
    nested = {key.split(".")[0] for key in SERVICE}
    assert keys == nested


@pytest.mark.parametrize("section", ["volume", "network", "secret", "config"])
def test_every_key_of_a_section_is_in_the_table(section: str) -> None:
    keys = set(schema()["$defs"][section]["properties"])
    known = {key.split(".")[2] for key in TOP if key.startswith(f"{section}s.*.")}
    assert keys <= known


def test_every_key_of_deploy_is_in_the_table() -> None:
    keys = set(schema()["$defs"]["deployment"]["properties"])
    assert keys == {key.split(".")[1] for key in SERVICE if key.startswith("deploy.")}


def test_every_top_level_key_is_in_the_table_or_a_section() -> None:
    sections = {"services", "volumes", "networks", "secrets", "configs"}
    assert set(schema()["properties"]) == {key.split(".")[0] for key in TOP} | sections


VALUES: Final[dict[str, Any]] = {
    "services.web.blkio_config": "{weight: 300}",
    "services.web.credential_spec": "{file: x}",
    "services.web.gpus": "all",
    "services.web.provider": "{type: x}",
    "services.web.devices": "['/dev/x']",
    "services.web.use_api_socket": "true",
    "services.web.cgroup_parent": "x",
    "services.web.cpu_count": "2",
    "services.web.mac_address": "'02:42:ac:11:65:43'",
    "services.web.pre_stop": "[{command: x}]",
    "services.web.umask": "18",
}


@pytest.mark.parametrize("path", VALUES)
def test_what_the_table_refuses_is_refused(path: str) -> None:
    keys = tuple(path.split("."))
    support = support_of(keys)
    assert support is not None and support.status is Status.REFUSED
    found = converted(f"services: {{web: {{image: i, {keys[-1]}: {VALUES[path]}}}}}")
    assert [one.what for one in found.refused if one.path == keys] == [support.how]


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("labels: {a: b}", "services.web.labels"),
        ("logging: {driver: json-file}", "services.web.logging"),
        ("deploy: {update_config: {order: start-first}}", "services.web.deploy.update_config"),
        ("attach: true", "services.web.attach"),
    ],
)
def test_what_is_left_out_is_told(keys: str, path: str) -> None:
    found = converted(f"services: {{web: {{image: i, {keys}}}}}")
    assert [one.where for one in found.diagnostics if one.kind is Kind.HARMLESS] == [path]


def test_the_page_is_as_the_table_says() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(reference())
    assert PAGE.read_text() == reference()
