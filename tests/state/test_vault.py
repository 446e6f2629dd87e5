"""The vault under the real plan, application and journal: all of a cluster's keys and certificates, kept while good."""

from __future__ import annotations

import asyncio
import base64
import signal
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hardway.engine.apply import ApplyFailed
from hardway.engine.handler import Context
from hardway.engine.journal import Journal
from hardway.pki.make import issue, make_key, public_bytes, public_pem, signer
from hardway.pki.wanted import wanted_pki
from hardway.plan.steps import Action
from hardway.resources.base import Chapter, Content, Ref
from hardway.resources.operator import Certificate, Key, Secret, StateFile
from hardway.spec.load import parse
from hardway.state.faults import StateFault
from hardway.state.store import Entry
from hardway.state.vault import Vault
from tests.state.cluster import NOW, SMALL, Operator, PowerCut, small

ROOT = Path(__file__).parents[2]
CA_KEY: Entry = ("key", "kubernetes-ca")
ADMIN: Entry = ("certificate", "admin")
ADMIN_REF = Ref("key:operator:admin", "pem", secret=True)


def certificate(operator: Operator, name: str) -> Certificate:
    (found,) = (one for one in operator.wanted if isinstance(one, Certificate) and one.name == name)
    return found


def kubeconfig(path: str = "admin.kubeconfig") -> StateFile:
    return StateFile(chapter=Chapter.ACCESS, path=path, content=Content.of("key: ", ADMIN_REF))


async def test_it_makes_all_of_a_cluster_s_and_then_there_is_nothing_to_do(operator: Operator) -> None:
    operator.wanted = wanted_pki(parse("name: c\n"))
    made = await operator.up()
    assert made.ids == {resource.id for resource in operator.wanted}
    assert not await operator.plan()


async def test_what_it_made_is_of_use(operator: Operator) -> None:
    await operator.up()
    entries = operator.entries()
    for one in operator.wanted:
        if isinstance(one, Certificate):
            own = x509.load_pem_x509_certificate(entries["certificate", one.name])
            own.verify_directly_issued_by(
                x509.load_pem_x509_certificate(entries["certificate", one.authority or one.name])
            )
            assert public_bytes(own.public_key()) == public_pem(entries["key", one.name])


async def test_values_are_what_others_take(operator: Operator) -> None:
    await operator.up()
    entries, vault = operator.entries(), operator.vault()
    secret = entries["secret", "encryption-key-1"]
    assert vault.value(ADMIN_REF) == entries["key", "admin"]
    assert vault.value(Ref("key:operator:admin", "public")) == public_pem(entries["key", "admin"])
    assert vault.value(Ref("certificate:operator:admin", "chain")) == entries[ADMIN]
    assert base64.b64decode(vault.value(Ref("secret:operator:encryption-key-1", "base64")) or b"") == secret
    assert vault.value(Ref("key:operator:nobody", "pem")) is None
    assert vault.value(Ref("file:m:/etc/hosts", "sha256")) is None
    assert vault.certificates()["admin"] == entries[ADMIN]
    with pytest.raises(KeyError, match="a certificate has no size"):
        vault.value(Ref("certificate:operator:admin", "size"))


async def test_changed_names_are_planned_anew_with_the_reason_and_the_key_is_kept(operator: Operator) -> None:
    await operator.up()
    before = operator.entries()
    operator.wanted = wanted_pki(parse(SMALL + "api: {extraNames: [k8s.example.com]}\n"))
    ((name, reason),) = (await operator.reasons()).items()
    assert name == "certificate kube-apiserver.m"
    assert reason.startswith("names is ")
    assert "k8s.example.com" in reason.partition("shall be")[2]
    await operator.up()
    changed = {entry for entry, value in operator.entries().items() if value != before[entry]}
    assert changed == {("certificate", "kube-apiserver.m")}
    assert not await operator.plan()


async def test_certificates_near_their_end_are_planned_anew_and_authorities_are_not(operator: Operator) -> None:
    await operator.up()
    operator.now = NOW + timedelta(days=240)
    assert not await operator.plan()
    operator.now = NOW + timedelta(days=250)
    reasons = await operator.reasons()
    leaves = {f"certificate {one.name}" for one in operator.wanted if isinstance(one, Certificate) and one.authority}
    assert reasons.keys() == leaves
    assert all(reason.startswith("life is ") and reason.endswith(", shall be good") for reason in reasons.values())
    await operator.up()
    assert not await operator.plan()


async def test_a_certificate_of_another_authority_is_planned_anew_with_the_reason(operator: Operator) -> None:
    await operator.up()
    entries = operator.entries()
    key = make_key("ecdsa-p256")
    strangers = issue(certificate(operator, "kubernetes-ca"), public_pem(key), signer(key), NOW)
    public = public_pem(entries["key", "admin"])
    forged = issue(certificate(operator, "admin"), public, signer(key, strangers), NOW)
    operator.swap({ADMIN: forged})
    ((name, reason),) = (await operator.reasons()).items()
    assert (name, reason.partition(",")[0]) == ("certificate admin", "issuer is someone else")
    await operator.up()
    assert not await operator.plan()


