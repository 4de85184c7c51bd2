"""From a parsed file to its model; every mistake becomes a problem with its line."""

from __future__ import annotations

import difflib
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from orchestrator.engine.yaml_source import Path, Source

M = TypeVar("M", bound=BaseModel)

_PLAIN = {
    "missing": ("Key '{key}' is missing.", "Add it."),
    "string_type": ("A text is needed, not {input}.", "Quote it where it looks like a number."),
    "bool_type": ("true or false is needed, not {input}.", ""),
    "bool_parsing": ("true or false is needed, not {input}.", ""),
    "dict_type": ("Keys with values are needed, not {input}.", "Write {{key: value}}."),
    "model_type": ("Keys with values are needed, not {input}.", "Write {{key: value}}."),
    "tuple_type": ("A list is needed, not {input}.", "Write [a, b]."),
    "less_than_equal": ("At most {le:g} is possible, not {input}.", "Mend the number."),
    "greater_than_equal": ("At least {ge:g} is needed, not {input}.", "Mend the number."),
    "greater_than": ("More than {gt:g} is needed, not {input}.", "Mend the number."),
    "int_type": ("A whole number is needed, not {input}.", ""),
    "int_parsing": ("A whole number is needed, not {input}.", ""),
    "int_from_float": ("A whole number is needed, not {input}.", ""),
}


def read_model(
    source: Source, model: type[M], extra: Mapping[str, Any] | None = None
) -> tuple[M | None, list[Problem]]:
    """Validate a source; return the model, or None with what is wrong. `extra` fills keys that no author writes."""
    problems = list(source.problems)
    if source.data is None:
        if not problems:
            problems.append(Problem(source.file, 0, "The file is empty.", "Write its keys; the README shows them."))
        return None, problems
    if not isinstance(source.data, dict):
        problems.append(source.problem((), "The file must hold keys with values.", "Start with key: value."))
        return None, problems
    try:
        return model.model_validate({**source.data, **(extra or {})}), problems
    except ValidationError as error:
        problems.extend(_problems(source, model, error))
        return None, problems


def _problems(source: Source, model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if part not in ("blocks", "[key]"))
        where = _place(path)
        message, remedy = _say(model, detail)
        yield source.problem(path, f"{where}{message}", remedy)


def _place(path: Path) -> str:
    words = [str(part) for part in path if isinstance(part, str)]
    return f"{'.'.join(words)}: " if words else ""


def _say(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    kind, given = detail["type"], detail.get("input")
    shown = "a list" if isinstance(given, list | tuple) else "keys" if isinstance(given, dict) else repr(given)
    if kind == "extra_forbidden":
        return _unknown_key(model, detail["loc"])
    if kind == "authored":
        return detail["msg"], str(detail.get("ctx", {}).get("remedy", ""))
    if kind == "literal_error":
        return f"{shown} is not known.", f"Known: {detail['ctx']['expected'].replace(' or ', ', ')}."
    if kind == "string_pattern_mismatch":
        return f"{shown} is no name.", "Use letters, digits, _ and -, a letter first."
    if kind in _PLAIN:
        message, remedy = _PLAIN[kind]
        return message.format(key=detail["loc"][-1], input=shown, **detail.get("ctx", {})), remedy.format()
    return f"{detail['msg']}, not {shown}.", ""


def _unknown_key(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, str]:
    owner = _model_at(model, loc[:-1])
    keys = sorted(info.alias or name for name, info in owner.model_fields.items()) if owner else []
    near = difflib.get_close_matches(str(loc[-1]), keys, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"Unknown key '{loc[-1]}'.", f"{hint}Known: {', '.join(keys)}."


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Follow a place of an error through the annotations to the model whose key it is."""
    current: Any = model
    for part in loc:
        owner = _only_model(current)
        fields = {info.alias or name: info for name, info in owner.model_fields.items()} if owner else {}
        current = fields[str(part)].annotation if str(part) in fields else _inside(current)
    return _only_model(current)


def _inside(annotation: Any) -> Any:
    """Return the annotation of a dictionary's values or a tuple's items."""
    for candidate in (annotation, *typing.get_args(annotation)):
        origin, args = typing.get_origin(candidate), typing.get_args(candidate)
        if origin is dict:
            return args[1]
        if origin is tuple:
            return args[0]
    return annotation


def _only_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = typing.get_origin(annotation)
    if origin in (dict, tuple):
        return None
    return next((found for arg in typing.get_args(annotation) if (found := _only_model(arg))), None)
