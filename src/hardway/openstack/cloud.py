"""The door to a cloud: the only file that imports openstacksdk. Requests run in threads; faults become CloudFault.

openstacksdk brings credentials, the catalog, versions and sessions; requests are made by the paths and bodies of the
API references, so that what is sent reads as there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Final, TypeVar

from hardway.openstack.faults import CloudFault
from hardway.openstack.retries import Retry, retry_for
from hardway.spec.openstack import OpenStack

Body = dict[str, Any]
"""An object as JSON has it."""
T = TypeVar("T")

AT_ONCE: Final = 12
"""Requests in flight; APIs of small clouds serve about as many."""
TIMEOUT: Final = 60
"""Seconds for one answer."""
MICROVERSIONS: Final = {"compute": "2.47"}
"""2.47 (Pike) is the first to name a server's flavor in the server itself."""
ATTRIBUTES: Final = {"load-balancer": "load_balancer"}
"""The connection's attributes that are not called as in the catalog."""


class Cloud:
    """One project of one cloud."""

    def __init__(self, section: OpenStack) -> None:
        self._section = section
        self._sdk: Any = None
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="openstack")
        self.project: str = ""
        """The project's id, once connected."""
        self.services: frozenset[str] = frozenset()
        """The types of services in the catalog, once connected."""

    async def connect(self) -> None:
        """Authenticate. Raises CloudFault: no such cloud, wrong password, no answer."""
        if self._sdk is None:
            self._sdk = await self._in_thread(self._connected)

    def _connected(self) -> Any:
        import openstack

        sdk = openstack.connect(
            cloud=self._section.cloud, region_name=self._section.region, app_name="hardway", api_timeout=TIMEOUT
        )
        self.project = str(sdk.current_project_id)
        self.services = frozenset(entry["type"] for entry in sdk.service_catalog)
        for service in self.services:
            getattr(sdk, ATTRIBUTES.get(service, service), None)  # made once, before threads share them
        return sdk

    @property
    def proxy(self) -> str | None:
        """The SOCKS proxy that leads to the cloud's addresses, if any must."""
        return self._own("proxy")

    @property
    def blobs(self) -> str | None:
        """Where servers see the operator's blob cache, if they do."""
        return self._own("blobs")

    def _own(self, name: str) -> str | None:
        """What hardway's own key of the cloud's entry in clouds.yaml says (hardway.proxy, hardway.blobs)."""
        own = self._sdk.config.config.get("hardway") if self._sdk else None
        return str(own[name]) if isinstance(own, Mapping) and own.get(name) else None

    async def get(self, service: str, path: str, **query: str) -> Body:
        """What a GET answers. Raises CloudFault."""
        return await self.request(service, "GET", path, query=query)

    async def post(self, service: str, path: str, body: Body) -> Body:
        return await self.request(service, "POST", path, body)

    async def put(self, service: str, path: str, body: Body) -> Body:
        return await self.request(service, "PUT", path, body)

    async def patch(self, service: str, path: str, body: Body) -> Body:
        return await self.request(service, "PATCH", path, body)

    async def delete(self, service: str, path: str) -> None:
        """Delete; what is gone already is no fault."""
        try:
            await self.request(service, "DELETE", path)
        except CloudFault as fault:
            if fault.status != 404:
                raise

    async def list(self, service: str, path: str, key: str, **query: str) -> Sequence[Body]:
        """All of a collection, page by page."""
        found: list[Body] = []
        answer = await self.request(service, "GET", path, query=query)
        while True:
            found.extend(answer.get(key) or ())
            following = _next_page(answer, key)
            if following is None:
                return found
            answer = await self.request(service, "GET", following)

    async def request(
        self, service: str, method: str, path: str, body: Body | None = None, query: Mapping[str, str] | None = None
    ) -> Body:
        """One request, repeated only where the service's documentation asks for it. Raises CloudFault."""
        began = monotonic()
        while True:
            answer = await self._in_thread(lambda: self._send(service, method, path, body, query or {}))
            if answer.status_code < 400:
                return _json(answer)
            retry = retry_for(service, method, answer.status_code, answer.headers)
            if retry is None or monotonic() - began > retry.within:
                raise _refused(service, method, path, answer, retry)
            await asyncio.sleep(retry.after)

    def _send(self, service: str, method: str, path: str, body: Body | None, query: Mapping[str, str]) -> Any:
        proxy = getattr(self._sdk, ATTRIBUTES.get(service, service))
        more: dict[str, Any] = {"json": body} if body is not None else {}
        if service in MICROVERSIONS:
            more["microversion"] = MICROVERSIONS[service]
        return proxy.request(path, method, params=dict(query), raise_exc=False, **more)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except Exception as error:
            fault = _explained(error)
            if fault is None:
                raise
            raise fault from error


