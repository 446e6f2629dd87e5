"""The article's own steps: its Deployment, by real controllers and a real scheduler, on the node that it expects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from hardway.catalog.releases import DEFAULT_KUBERNETES, release
from hardway.sources.store import Store
from tests.fargate.conftest import Agent, Kubectl, Local, eventually
from tests.kube.conftest import RealApi, running_program

pytestmark = pytest.mark.fargate

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"labels": {"app": "httpd"}, "name": "httpd", "namespace": "default"},
    "spec": {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": {"app": "httpd"}},
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": {"app": "httpd"}},
            "spec": {
                "containers": [
                    {
                        "image": "httpd",
                        "imagePullPolicy": "Always",
                        "name": "httpd",
                        "resources": {},
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File",
                    }
                ],
                "dnsPolicy": "ClusterFirst",
                "restartPolicy": "Always",
                "schedulerName": "default-scheduler",
                "securityContext": {},
                "terminationGracePeriodSeconds": 30,
                "nodeSelector": {
                    "kubernetes.io/role": "agent",
                    "beta.kubernetes.io/os": "linux",
                    "type": "virtual-kubelet",
                },
                "tolerations": [
                    {"key": "virtual-kubelet.io/provider", "operator": "Exists"},
                    {"key": "azure.com/aci", "effect": "NoSchedule"},
                ],
            },
        },
    },
}


@pytest.fixture(scope="module")
def controllers(api: RealApi) -> Iterator[None]:
    """kube-controller-manager and kube-scheduler, serving nothing themselves."""
    programs = Store().ensure(("kube-controller-manager", "kube-scheduler"), release(DEFAULT_KUBERNETES))
    common = (f"--kubeconfig={api.break_glass}", "--leader-elect=false", "--secure-port=0")
    accounts = (
        f"--service-account-private-key-file={api.folder / 'server.key'}",
        f"--root-ca-file={api.folder / 'ca.crt'}",
    )
    with ExitStack() as stack:
        for name, extra in (("kube-controller-manager", accounts), ("kube-scheduler", ())):
            command = (str(programs[name]), *common, *extra)
            stack.enter_context(running_program(api.folder / f"{name}.log", command))
        yield


def ready(kubectl: Kubectl, count: int) -> list[dict[str, Any]]:
    """The Deployment's pods, once so many are ready and there is no other."""

    def all_ready() -> list[dict[str, Any]]:
        pods: list[dict[str, Any]] = kubectl.get("pods", "-l", "app=httpd")["items"]
        status = kubectl.get("deployment", "httpd")["status"]
        counts = [status.get(key, 0) for key in ("readyReplicas", "updatedReplicas", "replicas")]
        assert (len(pods), counts) == (count, [count] * 3), json.dumps(status)
        return pods

    return eventually(all_ready, within=90)


def test_the_articles_deployment(controllers: None, agent: Agent, kubectl: Kubectl, local: Local) -> None:
    shown = kubectl("get", "node").splitlines()[1].split()
    assert shown[:3] == ["virtual-kubelet", "Ready", "agent"]

    kubectl.apply(DEPLOYMENT)
    (pod,) = ready(kubectl, 1)
    assert pod["spec"]["nodeName"] == "virtual-kubelet"
    assert local.fetch(f"http://{pod['status']['podIP']}/") == "It works!"

    kubectl("scale", "deployment", "httpd", "--replicas=5")
    addresses = {one["status"]["podIP"] for one in ready(kubectl, 5)}
    assert len(addresses) == 5
    assert {local.fetch(f"http://{address}/") for address in addresses} == {"It works!"}

    kubectl("set", "image", "deployment/httpd", "httpd=httpd:2")
    kubectl("rollout", "status", "deployment/httpd", "--timeout=50s")
    assert {one["spec"]["containers"][0]["image"] for one in ready(kubectl, 5)} == {"httpd:2"}

    kubectl("delete", "deployment", "httpd", "--wait=false")
    eventually(lambda: not kubectl.get("pods")["items"], within=90)
    left = ("families", "secrets", "parameters", "interfaces")
    eventually(lambda: not any(local.told()[what] for what in left) and not local.live())
