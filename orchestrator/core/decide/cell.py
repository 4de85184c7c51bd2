"""Rules for the cell: its state and mode, its places and bins, and motions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import holding, retreat, standing
from orchestrator.core.decide.choices import in_the_way
from orchestrator.core.decide.lull import lulls
from orchestrator.core.decide.persons import instead
from orchestrator.core.decide.progress import after as after_events
from orchestrator.core.decide.progress import undo_trouble, undone
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.holding import HOLDS_ALREADY
from orchestrator.core.interlock import MOVING, RETREATS, SAFETY_SAYS, why_not, why_not_but_paused
from orchestrator.core.lead import lead_s
from orchestrator.core.machine import ASKS_MOTION, CELL, CellState, CellVerb, Mode, StepStatus, move
from orchestrator.core.ports import Safety
from orchestrator.core.retreat import is_retreat
from orchestrator.core.state import OVER, ROBOT, moves_robot, skill_effect
from orchestrator.core.world import GRIPPER, LOST

if TYPE_CHECKING:
    from orchestrator.core.state import State
    from orchestrator.core.world import Fact

_MAKES_IT_MOVE = frozenset({CellVerb.START, CellVerb.UNHOLD, CellVerb.UNSUSPEND})
_HALTS = frozenset({CellVerb.HOLD, CellVerb.SUSPEND, CellVerb.STOP})
_STILL = frozenset({CellState.IDLE, CellState.STOPPED, CellState.ABORTED, CellState.COMPLETED})
_ABORTS = frozenset({Safety.EMERGENCY_STOP, Safety.FAULT})
_HOLDS = frozenset({Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP, Safety.UNKNOWN})


def change(state: State, command: cmd.ChangeCell, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Obey a PackML command."""
    if command.verb == CellVerb.SETTLE:
        return Rejected("not_yours", "A transient state ends by itself.")
    if state.manual is not None and command.verb in _HALTS and state.cell not in CELL[command.verb]:
        return []  # the cell stands already; what moves by hand was stopped by the very asking
    if command.verb == CellVerb.HOLD and state.cell in HOLDS_ALREADY:
        return [*retreat.stopped(state, by), *holding.joined(state, command, by)]
    if state.retreat is not None and command.verb in _HALTS and state.cell not in CELL[command.verb]:
        return retreat.stopped(state, by)
    after = move("cell", state.cell, command.verb)
    if command.verb == CellVerb.RESET and state.retreat is not None:
        return Rejected("interlock", "The cell can't be reset now.", RETREATS)
    if command.verb == CellVerb.CLEAR and state.safety in _ABORTS:
        return Rejected("interlock", "What aborted the cell is still there.", " ".join(why_not(state)[1:]))
    if command.verb == CellVerb.COMPLETE and (any(state.busy()) or state.motions or state.ending):
        return Rejected("at_work", "Work is under way.", "Let it end first. To stand at once, hold or stop the cell.")
    if command.verb in _MAKES_IT_MOVE:
        others = [reason for reason in why_not(state) if not reason.startswith("The cell is ")]
        if state.mode != Mode.PRODUCTION:
            others.insert(0, f"The cell is in {state.mode} mode: switch to production.")
        if others:
            return Rejected("interlock", "The cell can't start moving.", " ".join(others))
        if command.verb == CellVerb.UNSUSPEND and state.suspended and (waits := lulls(state, now)):
            return Rejected(waits[0].why, "The cell would wait again at once.", " ".join(waits[0].said))
    asks_again = command.verb in {CellVerb.ABORT, CellVerb.STOP}
    return [standing.halted(state, after, command.reason, by=by.name, acknowledged=False if asks_again else None)]


