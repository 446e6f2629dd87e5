"""The keys and certificates of a large cluster: made, put away, and looked at again for a plan.

Writes to a temporary directory. The bound is the same number of keys and signatures by the library alone.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.options import Options
from bench.report import Report, Row, seconds, within
from hardway.engine.handler import Context
from hardway.pki.wanted import wanted_pki
from hardway.plan.diff import make_plan
from hardway.plan.steps import Plan, Step
from hardway.resources.base import Ref, Resource
from hardway.resources.operator import Certificate, Key
from hardway.spec.model import Cluster, Machines, Worker
from hardway.state.directory import open_state
from hardway.state.vault import Vault

NODES: Final = 500
GOAL: Final = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Times:
    """One round, in seconds."""

    planned: float
    made: float
    looked: float
    bound: float
    keys: int
    certificates: int

    @property
    def all(self) -> float:
        return self.planned + self.made


async def run(options: Options) -> Report:
    """Median of rounds."""
    rounds = [await _measure(NODES) for _ in range(options.rounds)]
    last = rounds[-1]
    return Report(
        f"pki: keys and certificates for {NODES} nodes, median of {options.rounds}",
        (
            within("planned, made and on the disk", median(one.all for one in rounds), GOAL),
            Row("  of it planning", seconds(median(one.planned for one in rounds))),
            Row("looked at again, nothing to do", seconds(median(one.looked for one in rounds))),
            Row("bound: the library alone", seconds(median(one.bound for one in rounds)), note="one thread, no disk"),
        ),
        (f"{last.keys} keys and {last.certificates} certificates, ECDSA P-256.",),
    )


def cluster(workers: int) -> Cluster:
    """The article's masters and this many workers."""
    addresses = (IPv4Address("10.0.4.0") + number for number in range(workers))
    made = tuple(Worker(name=f"worker-{number}", address=address) for number, address in enumerate(addresses))
    return Cluster(name="bench", machines=Machines(workers=made))


async def _measure(workers: int) -> Times:
    wanted = wanted_pki(cluster(workers))
    keys = sum(isinstance(one, Key) for one in wanted)
    certificates = sum(isinstance(one, Certificate) for one in wanted)
    with tempfile.TemporaryDirectory(prefix="hardway-bench-") as place:
        spec = Path(place) / "cluster.yaml"
        vault = Vault(open_state(spec, "bench"))
        began = perf_counter()
        steps = (await planned(vault, wanted)).steps
        between = perf_counter()
        await vault.apply(steps, context(vault, []))
        made = perf_counter()
        left = await planned(Vault(open_state(spec, "bench")), wanted)
        looked = perf_counter()
        assert not left.steps
    bound = await asyncio.to_thread(_library_alone, keys, certificates)
    return Times(between - began, made - between, looked - made, bound, keys, certificates)


async def planned(vault: Vault, wanted: tuple[Resource, ...]) -> Plan:
    """What a plan over the vault alone would do."""
    return make_plan(wanted, await vault.observe(wanted), vault.value)


def context(vault: Vault, done: list[Step]) -> Context:
    """What the vault is given beside its steps."""

    def resolve(ref: Ref) -> bytes:
        value = vault.value(ref)
        assert value is not None
        return value

    return Context(resolve, done.append, lambda step, what: None)


def _library_alone(keys: int, certificates: int) -> float:
    """Seconds for as many keys, written as PEM, and as many signed certificates."""
    began = perf_counter()
    made = [ec.generate_private_key(ec.SECP256R1()) for _ in range(keys)]
    for key in made:
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)
    for number in range(certificates):
        builder = x509.CertificateBuilder(name, name, made[number % keys].public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=365))
        builder.sign(made[0], SHA256()).public_bytes(Encoding.PEM)
    return perf_counter() - began
