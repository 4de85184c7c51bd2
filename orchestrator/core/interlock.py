"""May the robot move now? One function; screens show exactly its answer. A courtesy, not a safety function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import MOTION_ALLOWED, CellState, Mode
from orchestrator.core.pauses import why_paused
from orchestrator.core.ports import Safety
from orchestrator.core.reason import Reason

if TYPE_CHECKING:
    from orchestrator.core.state import State

MANUAL_ALLOWED = frozenset({CellState.IDLE, CellState.STOPPED, CellState.COMPLETED})  # nothing moves by itself
UNCLEAR = Reason("acknowledge", "After a stop or a restart a person must say that the cell is clear: acknowledge.")
RETREATS = Reason("retreat", "The arm retreats, or shall: wait until that is over, or stop it.")
MOVING = frozenset({Safety.NORMAL, Safety.REDUCED})
_CELL_WORDS = {
    CellState.IDLE: "The cell is idle: start it.",
    CellState.HELD: "The cell is held: acknowledge if asked, then release the hold.",
    CellState.SUSPENDED: "The cell is suspended: release it.",
    CellState.STOPPED: "The cell is stopped: reset it, then start it.",
    CellState.ABORTED: "The cell is aborted: clear it, then reset and start it.",
    CellState.COMPLETED: "The cell has completed its orders: reset it, then start it.",
}
_CELL_SAYS = {
    state: Reason("cell", _CELL_WORDS.get(state, f"The cell is {state}: wait until it has settled."), state=state)
    for state in CellState
}
_GOES_ON = Reason("suspended", "The cell is suspended: it goes on by itself once a lane can proceed.")
_SAFETY_WORDS = {
    Safety.PROTECTIVE_STOP: "The robot is in a protective stop: see what it touched, then acknowledge.",
    Safety.SAFEGUARD_STOP: "A safeguard is open: close it.",
    Safety.EMERGENCY_STOP: "The emergency stop is pressed: release it at the cell, then clear the abort.",
    Safety.FAULT: "The robot reports a fault: see its own panel.",
    Safety.UNKNOWN: "The robot's safety state is not known: check its connection.",
}
SAFETY_SAYS = {safety: Reason("safety", words, safety=safety) for safety, words in _SAFETY_WORDS.items()}


def why_not(state: State) -> tuple[str, ...]:
    """Return every reason, in words, why the robot may not move now; empty when it may.

    Gate and rules ask this. What screens show besides is what the robot waits for, though it might move: `core/waits`.
    """
    return (*why_not_but_paused(state), *why_paused(state))


def why_not_but_paused(state: State) -> tuple[str, ...]:
    """Return every reason why the robot may not move but what people have paused: that passes, and plans stay."""
    reasons: list[str] = []
    if state.cell not in MOTION_ALLOWED:
        waits = _GOES_ON if state.cell == CellState.SUSPENDED and state.suspended else ""
        reasons.append(waits or _CELL_SAYS.get(state.cell, f"The cell is {state.cell}: wait until it has settled."))
    if state.mode != Mode.PRODUCTION:
        words = f"The cell is in {state.mode} mode: switch to production."
        reasons.append(Reason("mode", words, mode=state.mode))
    if state.safety not in MOVING:
        reasons.append(SAFETY_SAYS[state.safety])
    if not state.acknowledged:
        reasons.append(UNCLEAR)
    if state.manual is not None:
        words = f"{state.manual.by} moves the robot by hand: wait until it stands."
        reasons.append(Reason("by_hand", words, who=state.manual.by))
    if state.retreat is not None:
        reasons.append(RETREATS)
    return tuple(reasons)


def why_not_calibrate(state: State) -> str:
    """Return why nobody may bring a board before a camera now, "" where they may: a check would see it."""
    if state.cell not in MANUAL_ALLOWED and state.cell != CellState.ABORTED:
        return f"The cell is {state.cell}: a check would see the board."
    if state.retreat is not None:
        return RETREATS
    return f"{state.manual.by} moves the robot by hand." if state.manual is not None else ""


def why_not_manual(state: State, *, motion: str = "") -> tuple[str, ...]:
    """Return every reason, in words, why nobody may move the robot by hand now; `motion` is the asker's own."""
    reasons = []
    if state.mode != Mode.MANUAL:
        reasons.append(f"The cell is in {state.mode} mode: switch to manual.")
    if state.cell == CellState.ABORTED:
        reasons.append("The cell is aborted: clear it.")
    elif state.cell not in MANUAL_ALLOWED:
        reasons.append(f"The cell is {state.cell}: stop it, and wait until it has settled.")
    if state.safety not in MOVING:
        reasons.append(SAFETY_SAYS[state.safety])
    if not state.acknowledged:
        reasons.append(UNCLEAR)
    if state.ending or state.motions:
        reasons.append("The robot has not come to a stand yet: wait a moment.")
    if state.manual is not None and state.manual.id != motion:
        reasons.append(f"{state.manual.by} moves the robot by hand: wait until it stands.")
    if state.retreat is not None:
        reasons.append(RETREATS)
    return tuple(reasons)
