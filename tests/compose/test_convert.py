"""What keys become in a pod and its objects; what is refused, with its reason and a way out."""

from __future__ import annotations

from typing import Any

import pytest

from hardway.compose.converting.convert import Converted
from hardway.compose.diagnostics import Kind
from tests.compose.projects import converted

TOP = "volumes: {data: , other: }\nnetworks: {front: , back: }\n"
FILES: dict[str, str | bytes | None] = {"conf/a.conf": "x", "conf/run.sh": "y", "f": "z", "big": "b" * 950_000}


def of(keys: str, *, lax: bool = False, image: str = "i") -> Converted:
    return converted(f"services: {{web: {{image: {image}, {keys}}}}}\n{TOP}", lax=lax, files=FILES)


def spec(keys: str, *, lax: bool = False, image: str = "i") -> dict[str, Any]:
    found: dict[str, Any] = of(keys, lax=lax, image=image).workloads[0].body["spec"]["template"]["spec"]
    return found


def container(keys: str) -> dict[str, Any]:
    found: dict[str, Any] = spec(keys)["containers"][0]
    return found


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ("command: [a, b c]", {"args": ["a", "b c"]}),
        ("command: a 'b c'", {"args": ["a", "b c"]}),
        ("entrypoint: /run.sh -x", {"command": ["/run.sh", "-x"]}),
        ("entrypoint: [/e], command: [c]", {"command": ["/e"], "args": ["c"]}),
        ("entrypoint: [], command: [c, d]", {"command": ["c", "d"]}),
        ("command: ['$$(date) $$X']", {"args": ["$$(date) $X"]}),
        ("environment: {A: '$$(B)'}", {"env": [{"name": "A", "value": "$$(B)"}]}),
        ("working_dir: /w", {"workingDir": "/w"}),
        ("tty: true, stdin_open: true", {"tty": True, "stdin": True}),
        ("pull_policy: always", {"imagePullPolicy": "Always"}),
        ("privileged: true", {"securityContext": {"privileged": True}}),
        ("cap_add: [CAP_SYS_TIME]", {"securityContext": {"capabilities": {"add": ["SYS_TIME"]}}}),
        ("user: '5:6'", {"securityContext": {"runAsUser": 5, "runAsGroup": 6}}),
        ("user: root", {"securityContext": {"runAsUser": 0, "runAsGroup": 0}}),
        ("security_opt: [seccomp=unconfined]", {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
        ("mem_limit: 1g, cpus: 1.5", {"resources": {"limits": {"cpu": "1500m", "memory": "1073741824"}}}),
        (
            "deploy: {resources: {reservations: {memory: 1m}}}",
            {"resources": {"requests": {"memory": "1048576"}}},
        ),
        ("expose: ['81/udp']", {"ports": [{"containerPort": 81, "protocol": "UDP"}]}),
        (
            "healthcheck: {test: [CMD, a, b], interval: 10s, timeout: 1500ms, retries: 4}",
            {
                "readinessProbe": {
                    "exec": {"command": ["a", "b"]},
                    "timeoutSeconds": 2,
                    "periodSeconds": 10,
                    "failureThreshold": 4,
                },
                "startupProbe": {
                    "exec": {"command": ["a", "b"]},
                    "timeoutSeconds": 2,
                    "periodSeconds": 2,
                    "failureThreshold": 1_000_000,
                },
            },
        ),
        (
            "volumes: ['data:/d']",
            {"volumeMounts": [{"name": "v0", "mountPath": "/d", "subPath": "data"}]},
        ),
        (
            "volumes: [{type: volume, source: data, target: /d, volume: {subpath: in/it}}]",
            {"volumeMounts": [{"name": "v0", "mountPath": "/d", "subPath": "data/in/it"}]},
        ),
        (
            "volumes: ['./f:/etc/f:ro']",
            {"volumeMounts": [{"name": "v0", "mountPath": "/etc/f", "subPath": "file", "readOnly": True}]},
        ),
    ],
)  # fmt: skip
def test_keys_of_a_container(keys: str, part: dict[str, Any]) -> None:
    found = container(keys)
    assert {key: found.get(key) for key in part} == part


