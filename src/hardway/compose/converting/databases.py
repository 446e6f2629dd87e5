"""Databases that are known by their image or their data directory: what must not lie on a bind mount. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

DIRECTORIES: Final = {
    "/var/lib/mysql": "MySQL or MariaDB",
    "/bitnami/mysql": "MySQL",
    "/bitnami/mariadb": "MariaDB",
    "/var/lib/postgresql": "PostgreSQL",
    "/var/lib/postgresql/data": "PostgreSQL",
    "/bitnami/postgresql": "PostgreSQL",
    "/data/db": "MongoDB",
    "/data/configdb": "MongoDB",
    "/bitnami/mongodb": "MongoDB",
    "/usr/share/elasticsearch/data": "Elasticsearch",
    "/usr/share/opensearch/data": "OpenSearch",
}
"""Where the official images keep their data."""

_OF_IMAGES: Final = {
    "redis": ("Redis", "/data"),
    "valkey": ("Valkey", "/data"),
}
"""Directories that mean something only with that image."""

_IMAGES: Final = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "percona": "MySQL",
    "postgres": "PostgreSQL",
    "postgresql": "PostgreSQL",
    "postgis": "PostgreSQL",
    "mongo": "MongoDB",
    "mongodb": "MongoDB",
    "redis": "Redis",
    "valkey": "Valkey",
    "elasticsearch": "Elasticsearch",
    "opensearch": "OpenSearch",
}


def database_of(image: str) -> str:
    """Which database an image is by its name; empty for none."""
    return _IMAGES.get(_base(image), "")


def database_at(target: str, image: str) -> str:
    """Which database keeps its data at a mount's target, in it or around it; empty for none."""
    path = PurePosixPath(target)
    known = dict(DIRECTORIES)
    own = _OF_IMAGES.get(_base(image))
    if own:
        known[own[1]] = own[0]
    for directory, database in known.items():
        there = PurePosixPath(directory)
        around = path in there.parents and database_of(image) in database
        if path == there or (around and database_of(image)) or _inside(path, there):
            return database
    return ""


def _inside(path: PurePosixPath, directory: PurePosixPath) -> bool:
    """A file in it, such as a configuration, is another matter: only folders that data is kept in."""
    return directory in path.parents and path.suffix == ""


def _base(image: str) -> str:
    """registry:5000/library/mysql:8@sha256:... as mysql."""
    last = image.partition("@")[0].rsplit("/", 1)[-1]
    return re.sub(r":.*", "", last).lower()
