"""What the proof's lines mean: sections with their seconds, and whether it holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.vm.proof import MARK


@dataclass
class Report:
    """What was read so far."""

    current: str | None = None
    passed: list[tuple[str, float]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    ended: bool = False

    @property
    def proved(self) -> bool:
        """Whether it came to its end, and every section passed."""
        return self.ended and bool(self.passed) and not self.failed

    def take(self, line: str) -> str:
        """Read one line; answers what to show of it."""
        if not line.startswith(MARK):
            return f"  {line}"
        kind, _, rest = line.removeprefix(f"{MARK} ").partition(" ")
        if kind == "begin":
            self.current = rest
            return f"\n=== {rest}"
        if kind == "end":
            self.ended = rest == "proved"
            return ""
        seconds, _, name = rest.partition(" ")
        self.current = None
        if kind == "passed":
            self.passed.append((name, float(seconds)))
        else:
            self.failed.append(name)
        return f"=== {name}: {kind} after {float(seconds):.1f} s"
