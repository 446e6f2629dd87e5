"""The keys and certificates of a small cluster, made with the pure functions alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509

from hardway.pki.make import issue, make_key, public_pem, signer
from hardway.pki.wanted import wanted_pki
from hardway.resources.operator import Certificate, Key
from hardway.spec.model import Api, Certificates, Cluster, KeyAlgorithm, Machine, Machines, Worker

NOW = datetime.now(UTC).replace(microsecond=0)
ALGORITHMS = (KeyAlgorithm.ECDSA_P256, KeyAlgorithm.RSA_2048)


def small_cluster(algorithm: KeyAlgorithm = KeyAlgorithm.ECDSA_P256) -> Cluster:
    """Two masters and a worker, a floating address and a further name."""
    return Cluster(
        name="demo",
        machines=Machines(
            masters=(
                Machine(name="m0", address=IPv4Address("10.0.0.10")),
                Machine(name="m1", address=IPv4Address("10.0.0.11")),
            ),
            workers=(Worker(name="w0", address=IPv4Address("10.0.0.20")),),
        ),
        domain="example.org",
        cluster_domain="cluster.example",
        api=Api(name="api", floating_address=IPv4Address("203.0.113.7"), extra_names=("k8s.example.com",)),
        certificates=Certificates(algorithm=algorithm),
    )


@dataclass(frozen=True)
class Pki:
    """What was made, by name."""

    wanted: Mapping[str, Certificate]
    keys: Mapping[str, bytes]
    certificates: Mapping[str, bytes]

    def parsed(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificates[name])


def make_pki(cluster: Cluster, now: datetime = NOW) -> Pki:
    resources = wanted_pki(cluster)
    keys = {one.key: make_key(one.algorithm) for one in resources if isinstance(one, Key)}
    wanted = {one.certificate: one for one in resources if isinstance(one, Certificate)}
    certificates: dict[str, bytes] = {}
    for name, one in wanted.items():
        by = signer(keys[one.authority], certificates[one.authority]) if one.authority else signer(keys[name])
        certificates[name] = issue(one, public_pem(keys[name]), by, now)
    return Pki(wanted, keys, certificates)
