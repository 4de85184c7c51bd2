"""Rules for what ledger, gripper and camera say otherwise of a part: it is doubtful until a person settles it.

While a skill runs, sensor and ledger may differ for a moment, and the skill sees to that itself; this is for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.doubt import believed, doubtful
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import StepStatus
from orchestrator.core.state import ROBOT
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State

_OPEN = frozenset({StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.ATTENTION, StepStatus.UNDOING})


def grip(state: State, command: cmd.ReportGrip, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Hold what the gripper's sensor says against the ledger, while nothing moves.

    What the ledger has in the gripper and the sensor does not feel stays there in doubt, also when it is felt again: it
    may be another part. What the sensor feels and the ledger does not know of has no name.
    """
    if state.doing(ROBOT) or state.ending or state.motions or state.manual is not None:
        return []
    held, known = state.world.held(), state.grip
    if held is None:
        if not command.holding:
            return [ev.GripAgreed()] if known is not None else []
        return [ev.GripContradicted(holding=True)] if known is None or known.part else []
    felt_before = known is not None and known.part == held.part
    if command.holding and not felt_before:
        return [ev.GripAgreed()] if known is not None else []
    if felt_before and known is not None and known.holding == command.holding:
        return []
    out: list[ev.Event] = [ev.GripContradicted(unit=held.unit, part=held.part, holding=command.holding)]
    return out if held.certainty == "doubtful" else [*out, doubtful(held)]


def settle(state: State, command: cmd.SettlePart, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that a part is where the ledger has it, unless the gripper's own sensor says otherwise."""
    fact = state.world.get(command.part)
    if fact is None or fact.certainty != "doubtful":
        return Rejected("not_doubtful", f"Nothing is doubtful about {command.part}.", "See the list of the board.")
    if fact.perhaps is not None:
        words = f"{command.part} may stand at {fact.frame} or at {fact.perhaps.frame}."
        return Rejected("not_sure_where", words, "Take it out, then say so.")
    if question := in_question(state, command.part):
        return Rejected("in_question", f"{question} asks about {command.part}.", "Answer that question.")
    if fact.holder == GRIPPER and state.grip is not None and not state.grip.holding:
        return Rejected("not_felt", f"The gripper does not feel {command.part}.", "Say that you took it out.")
    return [ev.PartSettled(unit=fact.unit, part=fact.part, by=by.name), believed(fact)]


def in_question(state: State, part: str) -> str:
    """Return the step under way or in attention that a part belongs to, "" where there is none."""
    for unit, step_id, current in state.busy():
        result = state.orders[unit.order].variant.by_id[step_id].result
        if current.status in _OPEN and result.part is not None and f"{unit.id}/{result.part}" == part:
            return step_id
    return ""
