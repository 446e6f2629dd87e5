"""Heat, Trove and Magnum."""

from __future__ import annotations

from typing import Any

from tests.cloud.check.simulated.identity import PROJECT
from tests.cloud.check.simulated.server import Answer, Collection, Request, Simulated


def serve(cloud: Simulated) -> None:
    _heat(cloud)
    _trove(cloud)
    _magnum(cloud)


def _version(cloud: Simulated, path: str, number: str, **more: Any) -> dict[str, Any]:
    links = [{"rel": "self", "href": f"{cloud.url}{path}"}]
    return {"id": number, "status": "CURRENT", "links": links, **more}


def _heat(cloud: Simulated) -> None:
    version = _version(cloud, "/heat/v1/", "v1.0")
    cloud.route("GET", "/heat/?", lambda request: Answer(300, {"versions": [version]}))
    root = f"/heat/v1/{PROJECT}"
    engines = [{"binary": "heat-engine", "host": host, "status": "up"} for host in ("c1", "c2")]
    cloud.route("GET", f"{root}/services", lambda request: Answer(200, {"services": engines}))
    outputs = [{"output_key": "text", "output_value": "a1b2c3d4e5f6a7b8"}]
    progress = {"stack_status": "CREATE_IN_PROGRESS"}
    complete = {"stack_status": "CREATE_COMPLETE", "outputs": outputs}
    Collection(cloud, f"{root}/stacks", "stacks", "stack", progress, complete)

    def make(request: Request) -> Answer:
        wanted = request.json
        made = cloud.add("stacks", name=wanted["stack_name"], stack_name=wanted["stack_name"], **progress)
        assert wanted["template"]["resources"]
        return Answer(201, {"stack": {"id": made["id"], "links": []}})

    cloud.first("POST", f"{root}/stacks", make)


def _trove(cloud: Simulated) -> None:
    version = _version(cloud, "/trove/v1.0/", "v1.0")
    cloud.route("GET", "/trove/?", lambda request: Answer(200, {"versions": [version]}))
    cloud.route("GET", "/trove/v1.0/?", lambda request: Answer(200, {"version": version}))
    root = f"/trove/v1.0/{PROJECT}"
    store = {"id": "d1", "name": "mysql", "versions": [{"id": "v1", "name": "8.0"}]}
    cloud.route("GET", f"{root}/datastores", lambda request: Answer(200, {"datastores": [store]}))
    parameters = [
        {"name": "character_set_server", "type": "string", "restart_required": False},
        {"name": "max_connections", "type": "integer", "min": 1, "max": 100000, "restart_required": False},
    ]
    told = Answer(200, {"configuration-parameters": parameters})
    cloud.route("GET", f"{root}/datastores/d1/versions/v1/parameters", lambda request: told)
    Collection(cloud, f"{root}/configurations", "configurations", "configuration")


def _magnum(cloud: Simulated) -> None:
    version = _version(cloud, "/magnum/v1/", "v1", max_version="1.11", min_version="1.1")
    cloud.route("GET", "/magnum/?", lambda request: Answer(200, {"versions": [version]}))
    cloud.route("GET", "/magnum/v1/?", lambda request: Answer(200, version))
    services = {"mservices": [{"binary": "magnum-conductor", "host": "c1", "state": "up"}]}
    cloud.route("GET", "/magnum/v1/mservices", lambda request: Answer(200, services))
    Collection(cloud, "/magnum/v1/clustertemplates", "clustertemplates", "clustertemplate", wrapped=False)
