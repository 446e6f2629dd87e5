"""The handler over simulated machines: who is asked, what is said of those that do not answer, what is batched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from hardway.engine.apply import ApplyFailed
from hardway.machines.handler import MachineHandler
from hardway.machines.inventory import ForeignMachine
from hardway.machines.observation import StrangeAnswer
from hardway.machines.scripts import BUSY
from hardway.machines.simulated import SimulatedTransport, settled
from hardway.machines.transport import Result, Unreachable
from hardway.plan.steps import Action, Plan, Step
from hardway.resources.base import Chapter, Ref, Resource, absent
from hardway.resources.host import File, Packages, Unit
from tests.machines.bench import CLUSTER, Bench, file, program, said


def _unknown(ref: Ref) -> bytes:
    raise KeyError(ref.resource)


def empty(cluster: str = CLUSTER) -> bytes:
    return settled([], _unknown, cluster)


def done(steps: int) -> Result:
    return Result(0, "".join(f"hw {number} 0\n" for number in range(steps)).encode(), b"")


def handler(answers: Mapping[str, Result | Exception | None]) -> tuple[MachineHandler, dict[str, SimulatedTransport]]:
    """A handler over machines that give the same answer to everything; None is a machine that does not exist."""
    made: dict[str, SimulatedTransport] = {}

    async def connect(machine: str) -> SimulatedTransport | None:
        answer = answers[machine]

        def say(script: str, stdin: bytes) -> Result:
            if isinstance(answer, Exception):
                raise answer
            assert answer is not None
            return answer

        if answer is None:
            return None
        made[machine] = SimulatedTransport(machine, say)
        return made[machine]

    return MachineHandler(connect, CLUSTER, answers), made


def create(resource: Resource) -> Step:
    return Step(resource, Action.CREATE, absent(resource.id), (), "it is not there", ())


async def test_each_machine_is_asked_once_also_where_nothing_is_wanted() -> None:
    it, machines = handler({"m0": Result(0, empty(), b""), "m1": Result(0, empty(), b""), "none": None})
    seen = await it.observe([file("/a", "x"), file("/b", "x")])
    assert {name: len(machine.scripts) for name, machine in machines.items()} == {"m0": 1, "m1": 1}
    assert {one.exists for one in seen.values()} == {False}
    assert set(it.facts) == {"m0", "m1"}
    await it.close()
    assert all(machine.closed for machine in machines.values())


async def test_machines_that_do_not_answer_are_named_and_the_others_seen() -> None:
    it, _ = handler({"m0": Result(0, empty(), b""), "m1": Unreachable("m1", "it refuses connections")})
    seen = await it.observe([file("/a", "x")])
    assert set(seen) == {"file:m0:/a"}
    assert it.unreachable == {"m1": "it refuses connections"}


async def test_a_foreign_machine_is_refused() -> None:
    it, _ = handler({"m0": Result(0, empty("other"), b"")})
    with pytest.raises(ForeignMachine, match="m0 belongs to another cluster \\(id other, this one is c0ffee\\)"):
        await it.observe([])


async def test_a_machine_without_a_shell_is_named() -> None:
    it, _ = handler({"m0": Result(0, b"Welcome to RouterOS\n", b"")})
    with pytest.raises(StrangeAnswer, match="m0: the answer is not whole"):
        await it.observe([])


async def test_a_look_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardway.machines.handler.OBSERVE_WITHIN", 0.05)

    async def connect(machine: str) -> SimulatedTransport:
        await asyncio.sleep(1000)
        raise AssertionError

    it = MachineHandler(connect, CLUSTER, ["m0"])
    await it.observe([])
    assert "did not answer within" in it.unreachable["m0"]


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (file("/a", ""), "machine m0"),
        (program("/a", "b"), "programs on m0"),
        (Packages(chapter=Chapter.OS, machine="m0", names=("a",)), None),
        (Unit(chapter=Chapter.OS, machine="m0", unit="a.service"), None),
    ],
)
def test_what_is_quick_goes_together(resource: Resource, key: str | None) -> None:
    assert handler({})[0].batch(create(resource)) == key


async def _failure(result: Result | Exception, resources: list[File], values: Mapping[Ref, bytes] | None = None) -> str:
    """What is said where a machine answers a batch like this."""

    async def connect(machine: str) -> SimulatedTransport:
        def say(script: str, stdin: bytes) -> Result:
            if "record()" not in script:
                return Result(0, empty(), b"")
            if isinstance(result, Exception):
                raise result
            return result

        return SimulatedTransport(machine, say)

    bench = Bench(MachineHandler(connect, CLUSTER, ["m0"]), dict(values or {}))
    await bench.handler.observe(resources)
    with pytest.raises(ApplyFailed) as caught:
        await bench.apply(Plan(tuple(map(create, resources))))
    (failure,) = caught.value.failures
    return f"{failure.step_id}\n{said([failure])}"


async def test_the_step_at_which_a_batch_stopped_is_named() -> None:
    result = Result(1, b"hw 0 0\nhw 1 4\n", b"mv: no space left\n")
    text = await _failure(result, [file("/a", ""), file("/b", ""), file("/c", "")])
    assert text.startswith("file:m0:/b\nm0: create file /b ended with exit code 4: mv: no space left\n")


async def test_the_command_that_failed_is_named_and_its_own_words_are_the_evidence() -> None:
    said = b"Reading package lists...\nE: Unable to locate package socat\nhw command apt-get -q install -- socat\n"
    text = await _failure(Result(1, b"hw 0 100\n", said), [file("/a", "")])
    assert "m0: create file /a: `apt-get -q install -- socat` ended with exit code 100: E: Unable to locate" in text
    assert "hw command" not in text


async def test_secrets_are_masked_in_what_a_machine_said() -> None:
    key = Ref("key:operator:a", "pem", secret=True)
    value = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"
    result = Result(1, b"hw 0 1\n", b"cannot parse MIGHAgEAMBMGByqGSM49 here\n" + value)
    text = await _failure(result, [file("/a", key)], {key: value})
    assert "cannot parse *** here" in text
    assert "MIGH" not in text


async def test_a_machine_where_an_earlier_run_is_at_work_says_so() -> None:
    assert "what an earlier run began there is still at work" in await _failure(
        Result(BUSY, b"", b""), [file("/a", "")]
    )


async def test_a_machine_lost_meanwhile_says_how_to_go_on() -> None:
    text = await _failure(Unreachable("m0", "the connection was lost while it worked"), [file("/a", "")])
    assert text.startswith("file:m0:/a\nm0: the connection was lost while it worked")
    assert "run `hardway up` again" in text


async def test_what_was_never_made_is_named() -> None:
    text = await _failure(done(1), [file("/a", Ref("certificate:operator:etcd", "pem"))])
    assert "was not made" in text
    assert "certificate:operator:etcd" in text


async def test_a_thousand_machines_are_looked_at_at_once() -> None:
    async def connect(machine: str) -> SimulatedTransport:
        return SimulatedTransport(machine, lambda script, stdin: Result(0, empty(), b""), latency=0.05)

    it = MachineHandler(connect, CLUSTER, [f"m{n}" for n in range(1000)])
    began = time.monotonic()
    await it.observe([])
    assert len(it.facts) == 1000
    assert time.monotonic() - began < 40  # one after another would take 50 s
    await it.close()
