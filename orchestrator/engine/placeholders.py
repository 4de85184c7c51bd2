"""`$name` and `$(name)`: one mechanism for variants, repetition and words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PLACEHOLDER = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\(([A-Za-z_][A-Za-z0-9_]*)\))")
AT_RUN_TIME = frozenset({"serial"})  # known only once a unit is begun; left as it stands


class Unfilled(Exception):
    """A `$name` that nothing gives."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def names_in(value: Any) -> Iterator[str]:
    """Yield every name that a value refers to, however deep.

    >>> list(names_in({"part": "seal_$seal", "qty": "$(count)"}))
    ['seal', 'count']
    """
    if isinstance(value, str):
        for match in PLACEHOLDER.finditer(value):
            yield match[1] or match[2]
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from names_in(key)
            yield from names_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from names_in(item)


def fill(value: Any, given: Mapping[str, Any]) -> Any:
    """Fill a value, however deep. A text that is one `$name` alone becomes the given value, of its own type.

    Names end where letters, digits and `_` end: write `$(plate)_holder` where more of a word follows.

    Raises:
        Unfilled: nothing gives a name.

    >>> fill({"at": "cover/hole_$i", "is": "$nm"}, {"i": 3, "nm": 12})
    {'at': 'cover/hole_3', 'is': 12}
    """
    if isinstance(value, str):
        if "$" not in value:
            return value
        whole = PLACEHOLDER.fullmatch(value)
        if whole and (name := whole[1] or whole[2]) in given:
            return given[name]
        return fill_text(value, lambda name: as_text(given[name]) if name in given else None)
    if isinstance(value, dict):
        return {key: fill(item, given) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(fill(item, given) for item in value)
    return value


def fill_text(text: str, give: Callable[[str], str | None]) -> str:
    """Fill a text from `give`, which answers None for a name that it does not know.

    Raises:
        Unfilled: nothing gives a name.
    """

    def one(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        found = give(name)
        if found is not None:
            return found
        if name in AT_RUN_TIME:
            return match[0]
        raise Unfilled(name)

    return PLACEHOLDER.sub(one, text)


def as_text(value: Any) -> str:
    """Write a value as it stands in names: no `.0` on whole numbers, YAML's words for truth.

    >>> as_text(12.0), as_text(True), as_text("rear")
    ('12', 'true', 'rear')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
