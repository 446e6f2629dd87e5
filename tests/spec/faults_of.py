"""A YAML text's faults, written as a person reads them; and a few lines of YAML that many cases share."""

from __future__ import annotations

from hardway.spec.load import SpecFaults, parse


def faults_of(text: str) -> list[str]:
    """Each as "line:column where: what — way out", in the order in which they are told; none for a good spec."""
    try:
        parse(text, "f")
    except SpecFaults as faults:
        return [str(fault).removeprefix("f:") for fault in faults.faults]
    return []


def one_machine(role: str, name: str = "a", address: str = "10.0.0.40", more: str = "") -> str:
    """A spec whose one machine of that role stands on line 4."""
    return f"name: c\nmachines:\n  {role}:\n    - {{name: {name}, address: {address}{more}}}\n"


def field(path: str, value: str) -> str:
    """A spec with one field, its parts on lines of their own from line 2 on."""
    *above, last = path.split(".")
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(above)]
    return "\n".join(["name: c", *lines, f"{'  ' * len(above)}{last}: {value}", ""])
