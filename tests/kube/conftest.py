"""A real kube-apiserver over a real etcd on loopback, with throwaway certificates, for the tests that need one.

The programs are the product's own, from its cache; where they are not there yet they are fetched or built first.
"""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from hardway.catalog.releases import DEFAULT_KUBERNETES, release
from hardway.pki.make import issue, make_key, public_pem, signer
from hardway.resources.base import Chapter
from hardway.resources.operator import Certificate, Usage
from hardway.sources.store import Store

STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class RealApi:
    """A running API server."""

    kubeconfig: Path
    """User admin of group hardway:admins, which nobody has bound to a role yet."""
    break_glass: Path
    """Group system:masters."""
    stranger: Path
    """A client certificate of an authority that the API does not know."""
    server: str
    kubectl: Path
    folder: Path
    """With its authority (ca.crt), and a kubelet's serving certificate for 127.0.0.1 (kubelet.crt, kubelet.key)."""


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealApi]:
    with ExitStack() as stack:
        yield _start(tmp_path_factory.mktemp("api"), stack)


def _start(folder: Path, stack: ExitStack) -> RealApi:
    programs = Store().ensure(("etcd", "kube-apiserver", "kubectl"), release(DEFAULT_KUBERNETES))
    ports = _free_ports(3)
    etcd = f"http://127.0.0.1:{ports[0]}"
    _certificates(folder)
    stack.enter_context(running_program(folder / "etcd.log", _etcd(programs["etcd"], folder, etcd, ports[1])))
    stack.enter_context(
        running_program(folder / "api.log", _api_server(programs["kube-apiserver"], folder, etcd, ports[2]))
    )
    server = f"https://127.0.0.1:{ports[2]}"
    tls = ssl.create_default_context(cafile=folder / "ca.crt")
    tls.load_cert_chain(folder / "break-glass.crt", folder / "break-glass.key")
    _await_ready(server, tls, folder / "api.log")
    users = {name: _kubeconfig(folder, server, name) for name in ("admin", "break-glass", "stranger", "fargate")}
    return RealApi(users["admin"], users["break-glass"], users["stranger"], server, programs["kubectl"], folder)


def _etcd(program: Path, folder: Path, url: str, peer_port: int) -> Sequence[str]:
    peer = f"http://127.0.0.1:{peer_port}"
    urls = (f"--listen-client-urls={url}", f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}")
    member = (f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}")
    return (str(program), f"--data-dir={folder / 'etcd'}", *urls, *member)


def _api_server(program: Path, folder: Path, etcd: str, port: int) -> Sequence[str]:
    return (
        str(program),
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--authorization-mode=Node,RBAC",
        f"--kubelet-certificate-authority={folder / 'ca.crt'}",
        f"--kubelet-client-certificate={folder / 'kubelet-client.crt'}",
        f"--kubelet-client-key={folder / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-cluster-ip-range=10.32.0.0/24",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--service-account-key-file={folder / 'server.pub'}",
        f"--service-account-signing-key-file={folder / 'server.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    )


@contextmanager
def running_program(log: Path, command: Sequence[str]) -> Iterator[None]:
    """A program that runs meanwhile, its output in a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def _await_ready(server: str, tls: ssl.SSLContext, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    last: Exception | None = None
    while time.monotonic() < until:
        try:
            with urlopen(f"{server}/readyz", context=tls, timeout=5) as answer:
                answer.read()
                return
        except HTTPError as error:
            error.close()
            last = error
        except OSError as error:
            last = error
        time.sleep(0.2)
    pytest.fail(f"kube-apiserver is not ready: {last}\n{log.read_text()[-3000:]}")


def _certificates(folder: Path) -> None:
    _write(folder, "ca", "test-ca", authority="")
    _write(folder, "other-ca", "other-ca", authority="")
    _write(folder, "server", "kube-apiserver", usages=(Usage.SERVER,), addresses=("127.0.0.1",), names=("api.test",))
    _write(folder, "kubelet", "virtual-kubelet", usages=(Usage.SERVER,), addresses=("127.0.0.1",))
    _write(folder, "kubelet-client", "kube-apiserver-kubelet-client", usages=(Usage.CLIENT,))
    _write(folder, "fargate", "hardway-fargate", usages=(Usage.CLIENT,))
    _write(folder, "admin", "admin", usages=(Usage.CLIENT,), groups=("hardway:admins",))
    _write(folder, "break-glass", "break-glass", usages=(Usage.CLIENT,), groups=("system:masters",))
    _write(folder, "stranger", "admin", usages=(Usage.CLIENT,), groups=("system:masters",), authority="other-ca")


def _write(
    folder: Path,
    name: str,
    common_name: str,
    usages: tuple[Usage, ...] = (),
    groups: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    authority: str = "ca",
) -> None:
    wanted = Certificate(
        chapter=Chapter.CERTIFICATES,
        certificate=name,
        common_name=common_name,
        organizations=groups,
        usages=usages,
        addresses=addresses,
        dns_names=names,
        authority=authority,
        days=1,
    )
    key = make_key("ecdsa-p256")
    by = signer(key)
    if authority:
        by = signer((folder / f"{authority}.key").read_bytes(), (folder / f"{authority}.crt").read_bytes())
    (folder / f"{name}.crt").write_bytes(issue(wanted, public_pem(key), by, datetime.now(UTC)))
    (folder / f"{name}.key").write_bytes(key)
    (folder / f"{name}.pub").write_bytes(public_pem(key))


def _kubeconfig(folder: Path, server: str, name: str) -> Path:
    """Refers to files beside it by relative paths, as hardway's own does."""
    path = folder / f"{name}.kubeconfig"
    path.write_text(f"""
apiVersion: v1
kind: Config
clusters: [{{name: test, cluster: {{server: "{server}", certificate-authority: ca.crt}}}}]
users: [{{name: {name}, user: {{client-certificate: {name}.crt, client-key: {name}.key}}}}]
contexts: [{{name: test, context: {{cluster: test, user: {name}}}}}]
current-context: test
""")
    return path


def _free_ports(count: int) -> list[int]:
    sockets = [socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
