"""State from events. Pure, and never refuses: a journal of old loads under new tables."""

from __future__ import annotations

import dataclasses

from orchestrator.core import events as ev
from orchestrator.core.carried import taken_over
from orchestrator.core.fold_retreat import RETREATS
from orchestrator.core.fold_steps import STEPS
from orchestrator.core.folders import Folder, called_off, entering, freed, unclear, unlooked, with_unit, without
from orchestrator.core.holding import HOLDING
from orchestrator.core.homing import HOMING, without_home
from orchestrator.core.machine import AT_WORK, MOTION_ALLOWED, CellState, OrderState, StepStatus
from orchestrator.core.pauses import RUNS, halted, timed
from orchestrator.core.ports import Safety
from orchestrator.core.records import replace
from orchestrator.core.remains import REMAINS
from orchestrator.core.signature import signed
from orchestrator.core.state import (
    DENIED_S,
    GripDoubt,
    HelpState,
    ManualMotion,
    MotionState,
    OrderRecord,
    PauseState,
    Person,
    RetreatEnd,
    State,
    StepState,
    UnitState,
    share,
    tried,
)
from orchestrator.core.supervision import unreleased, without_approver

CUT_SHORT = "The orchestrator stopped while the arm retreated, or was about to."
_CELL: dict[type, Folder] = {}
_on = entering(_CELL)


def fold(state: State, event: ev.Event, t: float, seq: int) -> State:
    """Return the state after an event that happened at `t` (s, UTC)."""
    folder = _FOLDERS.get(type(event))
    after = folder(state, event, t) if folder else state
    return replace(after, seq=seq, t=t)


# ---- cell ------------------------------------------------------------------------------------------------------


_COMES_TO_STAND = frozenset({CellState.HOLDING, CellState.STOPPING, CellState.ABORTING})


@_on(ev.CellChanged)
def _cell(state: State, event: ev.CellChanged, t: float) -> State:
    known = state.acknowledged if event.acknowledged is None else event.acknowledged
    if event.state == CellState.EXECUTE:  # whatever was seen before the cell stood is looked at again
        units = {name: replace(unit, looked_at=frozenset()) for name, unit in state.units.items()}
        state = replace(state, units=units, running_t=state.running_t if state.cell in AT_WORK else t)
    if event.state not in MOTION_ALLOWED:
        state = unreleased(state)
    if event.state not in RUNS:
        state = halted(state, t)
    stays = state.suspended if event.state == CellState.SUSPENDED else ""
    return replace(
        state,
        cell=event.state,
        cell_changes=state.cell_changes + 1,
        cell_reason=event.reason,
        cell_trouble=event.trouble,
        acknowledged=known,
        alarms=state.alarms + (event.acknowledged is False),
        suspended=event.suspended or stays,
        suspends=state.suspends + bool(event.suspended),
        stood_t=t if event.state in _COMES_TO_STAND else state.stood_t,
        retreated=None,
    )


@_on(ev.JournalRetained)
def _retained(state: State, event: ev.JournalRetained, _t: float) -> State:
    return taken_over(event.state, state)


@_on(ev.CellRestarted)
def _restarted(state: State, event: ev.CellRestarted, t: float) -> State:
    state = unreleased(state)
    state = replace(
        state,
        cell=event.state,
        cell_changes=state.cell_changes + 1,
        cell_reason="restarted",
        cell_trouble=(),
        suspended="",
        acknowledged=False,
        alarms=state.alarms + 1,
        motions={},
        came=None,
        manual=None,
        retreat=None,
        retreated=RetreatEnd("unknown", "restarted", CUT_SHORT, t=t) if state.retreat is not None else None,
        places={},
        helps={},
        screens_lost=frozenset(),
        pauses={key: pause for key, pause in state.pauses.items() if key.startswith("order/")},
        ending=frozenset(),
        homing="",
        remains={},
        grip=None,
        upset_t=t,
        units={name: unlooked(unit) for name, unit in state.units.items()},
    )
    return timed(state, t)  # what was paused at a place or of the robot is held by now


@_on(ev.ModeChanged)
def _mode(state: State, event: ev.ModeChanged, _t: float) -> State:
    return replace(state, mode=event.mode)


@_on(ev.AutonomyChanged)
def _autonomy(state: State, event: ev.AutonomyChanged, _t: float) -> State:
    return replace(unreleased(state), autonomy=event.autonomy)


@_on(ev.Acknowledged)
def _acknowledged(state: State, _event: ev.Acknowledged, _t: float) -> State:
    return replace(state, acknowledged=True)


@_on(ev.SafetyChanged)
def _safety(state: State, event: ev.SafetyChanged, t: float) -> State:
    known = state.acknowledged if event.acknowledged is None else event.acknowledged
    struck_t = t if event.safety == Safety.PROTECTIVE_STOP else state.struck_t
    alarms = state.alarms + (event.acknowledged is False)
    return replace(state, safety=event.safety, acknowledged=known, alarms=alarms, struck_t=struck_t)


