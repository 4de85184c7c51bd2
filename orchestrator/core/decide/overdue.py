"""Rules for steps that wait too long for a person: what is noted, who may take them over, when a place is clear again.

The robot is never sent where a person may have their hands: what was in a person's hands goes to the robot by that
person's own word alone, or by somebody's decision and then the word that the place is clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.handing import looks_due, unsaid
from orchestrator.core.decide.progress import after, built_on, hand_over
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.handed import must_be_said
from orchestrator.core.machine import StepMove, StepStatus, move
from orchestrator.core.overdue import due, level, takers, times_unclear, waits_for
from orchestrator.core.readiness import blockers, resources, too_late
from orchestrator.core.rechecks import due_before
from orchestrator.core.state import ROBOT, ladder_name
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.commands import Choice
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import Step

OVERDUE = "overdue"
_STALE = "Look at the card again: it shows what to do now."
_PASSES = frozenset({"lane", "recheck", "release", "too_early", "unsaid"})  # what the robot waits for on its own
_OFFERED = frozenset({"offer", "ask"})


def note(state: State, command: cmd.NoteOverdue, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Note that a step's waiting for a person has come to its next rung; nothing where it has not."""
    found = state.step(command.unit, command.step)
    if found is None or command.attempt != found[1].attempt:
        return []
    step, unit = found[0], state.units[command.unit]
    reached = due(state, unit, step, now).level
    if not reached or reached == level(state, unit, step):
        return []
    return [
        ev.StepOverdue(
            unit=unit.id,
            step=step.id,
            attempt=command.attempt,
            level=reached,
            waits=waits_for(state, unit, step) or "at_it",
        )
    ]


def offered(state: State, unit: UnitState, step: Step) -> list[tuple[Choice, str]]:
    """Return what may be chosen for a step that has waited too long; nothing while that is no question yet."""
    if level(state, unit, step) != "ask":
        return []
    current = unit.steps[step.id]
    out: list[tuple[Choice, str]] = [("wait", "")]
    if current.status == StepStatus.UNDOING:  # whoever is at it says how far it is, by ending the way back
        return [*out, ("scrap", ""), ("abort", "")]
    if current.status == StepStatus.READY and current.barred:
        out.append(("retry", ""))  # whoever was left out may try again
    if current.status == StepStatus.READY and current.unsaid and step.undo is not False:
        out.append(("rework", step.id))  # somebody has looked, and taken out what was in
    either = step.robot is not None and step.human is not None and not step.together
    if current.status == StepStatus.ACTIVE and either and "robot" not in current.barred:
        out.append(("other_actor", ""))
    if not step.critical:
        fact = state.world.get(f"{unit.id}/{step.result.part}")
        held = fact is not None and fact.holder == GRIPPER  # what the gripper holds is not at its place
        out += [("skip", "")] if not built_on(state, unit.id, step.id) else []
        out += [("force", "")] if not held else []
    return [*out, ("scrap", ""), ("abort", "")]


def broken_off(unit: UnitState, step: Step, message: str) -> ev.Event:
    """Return the event that takes a step from whoever it waits for and makes it a question."""
    current = unit.steps[step.id]
    move("step", current.status, StepMove.ASK)
    return ev.StepFailed(
        unit=unit.id,
        step=step.id,
        attempt=current.attempt,
        code=OVERDUE,
        message=message,
        answer="ask",
        rung=current.rungs.get(ladder_name(step, OVERDUE), 0),
        barred=current.barred,
    )


