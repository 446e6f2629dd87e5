"""From pods to task definitions: sizes, environment, commands, files, health checks, what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from hardway.fargate.mapping.health import network_probes
from hardway.fargate.mapping.objects import Objects, Reference, Unready, references
from hardway.fargate.mapping.refusals import refusals
from hardway.fargate.mapping.sizes import SIZES, Size, smallest
from hardway.fargate.mapping.task import Wish, run_task, wish
from hardway.kube.api import Body
from tests.fargate.made import config_map, container, pod, settings

RESOURCES = [
    ((0, 0), Size(256, 512)),
    ((256, 512), Size(256, 512)),
    ((256, 513), Size(256, 1024)),
    ((256, 2049), Size(512, 3072)),
    ((257, 0), Size(512, 1024)),
    ((1024, 1), Size(1024, 2048)),
    ((4096, 30720), Size(4096, 30720)),
    ((4096, 30721), Size(8192, 32768)),
    ((8192, 61440), Size(8192, 61440)),
    ((16384, 122880), Size(16384, 122880)),
    ((16385, 1), None),
    ((1, 122881), None),
]


@pytest.mark.parametrize(("need", "size"), RESOURCES)
def test_the_smallest_size_that_holds_it(need: tuple[int, int], size: Size | None) -> None:
    assert smallest(*need) == size


def test_the_table_is_complete() -> None:
    assert {cpu: len(steps) for cpu, steps in SIZES.items()} == {
        256: 3, 512: 4, 1024: 7, 2048: 13, 4096: 23, 8192: 12, 16384: 12,
    }  # fmt: skip


def wished(of: Body, objects: Objects | None = None, **configuration: Any) -> Wish:
    return wish(of, objects or {}, settings(**configuration), "192.0.2.1")


def defined(of: Body, objects: Objects | None = None, number: int = 0, **configuration: Any) -> dict[str, Any]:
    """One of the definition's containers, without what is empty."""
    made = wished(of, objects, **configuration).body["containerDefinitions"][number]
    return {key: value for key, value in made.items() if value not in ([], {}, None)}


def test_the_articles_httpd() -> None:
    articles = container("httpd", imagePullPolicy="Always", resources={}, terminationMessagePath="/dev/termination-log")
    body = wished(pod(articles, dnsPolicy="ClusterFirst", restartPolicy="Always", securityContext={})).body
    assert (body["cpu"], body["memory"], body["networkMode"]) == ("256", "512", "awsvpc")
    assert [one["image"] for one in body["containerDefinitions"]] == ["httpd"]
    assert body["containerDefinitions"][0]["essential"]


def test_the_size_is_the_sum_of_the_containers_or_the_largest_init_container() -> None:
    def asks(cpu: str, memory: str) -> Body:
        return {"resources": {"limits": {"cpu": cpu, "memory": memory}}}

    two = (container("a", **asks("250m", "256Mi")), container("b", **asks("500m", "1Gi")))
    assert (wished(pod(*two)).body["cpu"], wished(pod(*two)).body["memory"]) == ("1024", "2048")
    init = [container("i", **asks("2", "5Gi"))]
    assert wished(pod(*two, initContainers=init)).body["memory"] == "5120"


COMMANDS: list[tuple[Body, dict[str, Any]]] = [
    ({}, {}),
    ({"command": ["a", "b"]}, {"entryPoint": ["a", "b"]}),
    ({"args": ["x"]}, {"command": ["x"]}),
    (
        {"command": ["sh"], "args": ["-c", "echo $(A) $$(A) $(NO)"], "env": [{"name": "A", "value": "1"}]},
        {"entryPoint": ["sh"], "command": ["-c", "echo 1 $(A) $(NO)"]},
    ),
    ({"workingDir": "/srv"}, {"workingDirectory": "/srv"}),
]


@pytest.mark.parametrize(("fields", "expected"), COMMANDS)
def test_commands(fields: Body, expected: dict[str, Any]) -> None:
    made = defined(pod(container(**fields)))
    assert {key: made[key] for key in ("entryPoint", "command", "workingDirectory") if key in made} == expected


def secret(name: str, **data: str) -> Body:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": name}, "data": encoded}


OBJECTS: Objects = {
    Reference("ConfigMap", "c"): config_map("c", a="1", b="2"),
    Reference("Secret", "s"): secret("s", p="hush"),
    Reference("ConfigMap", "no"): None,
    Reference("Secret", "no"): None,
}