@_on(ev.Paused)
def _paused(state: State, event: ev.Paused, t: float) -> State:
    pauses = {**state.pauses, event.target: PauseState(event.by, t, event.reason)}
    return timed(replace(state, pauses=pauses), t)


@_on(ev.Resumed)
def _resumed(state: State, event: ev.Resumed, t: float) -> State:
    return timed(replace(state, pauses=without(state.pauses, event.target)), t)


@_on(ev.PlaceJoined)
def _joined(state: State, event: ev.PlaceJoined, t: float) -> State:
    person, before = Person(event.operator, event.qualifications), state.places.get(event.place)
    if before is not None and before.operator != event.operator:
        state = replace(without_approver(state, before.operator), helps=without(state.helps, event.place))
    came = {**state.places_t, event.place: t}
    return replace(state, places={**state.places, event.place: person}, places_t=came)


@_on(ev.PlaceLeft)
def _left(state: State, event: ev.PlaceLeft, t: float) -> State:
    gone = state.places.get(event.place)
    state = without_approver(state, gone.operator) if gone is not None else state
    return replace(
        state,
        places=without(state.places, event.place),
        helps=without(state.helps, event.place),
        places_t={**state.places_t, event.place: t},
        screens_lost=state.screens_lost - {event.place},
    )


@_on(ev.HelpCalled)
def _help_called(state: State, event: ev.HelpCalled, t: float) -> State:
    called = HelpState(event.by, t, event.unit, event.step)
    return replace(state, helps={**state.helps, event.place: called})


@_on(ev.HelpAnswered)
def _help_answered(state: State, event: ev.HelpAnswered, t: float) -> State:
    called = state.helps.get(event.place)
    if called is None:
        return state
    answered = dataclasses.replace(called, coming=event.by, coming_t=t)
    return replace(state, helps={**state.helps, event.place: answered})


@_on(ev.HelpWithdrawn)
def _help_withdrawn(state: State, event: ev.HelpWithdrawn, _t: float) -> State:
    return replace(state, helps=without(state.helps, event.place))


@_on(ev.PlaceCleared)
def _cleared(state: State, event: ev.PlaceCleared, _t: float) -> State:
    return replace(state, unclear=without(state.unclear, event.place))


@_on(ev.GripContradicted)
def _grip_contradicted(state: State, event: ev.GripContradicted, t: float) -> State:
    return replace(state, grip=GripDoubt(event.part, event.holding, t))


@_on(ev.GripAgreed)
def _grip_agreed(state: State, _event: ev.GripAgreed, _t: float) -> State:
    return replace(state, grip=None)


@_on(ev.ScreenLost)
def _screen_lost(state: State, event: ev.ScreenLost, _t: float) -> State:
    person = state.places.get(event.place)
    state = without_approver(state, person.operator) if person is not None else state
    return replace(state, screens_lost=state.screens_lost | {event.place})


@_on(ev.ScreenBack)
def _screen_back(state: State, event: ev.ScreenBack, _t: float) -> State:
    return replace(state, screens_lost=state.screens_lost - {event.place})


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
        needs=event.needs if isinstance(event, ev.MotionProposed) else 0,
        supervised=event.supervised if isinstance(event, ev.MotionProposed) else "",
        end=event.end,
        lead_s=event.lead_s if isinstance(event, ev.MotionIntended) else 0.0,
    )
    if state.zones_awaited[0] == event.effect:
        state = replace(state, zones_awaited=("", ()))
    asked = state.motions.get(event.motion)
    if asked is not None and isinstance(event, ev.MotionIntended):
        motion = dataclasses.replace(asked, approved=True, t=t, lead_s=motion.lead_s)
    trail = None if motion.approved else state.trail  # it goes on from there, and is not noted before it stands
    return replace(state, motions={**state.motions, event.motion: motion}, trail=trail)


@_on(ev.ZonesAwaited)
def _zones_awaited(state: State, event: ev.ZonesAwaited, _t: float) -> State:
    return replace(state, zones_awaited=(event.effect, event.zones))


@_on(ev.EquipmentLost)
def _equipment_lost(state: State, event: ev.EquipmentLost, _t: float) -> State:
    return replace(state, equipment_lost={**state.equipment_lost, event.device: (event.unit, event.step)})


@_on(ev.EquipmentBack)
def _equipment_back(state: State, event: ev.EquipmentBack, _t: float) -> State:
    return replace(state, equipment_lost=without(state.equipment_lost, event.device))


