"""CloudWatch Logs: groups, streams, events. In memory; `lag` is how much later an event is seen."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hardway.fargate.local.errors import ApiFault

MOST_EVENTS: Final = 10_000
"""Of one answer (GetLogEvents)."""
KEPT: Final = 100_000
"""Of one stream; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line."""

    milliseconds: int
    text: str


@dataclass
class Logs:
    """All groups."""

    account: str
    region: str
    groups: dict[str, dict[str, list[LogEvent]]] = field(default_factory=dict)
    lag: float = 0.0

    def write(self, group: str, stream: str, text: str) -> None:
        """A line of a container; to a group that is not there it is lost, as with awslogs."""
        if group in self.groups:
            events = self.groups[group].setdefault(stream, [])
            events.append(LogEvent(int(time.time() * 1000), text))
            del events[:-KEPT]

    def CreateLogGroup(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["logGroupName"] in self.groups:
            raise ApiFault("ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups[request["logGroupName"]] = {}
        return {}

    def DescribeLogGroups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        prefix = request.get("logGroupNamePrefix", "")
        names = [name for name in sorted(self.groups) if name.startswith(prefix)]
        arn = f"arn:aws:logs:{self.region}:{self.account}:log-group:"
        return {"logGroups": [{"logGroupName": name, "arn": f"{arn}{name}:*"} for name in names]}

    def GetLogEvents(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tokens are f/POSITION and b/POSITION; at the end the same token comes back, as CloudWatch does it."""
        events = self._seen(request["logGroupName"], request["logStreamName"])
        limit = min(request.get("limit", MOST_EVENTS), MOST_EVENTS)
        token = request.get("nextToken", "")
        if token:
            position = int(token[2:]) if token[2:].isdecimal() else 0
            begin, end = (position, position + limit) if token[0] == "f" else (max(0, position - limit), position)
        elif request.get("startFromHead"):
            begin, end = 0, limit
        else:
            begin, end = max(0, len(events) - limit), len(events)
        chosen = events[begin:end]
        least = request.get("startTime", 0)
        shown = [
            {"timestamp": one.milliseconds, "message": one.text, "ingestionTime": one.milliseconds}
            for one in chosen
            if one.milliseconds >= least
        ]
        ahead = begin + len(chosen)
        return {"events": shown, "nextForwardToken": f"f/{ahead}", "nextBackwardToken": f"b/{begin}"}

    def _seen(self, group: str, stream: str) -> list[LogEvent]:
        if group not in self.groups:
            raise ApiFault("ResourceNotFoundException", "The specified log group does not exist.")
        until = int((time.time() - self.lag) * 1000)
        events = [one for one in self.groups[group].get(stream, []) if one.milliseconds <= until]
        if not events and stream not in self.groups[group]:
            raise ApiFault("ResourceNotFoundException", "The specified log stream does not exist.")
        return events