def _json(answer: Any) -> Body:
    body: Body = answer.json() if answer.content else {}
    return body


def _next_page(answer: Body, key: str) -> str | None:
    """Where the next page is: Neutron's, Nova's and Octavia's KEY_links, Designate's links."""
    for link in answer.get(f"{key}_links") or ():
        if link.get("rel") == "next":
            return str(link["href"])
    links = answer.get("links")
    following = links.get("next") if isinstance(links, Mapping) else None
    return str(following) if following else None


def _refused(service: str, method: str, path: str, answer: Any, retry: Retry | None) -> CloudFault:
    said = _said(answer)
    asked = f"{service}: {method} {path.split('?')[0]}"
    status = int(answer.status_code)
    if status == 401:
        return CloudFault(
            "the cloud no longer takes these credentials",
            said,
            "renew them in clouds.yaml or the environment: a password that was changed, a credential that expired",
            status=status,
            bad_input=True,
        )
    if status == 403 and "uota" in said:
        return CloudFault(f"{asked}: the quota is used up", said, "have it raised, or free something", status=status)
    waited = f" for {retry.within:.0f} s" if retry else ""
    return CloudFault(f"{asked} was answered with {status}{waited}", said, _ADVICE.get(status, ""), status=status)


_ADVICE: Final = {
    403: "the project's roles, or the cloud's policy, do not allow it: ask whoever keeps the cloud",
    409: "something else works on it, or has what is asked for: `hardway up` looks again and goes on from there",
    429: "the cloud is asked too much; try again later",
    500: "the cloud itself is at fault: its log says more; `hardway up` goes on from here",
    503: "the service is not there at the moment; `hardway up` goes on from here",
}


def _said(answer: Any) -> str:
    """The words in an error's body, however the service wraps them."""
    try:
        body = answer.json()
    except ValueError:
        return str(answer.text).strip()[:500]
    while isinstance(body, Mapping):
        inner = next(
            (body[key] for key in ("message", "faultstring", "detail") if isinstance(body.get(key), str)), None
        )
        if inner:
            return str(inner)
        nested = [value for value in body.values() if isinstance(value, Mapping)]
        if not nested:
            return str(next((value for value in body.values() if isinstance(value, str)), body))[:500]
        body = nested[0]
    return str(body)[:500]


def _explained(error: Exception) -> CloudFault | None:
    """A fault for a person, None for one that is hardway's own."""
    from keystoneauth1 import exceptions as auth
    from openstack import exceptions as sdk

    said = " ".join(str(error).split())
    match error:
        case auth.http.Unauthorized():
            return CloudFault(
                "the cloud refuses these credentials",
                said,
                "look at user, password and project (or application credential, which may have expired) in clouds.yaml "
                "or the environment",
                status=401,
                bad_input=True,
            )
        case sdk.ConfigException():
            way = "openstack.cloud in the spec, or OS_CLOUD, names an entry of clouds.yaml (OS_CLIENT_CONFIG_FILE)"
            return CloudFault("the cloud is not known here", said, way, bad_input=True)
        case auth.auth_plugins.MissingRequiredOptions() | auth.auth_plugins.NoMatchingPlugin():
            way = "name a cloud of clouds.yaml in openstack.cloud or OS_CLOUD, or set OS_AUTH_URL and its kin"
            return CloudFault("no credentials for a cloud were given", said, way, bad_input=True)
        case auth.SSLError():
            way = "name the authority's file as cacert in clouds.yaml, or in OS_CACERT"
            return CloudFault("the cloud's certificate is not trusted here", said, way)
        case auth.ConnectFailure() | auth.DiscoveryFailure() | auth.ConnectTimeout():
            way = "is the address right (auth_url), is the cloud up, does a firewall stand between?"
            return CloudFault("the cloud does not answer", said, way)
        case auth.EndpointNotFound():
            return CloudFault("the cloud has no such service", said, "look at its catalog and region", bad_input=True)
        case auth.ClientException() | sdk.SDKException():
            return CloudFault("the cloud could not be asked", said, "`hardway up` goes on from here")
    return None