SWAPPED = {
    ADMIN: (b"no certificate", ["certificate admin"]),
    ("secret", "encryption-key-1"): (b"short", ["secret encryption-key-1"]),
    ("key", "admin"): (make_key("ecdsa-p256"), ["certificate admin"]),
}


@pytest.mark.parametrize(("entry", "swap"), SWAPPED.items(), ids=[" ".join(entry) for entry in SWAPPED])
async def test_what_was_swapped_is_named_and_mended(
    operator: Operator, entry: Entry, swap: tuple[bytes, list[str]]
) -> None:
    await operator.up()
    content, named = swap
    operator.swap({entry: content})
    assert list(await operator.reasons()) == named
    await operator.up()
    assert not await operator.plan()


async def test_an_authority_whose_key_is_lost_is_made_anew_with_all_that_it_signed_and_the_plan_says_so(
    operator: Operator,
) -> None:
    await operator.up()
    operator.lose(CA_KEY)
    reasons = await operator.reasons()
    signed = {
        f"certificate {one.name}"
        for one in operator.wanted
        if isinstance(one, Certificate) and one.authority == "kubernetes-ca"
    }
    assert reasons.keys() == {"key kubernetes-ca", "certificate kubernetes-ca", *signed}
    assert reasons["key kubernetes-ca"] == "it is not there"
    assert reasons["certificate kubernetes-ca"] == "key:operator:kubernetes-ca changes"
    assert {reasons[one] for one in signed} == {"certificate:operator:kubernetes-ca changes"}
    await operator.up()
    assert not await operator.plan()


async def test_an_authority_past_its_end_is_made_anew_before_it_signs(operator: Operator) -> None:
    await operator.up()
    operator.now = NOW + timedelta(days=4000)
    assert (await operator.reasons())["certificate kubernetes-ca"].startswith("life is ")
    await operator.up()
    assert not await operator.plan()


async def test_what_cannot_be_signed_is_told_and_what_came_before_is_kept(operator: Operator) -> None:
    """A leaf alone, without its authority among what is wanted."""
    key = Key(chapter=Chapter.CERTIFICATES, key="x", algorithm="ecdsa-p256")
    leaf = Certificate(chapter=Chapter.CERTIFICATES, certificate="x", common_name="x", authority="gone", days=1)
    operator.wanted = (key, leaf)
    with pytest.raises(ApplyFailed) as failed:
        await operator.up()
    (failure,) = failed.value.failures
    assert (failure.step_id, failure.what) == ("certificate:operator:x", "there is no key gone")
    assert "hardway plan" in failure.advice
    assert operator.entries().keys() == {("key", "x")}


async def test_machines_that_are_no_longer_wanted_take_their_keys_along(operator: Operator) -> None:
    await operator.up()
    operator.wanted = wanted_pki(parse(SMALL.replace("[{name: w, address: 10.0.0.20}]", "[]")))
    plan = await operator.plan()
    assert {step.action for step in plan.steps} == {Action.REMOVE}
    assert {step.resource.name.rpartition(".")[2] for step in plan.steps} == {"w"}
    await operator.up()
    assert operator.entries().keys() == {(one.kind, one.name) for one in operator.wanted}
    assert not await operator.plan()


async def test_a_removed_key_is_not_left_in_the_file(operator: Operator) -> None:
    operator.wanted = (Secret(chapter=Chapter.ENCRYPTION, secret="s", size=64),)
    await operator.up()
    secret = operator.entries()["secret", "s"]
    assert secret in operator.state.vault.read_bytes()
    operator.wanted = ()
    await operator.up()
    assert secret not in operator.state.vault.read_bytes()


async def test_files_for_the_operator_are_written_mended_and_removed(operator: Operator) -> None:
    operator.wanted = (*wanted_pki(small()), kubeconfig())
    await operator.up()
    state, key = operator.state, operator.entries()["key", "admin"]
    assert state.read("admin.kubeconfig") == b"key: " + key
    assert not await operator.plan()
    state.write("admin.kubeconfig", b"altered")
    assert await operator.reasons() == {"state-file admin.kubeconfig": "its content is not as wanted"}
    await operator.up()
    assert state.read("admin.kubeconfig") == b"key: " + key
    (state.path / "admin.kubeconfig").chmod(0o644)
    assert list(await operator.reasons()) == ["state-file admin.kubeconfig"]
    await operator.up()
    operator.wanted = wanted_pki(small())
    assert await operator.reasons() == {"state-file admin.kubeconfig": "it is no longer wanted"}
    await operator.up()
    assert state.read("admin.kubeconfig") is None
    assert not await operator.plan()


@pytest.mark.parametrize("path", ["../out", "vault.sqlite", ".bashrc"])
async def test_a_file_that_would_lie_elsewhere_is_refused(operator: Operator, path: str) -> None:
    operator.wanted = (StateFile(chapter=Chapter.ACCESS, path=path, content=Content.of("x")),)
    before = sorted(operator.spec.parent.rglob("*"))
    with pytest.raises(ApplyFailed, match=r"is (no path inside|a name that hardway keeps)"):
        await operator.up()
    assert {path.name for path in {*operator.spec.parent.rglob("*")} - {*before}} <= OWN


