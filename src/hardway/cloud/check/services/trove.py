"""Trove: databases. Proved with a group of settings for a data store: an instance would take minutes and a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Proof, Proved, Service, Untried, Wrong
from hardway.cloud.check.versions import told_by

GROUPS = "/configurations"


def _settings(cloud: Cloud, made: Made) -> Proved:
    """Trove checks the setting against what it knows of the data store, so this goes through its whole database."""
    api = cloud.api.database
    store, version, setting = _any_setting(cloud)
    wanted = {setting["name"]: setting["min"]}
    values = {
        "name": cloud.name("settings"),
        "datastore": {"type": store["name"], "version": version["name"]},
        "values": wanted,
    }
    group = asked(api.post(GROUPS, json={"configuration": values}))["configuration"]
    made.undo("group of settings", partial(_remove, cloud, group["id"]))
    back = asked(api.get(f"{GROUPS}/{group['id']}"))["configuration"]["values"]
    if back != wanted:
        raise Wrong(f"the settings come back as {back}, not {wanted}")
    return Proved(f"a group of settings for {store['name']} {version['name']} was made and read back")


def _any_setting(cloud: Cloud) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """A data store, its version, and a whole number that can be set in it. Raises Untried."""
    api = cloud.api.database
    for store in asked(api.get("/datastores"))["datastores"]:
        for version in store.get("versions", ()):
            told = asked(api.get(f"/datastores/{store['id']}/versions/{version['id']}/parameters"))
            setting = whole_number(told["configuration-parameters"])
            if setting is not None:
                return store, version, setting
    raise Untried("it has no data store with settings")


def whole_number(parameters: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first setting that is a whole number with a least value. Pure."""
    return next((one for one in parameters if one.get("type") == "integer" and one.get("min") is not None), None)


def _remove(cloud: Cloud, group: str) -> None:
    asked(cloud.api.database.delete(f"{GROUPS}/{group}"))


def _sweep(cloud: Cloud) -> None:
    for group in cloud.leftovers(asked(cloud.api.database.get(GROUPS))["configurations"]):
        _remove(cloud, group["id"])


TROVE = Service(
    name="Trove",
    counterpart="RDS",
    type="database",
    there=lambda cloud: cloud.has("database"),
    version=told_by("database"),
    proofs=(Proof("settings", "a group of settings for a data store is made and comes back", _settings),),
    sweep=_sweep,
)
