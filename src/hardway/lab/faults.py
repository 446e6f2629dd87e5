"""What can go wrong in the lab, as one exception that says it in full. Touches nothing."""

from __future__ import annotations


class LabFault(Exception):
    """Something of the lab could not be done: what, the last lines of evidence, and a way out. Never a secret."""

    def __init__(self, what: str, evidence: str = "", advice: str = "") -> None:
        super().__init__("\n".join(part for part in (what, evidence, advice) if part))
        self.what = what
        self.evidence = evidence
        self.advice = advice


class PortInUse(LabFault):
    """A port of the loopback address cannot be listened on."""

    def __init__(self, port: int, why: str, advice: str = "") -> None:
        by_whom = f"`ss -ltnp sport = :{port}` shows by whom"
        super().__init__(f"port {port} of 127.0.0.1: {why}", advice=f"{by_whom}; {advice}" if advice else by_whom)
        self.port = port