def test_a_healthcheck_restarts_nothing() -> None:
    assert "livenessProbe" not in container("healthcheck: {test: x}")
    assert not {"readinessProbe", "startupProbe"} & set(container("healthcheck: {disable: true, test: x}"))
    assert not {"readinessProbe", "startupProbe"} & set(container("healthcheck: {test: [NONE]}"))


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ("tty: true", {"enableServiceLinks": False, "automountServiceAccountToken": False}),
        ("tty: true", {"terminationGracePeriodSeconds": 10}),
        ("stop_grace_period: 1m", {"terminationGracePeriodSeconds": 60}),
        ("volumes: ['data:/var/lib/mysql']", {"terminationGracePeriodSeconds": 120}),
        ("init: true", {"shareProcessNamespace": True}),
        ("hostname: My_Host", {"hostname": "my-host"}),
        ("platform: linux/arm64/v8", {"nodeSelector": {"kubernetes.io/arch": "arm64"}}),
        ("dns_search: [a.b]", {"dnsConfig": {"searches": ["a.b"]}}),
        ("dns_opt: ['ndots:2']", {"dnsConfig": {"options": [{"name": "ndots", "value": "2"}]}}),
        (
            "extra_hosts: ['x:203.0.113.1', 'y:203.0.113.1']",
            {"hostAliases": [{"ip": "203.0.113.1", "hostnames": ["x", "y"]}]},
        ),
        ("group_add: [7]", {"securityContext": {"supplementalGroups": [7]}}),
        ("user: '5', volumes: ['data:/d']", {"securityContext": {"fsGroup": 5}}),
        ("tmpfs: '/t:size=1k'", {"volumes": [{"name": "v0", "emptyDir": {"medium": "Memory", "sizeLimit": "1024"}}]}),
    ],
)  # fmt: skip
def test_keys_of_a_pod(keys: str, part: dict[str, Any]) -> None:
    found = spec(keys)
    assert {key: found.get(key) for key in part} == part


def test_a_folder_that_is_read_is_a_config_map_with_its_modes() -> None:
    found = of("volumes: ['./conf:/etc/conf:ro']")
    config_map = found.objects[0]
    volume = found.workloads[0].body["spec"]["template"]["spec"]["volumes"][0]
    assert config_map["data"] == {"f0": "x", "f1": "y"}
    assert volume["configMap"] == {
        "name": config_map["metadata"]["name"],
        "items": [{"key": "f0", "path": "a.conf", "mode": 0o644}, {"key": "f1", "path": "run.sh", "mode": 0o755}],
    }


@pytest.mark.parametrize(
    ("variable", "hidden"),
    [
        ("MYSQL_ROOT_PASSWORD: x", True),
        ("API_KEY: x", True),
        ("DB_PASS: x", True),
        ("AUTH_TOKEN: x", True),
        ("DATABASE_URL: 'postgres://u:p@h/d'", True),
        ("DATABASE_URL: 'postgres://h/d'", False),
        ("MONKEY: x", False),
        ("LANG: x", False),
    ],
)
def test_what_looks_like_a_secret_is_kept_in_one(variable: str, hidden: bool) -> None:
    found = of(f"environment: {{{variable}}}")
    env = found.workloads[0].body["spec"]["template"]["spec"]["containers"][0]["env"][0]
    assert ("valueFrom" in env) is hidden
    assert [body["kind"] for body in found.objects if body["kind"] == "Secret"] == ["Secret"] * hidden


@pytest.mark.parametrize(
    ("compose", "kinds"),
    [
        ("restart: always", "Deployment"),
        ("restart: unless-stopped", "Deployment"),
        ("tty: false", "Deployment"),
        ("restart: 'no'", "Job"),
        ("restart: on-failure", "Job"),
        ("restart: on-failure, ports: ['80']", "Deployment"),
        ("restart: 'no', healthcheck: {test: x}", "Deployment"),
        ("deploy: {mode: global}", "DaemonSet"),
        ("deploy: {mode: replicated-job}", "Job"),
    ],
)
def test_kinds_of_workloads(compose: str, kinds: str) -> None:
    assert of(compose).workloads[0].kind == kinds


