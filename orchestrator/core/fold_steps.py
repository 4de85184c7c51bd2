"""What becomes of a state by what happens to steps and parts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orchestrator.core import events as ev
from orchestrator.core.commands import Measured
from orchestrator.core.folders import (
    Folder,
    called_off,
    entering,
    freed,
    unasked,
    unclear,
    unlooked,
    with_step,
    with_unit,
    without,
    zones,
)
from orchestrator.core.handed import leaves_unsaid
from orchestrator.core.machine import StepStatus
from orchestrator.core.rechecks import overtaken
from orchestrator.core.records import replace
from orchestrator.core.signature import signed
from orchestrator.core.state import (
    OVER,
    ROBOT,
    Attempt,
    Handed,
    Rewind,
    State,
    StepState,
    UnitState,
    Waiver,
    ladder_name,
    share,
)

if TYPE_CHECKING:
    from orchestrator.core.variant import Step

STEPS: dict[type, Folder] = {}
_on = entering(STEPS)
_TAKEN = frozenset({"overdue", "taken_over", "half_undone"})  # out of a person's hands, by others' decision


@_on(ev.StepStarted)
def _step_started(state: State, event: ev.StepStarted, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    wants = {"skill" if actor == ROBOT else "confirm" for actor in event.actors}
    attempt = Attempt(
        n=event.attempt, actors=event.actors, started_t=t, skill_sha256=event.skill_sha256, retry=event.retry
    )
    new = replace(
        old,
        status=StepStatus.ACTIVE,
        attempt=event.attempt,
        actors=event.actors,
        resources=event.resources,
        wants=frozenset(wants),
        effect="",
        ride="",
        rides=0,
        looks=0,
        values={},
        witnesses=(),
        waived="",
        waiver=None,
        code="",
        message="",
        remedy="",
        started_t=t,
        ended_t=None,
        paused_t=None,
        paused_s=0.0,
        doubted_t=None,
        released=False,
        released_by=old.released_by if old.released else "",
        patient_t=t,
        unsaid=False,
        handed=None,
        photos=(),
        photo="",
        attempts=(*old.attempts, attempt),
    )
    return with_step(replace(state, suspends=0), event.unit, event.step, new)


@_on(ev.StepReleased)
def _step_released(state: State, event: ev.StepReleased, t: float) -> State:
    state = signed(state, event.signature, event.unit, event.step, event.attempt, event.by, t, "")
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    return with_step(state, event.unit, event.step, replace(found[1], released=True, released_by=event.by))


@_on(ev.ReleaseVoided)
def _release_voided(state: State, event: ev.ReleaseVoided, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    return with_step(state, event.unit, event.step, replace(found[1], released=False, released_by=""))


@_on(ev.SkillEnded)
def _skill_ended(state: State, event: ev.SkillEnded, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    values = {**old.values, **event.values}
    new = replace(old, wants=old.wants - {"skill"}, values=values, patient_t=t)
    state = replace(state, motions=unasked(state, event.effect))
    return with_step(state, event.unit, event.step, _noted(new, values=values))


@_on(ev.StepConfirmed)
def _confirmed(state: State, event: ev.StepConfirmed, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    if event.late:
        claim = Attempt(n=event.attempt, actors=(event.place,), started_t=t)
        old = replace(
            old,
            attempt=event.attempt,
            actors=(event.place,),
            attempts=(*old.attempts, claim),
            started_t=t,
            looks=0,
            values={},
            witnesses=(),
            code="",
            message="",
            remedy="",
            photos=(),
            photo="",
        )
    old = replace(old, unsaid=False, handed=None, photo=event.photo or old.photo)
    values = {**old.values, **event.values}
    lots = {**old.attempts[-1].lots, **event.lots} if old.attempts else dict(event.lots)
    new = replace(old, wants=old.wants - {"confirm"}, values=values, witnesses=(*old.witnesses, event.operator))
    noted = _noted(new, values=values, operator=event.operator, lots=lots, photo=new.photo)
    state = with_step(state, event.unit, event.step, noted)
    at_it = event.late or "confirm" in old.wants  # who attests looks only
    return with_unit(state, replace(state.units[event.unit], touched_t=t)) if at_it else state


@_on(ev.PhotoKept)
def _photo_kept(state: State, event: ev.PhotoKept, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    new = replace(found[1], photos=(*found[1].photos, event.sha256))
    return with_step(state, event.unit, event.step, new)


@_on(ev.CheckRequested)
def _check_requested(state: State, event: ev.CheckRequested, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    if old.status == StepStatus.ATTENTION:  # the attempt goes on: its verdict is open again
        old = _noted(old, ended_t=None, outcome="", code="", message="")
    new = replace(
        _noted(old, measured=None),
        status=StepStatus.VERIFYING,
        wants=old.wants | {"camera"},
        effect=event.effect,
        ride="wanted" if event.ride else "",
        looks=old.looks + 1,
        resources=zones(old.resources),
    )
    return with_step(state, event.unit, event.step, new)


@_on(ev.LookStarted)
def _look_started(state: State, event: ev.LookStarted, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    new = replace(old, effect=event.effect, ride="under_way", rides=old.rides + 1)
    return with_step(state, event.unit, event.step, new)


@_on(ev.LookBlocked, ev.LookBrokenOff)
def _look_waits(state: State, event: ev.LookBlocked | ev.LookBrokenOff, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    state = replace(state, motions=unasked(state, event.effect))
    return with_step(state, event.unit, event.step, replace(found[1], ride="wanted"))


@_on(ev.AttestRequested)
def _attest_requested(state: State, event: ev.AttestRequested, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    wants = old.wants | {"attest"}
    new = replace(old, status=StepStatus.VERIFYING, wants=wants, resources=zones(old.resources), patient_t=t)
    return with_step(state, event.unit, event.step, new)


@_on(ev.AttestGiven)
def _attest_given(state: State, event: ev.AttestGiven, t: float) -> State:
    state = signed(state, event.signature, event.unit, event.step, event.attempt, event.operator, t, "")
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    return with_step(state, event.unit, event.step, replace(old, wants=old.wants - {"attest"}))


@_on(ev.CheckEnded)
def _check_ended(state: State, event: ev.CheckEnded, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    state = replace(state, motions=unasked(state, event.effect))
    new = replace(old, wants=old.wants - {"camera"}, effect="", ride="")
    if event.measured is not None and event.measured.verdict in {"ok", "missing"}:
        new = replace(new, unsaid=False)
    return with_step(state, event.unit, event.step, _noted(new, measured=event.measured))


@_on(ev.StepDone)
def _step_done(state: State, event: ev.StepDone, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    status = StepStatus.SKIPPED if "skipped" in event.evidence else StepStatus.DONE
    outcome = "skipped" if status == StepStatus.SKIPPED else "done"
    waiver = _waiver(event, old, t)
    closed = _closed(old, t, outcome)
    new = replace(closed, status=status, waived=event.waived, waiver=waiver, barred=(), unsaid=False)
    state = with_step(state, event.unit, event.step, new)
    if step.per != "unit" and status == StepStatus.DONE:
        state = _shared(state, event, step, t)
    unit = unlooked(state.units[event.unit], frozenset({event.step} if "camera" in event.evidence else ()))
    order = state.orders[unit.order]
    return with_unit(state, freed(order, unit, order.variant.successors[event.step]))


@_on(ev.StepFailed)
def _step_failed(state: State, event: ev.StepFailed, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    rungs = old.rungs
    if event.answer != "again":
        rungs = {**rungs, ladder_name(step, event.code): event.rung}
    asks = event.answer in {"ask", "scrap", "skip"}
    state = called_off(state, event.unit, event.step, old)
    state = unclear(state, old) if event.code in _TAKEN or event.hands else state
    new = replace(
        _closed(old, t, "failed", event.code, event.message),
        status=StepStatus.ATTENTION if asks else StepStatus.READY,
        code=event.code,
        message=event.message,
        remedy=event.remedy,
        rung=event.rung,
        rungs=rungs,
        barred=event.barred,
        resources=zones(old.resources) if asks else (),
        unsaid=not event.part_out and (old.unsaid or event.unsaid or leaves_unsaid(step, old)),
    )
    return with_step(state, event.unit, event.step, new)


@_on(ev.RecheckRequested)
def _recheck_requested(state: State, event: ev.RecheckRequested, t: float) -> State:
    unit = state.units.get(event.unit)
    if unit is None:
        return state
    rechecking = {**unit.rechecking, event.step: event.effect}
    return with_unit(state, replace(unit, rechecking=rechecking, rechecks=unit.rechecks + 1, rechecks_t=t))


@_on(ev.RecheckEnded)
def _recheck_ended(state: State, event: ev.RecheckEnded, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    late = overtaken(state, event.unit, step, event.measured)
    seen = event.measured or Measured(verdict="cannot_see", reason=event.error)
    new = replace(old, seen_again=seen, late_looks=old.late_looks + 1 if late else 0)
    state = with_step(state, event.unit, event.step, new)
    unit = state.units[event.unit]
    looked_at = unit.looked_at if late else unit.looked_at | {event.step}
    return with_unit(state, replace(unit, rechecking=without(unit.rechecking, event.step), looked_at=looked_at))


@_on(ev.StepDoubted)
def _step_doubted(state: State, event: ev.StepDoubted, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    again = old.seen_again
    noted = _noted(old, measured=again) if again is not None and again.verdict == event.code else old
    new = replace(
        noted,
        status=StepStatus.ATTENTION,
        code=event.code,
        message=event.message,
        remedy=event.remedy,
        wants=frozenset(),
        actors=(),
        looks=0,
        late_looks=0,
        doubted_t=t,
    )
    state = unclear(state, old) if event.code in _TAKEN else state
    return _blocked(with_step(state, event.unit, event.step, new), event.unit, event.step)


@_on(ev.RewindStarted)
def _rewind_started(state: State, event: ev.RewindStarted, t: float) -> State:
    unit = state.units.get(event.unit)
    if unit is None or not event.todo:
        return state
    rewind = Rewind(to=event.to, todo=event.todo, reason=event.reason, by=event.by, started_t=t)
    return with_unit(state, replace(unit, rewind=rewind))


@_on(ev.UndoStarted)
def _undo_started(state: State, event: ev.UndoStarted, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    new = replace(
        found[1],
        status=StepStatus.UNDOING,
        actors=(event.place,),
        resources=event.resources,
        wants=frozenset({"undo"}),
        patient_t=t,
    )
    state = _blocked(with_step(state, event.unit, event.step, new), event.unit, event.step)
    return with_unit(state, replace(state.units[event.unit], touched_t=t))


@_on(ev.RewindStopped)
def _rewind_stopped(state: State, event: ev.RewindStopped, _t: float) -> State:
    unit = state.units.get(event.unit)
    return state if unit is None else with_unit(state, replace(unit, rewind=None))


@_on(ev.StepOverdue)
def _step_overdue(state: State, event: ev.StepOverdue, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    return with_step(state, event.unit, event.step, replace(found[1], overdue=event.level, overdue_t=t))


@_on(ev.StepAnswered)
def _step_answered(state: State, event: ev.StepAnswered, t: float) -> State:
    state = signed(state, event.signature, event.unit, event.step, event.attempt, event.by, t, event.reason)
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    if event.choice == "wait":
        return with_step(state, event.unit, event.step, replace(old, patient_t=t, overdue=""))
    again = event.choice in {"retry", "other_actor"}
    status = StepStatus.READY if again else old.status
    new = replace(old, status=status, barred=event.barred)
    if again:
        new = replace(new, rung=0, rungs={}, resources=())
    if event.part_out:
        new = replace(new, unsaid=False)
    if event.choice == "recheck":  # whoever looked, or took a picture, did so before the part was put right
        new = _noted(replace(new, witnesses=(), photos=(), photo=""), photo="")
    return with_step(state, event.unit, event.step, new)


@_on(ev.StepHandedOver)
def _handed_over(state: State, event: ev.StepHandedOver, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    handed = Handed(event.to, event.reason, event.by)
    return with_step(state, event.unit, event.step, replace(found[1], handed=handed))


@_on(ev.StepUndone)
def _undone(state: State, event: ev.StepUndone, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    state = called_off(state, event.unit, event.step, old)
    new = replace(
        _closed(old, t, "undone", "undone", event.because),
        status=StepStatus.UNDONE,
        values={},
        witnesses=(),
        waived="",
        waiver=None,
        rung=0,
        rungs={},
        barred=(),
        unsaid=False,
    )
    state = with_step(state, event.unit, event.step, new)
    unit = state.units[event.unit]
    order = state.orders[unit.order]
    if step.per != "unit":
        order = replace(order, shared=order.shared - {f"{step.id}#{share(step, unit.n)}"})
        state = replace(state, orders={**state.orders, order.id: order})
    state = _blocked(state, event.unit, event.step)
    return with_unit(state, _further(freed(order, state.units[event.unit], (event.step,)), event.step))


@_on(ev.PartMoved)
def _part_moved(state: State, event: ev.PartMoved, t: float) -> State:
    bins = state.bins
    if event.bin and event.bin in bins:
        bins = {**bins, event.bin: max(0, bins[event.bin] - math.ceil(event.qty))}
    grip, was = state.grip, state.world.get(event.part)
    if grip is not None and grip.part == event.part and event.certainty != "doubtful":
        grip = None  # settled, or elsewhere
    state = replace(state, world=state.world.moved(event, t), bins=bins, grip=grip)
    if event.part in state.remains and (event.what == "consumed" or (was is not None and event.frame != was.frame)):
        state = replace(state, remains=without(state.remains, event.part))
    if event.unit in state.behind and not any(fact.unit == event.unit for fact in state.world.facts.values()):
        state = replace(state, behind=without(state.behind, event.unit))
    return state if event.what == "seen" else _touched(state, event, t)


# ---- small steps -----------------------------------------------------------------------------------------------


def _shared(state: State, event: ev.StepDone, step: Step, t: float) -> State:
    """A step that is done once for several units is done in each of them."""
    done = state.units[event.unit]
    order = state.orders[done.order]
    order = replace(order, shared=order.shared | {f"{step.id}#{share(step, done.n)}"})
    state = replace(state, orders={**state.orders, order.id: order})
    for unit in tuple(state.shares(done, step)):
        if unit.steps[step.id].status not in OVER:
            closed = _closed(unit.steps[step.id], t, "done")
            status = replace(closed, status=StepStatus.DONE, waived="done once for several units")
            other = unlooked(replace(unit, steps={**unit.steps, step.id: status}))
            state = with_unit(state, freed(order, other, order.variant.successors[step.id]))
    return state


def _touched(state: State, event: ev.PartMoved, t: float) -> State:
    """Evidence of a result that is being verified ends when its part, or what that sits on, is touched."""
    unit = state.units.get(event.unit)
    if unit is not None:
        unit = replace(unit, looked_at=frozenset(), touched_t=t)
        state = with_unit(state, unit)
    for step_id in unit.busy if unit else ():
        assert unit is not None
        step = unit.steps[step_id]
        part = state.orders[unit.order].variant.by_id[step_id].result.part
        below = {fact.part for fact in state.world.chain(f"{unit.id}/{part}")}
        if step.status == StepStatus.VERIFYING and part and event.part in {*below, f"{unit.id}/{part}"}:
            unseen = replace(step, witnesses=(), photos=(), photo="")
            state = with_step(state, unit.id, step_id, _noted(unseen, measured=None, photo=""))
    return state


def _further(unit: UnitState, step_id: str) -> UnitState:
    """A result less to be taken back."""
    if unit.rewind is None:
        return unit
    todo = tuple(name for name in unit.rewind.todo if name != step_id)
    return replace(unit, rewind=replace(unit.rewind, todo=todo) if todo else None)


def _waiver(event: ev.StepDone, step: StepState, t: float) -> Waiver | None:
    """What a person's decision to do without evidence rests on: what was seen and measured last, and what was wrong."""
    if not event.by or not event.waived:
        return None
    last = step.attempts[-1] if step.attempts else None
    return Waiver(
        kind="skipped" if "skipped" in event.evidence else "forced",
        by=event.by,
        reason=event.waived,
        t=t,
        code=step.code,
        message=step.message,
        measured=last.measured if last else None,
        values=dict(step.values),
        shown=event.shown,
    )


def _blocked(state: State, unit_id: str, step_id: str) -> State:
    """What was ready to follow a step waits for it again."""
    unit = state.units[unit_id]
    steps = dict(unit.steps)
    for follower in state.orders[unit.order].variant.successors[step_id]:
        if steps[follower].status == StepStatus.READY:
            steps[follower] = replace(steps[follower], status=StepStatus.WAITING)
    return with_unit(state, replace(unit, steps=steps))


def _closed(step: StepState, t: float, outcome: str, code: str = "", message: str = "") -> StepState:
    attempts = step.attempts
    if attempts and attempts[-1].ended_t is None:
        attempts = (*attempts[:-1], replace(attempts[-1], ended_t=t, outcome=outcome, code=code, message=message))
    made_t = t if step.doubted_t is None else step.ended_t
    return replace(
        step,
        wants=frozenset(),
        effect="",
        ride="",
        resources=(),
        actors=(),
        ended_t=made_t,
        paused_t=None,
        attempts=attempts,
        handed=None,
    )


def _noted(step: StepState, **what: Any) -> StepState:
    if not step.attempts:
        return step
    return replace(step, attempts=(*step.attempts[:-1], replace(step.attempts[-1], **what)))
