"""What is told when several things are wrong at once, where it is told, and what of a good file is taken."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from hardway.components.unit_file import command
from hardway.spec.load import Kinds, SpecFaults, load, parse
from hardway.spec.model import BALANCERS
from tests.spec.faults_of import faults_of, field

MANY_FAULTS = """\
name: Hardway_One
machines:
  masters:
    - {name: m-0, adress: 10.0.0.10}
    - {name: m-1, address: 10.0.0.300}
  workers:
    - name: w-0
    - name: w-1
      address: 10.0.0.20
    - name: w-1
      address: 10.0.1.21
"""


def test_what_is_sound_beside_a_fault_is_checked_and_keeps_its_numbers() -> None:
    assert [fault.partition(" — ")[0] for fault in faults_of(MANY_FAULTS)] == [
        "1:7: name: 'Hardway_One' is no RFC 1123 label",
        "4:19: machines.masters[0].adress: unknown key",
        "5:28: machines.masters[1].address: '10.0.0.300' is no IPv4 address",
        "7:7: machines.workers[0].address: is missing",
        "10:13: machines.workers[2].name: w-1 is the name of another machine too",
        "11:16: machines.workers[2].address: 10.0.1.21 is outside networks.machines (10.0.0.0/24)",
    ]


def test_nothing_is_told_that_only_follows_from_another_fault() -> None:
    """With the machines' network at fault, nothing is said of addresses outside its default."""
    text = field("networks.machines", "10.9.0.0/33") + "api: {address: 10.9.0.100}\n"
    assert faults_of(text) == [
        "3:13: networks.machines: '10.9.0.0/33' is no IPv4 range — write it as 10.0.0.0/24",
    ]


def test_defaults_that_do_not_fit_are_told_at_what_was_given_once_a_role() -> None:
    told = faults_of(field("networks.machines", "10.9.0.0/24"))
    assert [fault.partition(" outside ")[0] for fault in told] == [
        "3:13: machines.masters: by default, 10.0.0.10, 10.0.0.11 and 10.0.0.12 are",
        "3:13: machines.workers: by default, 10.0.0.20, 10.0.0.21 and 10.0.0.22 are",
        "3:13: machines.balancers: by default, 10.0.0.30 and 10.0.0.31 are",
        "3:13: api.address: by default, 10.0.0.100 is",
    ]


def test_the_first_of_two_values_is_checked_too() -> None:
    assert faults_of("name: a\napi: {port: x}\napi: {port: 1}\n") == [
        "2:13: api.port: 'x' is no whole number — write digits, without quotes",
        "3:1: api: given twice, first on line 2 — keep one",
    ]


LIMITS = {
    "name: &a [*a]\n": "1:11: aliases (*name) are not taken",
    "name: a\nflags: [" + "0," * 70_000 + "]\n": "2:119999: more than 60000 values",
    'name: "\\UFFFFFFFF"\n': "1:10: not valid YAML: a number out of range",
    'name: a\n"x\\ny": 1\n': "2:1: a key must be plain text",
    "name: a\napi: {port: !!int x}\n": "2:13: api.port: 'x' is not what its tag says",
    "name: a\nflags: {etcd: {x: é}}\n": "2:19: flags.etcd.x: 'é' cannot stand in a unit file",
    "name: a\nflags: {etcd: {x: [a]}}\n": "2:16: flags.etcd.x: a list stands where text is wanted",
    field("lab.suite", "trixi"): "3:10: lab.suite: unknown suite 'trixi'",
    field("api.port", "2381"): "3:9: api.port: 2381 is the port of etcd, for its health",
}


@pytest.mark.parametrize(("text", "fault"), LIMITS.items(), ids=LIMITS.values())
def test_what_is_beyond_the_limits_is_refused(text: str, fault: str) -> None:
    assert [told.partition(" — ")[0] for told in faults_of(text)] == [fault]


def test_a_file_without_end_is_too_large() -> None:
    with pytest.raises(SpecFaults, match=r"^/dev/zero: larger than 512 KiB"):
        load(Path("/dev/zero"))


def test_flags_need_no_quotes() -> None:
    text = field("flags.kubelet", "{v: 2, profiling: false, x: 10:30, y: 0.5}")
    assert parse(text).flags.kubelet == {"v": "2", "profiling": "false", "x": "10:30", "y": "0.5"}


def test_a_flag_that_is_taken_can_stand_in_a_unit_file() -> None:
    """What the spec lets through, units can be written with: else a fault of the file would be found far too late."""
    taken = [each for each in map(chr, range(0x21, 0x250)) if not faults_of(field("flags.kubelet.x", f"'a{each}'"))]
    assert set(string.ascii_letters + string.digits) <= set(taken)
    for each in taken:
        assert f"--x=a{each}" in command("kubelet", [f"--x=a{each}"])


def test_external_balancers_are_nobody_s_machines_here() -> None:
    external = field("balancer.kind", "external")
    assert parse(external).balancers == ()
    assert parse(external + "machines: {balancers: []}\n").balancers == ()
    assert parse("name: a\n").balancers == BALANCERS


def test_suites_are_those_that_are_registered() -> None:
    kinds = Kinds(frozenset({"lab"}), frozenset({"haproxy"}), frozenset({"auto"}), frozenset({"forky"}))
    assert parse(field("lab.suite", "forky"), kinds=kinds).lab.suite == "forky"
    with pytest.raises(SpecFaults, match="unknown suite 'trixie' — known: forky"):
        parse(field("lab.suite", "trixie"), kinds=kinds)
