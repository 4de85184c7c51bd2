"""Rules for steps: what schedule and people ask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import orders, overdue, photos, rechecks, rewind
from orchestrator.core.decide.choices import brought, choices, unmeasured
from orchestrator.core.decide.handing import unsaid
from orchestrator.core.decide.persons import another
from orchestrator.core.decide.progress import (
    after,
    done,
    failed,
    hand_over,
    kind_of,
    look,
    placed,
    proceed,
    to_place,
    undo_trouble,
    undone,
)
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.handed import goes_on, wants_word
from orchestrator.core.machine import StepMove, StepStatus, move
from orchestrator.core.questions import asks
from orchestrator.core.readiness import blockers, resources, supply, too_late
from orchestrator.core.rechecks import due_before
from orchestrator.core.rights import LEAD_CHOICES
from orchestrator.core.second_look import may_look
from orchestrator.core.signature import OF_CHOICE, sign
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Step, ValueSpec

_LOOK_AGAIN = "Look at the card again: it shows what to do now."
_PASSES = frozenset({"force", "skip"})  # after which nobody looks at what is there any more
_ALREADY = "Nothing is left to say about it: the card shows what comes next."
_SAID = frozenset({StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.DONE})
_SHOWN = "Write it down: a gauge and its figure, who looked. It stays in the as-built record."


def start(state: State, command: cmd.StartStep, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Give a ready step to its actors, with all that it needs at once.

    Before a part that carries others is moved, the camera looks at them once more; the step then starts afterwards.
    """
    found = state.step(command.unit, command.step)
    if found is None:
        return _gone(command.unit, command.step)
    step, current = found
    unit = state.units[command.unit]
    why = blockers(state, unit, step, command.actors, now)
    if why:
        return Rejected(why[0].code, why[0].message, " ".join(reason.message for reason in why[1:]))
    late = too_late(unit, step, now)
    if late:
        return failed(state, unit.id, step.id, now, "too_late", late)
    if due := due_before(state, unit, step):
        return rechecks.request(unit, due)
    move("step", current.status, StepMove.START)
    return [
        ev.StepStarted(
            unit=unit.id,
            step=step.id,
            attempt=current.attempt + 1,
            actors=command.actors,
            resources=resources(state, unit, step),
            skill_sha256=command.skill_sha256 if ROBOT in command.actors else "",
            retry=command.retry or ROBOT not in command.actors,
        )
    ]