ENVIRONMENTS: list[tuple[Body, dict[str, str], list[str]]] = [
    ({"env": [{"name": "A", "value": "x"}]}, {"A": "x"}, []),
    ({"env": [{"name": "A"}]}, {"A": ""}, []),
    ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}]}, {"A": "1"}, []),
    ({"envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}]}, {"P_a": "1", "P_b": "2"}, []),
    ({"envFrom": [{"configMapRef": {"name": "no", "optional": True}}]}, {}, []),
    ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}}]}, {}, ["A"]),
    ({"envFrom": [{"secretRef": {"name": "s"}}]}, {}, ["p"]),
    (
        {
            "env": [
                {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}},
                {"name": "URL", "value": "http://u:$(P)@h"},
            ]
        },
        {},
        ["P", "URL"],
    ),
    ({"env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}, {"N": "httpd-1"}, []),
    ({"env": [{"name": "L", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}]}, {"L": "httpd"}, []),
    ({"env": [{"name": "H", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]}, {"H": "192.0.2.1"}, []),
    (
        {
            "resources": {"limits": {"memory": "64Mi"}},
            "env": [{"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}}],
        },
        {"M": "64"},
        [],
    ),
]


@pytest.mark.parametrize(("fields", "plain", "secrets"), ENVIRONMENTS)
def test_environments(fields: Body, plain: dict[str, str], secrets: list[str]) -> None:
    made = defined(pod(container(**fields)), OBJECTS)
    assert {one["name"]: one["value"] for one in made.get("environment", ())} == plain
    assert [one["name"] for one in made.get("secrets", ())] == secrets


def test_a_secret_stands_nowhere_in_the_definition_but_in_its_store() -> None:
    env = [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}}]
    mounts = [{"name": "v", "mountPath": "/v"}]
    volumes = [{"name": "v", "secret": {"secretName": "s"}}]
    made = wished(pod(container(env=env, volumeMounts=mounts), volumes=volumes), OBJECTS)
    text = json.dumps(made.definition(lambda key: f"arn:{key}", str))
    assert "hush" not in text and base64.b64encode(b"hush").decode() not in text
    assert "hush" in made.secrets.values()
    assert "hush" not in repr(made)


MISSING: list[tuple[Body, str]] = [
    ({"envFrom": [{"configMapRef": {"name": "no"}}]}, "ConfigMap no is not there"),
    ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "q"}}}]}, "Secret s has no key q"),
    (
        {"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
        "fieldRef status.podIP is not known before the task runs",
    ),
    (
        {"env": [{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}}], "args": ["$(P)"]},
        "container web: a Secret's value in its args would stand in the task definition",
    ),
]


@pytest.mark.parametrize(("fields", "said"), MISSING)
def test_what_keeps_a_pod_from_starting_for_now(fields: Body, said: str) -> None:
    with pytest.raises(Unready) as fault:
        wished(pod(container(**fields)), OBJECTS)
    assert said in str(fault.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    one = container("a", envFrom=[{"configMapRef": {"name": "no"}}])
    other = container("b", envFrom=[{"secretRef": {"name": "no"}}])
    with pytest.raises(Unready) as fault:
        wished(pod(one, other), OBJECTS)
    assert "ConfigMap no" in str(fault.value) and "Secret no" in str(fault.value)


def test_secrets_need_an_execution_role() -> None:
    with pytest.raises(Unready, match="ExecutionRoleArn"):
        wished(pod(container(envFrom=[{"secretRef": {"name": "s"}}])), OBJECTS, ExecutionRoleArn="")


def test_files_are_written_by_a_first_container_before_all_others() -> None:
    volumes: list[Body] = [
        {"name": "c", "configMap": {"name": "c", "items": [{"key": "a", "path": "sub/it's a.txt", "mode": 0o600}]}},
        {"name": "kube-api-access-x7x7x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    ]
    mounts = [{"name": "c", "mountPath": "/c"}, {"name": "kube-api-access-x7x7x", "mountPath": "/var/run/secrets"}]
    of = pod(container(volumeMounts=mounts), initContainers=[container("i")], volumes=volumes)
    made = wished(of, OBJECTS).body
    first, init, main = made["containerDefinitions"]
    assert first["name"] == "hardway-files" and not first["essential"]
    assert "chmod 600 '/hardway-files/c/sub/it'\"'\"'s a.txt'" in first["command"][0]
    assert init["dependsOn"] == [{"containerName": "hardway-files", "condition": "SUCCESS"}]
    assert main["dependsOn"] == [{"containerName": "i", "condition": "SUCCESS"}]
    assert main["mountPoints"] == [{"sourceVolume": "c", "containerPath": "/c", "readOnly": True}]
    assert [one["name"] for one in made["volumes"]] == ["c"]


def test_too_large_files_are_refused() -> None:
    large: Objects = {Reference("ConfigMap", "c"): config_map("c", a="x" * 33_000)}
    with pytest.raises(Unready, match="33000 bytes"):
        wished(pod(container(), volumes=[{"name": "c", "configMap": {"name": "c"}}]), large)


def test_references_are_each_read_once() -> None:
    of = pod(
        container(envFrom=[{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}]),
        volumes=[{"name": "v", "secret": {"secretName": "s"}}],
        imagePullSecrets=[{"name": "pull"}],
    )
    assert references(of) == (Reference("ConfigMap", "c"), Reference("Secret", "s"), Reference("Secret", "pull"))


def test_pull_secrets_become_repository_credentials() -> None:
    login = json.dumps({"auths": {"https://reg.example": {"username": "u", "password": "pw"}}})
    objects: Objects = {Reference("Secret", "pull"): secret("pull", **{".dockerconfigjson": login})}
    of = pod({**container(), "image": "reg.example/app:1"}, imagePullSecrets=[{"name": "pull"}])
    made = wished(of, objects)
    assert made.body["containerDefinitions"][0]["repositoryCredentials"] == {"credentialsParameter": "reg.example"}
    assert made.logins["reg.example"].user == "u" and "pw" not in repr(made)


def test_health_checks_are_within_what_ecs_takes() -> None:
    probe = {"exec": {"command": ["ok"]}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 30}
    check = defined(pod(container(livenessProbe=probe)))["healthCheck"]
    assert check == {"command": ["CMD", "ok"], "interval": 5, "timeout": 2, "retries": 10, "startPeriod": 0}


def test_network_probes_find_their_port_by_name() -> None:
    probe = {"httpGet": {"path": "/ok", "port": "www"}, "periodSeconds": 2}
    of = pod(container(ports=[{"name": "www", "containerPort": 8080}], readinessProbe=probe))
    (found,) = network_probes(of)
    assert (found.port, found.path, found.scheme, found.period) == (8080, "/ok", "http", 2.0)


def test_claims_are_efs_by_annotation() -> None:
    of = pod(container(), volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "x"}}])
    assert refusals(of)
    of["metadata"]["annotations"] = {"fargate.hardway/efs-data": "fs-0123:/site"}
    assert not refusals(of)
    configuration = wished(of).body["volumes"][0]["efsVolumeConfiguration"]
    assert (configuration["fileSystemId"], configuration["rootDirectory"]) == ("fs-0123", "/site")


