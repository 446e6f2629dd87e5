"""Horizon: the login form of its openstack_auth, with Django's protection against forged requests."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from tests.cloud.check.simulated.server import Answer, Request, Simulated

TOKEN = "8sMvzXnY0qBzJ7yQh0mPpTtWvUrKcE2d"
FORM = f"""<!DOCTYPE html><html><body><form id="search" action="/search"><input name="q"></form>
<form id="" class="ng-pristine" method="POST" action="/dashboard/auth/login/" autocomplete="off">
<input type="hidden" name="csrfmiddlewaretoken" value="{TOKEN}">
<input type="hidden" name="next" value="/dashboard/"/>
<input type="hidden" name="region" value="default" id="id_region">
<input type="text" name="domain" id="id_domain"><input type="text" name="username" id="id_username">
<input type="password" name="password" id="id_password"><button type="submit">Sign In</button>
</form></body></html>"""
HOME = '<!DOCTYPE html><html><body><a href="/dashboard/auth/logout/">Sign Out</a></body></html>'


def serve(cloud: Simulated) -> None:
    sessions: set[str] = set()

    def home(request: Request) -> Answer:
        if _cookies(request).get("sessionid") in sessions:
            return Answer(200, HOME)
        return Answer(302, None, {"Location": "/dashboard/auth/login/?next=/dashboard/"})

    def login(request: Request) -> Answer:
        sent = {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        if not _is_protected(request, sent.get("csrfmiddlewaretoken")):
            return Answer(403, "<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>")
        if (sent["username"], sent["password"], sent["domain"], sent["region"]) != (
            "demo",
            "right",
            "Default",
            "default",
        ):
            return Answer(200, FORM)
        sessions.add("s1")
        return Answer(302, None, {"Location": sent["next"], "Set-Cookie": "sessionid=s1; Path=/dashboard; HttpOnly"})

    def logout(request: Request) -> Answer:
        if not _is_protected(request, request.headers.get("X-CSRFToken")):
            return Answer(403, "<h1>Forbidden</h1>")
        sessions.clear()
        return Answer(302, None, {"Location": "/dashboard/auth/login/"})

    page = Answer(200, FORM, {"Set-Cookie": f"csrftoken={TOKEN}; Path=/; SameSite=Lax"})
    cloud.route("GET", "/dashboard/", home)
    cloud.route("GET", "/dashboard/auth/login/", lambda request: page)
    cloud.route("POST", "/dashboard/auth/login/", login)
    cloud.route("POST", "/dashboard/auth/logout/", logout)


def _is_protected(request: Request, token: str | None) -> bool:
    return token == TOKEN and _cookies(request).get("csrftoken") == TOKEN and "Referer" in request.headers


def _cookies(request: Request) -> dict[str, str]:
    jar = SimpleCookie(request.headers.get("Cookie", ""))
    return {name: morsel.value for name, morsel in jar.items()}
