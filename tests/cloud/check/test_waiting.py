"""Waits, clearing up, and the words of a refusal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hardway.cloud.check.cloud import Cloud, Stopped
from hardway.cloud.check.made import Made
from hardway.cloud.check.names import Run
from hardway.cloud.check.said import said, words_in
from hardway.cloud.check.service import Wrong
from hardway.cloud.check.waiting import gone, settled

CLOUD = Cloud(api=cast(Any, None), endpoints=(), project="p", run=Run(1, 1, 1))


def answering(*answers: Any) -> Callable[[], Any]:
    """Each in turn; exceptions are raised; the last one for ever."""
    left: Iterator[Any] = iter(answers)
    last = answers[-1]

    def ask() -> Any:
        answer = next(left, last)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return ask


def state(status: str, **more: Any) -> Any:
    return {"status": status, **more}


class Refused(Exception):
    """As keystoneauth's and openstacksdk's."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(f"status {status}")
        self.status_code = status
        self.response = SimpleNamespace(json=lambda: body)


@pytest.mark.parametrize("answer", [state("ACTIVE"), SimpleNamespace(status="active")])
def test_an_object_that_came_to_rest(answer: Any) -> None:
    assert settled(CLOUD, "it", answering(state("BUILD"), answer), within=5) is answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (state("ERROR"), "it is ERROR"),
        (state("ERROR", fault={"message": "no host"}), "it is ERROR: no host"),
        (state("create_failed", status_reason="quota"), "it is CREATE_FAILED: quota"),
        (state("error_extending"), "it is ERROR_EXTENDING"),
        (state("BUILD"), "it is still BUILD after 0 s"),
    ],
)
def test_an_object_that_did_not(answer: Any, told: str) -> None:
    with pytest.raises(Wrong) as wrong:
        settled(CLOUD, "it", answering(answer), within=0)
    assert str(wrong.value) == told


def test_a_wait_ends_when_the_run_is_interrupted() -> None:
    cloud = Cloud(api=cast(Any, None), endpoints=(), project="p", run=Run(1, 1, 1), stop=threading.Event())
    cloud.stop.set()
    with pytest.raises(Stopped):
        settled(cloud, "it", answering(state("BUILD")), within=60)
    assert settled(cloud.unstoppable, "it", answering(state("BUILD"), state("ACTIVE")), within=5)["status"] == "ACTIVE"


@pytest.mark.parametrize("end", [Refused(404), state("DELETED"), state("DELETE_COMPLETE")])
def test_an_object_that_has_gone(end: Any) -> None:
    gone("it", answering(state("DELETING"), end), within=5)


@pytest.mark.parametrize(
    ("answer", "kind"), [(Refused(500), Refused), (state("DELETING"), Wrong), (state("error_deleting"), Wrong)]
)
def test_an_object_that_stays(answer: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        gone("it", answering(answer), within=0)


def test_all_is_taken_away_last_made_first_even_where_one_stays() -> None:
    order: list[str] = []

    def remove(name: str, fault: Exception | None = None) -> Callable[[], None]:
        def act() -> None:
            order.append(name)
            if fault:
                raise fault

        return act

    made = Made()
    made.undo("network", remove("network"))
    made.undo("port", remove("port", Refused(409, {"NeutronError": {"type": "PortInUse", "message": "in use"}})))
    made.undo("server", remove("server", Refused(404)))
    assert made.take_away() == ["port: HTTP 409: in use"]
    assert order == ["server", "port", "network"]
    assert made.take_away() == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"badRequest": {"code": 400, "message": "too big"}}, "too big"),
        ({"NeutronError": {"type": "Conflict", "message": "in use", "detail": ""}}, "in use"),
        ({"errors": [{"status": 400, "title": "Bad Request", "detail": "no driver"}]}, "no driver"),
        ({"faultcode": "Client", "faultstring": "Quota has been met"}, "Quota has been met"),
        (
            {"explanation": "The server could not comply", "error": {"message": "no stack"}},
            "The server could not comply",
        ),
        ([], ""),
        ({"a": [1, None, {"b": "c"}]}, ""),
    ],
)
def test_the_servers_own_words(answer: Any, words: str) -> None:
    assert words_in(answer) == words


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (Wrong("it is off"), "it is off"),
        (Refused(409, {"conflict": {"message": "in\nuse"}}), "HTTP 409: in use"),
        (Refused(500), "HTTP 500: status 500"),
        (OSError("Unable to connect: HTTPSConnectionPool(host='c'): refused"), "OSError: Unable to connect"),
        (ValueError("x" * 500), f"ValueError: {'x' * 285}..."),
    ],
)
def test_a_fault_in_one_line(error: Exception, line: str) -> None:
    assert said(error) == line
