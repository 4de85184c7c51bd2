"""Rule for an arm that moves though nobody asked for it: the cell is held, and a person must look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide import standing
from orchestrator.core.holding import HOLDS_ALREADY, known
from orchestrator.core.machine import CELL, CellState, CellVerb
from orchestrator.core.unasked import SAYS, asked_for

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.state import State


def moves(state: State, _command: cmd.ReportUnasked, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Hold the cell, or let it count beside what holds it; where the cell stands for good it is told beside the state.

    There a person may free the arm at its own panel.
    """
    if asked_for(state):
        return []
    if state.cell in HOLDS_ALREADY:
        told = known(state, SAYS) and not state.acknowledged
        return [] if told else [ev.HoldJoined(reason=SAYS, by=by.name)]
    if state.cell in CELL[CellVerb.HOLD]:
        return [standing.halted(state, CellState.HOLDING, SAYS, acknowledged=False)]
    return []
