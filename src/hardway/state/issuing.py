"""Makes what the steps of a batch want of the vault: keys, secrets, certificates. In memory; the vault puts it away."""

from __future__ import annotations

import os
import secrets
from collections import ChainMap
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hardway.engine.handler import StepFailed
from hardway.pki.make import Signer, algorithm_of, issue, make_key, public_pem, signer
from hardway.plan.steps import Action, Step
from hardway.resources.operator import Certificate, Key, Secret
from hardway.state.store import Entry

_ADVICE: Final = "look at what `hardway plan` says now"


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """What a batch changes in the vault, and how far it came."""

    put: Mapping[Entry, bytes] = field(default_factory=dict)
    removed: Set[Entry] = frozenset()
    done: tuple[Step, ...] = ()
    failure: StepFailed | None = None

    def __repr__(self) -> str:
        return f"Made({len(self.put)} entries, {len(self.removed)} removed)"


def make(steps: Sequence[Step], entries: Mapping[Entry, bytes], now: datetime) -> Made:
    """Carry the steps out in this order over the vault's entries; ends before the first that fails."""
    put: dict[Entry, bytes] = {}
    removed: set[Entry] = set()
    work = _Work(ChainMap(put, dict(entries)), _new_keys(steps, entries), now)
    for number, step in enumerate(steps):
        if step.action is Action.REMOVE:
            removed.add(_entry(step))
            continue
        try:
            put[_entry(step)] = work.made(step)
        except ValueError as fault:
            failure = StepFailed(step.id, str(fault), advice=_ADVICE)
            return Made(put, removed, tuple(steps[:number]), failure)
    return Made(put, removed, tuple(steps))


def _entry(step: Step) -> Entry:
    return (step.resource.kind, step.resource.name)


def _keeps(step: Step, entries: Mapping[Entry, bytes]) -> bool:
    """What a step is to create may be there all the same, where an earlier run was cut off: it is never replaced."""
    return step.action is Action.CREATE and _entry(step) in entries


def _new_keys(steps: Sequence[Step], entries: Mapping[Entry, bytes]) -> Mapping[Entry, bytes]:
    """Keys for the steps that make one. RSA keys on all processors: a search for primes lets other threads run."""
    making = (step for step in steps if step.action is not Action.REMOVE and not _keeps(step, entries))
    algorithms = {_entry(step): step.resource.algorithm for step in making if isinstance(step.resource, Key)}
    if not any(algorithm.startswith("rsa-") for algorithm in algorithms.values()):
        return {entry: make_key(algorithm) for entry, algorithm in algorithms.items()}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(algorithms, pool.map(make_key, algorithms.values()), strict=True))


@dataclass(frozen=True, slots=True, repr=False)
class _Work:
    entries: Mapping[Entry, bytes]
    """The vault with what was made so far."""
    new_keys: Mapping[Entry, bytes]
    now: datetime
    signers: dict[str, Signer] = field(default_factory=dict)
    """Authorities whose keys were read already, by name."""

    def made(self, step: Step) -> bytes:
        """Raises ValueError where it cannot be made."""
        resource = step.resource
        if isinstance(resource, Key):
            return self._key(step, resource)
        if isinstance(resource, Secret):
            return self._secret(step, resource)
        if isinstance(resource, Certificate):
            return self._certificate(resource)
        raise ValueError(f"a {resource.kind} is none of the vault's")

    def _key(self, step: Step, key: Key) -> bytes:
        if _entry(step) in self.new_keys:
            return self.new_keys[_entry(step)]
        kept = self.entries[_entry(step)]
        if algorithm_of(kept) != key.algorithm:
            raise ValueError(f"there is a key {key.name} already, and it is {algorithm_of(kept)}")
        return kept

    def _secret(self, step: Step, secret: Secret) -> bytes:
        if not _keeps(step, self.entries):
            return secrets.token_bytes(secret.size)
        kept = self.entries[_entry(step)]
        if len(kept) != secret.size:
            raise ValueError(f"there is a secret {secret.name} already, of {len(kept)} bytes")
        return kept

    def _certificate(self, certificate: Certificate) -> bytes:
        public = public_pem(self._needed(Key.kind, certificate.name))
        return issue(certificate, public, self._signer(certificate), self.now)

    def _signer(self, certificate: Certificate) -> Signer:
        if certificate.is_authority:
            return signer(self._needed(Key.kind, certificate.name))
        name = certificate.authority
        if name not in self.signers:
            self.signers[name] = signer(self._needed(Key.kind, name), self._needed(Certificate.kind, name))
        return self.signers[name]

    def _needed(self, kind: str, name: str) -> bytes:
        if (kind, name) not in self.entries:
            raise ValueError(f"there is no {kind} {name}")
        return self.entries[kind, name]
