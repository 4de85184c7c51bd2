"""An event in a line: what it is about, and what it says of itself in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.phrases import helps

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABOUT = ("order", "unit", "step", "part", "bin", "place")
_SENTENCES = ("message", "reason")  # what rules say; people's own words and keys are no sentences of theirs
_RULES = ("", "engine")  # whose reasons are sentences of the rules; others have typed theirs
_SAYS = ("message", "reason", "text", "why", "state", "safety", "choice", "what", "outcome", "level")


def about(fields: Mapping[str, object]) -> str:
    """Return what an event's fields name: order, unit, step, part, bin, place."""
    return " ".join(str(name) for name in map(fields.get, _ABOUT) if name)


def in_words(kind: str, fields: Mapping[str, object]) -> str:
    """Return an event's name in plain words, and what it says: "step failed: The part lies upside down"."""
    name = kind.replace("_", " ")
    for key in _SAYS:
        if value := fields.get(key):
            return f"{name}: {value}"
    return name


def by_language(fields: Mapping[str, object]) -> dict[str, str]:
    """Return what an event says of itself in each language that knows the sentence; {} where only English does."""
    key = next((key for key in _SAYS if fields.get(key)), "")
    if key not in _SENTENCES or (key == "reason" and fields.get("by", "") not in _RULES):
        return {}
    said = helps(str(fields[key]))
    return said if len(said) > 1 else {}
