"""Every image of the catalogue, made, pushed to a cluster's registry and run in a pod: `make images`, some minutes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Driver

pytestmark = pytest.mark.images

NAME = os.environ.get("HARDWAY_E2E_NAME", "hardway")
SPEC = f"""\
name: {NAME}-images
machines:
  masters: [{{name: m0, address: 10.0.0.10}}]
  workers: [{{name: w0, address: 10.0.0.20}}]
  balancers: [{{name: lb0, address: 10.0.0.30}}]
registry: {{kind: lab}}
"""
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost"
ALL = ("busybox", "httpd", "nginx", "python:slim", "mysql", AGNHOST)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    driver = Driver(tmp_path_factory.mktemp("images"))
    driver.spec.write_text(SPEC)
    try:
        driver.up()
        yield driver
    finally:
        driver("lab", "down", "--yes", code=None)


@pytest.fixture(scope="module")
def pushed(cluster: Driver) -> Driver:
    """The cluster, its registry filled."""
    answer = cluster("images", "push", *ALL, "-o", "json").json
    assert answer["notes"] == []
    names = {one["image"].split(":")[0] for one in answer["pushed"]}
    assert names == {*(f"docker.io/library/{one}" for one in ("busybox", "httpd", "nginx", "python", "mysql")), AGNHOST}
    return cluster


def pod(name: str, image: str, **container: object) -> str:
    """A pod's manifest."""
    spec = {"containers": [{"name": name, "image": image, **container}], "terminationGracePeriodSeconds": 5}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def run(cluster: Driver, manifest: str) -> str:
    """Run a pod and wait until it is ready; answers its name."""
    name: str = yaml.safe_load(manifest)["metadata"]["name"]
    file = cluster.folder / f"{name}.yaml"
    file.write_text(manifest)
    cluster.kubectl("apply", "-f", str(file))
    cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=180s")
    return name


def got(cluster: Driver, name: str, port: int = 80, path: str = "") -> str:
    """What a pod answers to GET, through the API server."""
    return cluster.kubectl("get", "--raw", f"/api/v1/namespaces/default/pods/{name}:{port}/proxy/{path}")


def test_the_same_packages_make_the_same_image(cluster: Driver) -> None:
    first, again = (cluster("images", "build", "--fresh", "nginx", "-o", "json").json[0] for _ in range(2))
    assert first["packages"] == again["packages"]
    assert first["digest"] == again["digest"]


def test_the_cluster_is_as_wanted_with_its_registry(pushed: Driver) -> None:
    assert pushed.steps() == []


def test_a_pod_says_nginx_and_gets_the_one_that_was_pushed(pushed: Driver) -> None:
    name = run(pushed, pod("web", "nginx"))
    assert "Welcome to nginx" in got(pushed, name)
    status = json.loads(pushed.kubectl("get", "pod", name, "-o", "json"))["status"]["containerStatuses"][0]
    (nginx,) = [one for one in pushed("images", "ls", "-o", "json").json if one["name"] == "nginx"]
    assert status["imageID"] == f"docker.io/library/nginx@{nginx['digest']}"


def test_httpd_serves_its_folder(pushed: Driver) -> None:
    assert "It works!" in got(pushed, run(pushed, pod("apache", "httpd:2.4")))


def test_busybox_reaches_the_others(pushed: Driver) -> None:
    name = run(pushed, pod("box", "busybox", command=["sleep", "3600"]))
    address = pushed.kubectl("get", "pod", "apache", "-o", "jsonpath={.status.podIP}")
    assert "It works!" in pushed.kubectl("exec", name, "--", "wget", "-qO-", f"http://{address}/")


def test_python_has_pip_and_venv(pushed: Driver) -> None:
    name = run(pushed, pod("snake", "python:3-slim", command=["sleep", "3600"]))
    versions = "python -c 'import ssl, sqlite3; print(ssl.OPENSSL_VERSION)'"
    script = f"python -m venv /tmp/v && /tmp/v/bin/pip --version && {versions}"
    assert "OpenSSL 3" in pushed.kubectl("exec", name, "--", "sh", "-c", script)


def test_agnhost_answers(pushed: Driver) -> None:
    name = run(pushed, pod("agnhost", f"{AGNHOST}:2.66.1", args=["netexec", "--http-port=8080"]))
    assert got(pushed, name, 8080, "hostname") == "agnhost"