def test_one_that_is_waited_for_until_its_end_is_a_job() -> None:
    depends = "depends_on: {web: {condition: service_completed_successfully}}"
    found = converted(f"services: {{web: {{image: i}}, app: {{image: i, {depends}}}}}")
    assert [one.kind for one in found.workloads] == ["Job", "Deployment"]


def test_another_content_is_another_job() -> None:
    first, second = (of(f"restart: 'no', command: [{word}]").workloads[0].body for word in "ab")
    assert first["metadata"]["name"] != second["metadata"]["name"]


def test_one_writer_is_stopped_before_the_next_begins() -> None:
    assert of("volumes: ['data:/d']").workloads[0].body["spec"]["strategy"] == {"type": "Recreate"}
    assert "strategy" not in of("volumes: ['data:/d:ro']").workloads[0].body["spec"]


def test_a_volume_says_its_size_and_class() -> None:
    found = converted(
        "services: {web: {image: i, volumes: ['a:/a', 'b:/b']}}\n"
        "volumes: {a: , b: {x-hardway: {size: 1Gi, class: fast}}}"
    )
    a, b = (claim["spec"] for claim in found.claims)
    assert a["resources"]["requests"]["storage"] == "5Gi" and "storageClassName" not in a
    assert b["resources"]["requests"]["storage"] == "1Gi" and b["storageClassName"] == "fast"


def test_a_volume_that_nobody_mounts_is_not_made() -> None:
    assert not of("tty: true").claims


def test_every_service_has_its_name() -> None:
    found = converted("services: {web: {image: i, ports: ['80:8080', '30080:81']}, db: {image: i}}")
    services = {body["metadata"]["name"]: body["spec"] for body in found.objects if body["kind"] == "Service"}
    assert set(services) == {"web", "db", "web-published"}
    assert services["db"]["clusterIP"] == "None" and "ports" not in services["db"]
    assert [port["port"] for port in services["web"]["ports"]] == [81, 8080]
    published = services["web-published"]["ports"]
    assert [(port["port"], port["targetPort"], port.get("nodePort")) for port in published] == [
        (80, 8080, None),
        (30080, 81, 30080),
    ]


REFUSED = [
    (
        "volumes: ['./f:/var/lib/mysql/f', './conf:/var/lib/mysql']",
        "MySQL or MariaDB keeps its data here",
        "named volume",
    ),
    ("volumes: ['./none:/var/lib/postgresql/data']", "PostgreSQL keeps its data here", "named volume"),
    ("volumes: ['./conf:/data/db:ro']", "MongoDB keeps its data here", "named volume"),
    ("volumes: ['./conf:/usr/share/elasticsearch/data']", "Elasticsearch keeps its data here", "named volume"),
    ("volumes: ['./conf:/d']", "may be written to", ":ro"),
    ("volumes: ['./none:/d:ro']", "is not there", "named volume"),
    ("volumes: ['./big:/d:ro']", "holds 927 KiB", "named volume"),
    ("volumes: ['/var/run/docker.sock:/s']", "no Docker on the cluster", "take it out"),
    ("volumes: ['/var/lib/mysql']", "would go with its pod", "name it"),
    ("volumes: ['data:/d', 'other:/d']", "mounted twice", "keep one"),
    ("volumes: ['data:/d'], scale: 2", "2 replicas would write to one volume", "one replica"),
    ("volumes: ['data:/d'], deploy: {mode: global}", "cannot share a volume", "replicated"),
    ("volumes: [{type: volume, source: data, target: /d, volume: {subpath: ../x}}]", "leads out of the volume", ""),
    ("volumes: [{type: npipe, source: x, target: /d}]", "type npipe", "named volume"),
    ("mem_limit: 1m, mem_reservation: 2m", "more memory is reserved than the limit allows", "no more than"),
    ("ports: ['80:1', '80:2']", "port 80 is published twice, first by web", "its own"),
    ("volumes: [{type: tmpfs, target: '/a:b'}]", "has a colon", "without one"),
    ("environment: {'a b': 1}", "is no variable's name", "printable"),
]

