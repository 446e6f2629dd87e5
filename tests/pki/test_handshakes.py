"""Real TLS handshakes between certificates that must trust one another, and between those that must not."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.pki.vault_in_memory import Pki

PARTIES = ("server", "client_trusts", "dialled", "client", "server_trusts")
GOOD = [
    ("kube-apiserver.m0", "kubernetes-ca", "10.0.0.100", "admin", "kubernetes-ca"),
    ("kube-apiserver.m0", "kubernetes-ca", "127.0.0.1", "kube-scheduler.m0", "kubernetes-ca"),
    ("kube-apiserver.m1", "kubernetes-ca", "10.0.0.10", "kube-controller-manager.m0", "kubernetes-ca"),
    ("kube-apiserver.m0", "kubernetes-ca", "203.0.113.7", "break-glass", "kubernetes-ca"),
    ("kube-apiserver.m0", "kubernetes-ca", "10.32.0.1", "kubelet-client.w0", "kubernetes-ca"),
    ("kube-apiserver.m0", "kubernetes-ca", "kubernetes.default.svc.cluster.example", "kube-proxy.w0", "kubernetes-ca"),
    ("kube-apiserver.m0", "kubernetes-ca", "k8s.example.com", "admin", "kubernetes-ca"),
    ("kubelet-serving.w0", "kubelet-ca", "10.0.0.20", "kube-apiserver-kubelet-client.m0", "kubernetes-ca"),
    ("kubelet-serving.w0", "kubelet-ca", "w0", "kube-apiserver-kubelet-client.m1", "kubernetes-ca"),
    ("etcd-server.m0", "etcd-ca", "10.0.0.10", "kube-apiserver-etcd-client.m1", "etcd-ca"),
    ("etcd-server.m0", "etcd-ca", "127.0.0.1", "etcd-health-client.m0", "etcd-ca"),
    ("etcd-server.m0", "etcd-ca", "127.0.0.1", "etcd-server.m0", "etcd-ca"),
    ("etcd-peer.m0", "etcd-ca", "10.0.0.10", "etcd-peer.m1", "etcd-ca"),
    ("etcd-peer.m1", "etcd-ca", "m1.example.org", "etcd-peer.m0", "etcd-ca"),
    ("kube-scheduler-serving.m0", "kubernetes-ca", "127.0.0.1", "admin", "kubernetes-ca"),
    ("kube-controller-manager-serving.m0", "kubernetes-ca", "10.0.0.10", "admin", "kubernetes-ca"),
    # An aggregated API knows the API servers by the front proxy's authority.
    ("kubelet-serving.w0", "kubelet-ca", "w0", "front-proxy-client.m0", "front-proxy-ca"),
]

PURPOSE = "unsuitable certificate purpose"
ISSUER = "unable to get local issuer certificate"
NAME = "Hostname mismatch"
ADDRESS = "IP address mismatch"
NOTHING = "did not return a certificate"

BAD = [
    ("a kubelet is no etcd", ISSUER, "kubelet-serving.w0", "etcd-ca", "w0", "etcd-health-client.m0", "etcd-ca"),
    ("a kubelet is no API server", ISSUER, "kubelet-serving.w0", "kubernetes-ca", "w0", "admin", "kubernetes-ca"),
    ("the operator may not talk to etcd", ISSUER, "etcd-server.m0", "etcd-ca", "10.0.0.10", "admin", "etcd-ca"),
    (
        "a kubelet may not talk to etcd",
        ISSUER,
        "etcd-server.m0",
        "etcd-ca",
        "10.0.0.10",
        "kubelet-client.w0",
        "etcd-ca",
    ),
    (
        "etcd's client is no user of the API",
        ISSUER,
        "kube-apiserver.m0",
        "kubernetes-ca",
        "m0",
        "etcd-peer.m0",
        "kubernetes-ca",
    ),
    (
        "the front proxy is no user",
        ISSUER,
        "kube-apiserver.m0",
        "kubernetes-ca",
        "m0",
        "front-proxy-client.m0",
        "kubernetes-ca",
    ),
    # OpenSSL sends the authority along that the client itself trusts: it is seen, and not believed.
    (
        "a user is no front proxy",
        "self-signed certificate in certificate chain",
        "kube-apiserver.m0",
        "kubernetes-ca",
        "m0",
        "admin",
        "front-proxy-ca",
    ),
    ("a client serves nothing", PURPOSE, "kubelet-client.w0", "kubernetes-ca", None, "admin", "kubernetes-ca"),
    (
        "a server is no client",
        PURPOSE,
        "kube-apiserver.m0",
        "kubernetes-ca",
        "m0",
        "kube-apiserver.m1",
        "kubernetes-ca",
    ),
    ("kubelets' serving is no client", PURPOSE, "etcd-server.m0", "etcd-ca", "m0", "kubelet-serving.w0", "kubelet-ca"),
    ("a name not listed", NAME, "kube-apiserver.m0", "kubernetes-ca", "w0", "admin", "kubernetes-ca"),
    ("an address not listed", ADDRESS, "kube-apiserver.m0", "kubernetes-ca", "10.0.0.20", "admin", "kubernetes-ca"),
    ("a peer does not listen on loopback", ADDRESS, "etcd-peer.m0", "etcd-ca", "127.0.0.1", "etcd-peer.m1", "etcd-ca"),
    (
        "one master is not the other",
        ADDRESS,
        "etcd-server.m0",
        "etcd-ca",
        "10.0.0.11",
        "etcd-health-client.m0",
        "etcd-ca",
    ),
    ("no certificate at all", NOTHING, "etcd-server.m0", "etcd-ca", "10.0.0.10", None, "etcd-ca"),
    ("the scheduler is no API server", ADDRESS, "kube-scheduler-serving.m0", "kubernetes-ca", "10.0.0.100", None, None),
]


class Handshake:
    """Client and server joined by memory, both as strict as OpenSSL can be."""

    def __init__(self, pki: Pki, place: Path) -> None:
        self.pki = pki
        self.place = place

    def _context(self, purpose: int, own: str | None, trusted: str | None) -> ssl.SSLContext:
        context = ssl.SSLContext(purpose)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if trusted:
            context.load_verify_locations(cadata=self.pki.certificates[trusted].decode())
            context.verify_mode = ssl.CERT_REQUIRED
        if own:
            path = self.place / own
            path.write_bytes(self.pki.keys[own] + self.pki.certificates[own])
            context.load_cert_chain(path)
        return context

    def run(
        self, server: str, client_trusts: str, dialled: str | None, client: str | None, server_trusts: str | None
    ) -> str | None:
        """The server's version of TLS. Raises SSLError where either side refuses the other."""
        at_client = self._context(ssl.PROTOCOL_TLS_CLIENT, client, client_trusts)
        at_client.check_hostname = dialled is not None
        at_server = self._context(ssl.PROTOCOL_TLS_SERVER, server, server_trusts)
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        left = at_client.wrap_bio(back, there, server_hostname=dialled)
        right = at_server.wrap_bio(there, back, server_side=True)
        for _ in range(4):
            for side in (left, right):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        # In TLS 1.3 the client is through before the server has judged its certificate: only data prove it.
        right.write(b"welcome")
        assert left.read(7) == b"welcome"
        return right.version()


@pytest.fixture
def handshake(pki: Pki, tmp_path: Path) -> Handshake:
    return Handshake(pki, tmp_path)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case[3]}->{case[0]}@{case[2]}")
def test_they_trust_one_another(handshake: Handshake, case: tuple[str, str, str, str, str]) -> None:
    assert handshake.run(*case) == "TLSv1.3"


@pytest.mark.parametrize(("what", "reason", *PARTIES), BAD, ids=[case[0] for case in BAD])
def test_they_refuse_one_another(
    handshake: Handshake,
    what: str,
    reason: str,
    server: str,
    client_trusts: str,
    dialled: str | None,
    client: str | None,
    server_trusts: str | None,
) -> None:
    with pytest.raises(ssl.SSLError, match=reason):
        handshake.run(server, client_trusts, dialled, client, server_trusts)
