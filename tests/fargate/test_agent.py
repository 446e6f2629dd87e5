"""The agent at work: pods of a real API server become real containers of the local Fargate, and are told of truly."""

from __future__ import annotations

import json
import ssl
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.fargate.conftest import Agent, Kubectl, Local, eventually

pytestmark = pytest.mark.fargate


def pod(name: str, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """As bound to the node: there is no scheduler here."""
    containers = [{"name": "web", "image": "httpd", **(container or {})}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "nodeName": "virtual-kubelet",
            "containers": containers,
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 3,
            **spec,
        },
    }


def shell(script: str) -> dict[str, Any]:
    return {"image": "public.ecr.aws/docker/library/busybox:stable", "command": ["sh", "-c", script]}


def running(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """The pod, once it is ready."""

    def ready() -> dict[str, Any]:
        found = kubectl.get("pod", name)
        conditions = {one["type"]: one["status"] for one in found["status"].get("conditions", ())}
        assert conditions.get("Ready") == "True", json.dumps(found["status"])
        return found

    return eventually(ready)


def phase(kubectl: Kubectl, name: str) -> str:
    return str(kubectl.get("pod", name)["status"]["phase"])


def test_the_node_is_the_articles_and_ready(agent: Agent, kubectl: Kubectl) -> None:
    node = kubectl.get("node", "virtual-kubelet")
    labels = node["metadata"]["labels"]
    wanted = {"type": "virtual-kubelet", "kubernetes.io/role": "agent", "beta.kubernetes.io/os": "linux"}
    assert wanted.items() <= labels.items()
    assert any(one["key"] == "virtual-kubelet.io/provider" for one in node["spec"]["taints"])
    conditions = {one["type"]: one["status"] for one in node["status"]["conditions"]}
    assert conditions.pop("Ready") == "True"
    assert set(conditions.values()) == {"False"}
    assert "agent" in kubectl("get", "node", "virtual-kubelet").split()[7:8]


def test_httpd_serves_at_its_address_and_tells_what_it_was_asked(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    kubectl.apply(pod("httpd", shell("echo begins; exec httpd -f -v -p 80 -h /var/www")))
    address = running(kubectl, "httpd")["status"]["podIP"]
    assert local.fetch(f"http://{address}/") == "It works!"
    eventually(lambda: "begins" in kubectl("logs", "httpd"))
    eventually(lambda: "response:200" in kubectl("logs", "httpd", "--tail=1"))
    kubectl("delete", "pod", "httpd", "--wait=false")
    eventually(lambda: not kubectl.get("pods")["items"])
    eventually(lambda: not local.told()["interfaces"])


def test_environment_and_files_come_from_configmaps_and_secrets(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=one", "--from-literal=f.txt=x y")
    kubectl("create", "secret", "generic", "s", "--from-literal=p=hush-hush")
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}},
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}},
        {"name": "URL", "value": "http://$(A):$(P)@host"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    mounts = [{"name": "c", "mountPath": "/c"}, {"name": "s", "mountPath": "/s"}]
    volumes = [
        {"name": "c", "configMap": {"name": "c"}},
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 256}},
    ]
    script = 'echo "$A $URL $NAME"; cat /c/f.txt; echo; cat /s/p; echo; ls -l /s/p; sleep 3600'
    kubectl.apply(pod("env", {**shell(script), "env": env, "volumeMounts": mounts}, volumes=volumes))
    running(kubectl, "env")
    lines = eventually(lambda: kubectl("logs", "env").splitlines()[3:] and kubectl("logs", "env").splitlines())
    assert lines[:3] == ["one http://one:hush-hush@host env", "x y", "hush-hush"]
    assert lines[3].startswith("-r--------")
    assert "hush-hush" not in json.dumps(local.told()), "the secret stands in a task or its definition"
    kubectl("delete", "configmap/c", "secret/s")


def test_a_missing_configmap_holds_the_pod_until_it_is_there(agent: Agent, kubectl: Kubectl) -> None:
    kubectl.apply(pod("waits", {**shell("sleep 3600"), "envFrom": [{"configMapRef": {"name": "later"}}]}))

    def told() -> bool:
        state = kubectl.get("pod", "waits")["status"]["containerStatuses"][0]["state"]["waiting"]
        return state["reason"] == "CreateContainerConfigError" and "ConfigMap later is not there" in state["message"]

    eventually(told)
    kubectl("create", "configmap", "later")
    running(kubectl, "waits")
    kubectl("delete", "configmap", "later")


def test_an_optional_secret_that_is_not_there_is_no_hindrance(agent: Agent, kubectl: Kubectl) -> None:
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "no", "key": "p", "optional": True}}}]
    kubectl.apply(pod("optional", {**shell("sleep 3600"), "env": env}))
    running(kubectl, "optional")


@pytest.mark.parametrize(("code", "ends"), [(0, "Succeeded"), (3, "Failed")])
def test_a_pod_that_is_never_restarted_ends_by_its_exit_code(
    agent: Agent, kubectl: Kubectl, code: int, ends: str
) -> None:
    kubectl.apply(pod("job", shell(f"exit {code}"), restartPolicy="Never"))
    eventually(lambda: phase(kubectl, "job") == ends)
    state = kubectl.get("pod", "job")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert state["exitCode"] == code


