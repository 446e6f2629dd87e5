"""`hardway cloud check`: what it hands on, what it prints, and its exit codes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hardway.cloud.check.faults import BadCloud, CloudUnreachable
from hardway.cloud.check.report import ProofResult, State
from tests.cli.house import CLOUD, House


def test_the_options_are_handed_on(house: House) -> None:
    assert house.run("cloud", "check") == 0
    assert (
        house.run("cloud", "check", "--cloud", "home", "--neutron-conf", "n.conf", "--horizon", "https://h/")
        == house.run("cloud", "check", "--skip-proofs")
        == 0
    )
    assert house.checked == [
        (None, None, "", True),
        ("home", Path("n.conf"), "https://h/", True),
        (None, None, "", False),
    ]


def test_people_see_services_findings_and_a_total(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("cloud", "check") == 0
    told = capsys.readouterr()
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert lines[0] == "home, region RegionOne"
    assert "Glance AMI API 2.17 image passed it came back 0.3 s" in lines
    assert "Swift S3 not there" in lines
    assert "endpoints with TLS amiss http in public: image" in lines
    assert "End TLS at a proxy." in lines
    assert lines[-1] == "1 of 2 services are there; proofs: 1 passed; 1 finding amiss"
    assert "Glance, image: passed (0.3 s)" in told.err


def test_programs_get_one_json_value(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("cloud", "check", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["services"][0]["proofs"][0]["state"] == "passed"
    assert [service["there"] for service in told["services"]] == [True, False]
    assert told["findings"][1]["standing"] == "not known"


FAILED = ProofResult("image", "an image is stored", State.FAILED, "HTTP 500: \x1b[31moops", 0.3)
UNTRIED = replace(FAILED, state=State.NOT_TRIED)


@pytest.mark.parametrize(("proof", "code"), [(FAILED, 1), (UNTRIED, 0)])
def test_a_failed_proof_is_1_one_not_tried_is_no_failure(
    proof: ProofResult, code: int, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    glance, swift = CLOUD.services
    house.found = replace(CLOUD, services=(replace(glance, proofs=(proof,)), swift))
    assert house.run("cloud", "check") == code
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert f"proofs: 1 {proof.state.value}" in told


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (BadCloud("cloud nope cannot be used: it was not found", "Name another."), 2),
        (CloudUnreachable("cloud home does not answer", "Is it on?"), 1),
    ],
)
def test_a_cloud_that_cannot_be_checked_is_one_sentence_and_a_way_out(
    fault: Exception, code: int, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.found = fault
    assert house.run("cloud", "check", "-o", "json") == code
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["what"] == str(fault)
    assert f"hardway: {fault}\n  way out: {fault.advice}\n" in told.err  # type: ignore[attr-defined]
    assert "Traceback" not in told.err


def test_help_has_examples(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("cloud", "check", "--help") == 0
    told = capsys.readouterr().out
    assert "hardway cloud check --cloud home" in told.split("Examples:")[1]
