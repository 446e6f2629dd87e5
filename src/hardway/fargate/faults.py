"""What can go wrong with the agent, said in full. Touches nothing."""

from __future__ import annotations


class FargateFault(Exception):
    """What, the evidence, and a way out. Never a secret."""

    def __init__(self, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice


class AwsRefused(FargateFault):
    """AWS answered with a fault, or not at all."""

    def __init__(self, operation: str, code: str, message: str, advice: str = "") -> None:
        super().__init__(f"{operation}: {code}: {message}", advice=advice)
        self.operation = operation
        """As IAM writes it: ecs:RunTask."""
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """In one line."""
        return "; ".join(part for part in (self.what, self.advice) if part)

    @property
    def lasting(self) -> bool:
        """Whether the same request would be refused again, whatever time passes."""
        return self.code in _LASTING


_LASTING = frozenset(
    {"ClientException", "InvalidParameterException", "ValidationException", "UnsupportedFeatureException"}
)
