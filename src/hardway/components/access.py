"""The operator's way in: kubeconfigs in the state directory, for the admin and for the day the admin is locked out.

Certificates and keys lie beside them and are named by relative paths, which count from the kubeconfig's own folder. The
API is reached where the provider says, and always held to its name (`tls-server-name`), so that a loopback port or a
floating address needs no other certificate. The article copies the admin's kubeconfig to every master, and leaves it
there; no machine gets one here. kubectl is the operator's program too, and is on no machine.
"""

from __future__ import annotations

from typing import Final

from hardway.components.credentials import api_server_name, kubeconfig_body, to_yaml
from hardway.components.layout import BREAK_GLASS_KUBECONFIG, KUBECONFIG
from hardway.pki import names
from hardway.resources.base import Chapter, Content, Resource
from hardway.resources.operator import StateFile
from hardway.spec.model import Cluster

FOLDER: Final = "access"
_URL: Final = "API-URL"
"""Stands for the address until the text is cut there: the provider may know it only once its forward is made."""


def wanted(cluster: Cluster, api_url: Content, proxy: str | None = None) -> tuple[Resource, ...]:
    """Both kubeconfigs and what they name; `proxy` is what `proxy-url` shall be."""
    return (
        _file(f"{names.KUBERNETES_CA}.pem", Content.of(names.certificate(names.KUBERNETES_CA))),
        *_identity(names.ADMIN),
        *_identity(names.BREAK_GLASS),
        _kubeconfig(cluster, KUBECONFIG, names.ADMIN, api_url, proxy),
        _kubeconfig(cluster, BREAK_GLASS_KUBECONFIG, names.BREAK_GLASS, api_url, proxy),
    )


def _identity(user: str) -> tuple[StateFile, StateFile]:
    return (
        _file(f"{user}.pem", Content.of(names.certificate(user))),
        _file(f"{user}-key.pem", Content.of(names.private_key(user))),
    )


def _file(name: str, content: Content) -> StateFile:
    return StateFile(chapter=Chapter.ACCESS, path=f"{FOLDER}/{name}", content=content)


def _kubeconfig(cluster: Cluster, path: str, user: str, api_url: Content, proxy: str | None) -> StateFile:
    text = to_yaml(
        kubeconfig_body(
            cluster.api.name,
            user,
            {
                "server": _URL,
                "tls-server-name": api_server_name(cluster),
                **({"proxy-url": proxy} if proxy else {}),
                "certificate-authority": f"{FOLDER}/{names.KUBERNETES_CA}.pem",
            },
            {"client-certificate": f"{FOLDER}/{user}.pem", "client-key": f"{FOLDER}/{user}-key.pem"},
        )
    )
    before, after = text.split(_URL)
    return StateFile(chapter=Chapter.ACCESS, path=path, content=Content.of(before, *api_url.parts, after))
