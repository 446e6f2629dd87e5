"""The vault: the cluster's keys, certificates and secrets, and the files for the operator. Touches the state directory.

It carries out the resources of kinds key, certificate, secret and state-file, and answers for what others take from
them. A key that is there is never replaced but by a step that says so.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from hardway.engine.handler import Context, Resolve, StepFailed
from hardway.pki.make import algorithm_of, public_pem, ssh_public
from hardway.pki.read import describe
from hardway.plan.steps import Action, Step
from hardway.resources.base import OPERATOR, Chapter, Content, Ref, Resource, Seen, Unknown, digest
from hardway.resources.operator import Certificate, Key, Secret, StateFile
from hardway.state import store
from hardway.state.directory import StateDirectory
from hardway.state.faults import StateFault
from hardway.state.issuing import Made, make
from hardway.state.store import Entry

ENTRIES_AT_ONCE: Final = 256
"""Steps a transaction: some 50 ms of work (ECDSA), so that a run that is stopped loses little."""
RSA_AT_ONCE: Final = 16
"""The same where a key takes up to a second."""

_LONGEST_TEXT: Final = 64 * 1024


def _now() -> datetime:
    return datetime.now(UTC)


class Vault:
    """The vault of one cluster. Written by one process at a time (the state's lock sees to that)."""

    kinds: tuple[str, ...] = (Key.kind, Certificate.kind, Secret.kind, StateFile.kind)

    def __init__(self, state: StateDirectory, now: Callable[[], datetime] = _now) -> None:
        self._state = state
        self._now = now
        self._loaded: Mapping[Entry, bytes] | None = None
        self._public: dict[bytes, bytes] = {}
        self._writing = Lock()

    @property
    def _entries(self) -> Mapping[Entry, bytes]:
        if self._loaded is None:
            self._loaded = store.load(self._state.vault)
        return self._loaded

    def value(self, ref: Ref) -> bytes | None:
        """What a reference to a key, certificate, secret or state file stands for; None for what is not there.

        Raises KeyError for an attribute that the kind does not have, StateFault where the vault cannot be read.
        """
        kind, _, name = ref.resource.split(":", 2)
        if kind not in self.kinds:
            return None
        if kind == StateFile.kind:
            content = self._state.read(name)
            return None if content is None else digest(content).encode()
        entry = self._entries.get((kind, name))
        return None if entry is None else self._attribute(kind, ref.attribute, entry)

    def _attribute(self, kind: str, attribute: str, entry: bytes) -> bytes:
        match kind, attribute:
            case (Key.kind, "pem") | (Certificate.kind, "pem" | "chain"):
                return entry
            case (Key.kind, "public"):
                return self._public_of(entry)
            case (Key.kind, "ssh"):
                return ssh_public(entry)
            case (Secret.kind, "base64"):
                return b64encode(entry)
        raise KeyError(f"a {kind} has no {attribute}")

    def _public_of(self, key_pem: bytes) -> bytes:
        """An unreadable key has an empty public half, which fits no certificate."""
        if key_pem not in self._public:
            readable = algorithm_of(key_pem) != "unreadable"
            self._public[key_pem] = public_pem(key_pem) if readable else b""
        return self._public[key_pem]

    def certificates(self) -> Mapping[str, bytes]:
        """All certificates that were made, PEM, by name."""
        return {name: pem for (kind, name), pem in self._entries.items() if kind == Certificate.kind}

    async def observe(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        """What the vault and the state directory hold, wanted or not. Raises StateFault."""
        self._loaded = await asyncio.to_thread(store.load, self._state.vault)
        return await asyncio.to_thread(self._look, resources)

    def _look(self, resources: Sequence[Resource]) -> Mapping[str, Seen]:
        wanted = {resource.id: resource for resource in resources}
        now = self._now()
        owned = {_id(entry): self._seen(entry, wanted.get(_id(entry)), now) for entry in self._entries}
        strange = (one for one in resources if isinstance(one, StateFile) and one.id not in owned)
        return {**owned, **{one.id: self._seen_file(one.path, one, owned=False) for one in strange}}

    def _seen(self, entry: Entry, wanted: Resource | None, now: datetime) -> Seen:
        kind, name = entry
        content = self._entries[entry]
        if kind == StateFile.kind:
            return self._seen_file(name, wanted, owned=True)
        if kind == Key.kind:
            return Seen(_id(entry), {"algorithm": algorithm_of(content)}, owned=True)
        if kind == Secret.kind:
            return Seen(_id(entry), {"size": str(len(content))}, owned=True)
        return Seen(_id(entry), describe(content, now, self._authority_of(wanted)), owned=True)

    def _authority_of(self, wanted: Resource | None) -> bytes | None:
        """The PEM of the authority that shall have signed; no PEM at all where that is still to be made."""
        if not isinstance(wanted, Certificate) or wanted.is_authority:
            return None
        return self._entries.get((Certificate.kind, wanted.authority), b"")

    def _seen_file(self, path: str, wanted: Resource | None, *, owned: bool) -> Seen:
        resource_id = _id((StateFile.kind, path))
        try:
            content = self._state.read(path)
        except StateFault as fault:
            return Seen(resource_id, {"sha256": fault.what}, owned=owned)
        if content is None:
            return Seen(resource_id, {}, owned=owned)
        return Seen(resource_id, {"sha256": digest(content)}, owned=owned, text=_text(wanted, content))

    def owned(self, seen: Seen) -> Resource:
        """What to remove, by its id alone."""
        kind, _, name = seen.id.split(":", 2)
        if kind == Key.kind:
            return Key(chapter=Chapter.CERTIFICATES, key=name, algorithm=seen.attributes.get("algorithm", ""))
        if kind == Secret.kind:
            return Secret(chapter=Chapter.ENCRYPTION, secret=name, size=int(seen.attributes.get("size", "0")))
        if kind == StateFile.kind:
            return StateFile(chapter=Chapter.ACCESS, path=name, content=Content(()))
        subject = seen.attributes.get("subject", "")
        return Certificate(chapter=Chapter.CERTIFICATES, certificate=name, common_name=subject, days=0)

    def batch(self, step: Step) -> str | None:
        """All keys, certificates and secrets in one call; files after those they are made of."""
        return "state-files" if isinstance(step.resource, StateFile) else "vault"

    async def apply(self, steps: Sequence[Step], context: Context) -> None:
        """Make, remove, write. Each part of a batch is on the disk before its steps count as done."""
        for part in _parts(steps):
            carry_out = self._carry_out_file if isinstance(part[0].resource, StateFile) else self._carry_out_entries
            try:
                failure, done = await asyncio.to_thread(carry_out, part, context.resolve)
            except StateFault as fault:
                raise StepFailed(part[0].id, fault.what, advice=fault.advice) from fault
            for step in done:
                context.finished(step)
            if failure is not None:
                raise failure

    def _carry_out_entries(self, steps: Sequence[Step], _: Resolve) -> tuple[StepFailed | None, Sequence[Step]]:
        made = make(steps, self._entries, self._now())
        self._commit(made)
        return made.failure, made.done

    def _commit(self, made: Made) -> None:
        """Keys and files may be at work at once, each in a thread of its own."""
        with self._writing:
            store.change(self._state.vault, made.put, made.removed)
            left = {entry: value for entry, value in self._entries.items() if entry not in made.removed}
            self._loaded = {**left, **made.put}

    def _carry_out_file(self, steps: Sequence[Step], resolve: Resolve) -> tuple[StepFailed | None, Sequence[Step]]:
        """What is ours is recorded before it is there and forgotten after it has gone, so that none is left behind."""
        (step,) = steps
        file = step.resource
        assert isinstance(file, StateFile)
        entry = (StateFile.kind, file.path)
        if step.action is Action.REMOVE:
            self._state.delete(file.path)
            self._commit(Made({}, {entry}))
            return None, steps
        content = _resolved(step, file, resolve)
        self._state.file(file.path)
        self._commit(Made({entry: b""}))
        self._state.write(file.path, content)
        return None, steps


def _id(entry: Entry) -> str:
    kind, name = entry
    return f"{kind}:{OPERATOR}:{name}"


def _text(wanted: Resource | None, content: bytes) -> str | None:
    """The text for a diff: short, and known to hold no secret."""
    if not isinstance(wanted, StateFile) or any(ref.secret for ref in wanted.refs) or len(content) > _LONGEST_TEXT:
        return None
    return content.decode(errors="replace")


def _resolved(step: Step, file: StateFile, resolve: Resolve) -> bytes:
    try:
        content = file.content.resolve(resolve)
    except KeyError as fault:
        raise StepFailed(step.id, f"it is made of something that is not there: {fault.args[0]}") from fault
    if isinstance(content, Unknown):
        raise StepFailed(step.id, "it is made of something that is not known yet")
    return content


def _parts(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Files one by one; what is in the vault in transactions of some size."""
    at_once = RSA_AT_ONCE if any(_is_rsa(step) for step in steps) else ENTRIES_AT_ONCE
    part: list[Step] = []
    for step in steps:
        if part and (isinstance(step.resource, StateFile) or len(part) == at_once):
            yield part
            part = []
        if isinstance(step.resource, StateFile):
            yield [step]
        else:
            part.append(step)
    if part:
        yield part


def _is_rsa(step: Step) -> bool:
    return isinstance(step.resource, Key) and step.resource.algorithm.startswith("rsa-")
