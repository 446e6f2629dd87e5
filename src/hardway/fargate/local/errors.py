"""Faults as AWS answers with them. Pure."""

from __future__ import annotations


class ApiFault(Exception):
    """An error response: its code as in the API reference, and its text."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        """HTTP's."""
