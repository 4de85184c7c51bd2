"""What follows when evidence comes in, or fails to: shared by the rules for steps and for outcomes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.core import events as ev
from orchestrator.core.decide import orders
from orchestrator.core.fold import fold
from orchestrator.core.geometry import Pose
from orchestrator.core.handed import UNKNOWN_END, in_a_handover, leaves_unsaid, lost, must_be_said
from orchestrator.core.machine import StepMove, StepStatus, move
from orchestrator.core.readiness import resources, unclear
from orchestrator.core.records import replace
from orchestrator.core.rides import needs_ride
from orchestrator.core.state import BUSY, OVER, ROBOT, ladder_name
from orchestrator.core.world import CELL, GRIPPER, LOST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Rung, Step, ValueSpec

ASKS_AT_ONCE = frozenset({"cannot_see", "interrupted", "problem", "protective_stop", "refused", "too_late"})
INTERRUPTED = "interrupted"
GOES_ON = frozenset({"retry", "other_actor", "rework"})  # answers after which work goes on where it was
_BEYOND_A_ROBOT = frozenset({"flipped", "wrong"})
_SERIAL = re.compile(r"\$(?:serial\b|\(serial\))")
_NOT_BEGUN = frozenset({StepStatus.WAITING, StepStatus.UNDONE, StepStatus.READY})
_PEOPLE = {"person": 1, "photo": 1, "two_people": 2}


def after(state: State, events: Sequence[ev.Event], now: float) -> State:
    """Return the tentative state after some events."""
    for event in events:
        state = fold(state, event, now, state.seq)
    return state


def proceed(state: State, unit_id: str, step_id: str, now: float) -> list[ev.Event]:
    """Return what follows from the evidence gathered so far: wait, look, ask a person, fail, or done."""
    found = state.step(unit_id, step_id)
    if found is None:
        return []
    step, current = found
    if current.wants:
        return []
    values = step.result.values
    wrong = [text for name, spec in values.items() if (text := amiss(name, spec, current.values, unit_id)) != ""]
    if wrong:
        return failed(state, unit_id, step_id, now, "value", " ".join(wrong))
    measured = current.attempts[-1].measured if current.attempts else None
    if "camera" in step.check and measured is None:
        return look(state, unit_id, step_id)
    people = max((_PEOPLE.get(kind, 0) for kind in step.check), default=0)
    missing = [name for name in step.result.values if name not in current.values]
    if len(set(current.witnesses)) < people or missing or ("photo" in step.check and not current.photo):
        needed = max(1, people - len(set(current.witnesses)))
        if current.status != StepStatus.VERIFYING:
            move("step", current.status, StepMove.VERIFY)
        return [ev.AttestRequested(unit=unit_id, step=step_id, attempt=current.attempt, people=needed)]
    evidence: list[str] = [kind for kind in step.check if kind != "none"]
    evidence += ["values"] if step.result.values else []
    waived = "not checked, as the procedure says" if "none" in step.check else ""
    put = to_place(state, unit_id, step)
    return put + done(after(state, put, now), unit_id, step_id, now, tuple(dict.fromkeys(evidence)), waived=waived)


def done(
    state: State,
    unit_id: str,
    step_id: str,
    now: float,
    evidence: tuple[str, ...],
    *,
    waived: str = "",
    by: str = "",
    shown: str = "",
) -> list[ev.Event]:
    """Return the events of a step's end, and of the unit's and order's where it was the last."""
    unit = state.units[unit_id]
    ids = {"unit": unit_id, "step": step_id, "attempt": unit.steps[step_id].attempt}
    first = ev.StepDone.model_validate({**ids, "evidence": evidence, "waived": waived, "by": by, "shown": shown})
    return [first, *orders.after_step(after(state, [first], now), unit.order, now)]


def look(state: State, unit_id: str, step_id: str) -> list[ev.Event]:
    """Ask the camera for a verdict, once the arm has brought it there where it sits on the flange."""
    step, current = state.variant_of(unit_id).by_id[step_id], state.units[unit_id].steps[step_id]
    if current.status != StepStatus.VERIFYING:
        move("step", current.status, StepMove.VERIFY)
    effect = f"{unit_id}/{step_id}/{current.attempt}/look{current.looks + 1}"
    ride = needs_ride(state, step)
    return [ev.CheckRequested(unit=unit_id, step=step_id, attempt=current.attempt, effect=effect, ride=ride)]


