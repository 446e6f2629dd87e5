"""Every operator of interpolation, nested and not; what is no variable is a fault."""

from __future__ import annotations

import pytest

from hardway.compose.loading.interpolate import BadVariable, interpolated

VARIABLES = {"SET": "value", "EMPTY": "", "OTHER": "other"}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("$SET-x", "value-x"),
        ("a${SET}b$OTHER", "avaluebother"),
        ("$UNSET", ""),
        ("${UNSET}", ""),
        ("$$SET", "$SET"),
        ("$$$SET", "$value"),
        ("$${SET}", "${SET}"),
        ("${UNSET:-default}", "default"),
        ("${UNSET-default}", "default"),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${SET:-default}", "value"),
        ("${SET:-}", "value"),
        ("${UNSET:-}", ""),
        ("${SET:+then}", "then"),
        ("${SET+then}", "then"),
        ("${EMPTY:+then}", ""),
        ("${EMPTY+then}", "then"),
        ("${UNSET:+then}", ""),
        ("${UNSET+then}", ""),
        ("${SET:?must be}", "value"),
        ("${EMPTY?must be}", ""),
        ("${UNSET:-${SET}}", "value"),
        ("${UNSET:-${ALSO:-${SET:+deep}}}", "deep"),
        ("${UNSET:-a$OTHER}", "aother"),
        ("${UNSET:-a:b/c-d}", "a:b/c-d"),
        ("${UNSET:-$$5}", "$5"),
        ("${SET:-${NEVER:?not asked}}", "value"),
        ("${SET+${EMPTY:-x}}", "x"),
    ],
)
def test_operators(text: str, becomes: str) -> None:
    assert interpolated(text, VARIABLES) == becomes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("${UNSET:?give it}", "UNSET must be set: give it"),
        ("${UNSET?}", "UNSET must be set"),
        ("${EMPTY:?}", "EMPTY must be set"),
        ("${UNSET:?${SET} is needed}", "value is needed"),
        ("$", "no variable's name"),
        ("100$", "no variable's name"),
        ("$1", "no variable's name"),
        ("${", "no variable's name"),
        ("${}", "no variable's name"),
        ("${SET", "followed by none of"),
        ("${SET:-x", "not closed"),
        ("${SET!x}", "followed by none of"),
        ("${1A}", "no variable's name"),
        ("${A:-" * 30 + "}" * 30, "nested deeper"),
    ],
)
def test_what_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(BadVariable, match=says):
        interpolated(text, VARIABLES)


def test_a_variable_that_nobody_asks_for_is_not_told() -> None:
    unset: list[str] = []
    interpolated("${SET:-$A} ${SET:+$B} ${UNSET-$C} $D ${EMPTY:+$E}", VARIABLES, unset.append)
    assert unset == ["B", "C", "D"]
