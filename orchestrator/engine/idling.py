"""Why an actor has nothing to do, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState, OrderState, StepStatus
from orchestrator.core.pauses import lane_pauses, said
from orchestrator.core.readiness import blockers, crews
from orchestrator.core.second_look import may_look
from orchestrator.core.state import ROBOT
from orchestrator.engine import phrases
from orchestrator.engine.standing import waits_for

if TYPE_CHECKING:
    from orchestrator.core.state import State
    from orchestrator.engine.captions import Captions

_DOUBTS = frozenset({"unclear", "unsaid", "contradiction", "doubtful"})
_TOLD = _DOUBTS | {"starved", "gripper", "leftover", "qualification", "tool_due", "release", "screen"}


def waiting(captions: Captions, state: State, actor: str) -> dict[str, str]:
    """Return why an actor has nothing to do: the first reason that isn't just somebody else's turn."""
    if not state.orders:
        return phrases.NO_ORDER.texts
    if paused := lane_pauses(state, (actor,)):
        return phrases.told(*(said(key) for key in paused))
    if state.cell != CellState.EXECUTE:
        reasons = waits_for(state) or why_not(state)[:1]
        return phrases.told(*reasons or (f"The cell is {state.cell}: wait until it has settled.",))
    if (looked := _looked(state, actor)) is not None:
        return phrases.second_look(captions.title(state, *looked))
    for unit in state.units.values():
        if unit.rechecking and actor != ROBOT:
            return phrases.LOOKING_AGAIN.texts
        for step in state.variant_of(unit.id).steps:
            if unit.steps[step.id].status != StepStatus.READY:
                continue
            for crew in crews(state, step, unit.steps[step.id].barred):
                why = blockers(state, unit, step, crew, state.t) if actor in crew else []
                starved = [reason for reason in why if reason.code in _TOLD]
                if starved and starved[0].code == "release":
                    return phrases.waits_for_next(captions.title(state, unit.id, step.id))
                if starved:
                    return phrases.told(starved[0].message)
    if all(order.state == OrderState.STORED for order in state.orders.values()):
        return phrases.START_ORDER.texts
    return (phrases.FREE if actor == ROBOT else phrases.IDLE).texts


def _looked(state: State, actor: str) -> tuple[str, str] | None:
    """Return the unit and step that another person than the one at a place must look at; None where there is none."""
    person = state.places.get(actor)
    for unit, step_id, current in state.busy() if person is not None else ():
        step = state.variant_of(unit.id).by_id[step_id]
        if person is not None and current.wants == {"attest"} and not may_look(step, current, person.operator):
            return unit.id, step_id
    return None