def hand_over(
    state: State,
    unit_id: str,
    step_id: str,
    now: float,
    to: Literal["robot", "nobody"],
    *,
    reason: str = "",
    by: str = "",
) -> list[ev.Event]:
    """Return what follows where others go on with what a person had in hand: the camera looks first."""
    attempt = state.units[unit_id].steps[step_id].attempt
    first = ev.StepHandedOver(unit=unit_id, step=step_id, attempt=attempt, to=to, reason=reason, by=by)
    return [first, *look_first(after(state, [first], now), unit_id, step_id)]


def look_first(state: State, unit_id: str, step_id: str) -> list[ev.Event]:
    """Ask the camera about what was handed over, once nobody may be at it any more: they might still put it in."""
    unit = state.units[unit_id]
    step, current = state.variant_of(unit_id).by_id[step_id], unit.steps[step_id]
    waits = current.handed is not None and current.status in {StepStatus.READY, StepStatus.ATTENTION}
    if not waits or unclear(state, resources(state, unit, step)):
        return []
    return look(state, unit_id, step_id)


def failed(
    state: State,
    unit_id: str,
    step_id: str,
    now: float,
    code: str,
    message: str,
    remedy: str = "",
    *,
    retry: bool = True,
    reported: bool = False,
) -> list[ev.Event]:
    """Return what follows from a failed attempt: the next rung of the ladder whose preconditions hold.

    Without `retry` the rungs that would have it tried again by itself are left out. `reported` by whoever is at it.
    """
    found = state.step(unit_id, step_id)
    assert found is not None
    step, current = found
    answer: Literal["retry", "other_actor", "ask", "scrap", "skip"] = "ask"
    ladder, barred = step.ladder(code), current.barred
    index = current.rungs.get(ladder_name(step, code), 0)
    if (code in ASKS_AT_ONCE and code not in step.on_fail) or built_on(state, unit_id, step_id):
        ladder, index = (), 0
    while index < len(ladder):
        rung = ladder[index]
        index += 1
        if not _holds(state, unit_id, step, rung, code) or (rung.do == "retry" and not retry):
            continue
        if rung.do in GOES_ON and (code == INTERRUPTED or _blindly(step, current, rung, code)):
            break  # nobody has seen how it was left: a person looks, then chooses
        if rung.do == "rework":
            remedy = _rework_words(state, unit_id, rung)
        elif rung.do != "ask":
            answer = rung.do
        break
    if answer == "other_actor":
        barred = (*barred, kind_of(current))
    to: Literal["", "robot", "nobody"] = ""
    unsaid = code in UNKNOWN_END and lost(state, unit_id, step)
    in_doubt = replace(current, code=code, unsaid=current.unsaid or unsaid)
    if answer in ({"retry", "other_actor", "skip"} if unsaid else {"other_actor", "skip"}) and (
        in_doubt.unsaid or leaves_unsaid(step, current)
    ):
        to = "" if must_be_said(step, in_doubt) else "nobody" if answer == "skip" else "robot"
        answer = answer if to == "robot" else "ask"
        barred = barred if to == "robot" else current.barred
    move("step", current.status, StepMove.ASK if answer in {"ask", "scrap", "skip"} else StepMove.FAIL)
    first = ev.StepFailed(
        unit=unit_id,
        step=step_id,
        attempt=current.attempt,
        code=code,
        message=message,
        remedy=remedy,
        answer=answer,
        rung=index,
        barred=barred,
        hands=(answer != "ask" or bool(to)) if reported else in_a_handover(current),
        unsaid=unsaid,
    )
    tentative = after(state, [first], now)
    if to:
        return [first, *hand_over(tentative, unit_id, step_id, now, to, reason=message or code)]
    if answer == "scrap":
        return [first, *orders.scrap(tentative, tentative.units[unit_id], now, message or code, "")]
    if answer == "skip":
        return [first, *done(tentative, unit_id, step_id, now, ("skipped",), waived=message or code)]
    return [first]


