"""Wanted against seen: which steps lead from the one to the other. Pure, and the only maker of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from hardway.plan.order import edges, machine_id, removal_edges, removal_rank, sorted_by_edges
from hardway.plan.steps import Action, Difference, Plan, Step
from hardway.resources.base import (
    OPERATOR,
    UNKNOWN,
    Attributes,
    Chapter,
    Ref,
    Resource,
    Seen,
    Unknown,
    Value,
    absent,
)

CONTENT: Set[str] = frozenset({"sha256", "digest"})
"""Attributes that stand for what a resource holds; a change of another one (mode, owner) restarts nothing."""

Values = Callable[[Ref], bytes | None]
"""What the vault, the cache and the provider know now; None for what is not there."""


@dataclass
class _Comparison:
    """The comparison while it goes through the resources in order: what is wanted and pending so far."""

    values: Values
    attributes: dict[str, Attributes] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)

    def known(self, ref: Ref) -> Value:
        wanted = self.attributes.get(ref.resource, {}).get(ref.attribute)
        if isinstance(wanted, Unknown):
            return UNKNOWN
        if wanted is not None:
            return wanted.encode()
        if ref.resource in self.steps:
            return UNKNOWN
        value = self.values(ref)
        return UNKNOWN if value is None else value

    def add(self, resource: Resource, seen: Seen, graph: Mapping[str, frozenset[str]]) -> None:
        wanted = resource.attributes(self.known)
        self.attributes[resource.id] = wanted
        differences = (*_differences(wanted, seen), *self._reactions(resource, wanted, seen))
        if not differences:
            return
        action = Action.CHANGE if seen.exists else Action.CREATE
        needs = tuple(sorted(_all_before(resource.id, graph, self.steps)))
        reason = _reason(resource, action, seen, differences, self.steps)
        self.steps[resource.id] = Step(resource, action, seen, differences, reason, needs)

    def _reactions(self, resource: Resource, wanted: Attributes, seen: Seen) -> Iterable[Difference]:
        """An attribute that looks right but is not, since what it stands for is about to be mended."""
        disturbed = {
            attribute
            for other, attribute in resource.reacts_to.items()
            if other in self.steps and any(d.attribute in CONTENT for d in self.steps[other].differences)
        }
        for attribute in sorted(disturbed):
            if wanted[attribute] == seen.attributes.get(attribute):
                yield Difference(attribute, seen.attributes[attribute], wanted[attribute])


def _differences(wanted: Attributes, seen: Seen) -> Iterable[Difference]:
    for attribute, after in wanted.items():
        before = seen.attributes.get(attribute)
        if before != after:
            yield Difference(attribute, before, after)


def _reason(
    resource: Resource, action: Action, seen: Seen, differences: Sequence[Difference], steps: Mapping[str, Step]
) -> str:
    if action is Action.CREATE:
        return f"not looked at: {seen.unlooked}" if seen.unlooked else "it is not there"
    causes = sorted({cause for cause in (*resource.reacts_to, *(r.resource for r in resource.refs)) if cause in steps})
    own = [d for d in differences if not isinstance(d.after, Unknown) and d.attribute != "inputs"]
    if own:
        return "; ".join(_said(d) for d in own)
    if causes:
        more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
        return f"{causes[0]} changes{more}"
    return "; ".join(_said(d) for d in differences)


def _said(difference: Difference) -> str:
    if difference.attribute in CONTENT:
        return "its content is not as wanted"
    if difference.attribute == "inputs":
        return "it runs with something older than what its files say now"
    return f"{difference.attribute} is {difference.before or 'not there'}, shall be {difference.after}"


def make_plan(
    wanted: Sequence[Resource],
    seen: Mapping[str, Seen],
    values: Values,
    owned: Sequence[Resource] = (),
    unseen: Set[str] = frozenset(),
) -> Plan:
    """The steps from what is seen to what is wanted.

    `owned` are the resources that this cluster made and that are there; those no longer wanted are removed. Machines in
    `unseen` are there but could not be looked at (they are off): nothing is planned on them. Raises Circular, and
    ValueError for two resources of one id.
    """
    by_id = {resource.id: resource for resource in wanted}
    if len(by_id) != len(wanted):
        raise ValueError(f"wanted twice: {_twice(wanted)}")
    comparison = _Comparison(values)
    graph = edges(wanted)
    for resource_id in sorted_by_edges(graph):
        resource = by_id[resource_id]
        if resource.machine not in unseen or resource_id == machine_id(resource.machine):
            found = seen.get(resource_id) or absent(resource_id)
            comparison.add(resource, found, graph)
    removals = _removals([one for one in owned if one.id not in by_id], seen, whole=not wanted)
    return Plan(_told([*removals, *comparison.steps.values()]))


def _all_before(resource_id: str, graph: Mapping[str, frozenset[str]], steps: Mapping[str, Step]) -> frozenset[str]:
    """The pending steps before a resource, also through resources in place that need no step of their own."""
    found: set[str] = set()
    looked_at: set[str] = set()
    to_look = list(graph[resource_id])
    while to_look:
        one = to_look.pop()
        if one in looked_at:
            continue
        looked_at.add(one)
        if one in steps:
            found.add(one)
        else:
            to_look.extend(graph[one])
    return frozenset(found)


def _twice(wanted: Sequence[Resource]) -> str:
    ids = [resource.id for resource in wanted]
    return ", ".join(sorted({one for one in ids if ids.count(one) > 1}))


def _removals(gone: Sequence[Resource], seen: Mapping[str, Seen], *, whole: bool) -> list[Step]:
    """A machine that goes takes along what is on it; where nothing is wanted the cluster goes with its machines.

    While others stay, what the API holds of a machine (its Node) must be taken away by itself.
    """
    machines = {one.machine for one in gone if one.id == machine_id(one.machine)}
    in_the_api = _IN_THE_API if whole and machines else frozenset[str]()
    singly = [one for one in gone if one.id == machine_id(one.machine) or not _goes_with(one, machines, in_the_api)]
    graph = removal_edges(singly)
    return [
        _removal(one, seen.get(one.id) or absent(one.id), graph[one.id]) for one in sorted(singly, key=removal_rank)
    ]


_IN_THE_API: Set[str] = frozenset({"object", "condition"})
"""Kinds that are kept by the cluster itself."""


def _goes_with(one: Resource, machines: Set[str], kinds: Set[str]) -> bool:
    return one.machine in machines or one.kind in kinds


def _removal(one: Resource, seen: Seen, needs: frozenset[str]) -> Step:
    differences = tuple(Difference(name, value, None) for name, value in seen.attributes.items())
    return Step(one, Action.REMOVE, seen, differences, "it is no longer wanted", tuple(sorted(needs)))


_CHAPTERS = {chapter: number for number, chapter in enumerate(Chapter)}


def _told(steps: Sequence[Step]) -> tuple[Step, ...]:
    """By chapter, then by machine in order of first appearance, the operator's side first; stable within."""
    machines = {OPERATOR: 0}
    for step in steps:
        machines.setdefault(step.machine, len(machines))
    return tuple(sorted(steps, key=lambda step: (_CHAPTERS[step.chapter], machines[step.machine])))
