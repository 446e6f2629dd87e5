"""Horizon: the dashboard. Proved with a login by its own form, as a browser would, and a logout."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.forms import Form, login_form
from hardway.cloud.check.made import Made
from hardway.cloud.check.service import Proof, Proved, Service, Untried, Wrong

if TYPE_CHECKING:
    import httpx

ANSWER_WITHIN = 60.0
"""Seconds for a page; a dashboard that has just been started compiles its pages first."""

PATHS = ("/dashboard/", "/horizon/", "/")
"""Where distributions put it, on the computer that Keystone answers on: no catalog says where it is."""
LOGIN, LOGOUT = "auth/login/", "auth/logout/"


def _login(cloud: Cloud, made: Made) -> Proved:
    user, password, domain = _credential(cloud)
    base = _base(cloud)
    with _browser(cloud) as browser:
        login = urljoin(base, LOGIN)
        page = browser.get(login)
        form = _form(page)
        fields = {**form.fields, "username": user, "password": password}
        if "domain" in fields:
            fields["domain"] = domain
        answer = browser.post(urljoin(str(page.url), form.action), data=fields, headers={"Referer": login})
        if login_form(answer.text) is not None or answer.is_error:
            raise Wrong(f"HTTP {answer.status_code} from {answer.url}: {user} is not logged in")
        _log_out(browser, base)
    return Proved(f"{user} logged in at {base}, and out again")


def _credential(cloud: Cloud) -> tuple[str, str, str]:
    """Horizon's form knows users and passwords alone. Raises Untried."""
    auth: dict[str, Any] = cloud.api.config.config.get("auth") or {}
    user, password = auth.get("username"), auth.get("password")
    if not user or not password:
        raise Untried("its form wants a user's name and password, and this credential is of another kind")
    return user, password, auth.get("user_domain_name") or auth.get("domain_name") or "Default"


def _form(page: httpx.Response) -> Form:
    form = login_form(page.text)
    if form is None:
        raise Wrong(f"HTTP {page.status_code} from {page.url}: no form for a login")
    return form


def _log_out(browser: httpx.Client, base: str) -> None:
    """By POST, as newer releases want it; older ones take any method."""
    token = browser.cookies.get("csrftoken") or ""
    headers = {"Referer": base, "X-CSRFToken": token}
    answer = browser.post(urljoin(base, LOGOUT), data={"csrfmiddlewaretoken": token}, headers=headers)
    if answer.is_error:
        raise Wrong(f"HTTP {answer.status_code} from {answer.url}: not logged out")
    if login_form(browser.get(base).text) is None:
        raise Wrong("its first page is still shown after the logout")


# where it is


def _there(cloud: Cloud) -> bool:
    return bool(_found(cloud))


def _base(cloud: Cloud) -> str:
    base = _found(cloud)
    assert base, "proofs are run of services that are there"
    return base


@lru_cache(maxsize=8)
def _found(cloud: Cloud) -> str:
    """The URL of its first page, with a slash at the end; empty where none answers with a form for a login."""
    import httpx

    with _browser(cloud) as browser:
        for base in _candidates(cloud):
            try:
                page = browser.get(urljoin(base, LOGIN))
            except (httpx.HTTPError, httpx.InvalidURL):
                continue
            if login_form(page.text) is not None:
                return base
    return ""


def _candidates(cloud: Cloud) -> tuple[str, ...]:
    if cloud.horizon:
        return (cloud.horizon.rstrip("/") + "/",)
    url = urlsplit(cloud.api.config.get_auth_args().get("auth_url", ""))
    schemes = dict.fromkeys((url.scheme, "https"))
    return tuple(f"{scheme}://{url.hostname}{path}" for scheme in schemes for path in PATHS)


@contextmanager
def _browser(cloud: Cloud) -> Iterator[httpx.Client]:
    """Trusts what the cloud's API is trusted with."""
    import httpx

    verify, _ = cloud.api.config.get_requests_verify_args()
    trusted = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else bool(verify)
    with httpx.Client(verify=trusted, follow_redirects=True, timeout=ANSWER_WITHIN) as browser:
        yield browser


HORIZON = Service(
    name="Horizon",
    counterpart="Management Console",
    type="dashboard",
    there=_there,
    version=lambda cloud: "",
    proofs=(Proof("login", "a user logs in with name and password, and out again", _login),),
)
