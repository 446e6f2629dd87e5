"""A cloud's own files: its record, the projects' configuration, keys, and where its services find this package.

Touches the cloud's directory only, which nobody but root may enter.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import yaml
from cryptography.fernet import Fernet

from hardway.cloud.configuration.clients import clouds
from hardway.cloud.configuration.files import COPIED, files
from hardway.cloud.configuration.keystone import CREDENTIAL, FERNET
from hardway.cloud.configuration.settings import Settings
from hardway.cloud.places import CloudPlace
from hardway.cloud.record import APIS, SERVICE_USERS, USERS
from hardway.lab.files import write

PASSWORD_BYTES = 24


def write_files(settings: Settings) -> None:
    """Everything but the databases. Written again it is the same, keys excepted, which stay."""
    place = settings.place
    place.directory.mkdir(parents=True, exist_ok=True)
    place.directory.chmod(0o700)
    for directory in _directories(place):
        directory.mkdir(parents=True, exist_ok=True)
    write(place.record, json.dumps(asdict(settings.record), indent=1), 0o600)
    for path, text in files(settings).items():
        write(place.etc / path, text, 0o600)
    for path in COPIED:
        shutil.copy(settings.venv / "etc" / path, place.etc / path)
    write(place.clouds_yaml, yaml.safe_dump(clouds(settings), sort_keys=False), 0o600)
    for repository in (FERNET, CREDENTIAL):
        _ensure_keys(place.keys / repository)
    _lay_path(place)


def _directories(place: CloudPlace) -> tuple[Path, ...]:
    own = (place.databases, place.log, place.ovn, place.instances, place.run / "tmp", place.path)
    data = (place.data / project for project in APIS)
    locks = (place.run / "locks" / user for user in SERVICE_USERS)
    images = (place.data / "glance" / kind for kind in ("images", "staging", "tasks"))
    return (*own, *data, *locks, *images)


def _ensure_keys(repository: Path) -> None:
    """A key to come (0) and the one in use (1), as keystone-manage fernet_setup makes them."""
    repository.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(2):
        if not (repository / str(number)).exists():
            write(repository / str(number), Fernet.generate_key(), 0o600)


def _lay_path(place: CloudPlace) -> None:
    """The package `hardway` alone, by a link: what is installed beside it is not the cloud's."""
    link, package = place.path / "hardway", Path(__file__).parents[1]
    if link.is_symlink() and link.readlink() != package:
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(package)


def python_environment(place: CloudPlace) -> Mapping[str, str]:
    """For programs of the cloud's virtual environment: where they find this package, and nothing of ours besides.

    What they load for the first time is kept compiled, whatever the caller prefers: without, a start takes thrice as
    long.
    """
    return {"PYTHONPATH": str(place.path), "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": ""}


def new_passwords() -> Mapping[str, str]:
    return {user: secrets.token_urlsafe(PASSWORD_BYTES) for user in USERS}
