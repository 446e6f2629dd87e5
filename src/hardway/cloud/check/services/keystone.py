"""Keystone: who may do what. Proved with a token of its own: issued, used to ask about itself, and revoked."""

from __future__ import annotations

from typing import Any

from hardway.cloud.check.cloud import Cloud
from hardway.cloud.check.made import Made
from hardway.cloud.check.rest import asked
from hardway.cloud.check.service import Proof, Proved, Service, Wrong
from hardway.cloud.check.versions import told_by

TOKENS = "/auth/tokens"


def _token(cloud: Cloud, made: Made) -> Proved:
    """Works with every kind of credential: a restricted application credential may make tokens and nothing else."""
    identity = cloud.api.identity
    plugin: Any = cloud.api.session.auth
    access = plugin.get_auth_ref(cloud.api.session)  # a token besides the one that requests go with
    headers = {"X-Subject-Token": access.auth_token}
    made.undo("token", lambda: asked(identity.delete(TOKENS, headers=headers)))
    about = asked(identity.get(TOKENS, headers=headers))["token"]
    if about["project"]["id"] != cloud.project:
        raise Wrong(f"the token is for project {about['project']['id']}, not {cloud.project}")
    roles = ", ".join(sorted(role["name"] for role in about["roles"]))
    return Proved(f"{about['user']['name']} in project {about['project']['name']}: {roles}")


KEYSTONE = Service(
    name="Keystone",
    counterpart="IAM",
    type="identity",
    there=lambda cloud: True,  # who has a token has met it; some catalogs leave it out
    version=told_by("identity"),
    proofs=(Proof("token", "a token is issued, is good for this project, and can be revoked", _token),),
)
