"""Rules for what follows when the orchestrator comes up again: ask the robot, look, then decide; nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import orders, outcomes
from orchestrator.core.decide.doubt import doubtful
from orchestrator.core.decide.progress import GOES_ON, INTERRUPTED, after, failed, look
from orchestrator.core.machine import CELL, CellState, CellVerb, StepStatus
from orchestrator.core.state import ROBOT, skill_effect
from orchestrator.core.world import GRIPPER, LOST

if TYPE_CHECKING:
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.state import State

_STANDS = {
    CellState.ABORTING: CellState.ABORTED,
    CellState.STOPPING: CellState.STOPPED,
    CellState.RESETTING: CellState.STOPPED,
    CellState.CLEARING: CellState.ABORTED,
    CellState.COMPLETING: CellState.HELD,
}
_RUNNING = frozenset(CELL[CellVerb.HOLD]) | {CellState.HOLDING}
_GONE = "before the orchestrator stopped, and holds nothing now."
_WORDS = "The orchestrator stopped while the robot was at it"


def restarted(state: State, command: cmd.ReportRestart, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Come up after a stop of the orchestrator.

    The robot has been asked what it holds. Whatever it was at is looked at where a camera can tell, and is done, or
    not, by what is seen; where none can, it is a question. Looks that were broken off are asked for again.
    """
    cell = CellState.HELD if state.cell in _RUNNING else _STANDS.get(state.cell, state.cell)
    out: list[ev.Event] = [
        ev.CellRestarted(state=cell, cell=state.spec.name),
        *_in_the_gripper(state, holding=command.holding),
    ]
    state = after(state, out, now)
    missed = _missed(state, out)
    state = after(state, missed, now)
    out += missed
    for unit, step_id, _ in tuple(state.busy()):
        more = _taken_up(state, unit.id, step_id, now)
        state = after(state, more, now)
        out += more
    for order in tuple(state.orders):  # of which a unit was being looked at once more before it left
        leaving = orders.after_step(state, order, now)
        state = after(state, leaving, now)
        out += leaving
    return out


def _in_the_gripper(state: State, *, holding: bool | None) -> list[ev.Event]:
    """What ledger and gripper say together: the part is still there, lost, or in doubt.

    What the gripper closed on as the orchestrator ended the ledger has not heard of: it is most likely the part that
    the robot was about to grip, from the bin that it would be taken from; a person must say so, by taking it out.
    """
    held = state.world.held()
    if held is not None and holding is None:
        return [doubtful(held)]
    if held is not None and not holding and (place := _handed_to(state, held.part)):
        return [_moved(held.unit, held.part, held.kind, "released", f"place:{place}", "known")]
    if held is not None and not holding and held.unit in state.units:
        return [_moved(held.unit, held.part, held.kind, "lost", LOST, "unknown")]
    if held is not None and not holding:  # its unit has left: whoever knows where it is says so
        return [ev.GripContradicted(unit=held.unit, part=held.part, holding=False), doubtful(held)]
    if held is not None or not holding:
        return []
    sought = [
        (unit.id, result)
        for unit, step_id, current in state.busy()
        if "skill" in current.wants and (result := state.variant_of(unit.id).by_id[step_id].result).part is not None
    ]
    if len(sought) != 1:
        return []
    unit_id, result = sought[0]
    part, kind = f"{unit_id}/{result.part}", result.kind or ""
    taken = state.spec.bins_for(kind, "robot") if state.world.get(part) is None else ()
    bin_ = next((name for name in taken if state.bins.get(name, 0) > 0), "")
    return [_moved(unit_id, part, kind, "grasped", GRIPPER, "doubtful", bin_)]


def _missed(state: State, told: list[ev.Event]) -> list[ev.Event]:
    """The questions of steps that nothing was at: the gripper had their part, and has it no longer."""
    lost = {event.part for event in told if isinstance(event, ev.PartMoved) and event.what == "lost"}
    return [
        ev.StepFailed(
            unit=unit.id,
            step=step.id,
            attempt=current.attempt,
            code=INTERRUPTED,
            message=f"The gripper held {unit.id}/{step.result.part} {_GONE}",
            remedy="Look at the part, then decide.",
            answer="ask",
            rung=current.rung,
            barred=current.barred,
            unsaid=True,
        )
        for unit in state.units.values()
        for step in state.variant_of(unit.id).steps
        for current in (unit.steps[step.id],)
        if f"{unit.id}/{step.result.part}" in lost and current.status in {StepStatus.READY, StepStatus.ATTENTION}
    ]


def _handed_to(state: State, part: str) -> str:
    """The place whose person had confirmed that they took a part before the gripper opened, "" where nobody had."""
    for unit, step_id, current in state.busy():
        step = state.variant_of(unit.id).by_id[step_id]
        if step.together and f"{unit.id}/{step.result.part}" == part and "confirm" not in current.wants:
            return next((actor for actor in current.actors if actor != ROBOT), "")
    return ""


def _moved(
    unit: str,
    part: str,
    kind: str,
    what: Literal["lost", "consumed", "grasped", "released"],
    holder: str,
    certainty: Literal["known", "doubtful", "unknown"],
    bin_: str = "",
) -> ev.PartMoved:
    return ev.PartMoved(unit=unit, part=part, kind=kind, what=what, holder=holder, certainty=certainty, bin=bin_)


def _taken_up(state: State, unit_id: str, step_id: str, now: float) -> list[ev.Event]:
    """What becomes of a step that was under way."""
    found = state.step(unit_id, step_id)
    if found is None:  # its unit was scrapped by the step before
        return []
    step, current = found
    if "skill" not in current.wants:
        return look(state, unit_id, step_id) if current.effect else []
    lost = ev.SkillEnded(
        unit=unit_id,
        step=step_id,
        attempt=current.attempt,
        effect=skill_effect(unit_id, step_id, current.attempt),
        outcome="failed",
        code=INTERRUPTED,
        message=f"{_WORDS}.",
    )
    tentative = after(state, [lost], now)
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    in_hand = fact is not None and fact.holder == GRIPPER
    unsaid = step.result.values.keys() - current.values.keys()  # what only the skill can tell
    wants = tentative.units[unit_id].steps[step_id].wants
    camera_decides = "camera" in step.check and not (in_hand or unsaid or wants)
    own = step.on_fail.get(INTERRUPTED, ())
    if camera_decides and (not own or own[0].do in GOES_ON):  # an author's own end goes first
        return [lost, *look(tentative, unit_id, step_id)]
    if fact is None or not in_hand:
        return [lost, *outcomes.interrupted(tentative, unit_id, step_id, f"{_WORDS}.", now)]
    words = f"{_WORDS}; the gripper holds {fact.part}."
    remedy = "Retry: it goes on from there." if fact.certainty == "known" else "Take it out of the gripper, then retry."
    return [lost, *failed(tentative, unit_id, step_id, now, INTERRUPTED, words, remedy)]