def test_a_substitute_is_told_and_marked(pushed: Driver) -> None:
    answer = pushed("images", "push", "nginx:1.15-alpine", "-o", "json").json
    assert answer["notes"][0].startswith("nginx:1.15-alpine is not made here; nginx:")
    assert "docker.io/library/nginx:1.15-alpine" in [one["image"] for one in answer["pushed"]]
    assert "Welcome to nginx" in got(pushed, run(pushed, pod("old-web", "nginx:1.15-alpine")))
    assert pushed("images", "push", "--exact", "nginx:1.15-alpine", code=2).out == ""


REQUEST = "POST /v2/docker.io/library/nginx/blobs/uploads/ HTTP/1.1\\r\\nHost: lb0\\r\\nContent-Length: 0\\r\\n"
ASK = f"""\
printf '{REQUEST}Connection: close\\r\\n\\r\\n' |
openssl s_client -quiet -verify_return_error -CAfile /etc/containerd/registry/registry-ca.pem \\
    -connect 10.0.0.30:PORT 2>&1 | head -c 2000 | grep -a HTTP/"""


def test_from_the_machines_network_the_registry_takes_nothing(pushed: Driver) -> None:
    assert pushed.on("w0", "sh", "-c", ASK.replace("PORT", "5000")).startswith("HTTP/1.1 405 ")
    assert pushed.on("w0", "sh", "-c", ASK.replace("PORT", "5001"), code=1) == ""


MYSQL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: init}
data:
  1.sql: CREATE TABLE choice (votes INT);
  2.sh: |
    echo 'INSERT INTO choice VALUES (6)' | docker_process_sql
    mysql -uroot -p"$MYSQL_ROOT_PASSWORD" -e 'UPDATE choice SET votes = 7' polls
---
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  terminationGracePeriodSeconds: 60
  containers:
    - name: mysql
      image: mysql
      env:
        - {name: MYSQL_ROOT_PASSWORD, value: 'it''s \\ "secret"'}
        - {name: MYSQL_DATABASE, value: polls}
        - {name: MYSQL_USER, value: django}
        - {name: MYSQL_PASSWORD, value: 'p''w"\\'}
      readinessProbe: {tcpSocket: {port: 3306}, periodSeconds: 1, failureThreshold: 120}
      volumeMounts:
        - {name: data, mountPath: /var/lib/mysql}
        - {name: init, mountPath: /docker-entrypoint-initdb.d}
  volumes:
    - {name: data, emptyDir: {}}
    - {name: init, configMap: {name: init}}
"""


def asked(cluster: Driver, user: str, password: str, sql: str, database: str = "polls") -> str:
    """What MySQL answers over TCP, the password in a file of its own."""
    script = (
        'umask 077; printf "[client]\\npassword = \\"%s\\"\\n" "$2" >/tmp/c.cnf; '
        'mysql --defaults-extra-file=/tmp/c.cnf --host=127.0.0.1 --user="$1" --batch --skip-column-names'
        ' --execute="$3" "$4"'
    )
    escaped = password.replace("\\", "\\\\")
    return cluster.kubectl("exec", "db", "--", "sh", "-c", script, "sh", user, escaped, sql, database).strip()


def test_mysql_has_its_accounts_database_and_scripts_and_keeps_them(pushed: Driver) -> None:
    file: Path = pushed.folder / "db.yaml"
    file.write_text(MYSQL)
    pushed.kubectl("apply", "-f", str(file))
    pushed.kubectl("wait", "--for=condition=Ready", "pod/db", "--timeout=240s")
    assert asked(pushed, "django", "p'w\"\\", "SELECT votes FROM choice") == "7"
    assert asked(pushed, "root", 'it\'s \\ "secret"', "SELECT CURRENT_USER()").startswith("root@")
    asked(pushed, "django", "p'w\"\\", "UPDATE choice SET votes = 8")
    pushed.kubectl("exec", "db", "--", "sh", "-c", "kill 1")
    pushed.kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/db", "--timeout=90s")
    pushed.kubectl("wait", "--for=condition=Ready", "pod/db", "--timeout=120s")
    assert asked(pushed, "django", "p'w\"\\", "SELECT votes FROM choice") == "8"
    assert pushed.kubectl("logs", "db").count("the data directory is made") == 0
