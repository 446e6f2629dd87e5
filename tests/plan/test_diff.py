"""What a plan contains: exactly what differs, in an order that can be run, and nothing of what is not ours."""

from __future__ import annotations

import json

import pytest

from hardway.machines.simulation import SimulatedMachine
from hardway.plan.diff import make_plan
from hardway.plan.order import Circular
from hardway.plan.steps import Action
from hardway.resources.base import Chapter, Content, Ref, Resource, Seen, Unknown, digest
from hardway.resources.host import Directory, File, Reboot, SystemUser, Unit
from hardway.resources.kubernetes import KubeObject
from hardway.resources.operator import Secret
from tests.simulated_world import difference


def file(path: str, *parts: str | Ref, owner: str = "root", machine: str = "m") -> File:
    return File(chapter=Chapter.ETCD, machine=machine, path=path, content=Content.of(*parts), owner=owner)


def unit(name: str, *files: File) -> Unit:
    return Unit(chapter=Chapter.ETCD, machine="m", unit=name, restart_on=tuple(f.id for f in files))


def in_place(*resources: Resource, **vault: bytes) -> dict[str, Seen]:
    """The world in which all these are as wanted."""
    plan = make_plan(resources, {}, lambda ref: vault.get(ref.resource.rsplit(":", 1)[-1]))
    attributes = {step.id: {d.attribute: d.after for d in step.differences} for step in plan.steps}
    known = {one: {k: v for k, v in found.items() if isinstance(v, str)} for one, found in attributes.items()}
    return {one: Seen(one, found, owned=True) for one, found in known.items()}


def nothing(ref: Ref) -> None:
    return None


def test_an_empty_world_yields_everything_after_what_it_needs() -> None:
    user = SystemUser(chapter=Chapter.ETCD, machine="m", user="etcd")
    directory = Directory(chapter=Chapter.ETCD, machine="m", path="/etc/etcd")
    config = file("/etc/etcd/config", "a", owner="etcd")
    service = unit("etcd.service", config)
    machine = SimulatedMachine(machine="m")
    plan = make_plan([service, config, directory, user, machine], {}, nothing)
    needs = {step.id: set(step.needs) for step in plan.steps}
    assert plan.steps[0].id == "machine:m:m"
    assert needs[config.id] == {directory.id, user.id, machine.id}
    assert needs[service.id] == {config.id, machine.id}
    assert {step.action for step in plan.steps} == {Action.CREATE}


def test_a_restart_comes_before_anything_is_laid() -> None:
    config, machine = file("/etc/a", "a"), SimulatedMachine(machine="m")
    reboot = Reboot(chapter=Chapter.OS, machine="m")
    plan = make_plan([config, reboot, machine], {machine.id: Seen(machine.id, {"exists": "yes"})}, nothing)
    needs = {step.id: {*step.needs} for step in plan.steps}
    assert needs[config.id] == {reboot.id, machine.id}
    assert needs[reboot.id] == {machine.id}


def test_a_world_as_wanted_yields_nothing() -> None:
    config = file("/a", "text")
    wanted = [config, unit("x.service", config)]
    assert make_plan(wanted, in_place(*wanted), nothing).steps == ()


def test_changed_content_restarts_what_reads_it_and_nothing_else() -> None:
    config, other = file("/a", "old"), file("/b", "same")
    seen = in_place(config, other, unit("x.service", config), unit("y.service", other))
    new = file("/a", "new")
    plan = make_plan([new, other, unit("x.service", new), unit("y.service", other)], seen, nothing)
    assert [step.id for step in plan.steps] == [new.id, "unit:m:x.service"]
    assert difference(plan.steps[0], "sha256").after == digest(b"new")
    assert plan.steps[1].needs == (new.id,)


def test_a_file_altered_by_hand_is_mended_and_its_unit_restarts() -> None:
    config = file("/a", "text")
    wanted = [config, unit("x.service", config)]
    seen = in_place(*wanted)
    seen[config.id] = Seen(config.id, {**seen[config.id].attributes, "sha256": digest(b"altered")}, owned=True)
    assert [step.id for step in make_plan(wanted, seen, nothing).steps] == [config.id, "unit:m:x.service"]


def test_an_altered_mode_restarts_nothing() -> None:
    config = file("/a", "text")
    wanted = [config, unit("x.service", config)]
    seen = in_place(*wanted)
    seen[config.id] = Seen(config.id, {**seen[config.id].attributes, "mode": "0666"}, owned=True)
    plan = make_plan(wanted, seen, nothing)
    assert [step.id for step in plan.steps] == [config.id]
    assert plan.steps[0].reason == "mode is 0666, shall be 0644"


