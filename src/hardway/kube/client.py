"""The Kubernetes API: get, list, apply server-side, create, delete, watch objects of any kind. Touches the network.

lightkube reads the kubeconfig and makes the authenticated, verified HTTP client. Its typed models are left aside: they
drop fields they do not know, so a live object and a dry run could not be compared; and a kind of its registry cannot
be had as a plain dictionary. Paths of kinds come from the API's own discovery, so custom and aggregated ones work too.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from ssl import SSLContext, SSLError
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import yaml
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from hardway.kube.api import Access, Answer, ApiError, ApiUnavailable, Body, Event, api_error

FIELD_MANAGER: Final = "hardway"
"""Whose fields ours are, in an object's managedFields (KEP-555)."""

APPLY: Final = "application/apply-patch+yaml"
"""The media type of server-side apply; JSON is YAML too."""


@dataclass(frozen=True, slots=True)
class _Kind:
    plural: str
    namespaced: bool


class KubeClient:
    """One connection pool to one API, as one user. An asynchronous context manager."""

    def __init__(self, access: Access, timeout: float = 10.0) -> None:
        """`timeout` is in seconds, for connecting and for each answer. Raises ApiUnavailable for a bad kubeconfig."""
        config, name, proxy = _config(access)
        self._http = _http_client(config, access, timeout, proxy)
        self._extensions = {} if name is None else {"sni_hostname": name}
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._discovery: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def server(self) -> str:
        """The API's URL."""
        return str(self._http.base_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Any request, whatever it answers. Raises ApiUnavailable."""
        content = None if body is None else _json(body)
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            response = await self._http.request(
                method, path, content=content, params=params, headers=headers, extensions=self._extensions
            )
        except httpx2.HTTPError as error:
            raise ApiUnavailable(_said(error)) from error
        return Answer(response.status_code, response.text)

    async def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Body | None:
        """The object, None where it (or its kind) does not exist. Raises ApiError, ApiUnavailable."""
        try:
            path = await self._path(api_version, kind, namespace, name)
            return _good(await self.request("GET", path)).json()
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, api_version: str, kind: str, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> tuple[Body, ...]:
        """All objects of a kind, of all namespaces where none is given; `labels` and `fields` are selectors."""
        path = await self._path(api_version, kind, namespace)
        answer = _good(await self.request("GET", path, params=_selectors(labels, fields)))
        items = answer.json().get("items") or ()
        return tuple({"apiVersion": api_version, "kind": kind, **item} for item in items)

    async def apply(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        """Server-side apply: what the object is (or would be) with our fields, taken over where others had them."""
        params = {"fieldManager": FIELD_MANAGER, "force": "true", **({"dryRun": "All"} if dry_run else {})}
        return _good(await self.request("PATCH", await self._path_of(body), body, params, APPLY)).json()

    async def create(self, body: Mapping[str, Any], *, dry_run: bool = False) -> Body:
        """Make a new object. Raises ApiError 409 where it exists."""
        meta = body["metadata"]
        path = await self._path(body["apiVersion"], body["kind"], meta.get("namespace", ""))
        params = {"dryRun": "All"} if dry_run else None
        return _good(await self.request("POST", path, body, params)).json()

    async def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object, its dependents in the background; one that does not exist is no fault."""
        try:
            path = await self._path(api_version, kind, namespace, name)
            _good(await self.request("DELETE", path, {"propagationPolicy": "Background"}))
        except ApiError as error:
            if error.status != 404:
                raise

    async def watch(
        self, api_version: str, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", since: str = ""
    ) -> AsyncGenerator[Event]:
        """What is there now, as ADDED, then each change; ends when the server ends it. Close it with `aclosing`.

        Without a resourceVersion a watch begins with synthetic ADDED events (API concepts, "Semantics for watch"); with
        one, `since`, it has the changes after that, or ApiError 410 where the server has forgotten them.
        """
        path = await self._path(api_version, kind, namespace)
        params = {"watch": "true", **_selectors(labels, fields), **({"resourceVersion": since} if since else {})}
        try:
            stream = self._http.stream("GET", path, params=params, timeout=_WATCH, extensions=self._extensions)
            async with stream as response:
                if response.status_code >= 400:
                    _good(Answer(response.status_code, (await response.aread()).decode(errors="replace")))
                async for line in response.aiter_lines():
                    yield _event(json.loads(line))
        except httpx2.HTTPError as error:
            raise ApiUnavailable(_said(error)) from error

    async def path(self, api_version: str, kind: str, name: str, namespace: str = "") -> str:
        """The object's path, for subresources by `request`. Raises ApiError 404 for a kind that is not served."""
        return await self._path(api_version, kind, namespace, name)

    async def _path_of(self, body: Mapping[str, Any]) -> str:
        meta = body["metadata"]
        return await self._path(body["apiVersion"], body["kind"], meta.get("namespace", ""), meta["name"])

    async def _path(self, api_version: str, kind: str, namespace: str, name: str = "") -> str:
        found = await self._find(api_version, kind)
        inside = f"/namespaces/{namespace}" if found.namespaced and namespace else ""
        return f"{_group(api_version)}{inside}/{found.plural}" + (f"/{name}" if name else "")

    async def _find(self, api_version: str, kind: str) -> _Kind:
        async with self._discovery[api_version]:
            if (api_version, kind) not in self._kinds:
                answer = _good(await self.request("GET", _group(api_version)))
                self._kinds.update(_served(api_version, answer.json()))
        found = self._kinds.get((api_version, kind))
        if found is None:
            raise ApiError(404, "NotFound", f"{api_version} serves no kind {kind}")
        return found


_WATCH: Final = httpx2.Timeout(10.0, read=None)
"""A watch is silent as long as nothing changes: the caller's deadline ends it."""

_LIMITS: Final = httpx2.Limits(max_connections=16, max_keepalive_connections=16)


def _http_client(config: SingleConfig, access: Access, timeout: float, proxy: str | None) -> httpx2.AsyncClient:
    try:
        context = _trust(config)
    except (OSError, SSLError) as error:
        raise ApiUnavailable(f"{access.kubeconfig}: its certificates or key cannot be read: {error}") from error
    uds = None if access.socket is None else str(access.socket)
    # HTTP/1.1: one stuck stream of a dying API server does not hold up the others
    # a socket leads to the API by itself
    way = httpx2.Proxy(proxy) if proxy and uds is None else None
    transport = httpx2.AsyncHTTPTransport(verify=context, uds=uds, proxy=way, limits=_LIMITS, trust_env=False)
    return httpx2.AsyncClient(
        base_url=access.server or config.cluster.server,
        auth=client_adapter.user_auth(config.user),
        transport=transport,
        timeout=httpx2.Timeout(timeout, pool=None),
        trust_env=False,
    )


def _config(access: Access) -> tuple[SingleConfig, str | None, str | None]:
    """What the kubeconfig says, and what lightkube leaves out: the name to hold the API to (tls-server-name), and the
    SOCKS proxy that leads there (proxy-url)."""
    try:
        text = yaml.safe_load(access.kubeconfig.read_text())
        config = KubeConfig.from_dict(text, fname=access.kubeconfig).get()
        if config is None:
            raise ConfigError
        named = {one["name"]: one["cluster"] for one in text["clusters"]}
        cluster = named[config.context.cluster]
    except Exception as error:
        # whatever the parsers raise; their texts might quote credentials
        why = f"it cannot be read as a kubeconfig ({type(error).__name__})"
        raise ApiUnavailable(f"{access.kubeconfig}: {why}") from None
    if access.anonymous or access.token is not None:
        config = config._replace(user=User(token=access.token))
    return config, cluster.get("tls-server-name"), cluster.get("proxy-url")


def _trust(config: SingleConfig) -> SSLContext:
    """The kubeconfig's authority and the user's client certificate; relative paths are the kubeconfig's own."""
    user = config.user or User()
    context: SSLContext = client_adapter.verify_cluster(config.cluster, user, config.abs_file, trust_env=False)
    return context


def _json(body: Mapping[str, Any]) -> bytes:
    """JSON that is YAML as well, for server-side apply: a YAML reader takes no escaped pair of surrogates for a
    character, and takes some characters that are not escaped for ends of lines."""
    return _BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(body, ensure_ascii=False)).encode()


_BEYOND_ASCII: Final = re.compile("[\x7f-\uffff]")
"""But for characters of more than 16 bits, which stand for themselves."""


def _group(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _served(api_version: str, resources: Body) -> dict[tuple[str, str], _Kind]:
    """An APIResourceList's kinds, without subresources (pods/log)."""
    whole = (item for item in resources.get("resources", ()) if "/" not in item["name"])
    return {(api_version, item["kind"]): _Kind(item["name"], item["namespaced"]) for item in whole}


def _selectors(labels: str, fields: str) -> dict[str, str]:
    given = {"labelSelector": labels, "fieldSelector": fields}
    return {name: value for name, value in given.items() if value}


def _good(answer: Answer) -> Answer:
    if answer.status < 400:
        return answer
    raise api_error(answer)


def _event(line: Body) -> Event:
    if line["type"] == "ERROR":
        status = line["object"]
        raise ApiError(int(status.get("code", 500)), str(status.get("reason")), str(status.get("message")))
    return Event(line["type"], line["object"])


def _said(error: Exception) -> str:
    """An exception's text, or its kind where it has none (timeouts)."""
    return str(error) or type(error).__name__
