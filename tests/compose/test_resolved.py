"""The resolved project as YAML with origins, that is read as itself again; and as JSON."""

from __future__ import annotations

import yaml

from hardway.compose.resolved import as_json, as_yaml
from hardway.compose.tree import plain
from tests.compose.projects import read

COMPOSE = """\
name: shop
services:
  web:
    image: nginx
    command: ["a b", "$$HOME", "yes", "#no", "", "two\\nlines"]
    environment: {A: "1", EMPTY: ""}
    ports: ["8080:80"]
    networks: [front]
networks:
  front:
"""
OVER = "services:\n  web:\n    image: nginx:2\n"


def test_each_key_with_its_origin() -> None:
    tree = read(COMPOSE, files={"compose.override.yaml": OVER}).loaded.tree
    lines = as_yaml(tree, "/project").splitlines()
    assert lines[:4] == [
        "name: shop  # compose.yaml:1:1",
        "services:  # compose.override.yaml:1:1",
        "  web:  # compose.override.yaml:2:3",
        '    image: "nginx:2"  # compose.override.yaml:3:5',
    ]
    assert "      - target: 80  # compose.yaml:7:13" in lines


def test_it_is_read_as_itself_again() -> None:
    tree = read(COMPOSE).loaded.tree
    assert plain(read(as_yaml(tree, "/project")).loaded.tree) == plain(tree)


def test_a_dollar_sign_is_doubled() -> None:
    found = yaml.safe_load(as_yaml(read(COMPOSE).loaded.tree, "/"))
    assert found["services"]["web"]["command"] == ["a b", "$$HOME", "yes", "#no", "", "two\nlines"]


def test_json_has_the_origins_beside() -> None:
    found = as_json(read(COMPOSE).loaded.tree, "/project")
    assert found["project"]["services"]["web"]["image"] == "nginx"
    assert found["origins"]["services.web.image"] == "compose.yaml:4:5"
