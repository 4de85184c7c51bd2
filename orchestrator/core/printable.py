"""What no text that people give may hold: characters that a terminal obeys, or that turn the order of reading round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

T = TypeVar("T")

# C0 but tab and line feed, DEL, C1, the separators of lines and paragraphs, and Unicode's embeddings, overrides and
# isolates of direction (UAX #9).
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Of these a text may hold what honest ones do: ends of lines of other systems, isolates around a name in another
# script, and what barcode scanners send between the fields of a code (EOT, GS and RS; GS1, ISO/IEC 15434).
_LEFT_OUT = r"\u0000-\u0003\u0005-\u0008\u000b\u000c\u000e-\u001c\u001f\u007f-\u009f\u202a-\u202e"
_REFUSED = re.compile(f"[{_LEFT_OUT}]")
PATTERN = f"^[^{_LEFT_OUT}]*$"  # of a text that may be given, as JSON Schema has it


def unprintable(text: str) -> str:
    """Return the first character that a terminal would obey, which no name may hold, as U+001B; "" without one."""
    return _first(_UNPRINTABLE, text)


def refused(text: str) -> str:
    """Return the first character that no text from outside may hold, as U+001B; "" where there is none."""
    return _first(_REFUSED, text)


def escaped(text: str) -> str:
    r"""Return a text for a terminal, with what it would obey written out.

    >>> print(escaped("as\x1b[2J is"))
    as\x1b[2J is
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def printable(given: T) -> T:
    """Return a text, or a record with all its texts, as it is. Raises PydanticCustomError (unprintable)."""
    for name, text in _texts(given.model_dump() if isinstance(given, BaseModel) else given):
        if code := refused(text):
            raise PydanticCustomError("unprintable", "holds {code}, which no text may", {"code": code, "name": name})
    return given


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a value, with the path to where it is."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield name, str(key)
            yield from _texts(inner, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{name}.{number}")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""