REFUSED: list[tuple[Body, str]] = [
    (pod(hostNetwork=True), "hostNetwork is set"),
    (pod(volumes=[{"name": "h", "hostPath": {"path": "/"}}]), "volume h: hostPath volumes"),
    (pod(volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}]), "volume m: emptyDir in memory"),
    (pod(volumes=[{"name": "m", "emptyDir": {"sizeLimit": "300Gi"}}]), "emptyDir volumes of 300 GiB"),
    (pod(container(securityContext={"privileged": True})), "container web: privileged"),
    (pod(container(securityContext={"capabilities": {"add": ["NET_ADMIN"]}})), "capabilities NET_ADMIN"),
    (pod(container(lifecycle={"preStop": {}})), "lifecycle hooks"),
    (pod(container(ports=[{"containerPort": 80, "hostPort": 81}])), "hostPort 81"),
    (pod(container(readinessProbe={"grpc": {"port": 1}})), "readinessProbe by gRPC"),
    (pod(container(volumeMounts=[{"name": "v", "mountPath": "/v", "subPath": "x"}])), "subPath of volume v"),
    (pod(container("a"), container("b"), restartPolicy="Never"), "several containers"),
    (pod(container(resources={"limits": {"cpu": "17"}})), "17 CPUs"),
    (pod(initContainers=[container("i", restartPolicy="Always")]), "a sidecar"),
]


@pytest.mark.parametrize(("of", "said"), REFUSED)
def test_refusals(of: Body, said: str) -> None:
    assert any(said in one for one in refusals(of)), refusals(of)


def test_all_refusals_are_told_at_once() -> None:
    of = pod(container(securityContext={"privileged": True}, tty=True), hostPID=True, hostNetwork=True)
    assert len(refusals(of)) == 4


def test_run_task_is_named_by_what_it_follows() -> None:
    first, second = (run_task(pod(), settings(), "d:1", after, 0) for after in ("", "arn:1"))
    assert first["clientToken"] != second["clientToken"]
    assert first == run_task(pod(), settings(), "d:1", "", 0)
    assert len(first["clientToken"]) <= 64 and len(first["startedBy"]) <= 128


def test_the_same_pod_makes_the_same_definition_and_another_image_another_one() -> None:
    assert wished(pod()).hash == wished(pod()).hash
    assert wished(pod()).hash != wished(pod({**container(), "image": "httpd:2"})).hash


def test_what_is_sent_is_what_botocores_model_of_ecs_takes() -> None:
    import botocore.session
    from botocore.validate import ParamValidator

    ecs = botocore.session.get_session().get_service_model("ecs")
    mounts = [{"name": "s", "mountPath": "/s"}]
    probe = {"exec": {"command": ["ok"]}}
    fields: Body = {"env": [{"name": "A", "value": "1"}], "envFrom": [{"secretRef": {"name": "s"}}]}
    security = {"runAsUser": 1000, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    full = container(
        **fields,
        volumeMounts=mounts,
        livenessProbe=probe,
        securityContext=security,
        ports=[{"containerPort": 80}],
        resources={"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    )
    of = pod(full, initContainers=[container("i")], volumes=[{"name": "s", "secret": {"secretName": "s"}}])
    definition = wished(of, OBJECTS, CloudWatchLogGroupName="/pods").definition(lambda key: f"arn:{key}", str)
    for operation, request in (
        ("RegisterTaskDefinition", definition),
        ("RunTask", run_task(of, settings(), "d:1", "", 0)),
    ):
        report = ParamValidator().validate(request, ecs.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()