def give(state: State, command: cmd.GiveStep, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Let the robot do what the person at the place has in hand, by their word: their hands are out.

    Whether its part is in already the camera tells, or, where none looks at it, that person.
    """
    found = state.step(command.unit, command.step)
    if found is None or _not_theirs(state, found[1], command):
        return Rejected("stale", f"{command.step} is not in the hands of {command.place}.", _STALE)
    step, current = found
    unit = state.units[command.unit]
    if not level(state, unit, step):
        return Rejected("not_overdue", f"{step.id} is not overdue.", "Confirm it, or report a problem.")
    if ROBOT not in takers(state, unit, step):
        return Rejected("actor", f"The robot can't do {step.id}.", "Confirm it, or report a problem.")
    out_ = command.part_out
    if must_be_said(step, current) and not out_:
        return unsaid(step.result.part)
    move("step", current.status, StepMove.FAIL)
    said = f"{command.place} gave it to the robot."
    first = _left(unit, step, "handed_over", said, barred=("human",), part_out=out_)
    given = after(state, [first], now)
    why = [
        reason for reason in blockers(given, given.units[unit.id], step, (ROBOT,), now) if reason.code not in _PASSES
    ]
    if why:
        return Rejected(why[0].code, why[0].message, " ".join(reason.message for reason in why[1:]) or _STALE)
    if not given.units[unit.id].steps[step.id].unsaid:
        return [first]
    return [first, *hand_over(given, unit.id, step.id, now, "robot")]


def take(state: State, command: cmd.TakeStep, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Let the person at a place take over what another has in hand for too long."""
    found = state.step(command.unit, command.step)
    if found is None or command.attempt != found[1].attempt:
        return Rejected("stale", f"{command.step} is not to be taken over any more.", _STALE)
    step, current = found
    unit = state.units[command.unit]
    if level(state, unit, step) not in _OFFERED or command.place not in takers(state, unit, step):
        return Rejected("not_offered", f"{step.id} is not offered to {command.place}.", _STALE)
    if command.place == ROBOT:
        return Rejected("actor", "The robot takes nothing by itself.", "Whoever has it in hand may give it.")
    move("step", current.status, StepMove.FAIL)
    out: list[ev.Event] = [_left(unit, step, "taken_over", f"{command.place} took it over.", barred=())]
    tentative = after(state, out, now)
    taken = tentative.units[unit.id]
    why = blockers(tentative, taken, step, (command.place,), now)
    if why:
        return Rejected(why[0].code, why[0].message, " ".join(reason.message for reason in why[1:]))
    if late := too_late(taken, step, now):
        return Rejected("too_late", late, "Ask a supervisor: it can't be begun any more.")
    if due_before(tentative, taken, step):
        words = f"What stands on {step.result.part} must be looked at before it is moved."
        return Rejected("recheck", words, "Let whoever is at it end it, or ask a supervisor.")
    return [
        *out,
        ev.StepStarted(
            unit=unit.id,
            step=step.id,
            attempt=current.attempt + 1,
            actors=(command.place,),
            resources=resources(tentative, taken, step),
        ),
    ]


def clear(state: State, command: cmd.ClearPlace, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that nobody is at what a place had in hand any more."""
    if command.place not in state.unclear:
        return []
    if command.n not in {0, times_unclear(state, command.place)}:
        return Rejected("stale", f"More has been taken from the hands of {command.place} since.", "Look once more.")
    cleared = ev.PlaceCleared(place=command.place, by=by.name)
    return [cleared, *looks_due(after(state, [cleared], now), now)]


def _not_theirs(state: State, current: StepState, command: cmd.GiveStep) -> bool:
    mine = command.place in current.actors and command.place in state.places
    return command.attempt != current.attempt or not mine


def _left(
    unit: UnitState, step: Step, code: str, message: str, barred: tuple[str, ...], *, part_out: bool = False
) -> ev.Event:
    current = unit.steps[step.id]
    return ev.StepFailed.model_validate(
        {
            "unit": unit.id,
            "step": step.id,
            "attempt": current.attempt,
            "code": code,
            "message": message,
            "answer": "other_actor" if barred else "again",
            "rung": current.rungs.get(ladder_name(step, code), 0),
            "barred": (*current.barred, *barred),
            "part_out": part_out,
        }
    )
