"""All services of the simulated cloud, and a clouds.yaml for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.cloud.check.simulated import dashboard, ground, identity, storage, workloads
from tests.cloud.check.simulated.server import Simulated

PROJECT: Final = identity.PROJECT

SERVICES: Final = {
    "identity": "/identity/v3",
    "object-store": f"/swift/v1/AUTH_{PROJECT}",
    "image": "/image",
    "network": "/network",
    "volumev3": f"/volume/v3/{PROJECT}",
    "orchestration": f"/heat/v1/{PROJECT}",
    "database": f"/trove/v1.0/{PROJECT}",
    "sharev2": "/share/v2",
    "container-infra": "/magnum/v1",
}
"""By their types as older catalogs have them, so that those are proved to be understood."""


@contextmanager
def simulated_cloud() -> Iterator[Simulated]:
    """Every service that is simulated, with nothing in it but what an administrator would have put there."""
    cloud = Simulated()
    with cloud.serving():
        identity.serve(cloud, SERVICES)
        for part in (ground, storage, workloads, dashboard):
            part.serve(cloud)
        cloud.requests.clear()
        yield cloud


def clouds_yaml(cloud: Simulated, folder: Path, **auth: Any) -> Path:
    """A clouds.yaml that names it `simulated`; JSON is YAML."""
    entry = {"auth_url": f"{cloud.url}/identity/v3", **(auth or identity.CREDENTIAL)}
    file = folder / "clouds.yaml"
    described = {"auth": entry, "region_name": "RegionOne"}
    if "application_credential_id" in entry:
        described["auth_type"] = "v3applicationcredential"
    file.write_text(json.dumps({"clouds": {"simulated": described}}))
    return file