LOST = [
    ("cap_add: ['no such']", "is no capability", "NET_ADMIN"),
    ("dns_search: ['a b']", "is no domain", "example.org"),
    ("extra_hosts: {'a b': 203.0.113.1}", "is no host's name", "DNS"),
    ("network_mode: host", "a pod has an address of its own", "publish its ports"),
    ("network_mode: 'service:web'", "a pod has an address of its own", "publish its ports"),
    ("ipc: host", "shares its memory with nobody", "take it out"),
    ("pid: host", "sees all processes", "--lax"),
    ("user: www-data", "is a name", "give its number"),
    ("group_add: [docker]", "is a name", "give its number"),
    ("sysctls: {kernel.shmmax: 1}", "none that a kubelet takes", "on the machines"),
    ("security_opt: ['apparmor:x']", "on one computer", "take it out"),
    ("extra_hosts: ['h:host-gateway']", "is no address", "give an address"),
    ("ulimits: {nofile: 5}", "no limits of a process", "--lax"),
    ("devices: ['/dev/x']", "device plugins", "--lax"),
    ("dns: 203.0.113.1", "the cluster's DNS alone", "--lax"),
    ("stop_signal: SIGINT", "from the image", "STOPSIGNAL"),
    ("platform: windows/amd64", "run Linux", "linux"),
    ("pull_policy: daily", "none of Kubernetes'", "always"),
    ("ports: ['203.0.113.1:80:80']", "is no address of the cluster", "take it out"),
    ("container_name: a.b", "has a dot", "without one"),
    ("volumes_from: [x]", "no volumes that others could take", "both services"),
]


@pytest.mark.parametrize(("keys", "says", "way_out"), REFUSED, ids=[one[0][:50] for one in REFUSED])
def test_what_would_lose_data_is_refused_also_when_lax(keys: str, says: str, way_out: str) -> None:
    for lax in (False, True):
        told = [one for one in of(keys, lax=lax).refused if says in one.what]
        assert told and way_out in told[0].way_out and told[0].place.line == 1


@pytest.mark.parametrize(("keys", "says", "way_out"), LOST, ids=[one[0][:50] for one in LOST])
def test_what_has_no_place_is_refused_unless_it_may_be_dropped(keys: str, says: str, way_out: str) -> None:
    told = [one for one in of(keys).refused if says in one.what]
    assert told and way_out in told[0].way_out
    lax = of(keys, lax=True)
    assert not lax.refused
    assert [one.kind for one in lax.diagnostics if says in one.what] == [Kind.DROPPED]


def test_a_database_by_its_image_keeps_its_directory() -> None:
    assert of("volumes: ['./conf:/data']", image="redis:7").refused[0].what.startswith("Redis keeps its data here")
    assert "may be written to" in of("volumes: ['./conf:/data']", image="example/app").refused[0].what


def test_the_three_ways_out_of_a_bind_mount_are_told() -> None:
    way_out = of("volumes: ['./conf:/var/lib/mysql']").refused[0].way_out
    assert all(
        number in way_out for number in ("1. a named volume", "2. data that is there", "3. the database outside")
    )


def test_one_place_holds_one_thing() -> None:
    secrets = "secrets: [{source: k, target: /a}, {source: k, target: /a}]"
    found = converted(f"services: {{web: {{image: i, {secrets}}}}}\nsecrets: {{k: {{file: ./f}}}}", files=FILES)
    assert "/a is where more than one thing would be" in found.refused[0].what


@pytest.mark.parametrize("name", ["default", "kube-system", "hardway"])
def test_the_clusters_own_namespaces_are_no_projects(name: str) -> None:
    refused = converted(f"name: {name}\nservices: {{web: {{image: i}}}}").refused
    assert "cluster's own" in refused[0].what


def test_names_that_would_be_alike_are_told_apart() -> None:
    found = converted("services: {a_b: {image: i}, a.b: {image: i}, a-b: {image: i}}")
    assert len({one.body["metadata"]["name"] for one in found.workloads}) == 3


def test_a_pod_is_made_anew_when_what_it_reads_changes() -> None:
    def inputs(content: str) -> Any:
        found = converted("services: {web: {image: i, volumes: ['./f:/f:ro']}}", files={"f": content})
        return found.workloads[0].body["spec"]["template"]["metadata"]["annotations"]

    assert inputs("a") == inputs("a") != inputs("b")
