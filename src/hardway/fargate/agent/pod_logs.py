"""What a container wrote, from CloudWatch Logs: the stream of one task and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hardway.fargate.agent.aws import Aws
from hardway.fargate.faults import AwsRefused

PAGE: Final = 10_000
FOLLOW_SECONDS: Final = 1.0
QUIET_ROUNDS: Final = 5
"""After a task's end so many rounds without news end a follow: CloudWatch lags behind."""


class BadOptions(ValueError):
    """Options that the kubelet's API refuses too."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions, as far as the kubelet's API takes them."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    limit: int | None = None
    """Bytes."""
    since: datetime | None = None


def log_options(query: Mapping[str, str], now: datetime) -> LogOptions:
    """Raises BadOptions with what is wrong."""
    tail, limit = _number(query, "tailLines", 0), _number(query, "limitBytes", 1)
    seconds = _number(query, "sinceSeconds", 1)
    if seconds is not None and query.get("sinceTime"):
        raise BadOptions("at most one of sinceTime and sinceSeconds may be given")
    since = None if seconds is None else now - timedelta(seconds=seconds)
    if query.get("sinceTime"):
        try:
            since = datetime.fromisoformat(query["sinceTime"])
        except ValueError:
            raise BadOptions("sinceTime is no time of RFC 3339") from None
    flags = {name: query.get(name, "false") in ("true", "1") for name in ("follow", "previous", "timestamps")}
    return LogOptions(**flags, tail=tail, limit=limit, since=since)


def _number(query: Mapping[str, str], name: str, least: int) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18 or int(text) < least:
        raise BadOptions(f"{name} is no number from {least}")
    return int(text)


async def log_lines(
    aws: Aws, group: str, stream: str, options: LogOptions, ended: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """The lines, each with its end. `ended` says whether the task has stopped. Raises AwsRefused."""
    left = options.limit
    async for event in _events(aws, group, stream, options, ended):
        line = _line(event, options)
        if left is not None:
            line = line[:left]
            left -= len(line)
        yield line
        if left == 0:
            return


def _line(event: Mapping[str, Any], options: LogOptions) -> bytes:
    text = str(event["message"]).rstrip("\n")
    if options.timestamps:
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        text = f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z {text}"
    return f"{text}\n".encode()


async def _events(
    aws: Aws, group: str, stream: str, options: LogOptions, ended: Callable[[], bool]
) -> AsyncIterator[Mapping[str, Any]]:
    where: dict[str, Any] = {"logGroupName": group, "logStreamName": stream}
    if options.since:
        where["startTime"] = int(options.since.timestamp() * 1000)
    first = {"startFromHead": True} if options.tail is None else {"limit": max(1, min(options.tail, PAGE))}
    token, quiet = "", 0
    while True:
        given: dict[str, Any] = {"nextToken": token, "startFromHead": True} if token else first
        answer = await _page(aws, {**where, **given})
        events = answer.get("events") or []
        skipped = not token and options.tail == 0
        for event in () if skipped else events:
            yield event
        following = answer.get("nextForwardToken") or ""
        quiet = 0 if events else quiet + 1
        if following != token and following:
            token = following
            if events or not options.follow:
                continue
        if not options.follow or (ended() and quiet >= QUIET_ROUNDS):
            return
        await asyncio.sleep(FOLLOW_SECONDS)


async def _page(aws: Aws, parameters: dict[str, Any]) -> dict[str, Any]:
    """A stream is there only when the container has written something."""
    try:
        return await aws.call("logs", "GetLogEvents", **parameters)
    except AwsRefused as fault:
        if fault.code == "ResourceNotFoundException" and "stream" in fault.message:
            return {}
        raise