def confirm(state: State, command: cmd.ConfirmStep, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's word: it counts as evidence where they are the actor or were asked to look."""
    found = state.step(command.unit, command.step)
    if found is None:
        return _gone(command.unit, command.step)
    step, current = found
    person = state.places.get(command.place)
    if person is None:
        return Rejected("nobody", f"Nobody is signed in at {command.place}.", "Sign in at this place first.")
    if (refused := another(state, command.place, command.operator)) is not None:
        return refused
    current_attempt = command.attempt == current.attempt
    acting = current_attempt and command.place in current.actors and "confirm" in current.wants
    attesting = current_attempt and "attest" in current.wants
    late = not (acting or attesting)
    if late and (said := said_already(current, command)) is not None:
        return said
    if late and not _may_claim(state, step, current, command):
        return Rejected("stale", f"{step.id} is {current.status}, attempt {current.attempt}.", _LOOK_AGAIN)
    if attesting and not may_look(step, current, person.operator):
        return Rejected("same_person", "The second look needs another person.", "Ask a colleague to sign in.")
    missing = sorted(set(step.human.needs) - set(person.qualifications)) if step.human and not attesting else []
    if missing:
        remedy = "Let somebody who has it sign in here and confirm."
        return Rejected("qualification", f"{step.id} needs the qualification {', '.join(missing)}.", remedy)
    if acting and not brought(state, command.unit, step.id):
        return Rejected("not_yet", "The robot has not brought it yet.", "Confirm once you have taken it over.")
    trouble = _value_trouble(step, current, command, late=late) or photos.missing(step, current, command, late=late)
    if trouble is None and not attesting:
        trouble = _lot_trouble(state, step, command)
    if trouble:
        return trouble
    confirmed = ev.StepConfirmed(
        unit=command.unit,
        step=step.id,
        attempt=current.attempt + 1 if late else current.attempt,
        place=command.place,
        operator=person.operator,
        values=command.values,
        lots=command.lots,
        late=late,
        photo=command.photo,
    )
    out: list[ev.Event] = [confirmed]
    held = state.world.held()
    if (acting or late) and (held is None or held.part != f"{command.unit}/{step.result.part}"):
        unit = state.units[command.unit]
        bin_, _ = supply(state, unit, step, (command.place,))
        out += placed(state, command.unit, step, bin_=bin_)
    tentative = after(state, out, now)
    if late:
        return out + look(tentative, command.unit, step.id)
    if attesting:
        asked = tentative.units[command.unit].steps[step.id]
        attested = ev.AttestGiven(
            unit=command.unit,
            step=step.id,
            attempt=asked.attempt,
            operator=person.operator,
            signature=sign(state, "result_attested", command.unit),
        )
        out.append(attested)
        tentative = after(state, out, now)
    return out + proceed(tentative, command.unit, step.id, now)


def problem(state: State, command: cmd.ReportProblem, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that the step can't be done."""
    found = state.step(command.unit, command.step)
    if found is None:
        return _gone(command.unit, command.step)
    step, current = found
    if current.status == StepStatus.UNDOING:
        return rewind.problem(state, command)
    mine = command.place in current.actors or "attest" in current.wants
    if (
        command.attempt != current.attempt
        or not mine
        or current.status not in {StepStatus.ACTIVE, StepStatus.VERIFYING}
    ):
        return Rejected("stale", f"{step.id} is {current.status}, attempt {current.attempt}.", _LOOK_AGAIN)
    if command.place not in state.places:
        return Rejected("nobody", f"Nobody is signed in at {command.place}.", "Sign in at this place first.")
    note = command.note or "The person at the step reports a problem."
    return failed(state, command.unit, step.id, now, command.code, note, reported=True)


def choose(state: State, command: cmd.Choose, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's decision on a step in attention."""
    found = state.step(command.unit, command.step)
    if found is None:
        return _gone(command.unit, command.step)
    step, current = found
    offered = choices(state, command.unit, step.id)
    if not offered or command.attempt != current.attempt or command.answers not in {"", asks(current)}:
        return Rejected("stale", f"{step.id} needs no decision any more.", _LOOK_AGAIN)
    if command.choice not in {choice for choice, _ in offered}:
        listed = ", ".join(dict.fromkeys(choice for choice, _ in offered))
        return Rejected("not_offered", f"'{command.choice}' is not possible for {step.id}.", f"Possible: {listed}.")
    if command.choice in LEAD_CHOICES and not command.reason.strip():
        return Rejected("reason", f"'{command.choice}' needs a reason.", "Write why; it stays in the as-built record.")
    if command.choice in _PASSES and "two_people" in step.check and by.name in _at_it(current):
        return Rejected("same_person", "The second look needs another person.", "Let another supervisor decide.")
    if command.choice == "force" and unmeasured(current) and not command.shown.strip():
        return Rejected("shown", f"Nothing was measured of {step.id}: what shows that it is right?", _SHOWN)
    others = goes_on(state, command.unit, step.id, command.choice)
    rework = command.rework or step.id
    part = wants_word(state, command.unit, step.id, command.choice, rework)
    if part and not command.part_out:
        return unsaid(part)
    first: list[ev.Event] = []
    if current.status != StepStatus.ATTENTION and command.choice != "wait":  # it only waited for too long
        first = [overdue.broken_off(state.units[command.unit], step, "It waited too long for a person.")]
        state = after(state, first, now)
    barred = (kind_of(current),) if command.choice == "other_actor" else ()
    answered = ev.StepAnswered(
        unit=command.unit,
        step=step.id,
        attempt=current.attempt,
        choice=command.choice,
        reason=command.reason,
        by=by.name,
        barred=barred,
        part_out=command.part_out,
        signature=sign(state, OF_CHOICE[command.choice], command.unit) if command.choice in OF_CHOICE else None,
    )
    tentative = after(state, [answered], now)
    rest: list[ev.Event] = []
    if others and tentative.units[command.unit].steps[step.id].unsaid:
        to: Literal["robot", "nobody"] = "nobody" if command.choice == "skip" else "robot"
        rest = hand_over(tentative, command.unit, step.id, now, to, reason=command.reason, by=by.name)
    elif command.choice == "recheck":
        rest = look(tentative, command.unit, step.id)
    elif command.choice == "rework":
        if ("rework", rework) not in offered:
            return Rejected("not_offered", f"{rework} can't be reworked.", "Choose one of those offered.")
        rest = undone(tentative, command.unit, rework, command.reason or "rework", by.name)
    elif command.choice == "skip":
        rest = done(tentative, command.unit, step.id, now, ("skipped",), waived=command.reason, by=by.name)
    elif command.choice == "force":
        put = to_place(state, command.unit, step)
        tentative = after(tentative, put, now)
        word = {"waived": command.reason, "by": by.name, "shown": command.shown.strip()}
        rest = put + done(tentative, command.unit, step.id, now, ("forced",), **word)
    elif command.choice == "scrap":
        rest = orders.scrap(tentative, tentative.units[command.unit], now, command.reason, by.name)
    elif command.choice == "abort":
        order = tentative.orders[tentative.units[command.unit].order]
        rest = orders.abort(tentative, order, now, command.reason, by.name)
    return [*first, answered, *rest]


def undo(state: State, command: cmd.UndoStep, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a done step back with all that builds on it."""
    found = state.step(command.unit, command.step)
    if found is None:
        return _gone(command.unit, command.step)
    step, current = found
    if current.status != StepStatus.DONE:
        return Rejected("not_done", f"{step.id} is {current.status}.", "Only a done step can be undone.")
    if command.attempt not in {0, current.attempt}:
        return Rejected("stale", f"{step.id} has been made anew since, attempt {current.attempt}.", _LOOK_AGAIN)
    trouble = undo_trouble(state, command.unit, step.id)
    if trouble:
        return Rejected("no_undo", f"{step.id} can't be undone: {trouble}", "Finish what runs, or scrap the unit.")
    if step.result.part is not None and not command.part_out:
        return unsaid(step.result.part)
    return undone(state, command.unit, step.id, command.reason or "undone", by.name)


def _may_claim(state: State, step: Step, current: StepState, command: cmd.ConfirmStep) -> bool:
    """A late confirmation of a step that nobody is at becomes a claim that the camera checks.

    It must be of an attempt that this place made and did not confirm, and its part not in the gripper.
    """
    held = state.world.held()
    return (
        current.status == StepStatus.READY
        and state.units[command.unit].rewind is None
        and "camera" in step.check
        and not step.together
        and (held is None or held.part != f"{command.unit}/{step.result.part}")
        and any(
            attempt.n == command.attempt and command.place in attempt.actors and not attempt.operator
            for attempt in current.attempts
        )
    )


def said_already(current: StepState, command: cmd.ConfirmStep) -> Rejected | None:
    """Return that the very same was said of this attempt, on another screen for example, and by whom; None where not.

    An attempt that has failed since is another matter: the step is to be done anew.
    """
    if command.attempt != current.attempt or current.status not in _SAID or not current.attempts:
        return None
    last = current.attempts[-1]
    same = command.values.items() <= last.values.items() and command.lots.items() <= last.lots.items()
    if not (same and last.operator and command.photo in {"", last.photo}):
        return None
    return Rejected("said_already", f"This step has been confirmed already, by {last.operator}.", _ALREADY)


def _at_it(current: StepState) -> frozenset[str]:
    """Who has said that the result of the last attempt is there."""
    last = {current.attempts[-1].operator} if current.attempts else set()
    return frozenset({*current.witnesses, *last} - {""})


def _gone(unit: str, step: str) -> Rejected:
    return Rejected("no_step", f"Unit {unit} with a step {step} is not in work.", _LOOK_AGAIN)


def _value_trouble(step: Step, current: StepState, command: cmd.ConfirmStep, *, late: bool) -> Rejected | None:
    for name, value in command.values.items():
        spec = step.result.values.get(name)
        if spec is None:
            known = ", ".join(step.result.values) or "none"
            return Rejected("unknown_value", f"{step.id} has no value {name}.", f"Its values: {known}.")
        if not _typed(spec, value):
            return Rejected("bad_value", f"{name}: '{value}' is not a {spec.kind}.", "Enter it again.")
    if late or ROBOT not in current.actors or "attest" in current.wants:
        for name in step.result.values:
            if name not in command.values and (late or name not in current.values):
                return Rejected("missing_value", f"{name} is missing.", "Enter it, then confirm.")
    return None


def _typed(spec: ValueSpec, value: object) -> bool:
    if spec.kind == "claim":
        return isinstance(value, bool)
    if spec.kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if spec.kind == "choice":
        return value in spec.choices
    return isinstance(value, str)


def _lot_trouble(state: State, step: Step, command: cmd.ConfirmStep) -> Rejected | None:
    kind = step.result.kind
    if kind is None or step.result.part is None:
        return None
    track = state.variant_of(command.unit).parts[kind].track
    if track and not command.lots.get(step.result.part, "").strip():
        return Rejected(
            "missing_lot", f"The {track} of {step.result.part} is missing.", "Scan or type it, then confirm."
        )
    return None
