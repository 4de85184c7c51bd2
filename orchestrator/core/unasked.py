"""Motion that nobody asked for: what counts as asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import TRANSIENT, Mode

if TYPE_CHECKING:
    from orchestrator.core.state import State

SAYS = "The arm moves, and nobody has asked it to."


def asked_for(state: State) -> bool:
    """Whether the arm may move, as far as anybody knows: by a motion, by hand, or on its way to a stand or to be ready.

    In manual mode and in maintenance people guide it in ways that no journal hears of.
    """
    moves = state.ending or state.manual is not None or any(motion.approved for motion in state.motions.values())
    return bool(moves) or state.mode != Mode.PRODUCTION or state.cell in TRANSIENT