def again(state: State, unit_id: str, step_id: str, code: str, message: str) -> list[ev.Event]:
    """Return the events of an attempt that was broken off through no fault of its own: the ladder stays."""
    current = state.units[unit_id].steps[step_id]
    move("step", current.status, StepMove.FAIL)
    return [
        ev.StepFailed(
            unit=unit_id,
            step=step_id,
            attempt=current.attempt,
            code=code,
            message=message,
            answer="again",
            rung=current.rung,
            barred=current.barred,
            hands=in_a_handover(current),
        )
    ]


def undone(state: State, unit_id: str, step_id: str, because: str, by: str) -> list[ev.Event]:
    """Return the events that take a result back with all that builds on it, in reverse.

    Parts leave the ledger, or are where an earlier result that still holds had put them; what is in the gripper stays.
    """
    unit = state.units[unit_id]
    variant = state.variant_of(unit_id)
    affected = [step_id, *variant.dependants(step_id)]
    out: list[ev.Event] = []
    for name in reversed(affected):
        out += _taken_back(state, unit_id, variant.by_id[name], frozenset(affected))
        if unit.steps[name].status not in _NOT_BEGUN:
            out.append(ev.StepUndone(unit=unit_id, step=name, because=because, by=by))
    return out


def _taken_back(state: State, unit_id: str, step: Step, affected: frozenset[str]) -> list[ev.Event]:
    """Where the part of a result goes that holds no longer."""
    part, kind = step.result.part, step.result.kind
    fact = state.world.get(f"{unit_id}/{part}")
    if part is None or kind is None or fact is None or fact.holder == GRIPPER:
        return []
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    builds_on = [other for other in variant.steps if step.id in variant.dependants(other.id)]
    earlier = [
        other
        for other in builds_on
        if other.result.part == part and unit.steps[other.id].status == StepStatus.DONE and other.id not in affected
    ]
    if earlier and unit.steps[step.id].status in _NOT_BEGUN:
        return []
    if earlier:
        last = max(earlier, key=lambda other: unit.steps[other.id].ended_t or 0.0)
        return placed(state, unit_id, last, source="nominal")
    return [ev.PartMoved(unit=unit_id, part=fact.part, kind=kind, what="consumed", holder=LOST, certainty="unknown")]


def undo_trouble(state: State, unit_id: str, step_id: str) -> str:
    """Return why a result can't be taken back, "" when it can."""
    unit = state.units[unit_id]
    if trouble := _for_good(state, unit_id, step_id):
        return trouble
    for name in (step_id, *state.variant_of(unit_id).dependants(step_id)):
        if unit.steps[name].status in {StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.UNDOING}:
            return f"{name} is {unit.steps[name].status}."
    return ""


def placed(
    state: State, unit_id: str, step: Step, *, bin_: str = "", source: Literal["nominal", "commanded"] = "commanded"
) -> list[ev.Event]:
    """Return the event that puts a step's part where its result says."""
    result = step.result
    target = result.at or result.along
    if result.part is None or result.kind is None or target is None:
        return []
    if target.owner is None:
        holder, frame = CELL, state.frame(state.units[unit_id], target)
        seat = state.spec.frames.get(frame, Pose())
    else:
        holder, frame = f"{unit_id}/{target.owner}", target.frame
        owner = state.world.get(holder)
        variant = state.variant_of(unit_id)
        seat = variant.parts[owner.kind].frames.get(frame, Pose()) if owner else Pose()
    return [
        ev.PartMoved(
            unit=unit_id,
            part=f"{unit_id}/{result.part}",
            kind=result.kind,
            what="placed",
            holder=holder,
            frame=frame,
            pose=(seat @ result.meets.inverse()).rounded(),
            source=source,
            bin=bin_,
            qty=result.qty,
        )
    ]


def to_place(state: State, unit_id: str, step: Step) -> list[ev.Event]:
    """Return what the ledger must learn where evidence says that a step's part is in place, nothing if it knows."""
    for event in placed(state, unit_id, step, source="nominal"):
        assert isinstance(event, ev.PartMoved)
        fact = state.world.get(event.part)
        if fact is not None and fact.holder == GRIPPER:
            return []  # carried on into the next step
        if fact is None or fact.certainty != "known" or (fact.holder, fact.frame) != (event.holder, event.frame):
            return [event]
    return []


