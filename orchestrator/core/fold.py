"""State from events. Pure, and never refuses: a journal of old loads under new tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.core import events as ev
from orchestrator.core.commands import Measured
from orchestrator.core.machine import CellState, OrderState, StepStatus
from orchestrator.core.rechecks import overtaken
from orchestrator.core.records import replace
from orchestrator.core.state import (
    OVER,
    ROBOT,
    Attempt,
    ManualMotion,
    MotionState,
    OrderRecord,
    Person,
    State,
    StepState,
    UnitState,
    ladder_name,
    share,
    skill_effect,
)

if TYPE_CHECKING:
    from orchestrator.core.variant import Step

_Folder = Callable[[State, Any, float], State]
_FOLDERS: dict[type, _Folder] = {}


def _on(*kinds: type) -> Callable[[_Folder], _Folder]:
    def register(folder: _Folder) -> _Folder:
        for kind in kinds:
            _FOLDERS[kind] = folder
        return folder

    return register


def fold(state: State, event: ev.Event, t: float, seq: int) -> State:
    """Return the state after an event that happened at `t` (s, UTC)."""
    folder = _FOLDERS.get(type(event))
    after = folder(state, event, t) if folder else state
    return replace(after, seq=seq, t=t)


# ---- cell ------------------------------------------------------------------------------------------------------


@_on(ev.CellChanged)
def _cell(state: State, event: ev.CellChanged, _t: float) -> State:
    known = state.acknowledged if event.acknowledged is None else event.acknowledged
    if event.state == CellState.EXECUTE:  # whatever was seen before the cell stood is looked at again
        units = {name: replace(unit, looked_at=frozenset()) for name, unit in state.units.items()}
        state = replace(state, units=units)
    return replace(state, cell=event.state, cell_reason=event.reason, acknowledged=known)


@_on(ev.CellRestarted)
def _restarted(state: State, event: ev.CellRestarted, _t: float) -> State:
    return replace(
        state,
        cell=event.state,
        cell_reason="restarted",
        acknowledged=False,
        motions={},
        manual=None,
        places={},
        ending=frozenset(),
        units={name: _unlooked(unit) for name, unit in state.units.items()},
    )


@_on(ev.ModeChanged)
def _mode(state: State, event: ev.ModeChanged, _t: float) -> State:
    return replace(state, mode=event.mode)


@_on(ev.AutonomyChanged)
def _autonomy(state: State, event: ev.AutonomyChanged, _t: float) -> State:
    return replace(state, autonomy=event.autonomy)


@_on(ev.Acknowledged)
def _acknowledged(state: State, _event: ev.Acknowledged, _t: float) -> State:
    return replace(state, acknowledged=True)


@_on(ev.SafetyChanged)
def _safety(state: State, event: ev.SafetyChanged, _t: float) -> State:
    known = state.acknowledged if event.acknowledged is None else event.acknowledged
    return replace(state, safety=event.safety, acknowledged=known)


@_on(ev.PlaceJoined)
def _joined(state: State, event: ev.PlaceJoined, _t: float) -> State:
    person = Person(event.operator, event.qualifications)
    return replace(state, places={**state.places, event.place: person})


@_on(ev.PlaceLeft)
def _left(state: State, event: ev.PlaceLeft, _t: float) -> State:
    return replace(state, places=_without(state.places, event.place))


@_on(ev.BinRefilled)
def _refilled(state: State, event: ev.BinRefilled, _t: float) -> State:
    return replace(state, bins={**state.bins, event.bin: event.count})


@_on(ev.MotionProposed, ev.MotionIntended)
def _motion(state: State, event: ev.MotionProposed | ev.MotionIntended, t: float) -> State:
    motion = MotionState(
        id=event.motion,
        effect=event.effect,
        text=event.text,
        duration_s=event.duration_s,
        preview=event.preview,
        t=t,
        approved=isinstance(event, ev.MotionIntended),
        plan=event.plan,
    )
    return replace(state, motions={**state.motions, event.motion: motion})


@_on(ev.MotionEnded)
def _motion_ended(state: State, event: ev.MotionEnded, _t: float) -> State:
    return replace(state, motions=_without(state.motions, event.motion))


@_on(ev.ManualStarted)
def _manual(state: State, event: ev.ManualStarted, t: float) -> State:
    return replace(state, manual=ManualMotion(event.motion, event.what, event.by, t, event.press))


@_on(ev.ManualEnded)
def _manual_ended(state: State, _event: ev.ManualEnded, _t: float) -> State:
    return replace(state, manual=None)


@_on(ev.FrameTaught)
def _taught(state: State, event: ev.FrameTaught, _t: float) -> State:
    return replace(state, taught={**_without(state.taught, event.name), event.name: event})


@_on(ev.OutcomeIgnored)
def _ignored(state: State, event: ev.OutcomeIgnored, _t: float) -> State:
    return replace(state, ending=state.ending - {event.effect}) if event.effect in state.ending else state


# ---- orders and units ------------------------------------------------------------------------------------------


@_on(ev.OrderStored)
def _stored(state: State, event: ev.OrderStored, t: float) -> State:
    order = OrderRecord(id=event.order, variant=event.variant, quantity=event.quantity, due_t=event.due_t, stored_t=t)
    return replace(state, orders={**state.orders, event.order: order})


@_on(ev.OrderChanged)
def _order(state: State, event: ev.OrderChanged, _t: float) -> State:
    if event.order not in state.orders:
        return state
    if event.state == OrderState.CLEARED:
        return replace(state, orders=_without(state.orders, event.order))
    order = replace(state.orders[event.order], state=event.state)
    return replace(state, orders={**state.orders, event.order: order})


@_on(ev.UnitStarted)
def _unit_started(state: State, event: ev.UnitStarted, t: float) -> State:
    order = state.orders.get(event.order)
    if order is None:
        return state
    steps: dict[str, StepState] = {}
    for step in order.variant.steps:
        shared = f"{step.id}#{share(step, event.n)}" in order.shared
        done_before = StepState(status=StepStatus.DONE, waived="done once for several units", ended_t=t)
        steps[step.id] = done_before if shared else StepState()
    unit = UnitState(event.unit, event.order, event.n, event.nests, t, steps)
    orders = {**state.orders, event.order: replace(order, started=order.started + 1)}
    state = replace(state, orders=orders, units_started=state.units_started + 1)
    return _with_unit(state, _freed(order, unit, tuple(steps)))


@_on(ev.UnitEnded)
def _unit_ended(state: State, event: ev.UnitEnded, _t: float) -> State:
    if (unit := state.units.get(event.unit)) is not None:
        for step_id in unit.busy:
            state = _called_off(state, event.unit, step_id, unit.steps[step_id])
    units = _without(state.units, event.unit)
    orders = state.orders
    if (order := orders.get(event.order)) is not None:
        done, scrapped = (1, 0) if event.state == "done" else (0, 1)
        order = replace(order, done=order.done + done, scrapped=order.scrapped + scrapped)
        orders = {**orders, event.order: order}
    world = state.world.without_unit(event.unit) if event.state == "done" else state.world.left_lying(event.unit)
    behind = state.behind
    if order is not None and any(fact.unit == event.unit for fact in world.facts.values()):
        behind = {**behind, event.unit: order.variant}
    return replace(state, units=units, orders=orders, world=world, behind=behind)


# ---- steps -----------------------------------------------------------------------------------------------------


@_on(ev.StepStarted)
def _step_started(state: State, event: ev.StepStarted, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    wants = {"skill" if actor == ROBOT else "confirm" for actor in event.actors}
    attempt = Attempt(n=event.attempt, actors=event.actors, started_t=t, skill_sha256=event.skill_sha256)
    new = replace(
        old,
        status=StepStatus.ACTIVE,
        attempt=event.attempt,
        actors=event.actors,
        resources=event.resources,
        wants=frozenset(wants),
        effect="",
        looks=0,
        values={},
        witnesses=(),
        waived="",
        code="",
        message="",
        remedy="",
        started_t=t,
        ended_t=None,
        doubted_t=None,
        attempts=(*old.attempts, attempt),
    )
    return _with_step(state, event.unit, event.step, new)


@_on(ev.SkillEnded)
def _skill_ended(state: State, event: ev.SkillEnded, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    values = {**old.values, **event.values}
    new = replace(old, wants=old.wants - {"skill"}, values=values)
    state = replace(state, motions=_unasked(state, event.effect))
    return _with_step(state, event.unit, event.step, _noted(new, values=values))


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
        )
    values = {**old.values, **event.values}
    lots = {**old.attempts[-1].lots, **event.lots} if old.attempts else dict(event.lots)
    new = replace(old, wants=old.wants - {"confirm"}, values=values, witnesses=(*old.witnesses, event.operator))
    noted = _noted(new, values=values, operator=event.operator, lots=lots)
    return _with_step(state, event.unit, event.step, noted)


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
        looks=old.looks + 1,
        resources=_zones(old.resources),
    )
    return _with_step(state, event.unit, event.step, new)


@_on(ev.AttestRequested)
def _attest_requested(state: State, event: ev.AttestRequested, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    wants = old.wants | {"attest"}
    new = replace(old, status=StepStatus.VERIFYING, wants=wants, resources=_zones(old.resources))
    return _with_step(state, event.unit, event.step, new)


@_on(ev.AttestGiven)
def _attest_given(state: State, event: ev.AttestGiven, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    return _with_step(state, event.unit, event.step, replace(old, wants=old.wants - {"attest"}))


@_on(ev.CheckEnded)
def _check_ended(state: State, event: ev.CheckEnded, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    new = replace(old, wants=old.wants - {"camera"}, effect="")
    return _with_step(state, event.unit, event.step, _noted(new, measured=event.measured))


@_on(ev.StepDone)
def _step_done(state: State, event: ev.StepDone, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    status = StepStatus.SKIPPED if "skipped" in event.evidence else StepStatus.DONE
    outcome = "skipped" if status == StepStatus.SKIPPED else "done"
    new = replace(_closed(old, t, outcome), status=status, waived=event.waived, barred=())
    state = _with_step(state, event.unit, event.step, new)
    if step.per != "unit" and status == StepStatus.DONE:
        state = _shared(state, event, step, t)
    unit = _unlooked(state.units[event.unit], frozenset({event.step} if "camera" in event.evidence else ()))
    order = state.orders[unit.order]
    return _with_unit(state, _freed(order, unit, order.variant.successors[event.step]))


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
    state = _called_off(state, event.unit, event.step, old)
    new = replace(
        _closed(old, t, "failed", event.code, event.message),
        status=StepStatus.ATTENTION if asks else StepStatus.READY,
        code=event.code,
        message=event.message,
        remedy=event.remedy,
        rung=event.rung,
        rungs=rungs,
        barred=event.barred,
        resources=_zones(old.resources) if asks else (),
    )
    return _with_step(state, event.unit, event.step, new)


@_on(ev.RecheckRequested)
def _recheck_requested(state: State, event: ev.RecheckRequested, t: float) -> State:
    unit = state.units.get(event.unit)
    if unit is None:
        return state
    rechecking = {**unit.rechecking, event.step: event.effect}
    return _with_unit(state, replace(unit, rechecking=rechecking, rechecks=unit.rechecks + 1, rechecks_t=t))


@_on(ev.RecheckEnded)
def _recheck_ended(state: State, event: ev.RecheckEnded, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    late = overtaken(state, event.unit, step, event.measured)
    seen = event.measured or Measured(verdict="cannot_see", reason=event.error)
    new = replace(old, seen_again=seen, late_looks=old.late_looks + 1 if late else 0)
    state = _with_step(state, event.unit, event.step, new)
    unit = state.units[event.unit]
    looked_at = unit.looked_at if late else unit.looked_at | {event.step}
    return _with_unit(state, replace(unit, rechecking=_without(unit.rechecking, event.step), looked_at=looked_at))


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
        looks=0,
        late_looks=0,
        doubted_t=t,
    )
    return _blocked(_with_step(state, event.unit, event.step, new), event.unit, event.step)


@_on(ev.StepAnswered)
def _step_answered(state: State, event: ev.StepAnswered, _t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    _, old = found
    again = event.choice in {"retry", "other_actor"}
    status = StepStatus.READY if again else old.status
    new = replace(old, status=status, barred=event.barred)
    if again:
        new = replace(new, rung=0, rungs={}, resources=())
    if event.choice == "recheck":  # whoever looked before did so before the part was put right
        new = replace(new, witnesses=())
    return _with_step(state, event.unit, event.step, new)


@_on(ev.StepUndone)
def _undone(state: State, event: ev.StepUndone, t: float) -> State:
    found = state.step(event.unit, event.step)
    if found is None:
        return state
    step, old = found
    state = _called_off(state, event.unit, event.step, old)
    new = replace(
        _closed(old, t, "undone", "undone", event.because),
        status=StepStatus.UNDONE,
        values={},
        witnesses=(),
        waived="",
        rung=0,
        rungs={},
        barred=(),
    )
    state = _with_step(state, event.unit, event.step, new)
    unit = state.units[event.unit]
    order = state.orders[unit.order]
    if step.per != "unit":
        order = replace(order, shared=order.shared - {f"{step.id}#{share(step, unit.n)}"})
        state = replace(state, orders={**state.orders, order.id: order})
    state = _blocked(state, event.unit, event.step)
    return _with_unit(state, _freed(order, state.units[event.unit], (event.step,)))


@_on(ev.PartMoved)
def _part_moved(state: State, event: ev.PartMoved, t: float) -> State:
    bins = state.bins
    if event.bin and event.bin in bins:
        bins = {**bins, event.bin: max(0, bins[event.bin] - math.ceil(event.qty))}
    state = replace(state, world=state.world.moved(event, t), bins=bins)
    if event.unit in state.behind and not any(fact.unit == event.unit for fact in state.world.facts.values()):
        state = replace(state, behind=_without(state.behind, event.unit))
    return state if event.what == "seen" else _touched(state, event)


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
            other = _unlooked(replace(unit, steps={**unit.steps, step.id: status}))
            state = _with_unit(state, _freed(order, other, order.variant.successors[step.id]))
    return state


def _touched(state: State, event: ev.PartMoved) -> State:
    """Evidence of a result that is being verified ends when its part, or what that sits on, is touched."""
    unit = state.units.get(event.unit)
    if unit is not None and unit.looked_at:
        unit = replace(unit, looked_at=frozenset())
        state = _with_unit(state, unit)
    for step_id in unit.busy if unit else ():
        assert unit is not None
        step = unit.steps[step_id]
        part = state.orders[unit.order].variant.by_id[step_id].result.part
        below = {fact.part for fact in state.world.chain(f"{unit.id}/{part}")}
        if step.status == StepStatus.VERIFYING and part and event.part in {*below, f"{unit.id}/{part}"}:
            state = _with_step(state, unit.id, step_id, _noted(replace(step, witnesses=()), measured=None))
    return state


def _blocked(state: State, unit_id: str, step_id: str) -> State:
    """What was ready to follow a step waits for it again."""
    unit = state.units[unit_id]
    steps = dict(unit.steps)
    for follower in state.orders[unit.order].variant.successors[step_id]:
        if steps[follower].status == StepStatus.READY:
            steps[follower] = replace(steps[follower], status=StepStatus.WAITING)
    return _with_unit(state, replace(unit, steps=steps))


def _unlooked(unit: UnitState, but: frozenset[str] = frozenset()) -> UnitState:
    """Something was done to a unit: what the camera sees from now on counts, `but` what it has just seen."""
    return replace(unit, rechecking={}, looked_at=but) if unit.rechecking or unit.looked_at != but else unit


def _called_off(state: State, unit_id: str, step_id: str, step: StepState) -> State:
    """A skill that nobody waits for any more still has to bring the arm to a stand; nothing it proposed goes ahead."""
    if "skill" not in step.wants:
        return state
    effect = skill_effect(unit_id, step_id, step.attempt)
    return replace(state, ending=state.ending | {effect}, motions=_unasked(state, effect))


def _unasked(state: State, effect: str) -> dict[str, MotionState]:
    """The motions without those of an effect that still wait for approval."""
    return {name: motion for name, motion in state.motions.items() if motion.approved or motion.effect != effect}


def _freed(order: OrderRecord, unit: UnitState, candidates: tuple[str, ...]) -> UnitState:
    """Make ready what waits for nothing any more."""
    steps = dict(unit.steps)
    for name in candidates:
        waiting = steps[name].status in {StepStatus.WAITING, StepStatus.UNDONE}
        if waiting and all(steps[wait.step].status in OVER for wait in order.variant.by_id[name].after):
            steps[name] = replace(steps[name], status=StepStatus.READY)
    return replace(unit, steps=steps)


def _zones(resources: tuple[str, ...]) -> tuple[str, ...]:
    """While a result is looked at, its place stays reserved; tools and bins are free again."""
    return tuple(name for name in resources if name.startswith("zone:"))


def _closed(step: StepState, t: float, outcome: str, code: str = "", message: str = "") -> StepState:
    attempts = step.attempts
    if attempts and attempts[-1].ended_t is None:
        attempts = (*attempts[:-1], replace(attempts[-1], ended_t=t, outcome=outcome, code=code, message=message))
    made_t = t if step.doubted_t is None else step.ended_t
    return replace(step, wants=frozenset(), effect="", resources=(), actors=(), ended_t=made_t, attempts=attempts)


def _noted(step: StepState, **what: Any) -> StepState:
    if not step.attempts:
        return step
    return replace(step, attempts=(*step.attempts[:-1], replace(step.attempts[-1], **what)))


def _with_step(state: State, unit_id: str, step_id: str, step: StepState) -> State:
    unit = state.units[unit_id]
    return _with_unit(state, replace(unit, steps={**unit.steps, step_id: step}))


def _with_unit(state: State, unit: UnitState) -> State:
    return replace(state, units={**state.units, unit.id: unit})


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != key}