OWN = {".hardway", ".gitignore", "c", "cluster.json", "journal.sqlite"}


@pytest.mark.parametrize("after", [0, 1, 5, 17])
async def test_a_run_that_was_cut_off_between_effect_and_journal_is_gone_on_with(
    operator: Operator, after: int
) -> None:
    """Nothing that was made is made again: the keys of the first run are in use already."""
    operator.wanted = (*wanted_pki(small()), kubeconfig())
    with pytest.raises(PowerCut):
        await operator.up(cut_off_after=after)
    journal = Journal(operator.state.journal)
    assert journal.cut_off()
    journal.close()
    before = operator.entries()
    assert before
    await operator.up()
    assert {entry: operator.entries()[entry] for entry in before} == before
    assert not await operator.plan()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from hardway.engine.journal import Run
from tests.state.cluster import Operator

Run.finished = lambda run, step: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(Operator(Path(sys.argv[1])).up())
"""


async def test_a_process_that_was_killed_is_gone_on_with(operator: Operator) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(operator.spec), cwd=ROOT)
    assert await process.wait() == -signal.SIGKILL
    before = operator.entries()
    assert before
    await operator.up()
    assert {entry: operator.entries()[entry] for entry in before} == before
    assert not await operator.plan()


async def test_what_is_there_already_is_kept_by_a_plan_that_did_not_know(operator: Operator) -> None:
    """A saved plan of a run that was cut off creates again what it has made."""
    plan = await operator.plan()
    await operator.up()
    before = operator.entries()
    steps = [step for step in plan.steps if step.resource.kind in ("key", "secret")]
    await operator.vault().apply(steps, _context())
    assert operator.entries() == before


def _context() -> Context:
    return Context(lambda ref: b"", lambda step: None, lambda step_id, what: None)


async def test_no_secret_is_in_what_is_shown_or_recorded(operator: Operator) -> None:
    operator.wanted = (*wanted_pki(small()), kubeconfig())
    await operator.up()
    vault = operator.vault()
    seen = await vault.observe(operator.wanted)
    operator.lose(ADMIN)
    shown = [repr(vault), repr(seen), repr(await operator.plan()), repr(operator.state)]
    shown += [str(vars(vault)["_state"]), *(repr(vault.owned(one)) for one in seen.values())]
    recorded = _journal_text(operator)
    for (kind, name), value in operator.entries().items():
        if kind in ("key", "secret"):
            for form in _forms(value):
                assert form not in recorded, name
                assert not any(form in text for text in shown), name


def _journal_text(operator: Operator) -> str:
    files = sorted(operator.state.path.glob("journal.sqlite*"))
    assert files
    return "".join(file.read_bytes().decode("latin-1") for file in files)


def _forms(value: bytes) -> list[str]:
    """A key's own line of base64, or a secret as bytes, hexadecimal and base64."""
    if value.startswith(b"-----"):
        return [value.decode().splitlines()[1][-40:]]
    return [repr(value)[2:-1], value.hex(), base64.b64encode(value).decode()]


def test_a_vault_that_is_no_vault_of_ours_is_refused(operator: Operator) -> None:
    path = operator.state.vault
    sqlite3.connect(path).close()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    path.chmod(0o600)
    with pytest.raises(StateFault, match="is no vault of this version of hardway"):
        Vault(operator.state).value(ADMIN_REF)


async def test_a_damaged_vault_is_told_and_left_as_it_is(operator: Operator) -> None:
    await operator.up()
    path = operator.state.vault
    path.write_bytes(b"\0garbage" * 1000)
    with pytest.raises(StateFault, match=r"cannot use .*file is not a database\n.*from a backup"):
        await operator.plan()
    assert path.read_bytes() == b"\0garbage" * 1000


async def test_a_vault_that_is_open_to_others_is_refused(operator: Operator) -> None:
    await operator.up()
    vault = operator.vault()
    operator.state.vault.chmod(0o640)
    with pytest.raises(StateFault, match="is open to other users"):
        await vault.observe(())


async def test_all_files_beside_the_vault_are_private(operator: Operator) -> None:
    await operator.up()
    assert {path.stat().st_mode & 0o077 for path in operator.state.path.iterdir()} == {0}
    assert not operator.state.path.stat().st_mode & 0o077


async def test_keys_are_made_of_the_algorithm_that_is_wanted(operator: Operator) -> None:
    operator.wanted = (Key(chapter=Chapter.CERTIFICATES, key="k", algorithm="ecdsa-p256"),)
    await operator.up()
    operator.wanted = (Key(chapter=Chapter.CERTIFICATES, key="k", algorithm="rsa-2048"),)
    assert await operator.reasons() == {"key k": "algorithm is ecdsa-p256, shall be rsa-2048"}
    await operator.up()
    assert not await operator.plan()