def amiss(name: str, spec: ValueSpec, values: Mapping[str, Any], serial: str) -> str:
    """Return in words what is wrong with a value; "" when it is fine or not there yet.

    `serial` is the unit's serial number, which `$serial` in a scan's pattern stands for.
    """
    if name not in values:
        return ""
    value = values[name]
    unit = f" {spec.unit}" if spec.unit else ""
    label = name.removesuffix(f"_{spec.unit}").replace("_", " ")
    if spec.kind == "claim":
        return "" if value is True else f"{label} was not confirmed."
    if spec.kind == "choice":
        return "" if str(value) in spec.passing else f"{label} is {value}, not {' or '.join(spec.passing)}."
    if spec.kind == "number":
        if isinstance(value, str | bool) or not math.isfinite(value):
            return f"{label} '{value}' is not a number."
        if spec.low is not None and value < spec.low:
            return f"{label} {value:g}{unit} is below {spec.low:g}{unit}."
        if spec.high is not None and value > spec.high:
            return f"{label} {value:g}{unit} is above {spec.high:g}{unit}."
    if spec.kind == "scan" and not _reads(str(value), spec.pattern, serial):
        return f"{label} reads {value}, not {_SERIAL.sub(lambda _: serial, spec.pattern)}."
    return ""


def _reads(value: str, pattern: str, serial: str) -> bool:
    """Whether a scanned code is the wanted text, or matches it as a regular expression."""
    if value == _SERIAL.sub(lambda _: serial, pattern):
        return True
    try:
        return re.fullmatch(_SERIAL.sub(lambda _: re.escape(serial), pattern), value) is not None
    except re.error:
        return False  # a text after all


def kind_of(current: StepState) -> Literal["robot", "human"]:
    """Return which kind of actor made the last attempt."""
    last = current.attempts[-1].actors if current.attempts else current.actors
    return "robot" if ROBOT in last else "human"


def _blindly(step: Step, current: StepState, rung: Rung, code: str) -> bool:
    """Whether a rung would send the robot onto what no camera has seen: its own part, or one that a person put in."""
    if code != "cannot_see" or step.robot is None:
        return False
    return rung.do == "retry" or (rung.do == "other_actor" and kind_of(current) == "human")


def _holds(state: State, unit_id: str, step: Step, rung: Rung, code: str) -> bool:
    """Whether a rung can help: nothing is tried again that fails for sure."""
    current = state.units[unit_id].steps[step.id]
    if rung.do in {"retry", "other_actor"} and current.status == StepStatus.READY:
        return False  # it could not even begin
    if rung.do == "retry":
        return not (kind_of(current) == "robot" and code in _BEYOND_A_ROBOT)
    if rung.do == "other_actor":
        other = "human" if kind_of(current) == "robot" else "robot"
        return step.robot is not None and step.human is not None and not step.together and other not in current.barred
    if rung.do == "skip":
        return not step.critical
    if rung.do == "rework":
        return not _for_good(state, unit_id, reopened(state, unit_id, rung))
    return True


def built_on(state: State, unit_id: str, step_id: str) -> bool:
    """Whether something was built on a result since: then it is not simply tried again, nor left out."""
    unit = state.units[unit_id]
    begun = OVER | BUSY
    return any(unit.steps[name].status in begun for name in state.variant_of(unit_id).dependants(step_id))


def reopened(state: State, unit_id: str, rung: Rung) -> str:
    """Return the step that a rework rung reopens: the first instance where it names an `each` step."""
    steps = state.variant_of(unit_id).steps
    return next((step.id for step in steps if rung.step in {step.group, step.id}), "")


def _for_good(state: State, unit_id: str, step_id: str) -> str:
    """Return why a result can never be taken back, "" when it can."""
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    for name in (step_id, *variant.dependants(step_id)) if step_id else ():
        if unit.steps[name].status in OVER and variant.by_id[name].undo is False:
            return f"{name} can't be undone."
    return "" if step_id else "There is no such step."


def _rework_words(state: State, unit_id: str, rung: Rung) -> str:
    variant = state.variant_of(unit_id)
    unit = state.units[unit_id]
    first = reopened(state, unit_id, rung)
    off = [name for name in reversed((first, *variant.dependants(first))) if unit.steps[name].status in OVER]
    return f"Take back {', '.join(off)}, then choose rework of {first}." if off else f"Choose rework of {first}."
