"""What parts are called where people read of them: by their kind's name, and which one of several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.wire import Button

if TYPE_CHECKING:
    from orchestrator.core.commands import SettlePart, TakePart
    from orchestrator.core.state import State

_INSTANCE = re.compile(r"[.#]")


def named(state: State, part: str) -> dict[str, str]:
    """Return a part's name in each language of its kind; {} where its kind has none, or nobody knows it."""
    fact = state.world.get(part)
    spec = state.part_spec(fact.unit, fact.kind) if fact is not None else None
    _, *which = _INSTANCE.split(part.rsplit("/", 1)[-1], maxsplit=1)
    return {language: " ".join((name, *which)) for language, name in spec.name.items()} if spec is not None else {}


def about_part(state: State, label: str, command: TakePart | SettlePart, *, danger: bool = False) -> Button:
    """Return a button about a part, which says the part's name."""
    return Button(label=label, command=command.model_dump(), danger=danger, about=named(state, command.part))
