"""The form of a dashboard's login page: where it is sent, and what must be sent back as it came. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Form:
    """The form that asks for a password."""

    action: str
    """A URL, relative to the page's; empty for the page itself."""
    fields: Mapping[str, str]
    """Every field with its value on the page: hidden ones, and the first or selected of each list."""


def login_form(page: str) -> Form | None:
    """The first form with a field of type password; None where there is none."""
    reader = _Reader()
    reader.feed(page)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Form | None = None
        self._action = ""
        self._fields: dict[str, str] = {}
        self._asks_password = False
        self._list = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._action, self._fields, self._asks_password = values.get("action", ""), {}, False
        elif tag == "input" and values.get("name"):
            self._fields[values["name"]] = values.get("value", "")
            self._asks_password = self._asks_password or values.get("type") == "password"
        elif tag == "select":
            self._list = values.get("name", "")
        elif tag == "option" and self._list:
            self._option(values)

    def _option(self, values: Mapping[str, str]) -> None:
        if "selected" in values or self._list not in self._fields:
            self._fields[self._list] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._list = ""
        elif tag == "form" and self._asks_password and self.found is None:
            self.found = Form(self._action, dict(self._fields))