def test_what_depends_on_something_not_made_yet_is_known_after_apply() -> None:
    secret = Secret(chapter=Chapter.ENCRYPTION, secret="s", size=32)
    config = file("/a", "key: ", Ref(secret.id, "base64", secret=True))
    plan = make_plan([config, secret, unit("x.service", config)], {}, nothing)
    steps = {step.id: step for step in plan.steps}
    assert isinstance(difference(steps[config.id], "sha256").after, Unknown)
    assert isinstance(difference(steps["unit:m:x.service"], "inputs").after, Unknown)
    assert steps[config.id].needs == (secret.id,)


def test_order_holds_through_things_that_are_in_place() -> None:
    """A unit waits for another unit's files even where the unit between needs no step."""
    first, second = file("/a", "1"), file("/b", "2")
    between = Unit(chapter=Chapter.ETCD, machine="m", unit="between.service", starts_after=(first.id,))
    last = Unit(chapter=Chapter.ETCD, machine="m", unit="last.service", starts_after=(between.id, second.id))
    seen = in_place(between)
    needs = {step.id: step.needs for step in make_plan([first, second, between, last], seen, nothing).steps}
    assert needs[last.id] == (first.id, second.id)


def test_what_we_made_and_no_longer_want_goes_and_users_of_it_go_first() -> None:
    config, service = file("/a/b", "x"), unit("x.service")
    directory = Directory(chapter=Chapter.ETCD, machine="m", path="/a")
    seen = in_place(config, service, directory)
    plan = make_plan([], seen, nothing, owned=[directory, config, service])
    assert {step.action for step in plan.steps} == {Action.REMOVE}
    needs = {step.id: set(step.needs) for step in plan.steps}
    assert needs == {service.id: set(), config.id: {service.id}, directory.id: {config.id, service.id}}


def test_a_machine_that_goes_takes_along_what_is_on_it() -> None:
    config, machine = file("/a", "x"), SimulatedMachine(machine="m")
    elsewhere = file("/a", "x", machine="other")
    plan = make_plan([], in_place(config, machine, elsewhere), nothing, owned=[config, machine, elsewhere])
    assert {step.id for step in plan.steps} == {machine.id, elsewhere.id}


def node(name: str) -> KubeObject:
    manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    return KubeObject(chapter=Chapter.WORKERS, manifest=json.dumps(manifest, sort_keys=True))


def test_a_worker_that_goes_alone_loses_its_node() -> None:
    stays, goes = (SimulatedMachine(machine=name) for name in ("w-0", "w-1"))
    seen = in_place(stays, goes, node("w-0"), node("w-1"))
    plan = make_plan([stays, node("w-0")], seen, nothing, owned=[stays, goes, node("w-0"), node("w-1")])
    assert [(step.id, step.action) for step in plan.steps] == [
        (goes.id, Action.REMOVE),
        (node("w-1").id, Action.REMOVE),
    ]


def test_the_api_s_objects_go_with_the_whole_cluster() -> None:
    """The masters go, and with them all that the API holds: nobody need be asked to delete it first."""
    machine = SimulatedMachine(machine="m")
    plan = make_plan([], in_place(machine, node("w")), nothing, owned=[machine, node("w")])
    assert [step.id for step in plan.steps] == [machine.id]


def test_where_the_machines_stay_the_objects_are_removed_one_by_one() -> None:
    config = file("/a", "x")
    plan = make_plan([], in_place(config, node("w")), nothing, owned=[config, node("w")])
    assert {step.id for step in plan.steps} == {config.id, node("w").id}


def test_nothing_is_planned_on_a_machine_that_could_not_be_looked_at() -> None:
    machine = SimulatedMachine(machine="m")
    config, elsewhere = file("/a", "x"), file("/a", "x", machine="other")
    plan = make_plan([machine, config, elsewhere], {}, nothing, unseen={"m"})
    assert {step.id for step in plan.steps} == {machine.id, elsewhere.id}


def test_what_could_not_be_looked_at_says_so_and_is_done() -> None:
    config = file("/a", "x")
    (step,) = make_plan([config], {config.id: Seen(config.id, {}, unlooked="nobody answers")}, nothing).steps
    assert (step.action, step.reason) == (Action.CREATE, "not looked at: nobody answers")


def test_a_circle_is_named() -> None:
    one = Unit(chapter=Chapter.ETCD, machine="m", unit="one", starts_after=("unit:m:two",))
    two = Unit(chapter=Chapter.ETCD, machine="m", unit="two", starts_after=("unit:m:one",))
    with pytest.raises(Circular, match=r"unit:m:.* -> unit:m:"):
        make_plan([one, two], {}, nothing)


def test_wanting_a_thing_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="file:m:/a"):
        make_plan([file("/a", "1"), file("/a", "2")], {}, nothing)
