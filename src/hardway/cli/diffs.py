"""Unified diffs of what a plan would write: secrets masked, certificates described. Values in, text out."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hardway.plan.steps import Action, Plan, Step
from hardway.resources.base import Content, Known
from hardway.resources.host import File
from hardway.resources.kubernetes import KubeObject
from hardway.resources.operator import StateFile

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MASK: Final = "***"
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?\n-----END CERTIFICATE-----\n?", re.DOTALL)
_KEY: Final = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY)-----.*?(-----END (?P=kind)-----\n?|\Z)", re.DOTALL
)


def to_read(plan: Plan) -> tuple[str, ...]:
    """Ids of the files whose present text a diff needs: changed or removed, and no secrets."""
    return tuple(step.id for step in plan.steps if step.action is not Action.CREATE and _readable(step))


def _readable(step: Step) -> bool:
    return isinstance(step.resource, File) and not step.resource.secret and step.seen.text is None


def plan_diffs(plan: Plan, texts: Mapping[str, str], known: Known) -> Mapping[str, Sequence[str]]:
    """By step id the lines of its diff; `texts` are the present texts of what `to_read` names."""
    diffs = ((step.id, tuple(_step_diff(step, texts, known))) for step in plan.steps)
    return {one: lines for one, lines in diffs if lines}


def _step_diff(step: Step, texts: Mapping[str, str], known: Known) -> Iterator[str]:
    after = "" if step.action is Action.REMOVE else _wanted(step, known)
    if after is None:
        return
    before = "" if step.action is Action.CREATE else _present(step, texts)
    if before is None:
        yield "(what is there is a secret or no text: only that it differs is shown)"
        return
    yield from unified(before, after)


def _wanted(step: Step, known: Known) -> str | None:
    resource = step.resource
    if isinstance(resource, File | StateFile):
        return shown(resource.content, known)
    return manifest(resource.body) if isinstance(resource, KubeObject) else None


def _present(step: Step, texts: Mapping[str, str]) -> str | None:
    """The text that is there, if it may be shown."""
    resource = step.resource
    if isinstance(resource, KubeObject):
        return manifest(resource.body) if step.action is Action.REMOVE else None
    if isinstance(resource, File | StateFile) and any(ref.secret for ref in resource.content.refs):
        return None
    text = step.seen.text if step.seen.text is not None else texts.get(step.id)
    return None if text is None else masked(text)


def shown(content: Content, known: Known) -> str:
    """The text of a content, secrets masked, certificates described."""
    return masked(content.shown(known))


def masked(text: str) -> str:
    """Without private keys, and each certificate as a line that says what it is."""
    without_keys = _KEY.sub(lambda found: f"({found['kind'].lower()}: {MASK})\n", text)
    return _CERTIFICATE.sub(lambda found: f"({_described(found[0])})\n", without_keys)


def _described(pem: str) -> str:
    from cryptography import x509

    try:
        return _what_it_says(x509.load_pem_x509_certificate(pem.encode()))
    except Exception:  # hostile bytes: the parser raises many kinds
        return "certificate: unreadable"


def _what_it_says(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    until, print_ = certificate.not_valid_after_utc, certificate.fingerprint(SHA256()).hex()[:16]
    return f"certificate: {subject}, issued by {issuer}, until {until:%Y-%m-%d}, fingerprint {print_}"


def manifest(body: Mapping[str, Any]) -> str:
    """An API object as indented JSON; the data of a Secret masked."""
    data = {key: _masked_values(value) for key, value in body.items() if key in ("data", "stringData")}
    safe = {**body, **data} if body.get("kind") == "Secret" else body
    return json.dumps(safe, indent=2, ensure_ascii=False) + "\n"


def _masked_values(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, Mapping) else MASK


def unified(before: str, after: str) -> Iterator[str]:
    """A unified diff without the header: the step names the file."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    return (line for number, line in enumerate(lines) if number >= 2)