def settle(state: State, command: cmd.SettleCell, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """End a transient state that has reached what it waited for, or go on to what follows on one that has not."""
    if command.state != state.cell or command.change not in {0, state.cell_changes}:
        return []
    if command.trouble:
        return standing.escalated(state, command.trouble)
    after = move("cell", state.cell, CellVerb.SETTLE)
    return [ev.CellChanged(state=after, reason=state.cell_reason, trouble=state.cell_trouble)]


def set_mode(state: State, command: cmd.SetMode, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Switch the mode, only while the cell stands still."""
    if state.cell not in _STILL:
        return Rejected("cell", f"The mode can't change while the cell is {state.cell}.", "Stop the cell first.")
    if state.retreat is not None:
        return Rejected("interlock", "The mode can't change now.", RETREATS)
    return [] if command.mode == state.mode else [ev.ModeChanged(mode=command.mode, by=by.name)]


def join(state: State, command: cmd.JoinPlace, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a person take a place."""
    if command.place not in state.spec.places:
        known = ", ".join(state.spec.places) or "none"
        return Rejected("no_place", f"There is no place {command.place}.", f"Known places: {known}.")
    there = state.places.get(command.place)
    if there and (there.operator, there.qualifications) == (command.operator, command.qualifications):
        return []
    other = instead(state, command.place, command.operator)
    if other and state.doing(command.place):
        return Rejected(
            "occupied", f"{other.operator} is at work at {command.place}.", "Finish or leave that step first."
        )
    return [ev.PlaceJoined(place=command.place, operator=command.operator, qualifications=command.qualifications)]


def leave(state: State, command: cmd.LeavePlace, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a person leave; the step in hand waits for somebody."""
    return [ev.PlaceLeft(place=command.place)] if command.place in state.places else []


def refill(state: State, command: cmd.RefillBin, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note that a bin was filled."""
    bin_ = state.spec.supply.get(command.bin)
    if bin_ is None:
        known = ", ".join(state.spec.supply)
        return Rejected("no_bin", f"There is no bin {command.bin}.", f"Known bins: {known}.")
    if bin_.capacity is None:
        return Rejected("not_counted", f"Nobody counts what is in {command.bin}.", "It needs no refill command.")
    if command.count > bin_.capacity:
        return Rejected("too_many", f"Bin {command.bin} holds {bin_.capacity} at most.", "Count again.")
    return [ev.BinRefilled(bin=command.bin, count=command.count, lot=command.lot, by=by.name)]


def take_part(state: State, command: cmd.TakePart, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Note that a person took a part away; a done step whose part was in the gripper is undone with it."""
    fact = state.world.get(command.part)
    if fact is None:
        return Rejected("no_part", f"The ledger knows no part {command.part}.", "See the part list of the cell page.")
    unit = state.units.get(fact.unit)
    if unit is None and fact.holder != GRIPPER:
        return _taken_out(state, fact)
    if state.doing(ROBOT) or state.ending or any(motion.approved for motion in state.motions.values()):
        return Rejected("moving", "The robot is at work.", "Hold the cell first.")
    taken: list[ev.Event] = [
        ev.PartMoved(unit=fact.unit, part=fact.part, kind=fact.kind, what="consumed", holder=LOST, certainty="unknown")
    ]
    if unit is None:
        return _taken_out(state, fact)
    steps = [step for step in state.variant_of(unit.id).steps if f"{unit.id}/{step.result.part}" == fact.part]
    if any(unit.steps[step.id].status == StepStatus.VERIFYING for step in steps):
        return Rejected("verifying", f"{fact.part} is being checked.", "Wait for the verdict.")
    built = next((step for step in steps if unit.steps[step.id].status in OVER), None)
    if built is None:
        return taken
    if fact.holder != GRIPPER:
        return Rejected("built_in", f"{fact.part} is part of {built.id}.", f"Undo {built.id} instead.")
    if trouble := undo_trouble(state, unit.id, built.id):
        return Rejected("no_undo", f"{built.id} can't be undone: {trouble}", "Finish what runs, or scrap the unit.")
    back = undone(after_events(state, taken, now), unit.id, built.id, f"{fact.part} was taken away", by.name)
    return [*taken, *back]


def _taken_out(state: State, fact: Fact) -> list[ev.Event] | Rejected:
    """A part of a unit that has left goes with everything on it, from the top down."""
    if in_the_way(state, fact.part):
        return Rejected("moving", f"The robot is at work where {fact.part} stands.", "Wait, or hold the cell first.")
    return [
        ev.PartMoved(unit=gone.unit, part=gone.part, kind=gone.kind, what="consumed", holder=LOST, certainty="unknown")
        for gone in (*reversed([*state.world.on(fact.part)]), fact)
    ]


def acknowledge(state: State, command: cmd.Acknowledge, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that the cell is clear, once what stopped the robot is over.

    A protective stop is released by this very word.
    """
    if state.acknowledged:
        return []
    if command.n not in {0, state.alarms}:
        return Rejected("stale", "Something else has stopped the robot since.", "See what it is, then say so again.")
    if state.safety not in {*MOVING, Safety.PROTECTIVE_STOP}:
        return Rejected("interlock", "What stopped the robot is still there.", SAFETY_SAYS[state.safety])
    return [ev.Acknowledged(by=by.name)]


def safety(state: State, command: cmd.ReportSafety, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Follow the robot's safety state: emergency stop and fault abort, other stops and stale data hold."""
    if command.safety == state.safety:
        return []
    stopped = command.safety in _ABORTS or (command.safety in _HOLDS and state.cell not in _STILL)
    asks = stopped or command.safety == Safety.PROTECTIVE_STOP
    out: list[ev.Event] = [ev.SafetyChanged(safety=command.safety, acknowledged=False if asks else None)]
    words = command.safety.replace("_", " ") if command.safety != Safety.UNKNOWN else "safety state not known"
    if command.safety in _ABORTS and state.cell in CELL[CellVerb.ABORT]:
        out.append(standing.halted(state, CellState.ABORTING, words, acknowledged=False))
    elif command.safety in _HOLDS and state.cell in CELL[CellVerb.HOLD]:
        out.append(standing.halted(state, CellState.HOLDING, words, acknowledged=False))
    return out


def propose_motion(state: State, command: cmd.ProposeMotion, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """The gate: let a planned motion pass, keep it for approval, or refuse it."""
    if is_retreat(command.effect):
        return retreat.propose(state, command)
    reasons = why_not(state)
    if reasons and not why_not_but_paused(state):
        return Rejected("paused", "The robot is paused.", " ".join(reasons))
    if reasons or state.cell not in CELL[CellVerb.HOLD]:
        words = " ".join(reasons) or f"The cell is {state.cell}."
        return Rejected("interlock", "The robot may not move now.", words)
    if moves_robot(command.effect) and not _awaited(state, command.effect):
        return Rejected("stale", "Nobody waits for this motion any more.", "See what the step needs now.")
    if command.motion in state.motions:
        return Rejected("duplicate", f"Motion {command.motion} is known already.")
    what = {
        "effect": command.effect,
        "motion": command.motion,
        "text": command.text,
        "plan": command.plan,
        "duration_s": command.duration_s,
        "preview": command.preview,
        "end": command.end,
    }
    if state.autonomy in ASKS_MOTION or command.supervised:
        asked = {"needs": state.spec.approvals.motions, "supervised": command.supervised}
        return [ev.MotionProposed.model_validate({**what, **asked})]
    return [ev.MotionIntended.model_validate({**what, "lead_s": lead_s(state) if command.from_rest else 0.0})]


def _awaited(state: State, effect: str) -> bool:
    return state.homing == effect or any(
        ("skill" in current.wants and skill_effect(unit.id, step_id, current.attempt) == effect)
        or (current.ride == "under_way" and current.effect == effect)
        for unit, step_id, current in state.busy()
    )


def end_motion(state: State, command: cmd.EndMotion, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note a motion's terminal state."""
    if command.motion not in state.motions:
        return [ev.OutcomeIgnored(effect=command.effect, what="end_motion", why="no such motion")]
    ended = ev.MotionEnded(
        effect=command.effect,
        motion=command.motion,
        outcome=command.outcome,
        code=command.code,
        message=command.message,
    )
    return [ended, *retreat.unsure(state, command.outcome, command.message)] if is_retreat(command.effect) else [ended]
