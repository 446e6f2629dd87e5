"""Turns what services answer, and what openstacksdk and keystoneauth raise, into faults for a person.

Touches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hardway.openstack.faults import CloudFault
from hardway.openstack.retries import Retry


def refused(service: str, method: str, path: str, answer: Any, retry: Retry | None) -> CloudFault:
    """What a service's answer of 400 or more means; `retry` says how long it was asked again."""
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
    if status in (403, 409) and "uota" in said:  # Nova's and Octavia's, and Neutron's
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


def unopened(error: Exception) -> CloudFault | None:
    """Why a cloud could not be connected to; None for a fault that is hardway's own."""
    from keystoneauth1 import exceptions as auth
    from openstack import exceptions as sdk
    from yaml import YAMLError

    said = " ".join(str(error).split())
    match error:
        case sdk.ConfigException() | YAMLError():
            way = "openstack.cloud in the spec, or OS_CLOUD, names an entry of clouds.yaml (OS_CLIENT_CONFIG_FILE)"
            return CloudFault("the cloud is not known here", said, way, bad_input=True)
        case (
            auth.auth_plugins.MissingRequiredOptions() | auth.auth_plugins.NoMatchingPlugin() | auth.MissingAuthPlugin()
        ):
            return CloudFault("no credentials for a cloud were given", said, _NAME_ONE, bad_input=True)
        case auth.NotFound() | auth.DiscoveryFailure() if "HTTP 404" in said:
            way = "auth_url in clouds.yaml, or OS_AUTH_URL, mostly ends in /v3"
            return CloudFault("auth_url leads to no Keystone", said, way, bad_input=True)
    if type(error) is Exception:  # keystoneauth's, where a user has no password
        return CloudFault("no credentials for a cloud were given", said, _NAME_ONE, bad_input=True)
    return unasked(error)


_NAME_ONE: Final = "name a cloud of clouds.yaml in openstack.cloud or OS_CLOUD, or set OS_AUTH_URL and its kin"


def unasked(error: Exception) -> CloudFault | None:
    """Why a request got no answer; None for a fault that is hardway's own."""
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
        case auth.SSLError():
            way = "name the authority's file as cacert in clouds.yaml, or in OS_CACERT"
            return CloudFault("the cloud's certificate is not trusted here", said, way)
        case auth.ConnectFailure() | auth.DiscoveryFailure() | auth.ConnectTimeout():
            way = "is the address right (auth_url), is the cloud up, does a firewall stand between?"
            return CloudFault("the cloud does not answer", said, way)
        case auth.EndpointNotFound() | sdk.ServiceDisabledException() | sdk.ServiceDiscoveryException():
            return CloudFault("the cloud has no such service", said, "look at its catalog and region", bad_input=True)
        case auth.ClientException() | sdk.SDKException():
            return CloudFault("the cloud could not be asked", said, "`hardway up` goes on from here")
    return None
