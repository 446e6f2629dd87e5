"""The objects that verify lays on the cluster for its checks, and takes away again. Pure, but for fresh keys."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hardway.pki.make import issue, make_key, public_pem, signer
from hardway.resources.base import Chapter
from hardway.resources.operator import Certificate, Usage
from hardway.spec.model import KeyAlgorithm

Body = dict[str, Any]

LABEL: Final = "hardway.internal/verify"
"""On everything that verify makes: its value is the run's token."""
NAME: Final = "probe"
HTTP: Final = 8080
HTTPS: Final = 8443
DENY: Final = "hardway.example/deny"
"""The webhook denies what carries this label with value yes."""
GROUP: Final = "probe.hardway.example"
VERSION: Final = "v1alpha1"
TLS: Final = "/tls"
SOMEBODY: Final = 1234
"""The user of a pod that writes into a volume: no node knows it."""


@dataclass(frozen=True, slots=True, repr=False)
class ServingPair:
    """The certificate with which the probe serves TLS; made for one run."""

    authority: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "ServingPair(***)"


def serving_pair(namespace: str, now: datetime) -> ServingPair:
    """A certificate for the probe's service, of an authority that signs nothing else."""
    ca_key, key = (make_key(KeyAlgorithm.ECDSA_P256) for _ in range(2))
    ca = issue(_certificate("hardway-verify"), public_pem(ca_key), signer(ca_key), now)
    leaf = _certificate(
        NAME, authority="hardway-verify", usages=(Usage.SERVER,), dns_names=(f"{NAME}.{namespace}.svc",)
    )
    return ServingPair(ca, issue(leaf, public_pem(key), signer(ca_key, ca), now), key)


def _certificate(name: str, **more: Any) -> Certificate:
    return Certificate(chapter=Chapter.SMOKE_TEST, certificate=name, common_name=name, days=1, **more)


def namespace(name: str, token: str) -> Body:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: token}}}


def service_account(space: str) -> Body:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(NAME, space)}


def secret(space: str, name: str, data: Mapping[str, bytes]) -> Body:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _meta(name, space), "data": encoded}


def config_map(space: str, name: str, labels: Mapping[str, str] | None = None) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**_meta(name, space), "labels": dict(labels or {})}}


def tls_secret(space: str, pair: ServingPair) -> Body:
    return secret(space, "probe-tls", {"tls.crt": pair.certificate, "tls.key": pair.key})


def deployment(space: str, image: str, workers: int) -> Body:
    """A Deployment with a probe on every worker: as many as there are workers, and no two on one.

    `Recreate`: Available means all of them; a rolling update would let a quarter be missing. No token is mounted, so
    that a pod waits for no controller.
    """
    labels = {"app": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(NAME, space),
        "spec": {
            "replicas": workers,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**_pod(image), "affinity": _apart(labels)}},
        },
    }


def _apart(labels: Mapping[str, str]) -> Body:
    term = {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": "kubernetes.io/hostname"}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _pod(image: str) -> Body:
    container = {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["serve", "--cert", f"{TLS}/tls.crt", "--key", f"{TLS}/tls.key"],
        "ports": [{"containerPort": HTTP}, {"containerPort": HTTPS}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": HTTP}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "tls", "mountPath": TLS, "readOnly": True}],
    }
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "tls", "secret": {"secretName": "probe-tls"}}],
    }


def claim(space: str, name: str) -> Body:
    """A claim of the default class."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": _meta(name, space), "spec": spec}


def once(space: str, name: str, image: str, claim: str, *arguments: str) -> Body:
    """A pod that does one thing with a volume, at /data, and ends."""
    container = {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "Never",
        "args": list(arguments),
        "securityContext": {
            "runAsUser": SOMEBODY,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": [container],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(name, space), "spec": spec}


def service(space: str) -> Body:
    """One address inside the cluster, and one port on every worker."""
    ports = [
        {"name": "http", "port": 80, "targetPort": HTTP},
        {"name": "https", "port": 443, "targetPort": HTTPS},
    ]
    spec = {"type": "NodePort", "selector": {"app": NAME}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(NAME, space), "spec": spec}


def webhook(space: str, token: str, pair: ServingPair) -> Body:
    """A validating webhook for the ConfigMaps of our namespace, and of no other."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    hook = {
        "name": "probe.hardway.example",
        "clientConfig": {
            "service": {"name": NAME, "namespace": space, "path": "/validate", "port": 443},
            "caBundle": base64.b64encode(pair.authority).decode(),
        },
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {LABEL: token}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        "timeoutSeconds": 5,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": space, "labels": {LABEL: token}},
        "webhooks": [hook],
    }


def api_service(space: str, token: str, pair: ServingPair) -> Body:
    """An API of its own group that the probe answers for."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{VERSION}.{GROUP}", "labels": {LABEL: token}},
        "spec": {
            "group": GROUP,
            "version": VERSION,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"name": NAME, "namespace": space, "port": 443},
            "caBundle": base64.b64encode(pair.authority).decode(),
        },
    }


def _meta(name: str, space: str) -> Body:
    return {"name": name, "namespace": space}
