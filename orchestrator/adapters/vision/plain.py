"""Frozen records as plain JSON values, and back: how evidence keeps a request, a crop and settings."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from orchestrator.adapters.vision import render
from orchestrator.core import geometry, ports
from orchestrator.core.errors import VisionError

T = TypeVar("T")
Arrays = dict[str, npt.NDArray[Any]]

# What annotations may name that their modules import for type checkers alone.
NAMES: dict[str, Any] = {
    **{name: value for module in (geometry, render, ports) for name, value in vars(module).items() if name[0] != "_"},
    **vars(typing),
    "Mapping": Mapping,
    "Sequence": Sequence,
    "np": np,
    "npt": npt,
    "Floats": np.ndarray,
    "Depth": np.ndarray,
    "Mask": np.ndarray,
}


def to_plain(record: Any) -> tuple[dict[str, Any], Arrays]:
    """Return a record's fields as plain values, and its own arrays apart, by field."""
    arrays = {}
    plain = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = value
        else:
            plain[field.name] = _plain(value)
    return plain, arrays


def from_plain(kind: type[T], plain: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]] | None = None) -> T:
    """Build a record again. Fields that are missing keep their defaults.

    Raises:
        VisionError: the values are not those of such a record (bad_evidence).
    """
    try:
        record: T = _record(kind, {**plain, **(arrays or {})})
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise VisionError(
            f"This is no {kind.__name__} that this version knows: {error}.",
            remedy="Replay it with the version that wrote it, or a newer one.",
            code="bad_evidence",
        ) from error
    return record


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _record(kind: Any, given: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind, localns=NAMES)
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"it has {', '.join(unknown)}")
    return kind(**{name: _value(hints[name], value) for name, value in given.items()})


def _value(hint: Any, value: Any) -> Any:
    if value is None or isinstance(value, np.ndarray):
        return value
    if dataclasses.is_dataclass(hint):
        return _record(hint, value)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _value(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        each = [inner[0]] * len(value) if inner[1:] == (...,) else list(inner)
        return tuple(_value(one, v) for one, v in zip(each, value, strict=True))
    if origin is not None and isinstance(value, Mapping):
        return {key: _value(inner[1], one) for key, one in value.items()}
    return float(value) if hint is float else value