def test_a_pod_that_crashes_is_started_again_and_the_earlier_logs_are_kept(agent: Agent, kubectl: Kubectl) -> None:
    kubectl.apply(pod("crash", shell("echo I am $HOSTNAME; exit 7")))

    def restarted() -> dict[str, Any]:
        status: dict[str, Any] = kubectl.get("pod", "crash")["status"]["containerStatuses"][0]
        assert status["restartCount"] >= 1, json.dumps(status)
        return status

    assert eventually(restarted)["lastState"]["terminated"]["exitCode"] == 7
    now = eventually(lambda: kubectl("logs", "crash"))
    assert kubectl("logs", "crash", "--previous") not in ("", now)


def test_init_containers_run_first_and_share_volumes(agent: Agent, kubectl: Kubectl) -> None:
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    init = [{"name": "first", **shell("echo made > /v/file"), **mount}]
    main = {**shell("cat /v/file; sleep 3600"), **mount}
    kubectl.apply(pod("init", main, initContainers=init, volumes=[{"name": "v", "emptyDir": {}}]))
    running(kubectl, "init")
    eventually(lambda: kubectl("logs", "init") == "made\n")


def test_an_exec_probe_decides_readiness(agent: Agent, kubectl: Kubectl) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 5}
    kubectl.apply(pod("probed", {**shell("sleep 4; echo > /tmp/ready; sleep 3600"), "readinessProbe": probe}))
    eventually(lambda: phase(kubectl, "probed") == "Running")
    assert not kubectl.get("pod", "probed")["status"]["containerStatuses"][0]["ready"]
    running(kubectl, "probed")


def test_what_fargate_cannot_do_is_refused_at_once_with_all_reasons(agent: Agent, kubectl: Kubectl) -> None:
    volumes = [{"name": "h", "hostPath": {"path": "/"}}]
    kubectl.apply(pod("refused", {"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}, volumes=volumes, hostPID=True))
    eventually(lambda: phase(kubectl, "refused") == "Failed")
    message = kubectl.get("pod", "refused")["status"]["message"]
    assert all(word in message for word in ("hostPID", "hostPath", "lifecycle hooks"))
    eventually(lambda: "hostPID" in kubectl("get", "events"))


def test_another_image_replaces_the_task(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    kubectl.apply(pod("update"))
    before = running(kubectl, "update")["status"]["containerStatuses"][0]["containerID"]
    kubectl("set", "image", "pod/update", "web=httpd:2")
    eventually(lambda: running(kubectl, "update")["status"]["containerStatuses"][0]["containerID"] != before)
    assert running(kubectl, "update")["status"]["containerStatuses"][0]["restartCount"] == 1
    assert len(local.live()) == 1


def test_a_pod_that_is_deleted_by_force_leaves_no_task(agent: Agent, kubectl: Kubectl, local: Local) -> None:
    kubectl.apply(pod("forced"))
    running(kubectl, "forced")
    kubectl("delete", "pod", "forced", "--force", "--grace-period=0")
    eventually(lambda: not local.live())


def test_the_grace_period_is_given(agent: Agent, kubectl: Kubectl) -> None:
    script = "trap 'echo ended well; exit 0' TERM; echo up; while true; do sleep 0.1; done"
    kubectl.apply(pod("graceful", shell(script), restartPolicy="Never", activeDeadlineSeconds=6))
    eventually(lambda: phase(kubectl, "graceful") == "Failed")
    assert kubectl.get("pod", "graceful")["status"]["reason"] == "DeadlineExceeded"
    eventually(lambda: "ended well" in kubectl("logs", "graceful"))


def asked(agent: Agent, path: str, client: str = "kubelet-client") -> str:
    """The kubelet API, as the owner of a certificate of that name; "" for none."""
    folder = agent.api.folder
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    if client:
        context.load_cert_chain(folder / f"{client}.crt", folder / f"{client}.key")
    url = f"https://127.0.0.1:{agent.settings['KubeletPort']}{path}"
    try:
        with urlopen(url, context=context, timeout=10) as answer:
            return str(answer.read().decode())
    except HTTPError as refusal:
        with refusal:
            return f"{refusal.code} {refusal.read().decode()}"


def test_stats_and_metrics_tell_of_the_pods(agent: Agent, kubectl: Kubectl) -> None:
    kubectl.apply(pod("counted"))
    running(kubectl, "counted")
    assert [one["podRef"]["name"] for one in json.loads(asked(agent, "/stats/summary"))["pods"]] == ["counted"]
    metrics = asked(agent, "/metrics/resource")
    assert 'container_start_time_seconds{container="web",namespace="default",pod="counted"}' in metrics
    assert [one["metadata"]["name"] for one in json.loads(asked(agent, "/pods"))["items"]] == ["counted"]


def test_the_kubelet_api_lets_in_whom_the_cluster_lets_in(agent: Agent) -> None:
    assert asked(agent, "/healthz") == "ok"
    assert asked(agent, "/pods", "fargate").startswith("403 Forbidden: hardway-fargate may not get nodes/proxy")
    with pytest.raises(OSError, match=r"certificate|reset|closed|alert"):
        asked(agent, "/pods", "")
    with pytest.raises(OSError, match=r"certificate|reset|closed|alert|unknown ca"):
        asked(agent, "/pods", "stranger")


def test_what_is_not_done_says_so(agent: Agent, kubectl: Kubectl) -> None:
    kubectl.apply(pod("noexec"))
    running(kubectl, "noexec")
    assert "exec is not done by this agent" in kubectl("exec", "noexec", "--", "true", check=False)
