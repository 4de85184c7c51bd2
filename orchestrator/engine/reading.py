"""From a parsed file to its model; every mistake becomes a problem with its line."""

from __future__ import annotations

import difflib
import string
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.core.errors import Problem, known

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
    "float_type": ("A number is needed, not {input}.", ""),
    "float_parsing": ("A number is needed, not {input}.", ""),
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
    inner = list(_inner_keys(source, model, source.data, ()))
    try:
        if not inner:
            return model.model_validate({**source.data, **(extra or {})}), problems
    except ValidationError as error:
        problems.extend(dict.fromkeys(_problems(source, model, error)))
        return None, problems
    return None, [*problems, *inner]


def _inner_keys(source: Source, model: type[BaseModel], data: Any, path: Path) -> Iterator[Problem]:
    """Yield a problem for each key that is the record's own, in SI: authors write another, in their unit."""
    if isinstance(data, dict):
        owner = _model_at(model, path)
        authored = _authored(owner) if owner else {}
        for key, value in data.items():
            if authored.get(key, key) != key:
                near = f"Did you mean {authored[key]}? " if authored[key] else ""
                words = f"{_place((*path, key))}Unknown key '{key}'."
                yield source.problem((*path, key), words, f"{near}Known: {', '.join(_keys(owner))}.")
            yield from _inner_keys(source, model, value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _inner_keys(source, model, value, (*path, index))


def _authored(owner: type[BaseModel]) -> dict[str, str]:
    """Return what authors write for each field: its alias, or what the record says in AUTHORED ("" for nothing)."""
    own: Mapping[str, str] = getattr(owner, "AUTHORED", {})
    return {name: own.get(name, info.alias or name) for name, info in owner.model_fields.items()}


def _keys(owner: type[BaseModel] | None) -> list[str]:
    return sorted({key for key in _authored(owner).values() if key}) if owner else []


def _problems(source: Source, model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        path = tuple(part for part in _written(model, detail["loc"]) if part not in ("blocks", "[key]"))
        where = _place(path)
        message, remedy = say(model, detail)
        yield source.problem(path, f"{where}{message}", remedy)


def _place(path: Path) -> str:
    words = [str(part) for part in path if isinstance(part, str)]
    return f"{'.'.join(words)}: " if words else ""


def say(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong, in plain words, and the remedy, "" where the words say it."""
    kind, given = detail["type"], detail.get("input")
    shown = "a list" if isinstance(given, list | tuple) else "keys" if isinstance(given, dict) else repr(given)
    if kind == "extra_forbidden":
        return _unknown_key(model, detail["loc"])
    if kind == "authored":
        return detail["msg"], str(detail.get("ctx", {}).get("remedy", ""))
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _unknown_tag(model, detail)
    if kind == "literal_error":
        return f"{shown} is not known.", f"Known: {detail['ctx']['expected'].replace(' or ', ', ')}."
    if kind == "string_pattern_mismatch":
        return f"{shown} is no name.", "Use letters, digits, _ and -, a letter first."
    if kind in {"tuple_type", "too_long", "too_short", "missing"} and (count := _length(model, detail)):
        those = f"one of {len(given)}" if isinstance(given, list | tuple) else shown
        return f"A list of {count} is needed, not {those}.", f"Write [{', '.join(string.ascii_lowercase[:count])}]."
    if kind in _PLAIN:
        message, remedy = _PLAIN[kind]
        owner, last = _model_at(model, detail["loc"][:-1]), str(detail["loc"][-1])
        key = _authored(owner).get(last, last) if owner else last
        return message.format(key=key, input=shown, **detail.get("ctx", {})), remedy.format()
    return f"{detail['msg']}, not {shown}.", ""


def _unknown_key(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, str]:
    owner = _model_at(model, loc[:-1])
    keys = _keys(owner)
    near = difflib.get_close_matches(str(loc[-1]), keys, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"Unknown key '{loc[-1]}'.", f"{hint}Known: {', '.join(keys)}."


def _unknown_tag(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    """Say that the key which chooses between several records is missing, or names none of them."""
    key = detail["ctx"]["discriminator"].strip("'")
    tags = sorted(_tagged(_annotation_at(model, detail["loc"])))
    if detail["type"] == "union_tag_not_found":
        return f"Key '{key}' is missing.", f"Known: {', '.join(tags)}."
    error = known(key, str(detail["ctx"]["tag"]), tags)
    return error.message, error.remedy


def _written(model: type[BaseModel], loc: Path) -> Path:
    """Return a place of an error as its author sees it: without the tags by which a record was chosen."""
    return tuple(part for i, part in enumerate(loc) if str(part) not in _tagged(_annotation_at(model, loc[:i])))


def _annotation_at(model: type[BaseModel], loc: Path) -> Any:
    """Follow a place of an error through the annotations."""
    current: Any = model
    for part in loc:
        tagged = _tagged(current)
        owner = _only_model(current)
        fields = {info.alias or name: info for name, info in owner.model_fields.items()} if owner else {}
        if str(part) in tagged:
            current = tagged[str(part)]
        elif str(part) in fields:
            info = fields[str(part)]
            current = typing.Annotated[info.annotation, info] if info.discriminator else info.annotation
        else:
            current = _inside(current)
    return current


def _tagged(annotation: Any) -> dict[str, type[BaseModel]]:
    """Return the records that a discriminated union chooses from, by their tag; none for other annotations."""
    metadata = getattr(annotation, "__metadata__", ())
    key = next((info.discriminator for info in metadata if getattr(info, "discriminator", None)), None)
    if not isinstance(key, str):
        return {}
    models = typing.get_args(typing.get_args(annotation)[0])
    return {str(tag): model for model in models for tag in typing.get_args(model.model_fields[key].annotation)}


def _length(model: type[BaseModel], detail: ErrorDetails) -> int:
    """Return how many items a list must have that is none, or has more or less of them; 0 where any number will do."""
    *above, last = detail["loc"] or ("",)
    if detail["type"] == "missing" and not isinstance(last, int):
        return 0
    annotation = _annotation_at(model, tuple(above) if detail["type"] == "missing" else detail["loc"])
    for candidate in (annotation, *typing.get_args(annotation)):
        items = typing.get_args(candidate)
        if typing.get_origin(candidate) is tuple and ... not in items:
            return len(items)
    return 0


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Follow a place of an error through the annotations to the model whose key it is."""
    return _only_model(_annotation_at(model, loc))


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