@_on(ev.MotionApproved)
def _motion_approved(state: State, event: ev.MotionApproved, t: float) -> State:
    if (motion := state.motions.get(event.motion)) is None:
        return state
    state = signed(state, event.signature, event.unit, event.step, event.attempt, event.by, t, "")
    approved = dataclasses.replace(motion, approved_by=(*motion.approved_by, event.by))
    return replace(state, motions={**state.motions, event.motion: approved})


@_on(ev.MotionRefused)
def _motion_refused(state: State, event: ev.MotionRefused, _t: float) -> State:
    if (motion := state.motions.get(event.motion)) is None:
        return state
    refused = dataclasses.replace(motion, refused=event.reason, approved_by=())
    return replace(state, motions={**state.motions, event.motion: refused})


@_on(ev.BreakpointSet, ev.BreakpointCleared)
def _breakpoint(state: State, event: ev.BreakpointSet | ev.BreakpointCleared, _t: float) -> State:
    holder = state.units.get(event.unit) if event.unit else state.orders.get(event.order)
    if holder is None:
        return state
    one = frozenset({event.step})
    if isinstance(event, ev.BreakpointCleared):
        names = holder.breakpoints - one
    else:  # a word that was given before is not for what stops there now
        names, state = holder.breakpoints | one, unreleased(state)
    if event.unit:
        return with_unit(state, replace(state.units[event.unit], breakpoints=names))
    return replace(state, orders={**state.orders, event.order: replace(state.orders[event.order], breakpoints=names)})


@_on(ev.MotionEnded)
def _motion_ended(state: State, event: ev.MotionEnded, t: float) -> State:
    as_planned = event.outcome in {"succeeded", "rejected"}
    ended = state.motions.get(event.motion)
    came = state.came if ended is None or not ended.approved or event.outcome == "rejected" else ended
    upset_t = state.upset_t if as_planned else t
    return replace(state, motions=without(state.motions, event.motion), came=came, upset_t=upset_t)


@_on(ev.ManualStarted)
def _manual(state: State, event: ev.ManualStarted, t: float) -> State:
    return replace(state, manual=ManualMotion(event.motion, event.what, event.by, t, event.press), trail=None)


@_on(ev.ManualEnded)
def _manual_ended(state: State, _event: ev.ManualEnded, t: float) -> State:
    return replace(state, manual=None, upset_t=t)


@_on(ev.FrameTaught)
def _taught(state: State, event: ev.FrameTaught, _t: float) -> State:
    return replace(state, taught={**without(state.taught, event.name), event.name: event})


@_on(ev.OutcomeIgnored)
def _ignored(state: State, event: ev.OutcomeIgnored, _t: float) -> State:
    stands = (
        event.what in {"end_skill", "end_check"} and event.effect in state.ending
    )  # a motion's end is not its skill's
    return replace(state, ending=state.ending - {event.effect}) if stands else state


@_on(ev.CommandDenied)
def _denied(state: State, event: ev.CommandDenied, t: float) -> State:
    fresh = {key: at for key, at in state.denied.items() if t - at < DENIED_S}
    return replace(state, denied={**fresh, tried(event.by, event.command): t})


@_on(ev.PersonErased)
def _erased(state: State, event: ev.PersonErased, _t: float) -> State:
    return replace(state, erased=state.erased | {event.person})


# ---- orders and units ------------------------------------------------------------------------------------------


@_on(ev.OrderStored)
def _stored(state: State, event: ev.OrderStored, t: float) -> State:
    order = OrderRecord(id=event.order, variant=event.variant, quantity=event.quantity, due_t=event.due_t, stored_t=t)
    return replace(state, orders={**state.orders, event.order: order})


@_on(ev.OrderChanged)
def _order(state: State, event: ev.OrderChanged, t: float) -> State:
    if event.order not in state.orders:
        return state
    key = f"order/{event.order}"
    if event.state == OrderState.PAUSED:
        pauses = {**state.pauses, key: PauseState(event.by, t, event.reason)}
        state = timed(replace(state, pauses=pauses), t)
    elif key in state.pauses:
        state = timed(replace(state, pauses=without(state.pauses, key)), t)
    if event.state == OrderState.CLEARED:
        return replace(state, orders=without(state.orders, event.order))
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
    state = replace(state, orders=orders, units_started=state.units_started + 1, suspends=0)
    return with_unit(state, freed(order, unit, tuple(steps)))


@_on(ev.UnitEnded)
def _unit_ended(state: State, event: ev.UnitEnded, _t: float) -> State:
    if (unit := state.units.get(event.unit)) is not None:
        for step_id in unit.busy:
            state = unclear(called_off(state, event.unit, step_id, unit.steps[step_id]), unit.steps[step_id])
    state = without_home(state, event.unit)
    units = without(state.units, event.unit)
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


_FOLDERS = {**_CELL, **STEPS, **HOLDING, **RETREATS, **HOMING, **REMAINS}
