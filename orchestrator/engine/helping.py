"""What screens show of a call for help, and offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.commands import UNNAMED
from orchestrator.wire import Button, HelpView

if TYPE_CHECKING:
    from orchestrator.core.state import State


def help_view(state: State, place: str) -> HelpView | None:
    """Return how a call from a place stands, and the buttons; None where nobody is there."""
    if place not in state.places:
        return None
    called = state.helps.get(place)
    if called is None:
        return HelpView(own=(Button(label="call_help", command={"type": "call_help", "place": place}),))
    coming = Button(label="answer_help", command={"type": "answer_help", "of": place})
    return HelpView(
        since_t=called.t,
        coming="" if called.coming == UNNAMED else called.coming,
        coming_t=called.coming_t if called.coming else None,
        own=(Button(label="withdraw_help", command={"type": "withdraw_help", "place": place}),),
        others=() if called.coming else (coming,),
    )
