"""What comes in from outside: JSON read within limits, and mistakes in it told in plain words."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import orjson

from orchestrator.core.commands import OUTSIDE
from orchestrator.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Pydantic names the member of a union in the place of a mistake; whoever sent the message knows no such field.
COMMAND_TYPES: frozenset[str] = frozenset(OUTSIDE.json_schema()["discriminator"]["mapping"])
DEPTH = 20  # no message of ours nests deeper than 8
VALUES = 2_500  # in one JSON text; the longest of ours, a rewind of 1,000 steps, has 1,007
MISTAKES = 50  # above it they are not told one by one: making that many sentences would hold everybody up
REMEDY = "The messages are described in /asyncapi.json, the requests in /api/v1/openapi.json."


def read_json(raw: bytes | str) -> Any:
    """Read a JSON text. Raises BadInput when it is none or nests too deep.

    >>> read_json('{"a": [1, 2]}')
    {'a': [1, 2]}
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"This is not JSON: {error}.", remedy=REMEDY) from None
    level = [value]
    values = 0
    for _ in range(DEPTH):
        level = list(islice((inner for item in level for inner in _inside(item)), VALUES + 1))
        values += len(level)
        if values > VALUES:
            raise BadInput(f"The JSON holds more than {VALUES} values.", code="too_large", remedy=REMEDY)
        if not level:
            return value
    raise BadInput(f"The JSON is nested deeper than {DEPTH} levels.", remedy=REMEDY)


def _inside(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def too_many() -> BadInput:
    """Return what is said of a message with more mistakes than are told one by one."""
    return BadInput(f"There are more than {MISTAKES} mistakes.", remedy=REMEDY)


def explain(errors: Sequence[Mapping[str, Any]], *, skip: int = 0) -> BadInput:
    """Turn pydantic's errors into one that names each field. `skip` leaves out the first parts of their places.

    >>> str(explain([{"type": "missing", "loc": ("quantity",), "msg": "Field required"}]).message)
    "'quantity' is missing."
    """
    texts = list(dict.fromkeys(_explain_one(error, skip) for error in errors))
    more = f" There are {len(texts) - 3} more mistakes." if len(texts) > 3 else ""
    return BadInput(" ".join(texts[:3]) + more, remedy=REMEDY)


def _explain_one(error: Mapping[str, Any], skip: int) -> str:
    parts = [str(part) for part in error["loc"][skip:] if part not in COMMAND_TYPES]
    context = cast("Mapping[str, Any]", error.get("ctx") or {})
    if error["type"] == "unprintable" and context["name"]:
        parts.append(context["name"])
    where = ".".join(parts)
    field = f"'{where}'" if where else "The message"
    match error["type"]:
        case "missing":
            return f"{field} is missing."
        case "not_shown":
            return f"{error['msg']}."
        case "unprintable":
            return f"{field} {error['msg']}: leave that character out."
        case "extra_forbidden":
            return f"{field} is not known here."
        case "union_tag_invalid":
            return f"'type' can't be '{context['tag']}'. Known: {context['expected_tags'].replace(chr(39), '')}."
        case "union_tag_not_found":
            return f"'{'.'.join([*parts, 'type'])}' is missing."
        case "string_pattern_mismatch":
            return f"{field} holds characters that a name can't have."
        case "json_invalid":
            return f"This is not JSON: {context.get('error', 'unreadable')}."
        case "model_attributes_type" | "model_type" | "dict_type":
            return f"{field} must be a JSON object."
    text = str(error["msg"]).rstrip(".")
    subject, should, rest = text.partition(" should ")
    return f"{field} must {rest}." if should and " " not in subject else f"{field}: {text}."
