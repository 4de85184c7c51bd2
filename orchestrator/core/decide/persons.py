"""Rule for whose word it is: a card is made for one person, and the next one at the place does not sign with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide.verdict import Rejected

if TYPE_CHECKING:
    from orchestrator.core.state import State


def another(state: State, place: str, said_by: str) -> Rejected | None:
    """Refuse the word of somebody else than who is signed in at its place; "" is whoever is there."""
    person = state.places.get(place)
    if not said_by or person is None or person.operator == said_by:
        return None
    message = f"{said_by} said this, and {person.operator} is signed in at {place} now."
    return Rejected("other_person", message, f"{said_by} can sign in and say it again.")
