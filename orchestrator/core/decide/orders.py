"""Rules for orders and units."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import rechecks, remains
from orchestrator.core.decide.pauses import not_resumed
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.fold import fold
from orchestrator.core.machine import MOTION_ALLOWED, OrderState, OrderVerb, move
from orchestrator.core.rechecks import due_at_end

if TYPE_CHECKING:
    from orchestrator.core.commands import Measured
    from orchestrator.core.state import Attempt, OrderRecord, State, UnitState, Waiver


def store(state: State, command: cmd.StoreOrder, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Put an order on the list."""
    if command.order in state.orders:
        return Rejected("order_exists", f"There is an order {command.order} already.", "Give this one another id.")
    return [
        ev.OrderStored(
            order=command.order, quantity=command.quantity, due_t=command.due_t, variant=command.variant, by=by.name
        )
    ]


def change(state: State, command: cmd.ChangeOrder, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Start, pause, resume, stop, abort, cancel or clear an order."""
    order = state.orders.get(command.order)
    if order is None:
        known = ", ".join(sorted(state.orders)) or "none"
        return Rejected("no_order", f"There is no order {command.order}.", f"Known orders: {known}.")
    if command.verb == OrderVerb.END:
        return Rejected("not_yours", "An order ends by itself.", "Stop it to finish only the units in work.")
    if (command.verb, order.state) == (OrderVerb.STOP, OrderState.PAUSED):  # it would let a robot that stands go on
        return Rejected("paused", f"Order {order.id} is paused.", "Resume it, then stop it; or abort it.")
    after = move("order", order.state, command.verb)
    if command.verb == OrderVerb.RESUME and (refused := not_resumed(state, f"order/{order.id}")):
        return refused
    if after == OrderState.ABORTED:
        return abort(state, order, now, command.reason, by.name)
    out: list[ev.Event] = [ev.OrderChanged(order=order.id, state=after, reason=command.reason, by=by.name)]
    if command.verb == OrderVerb.STOP and not any(unit.order == order.id for unit in state.units.values()):
        out.append(ev.OrderChanged(order=order.id, state=OrderState.ENDED, reason="nothing in work"))
    return out


def abort(state: State, order: OrderRecord, now: float, reason: str, by: str) -> list[ev.Event]:
    """Return the events of an order that is aborted: its units in work are scrapped. Raises IllegalMove."""
    after = move("order", order.state, OrderVerb.ABORT)
    out: list[ev.Event] = []
    for unit in state.units.values():
        if unit.order == order.id:
            out += remains.perhaps_left(state, unit)
            out.append(ended(state, unit, "scrapped", now, reason=reason or "order aborted", by=by))
    return [*out, ev.OrderChanged(order=order.id, state=after, reason=reason, by=by)]


def start_unit(state: State, command: cmd.StartUnit, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Begin the next unit of a running order in free nests."""
    order = state.orders.get(command.order)
    if order is None or order.state != OrderState.RUNNING or order.started >= order.quantity:
        return Rejected("no_unit", f"Order {command.order} has no unit to start.")
    if state.cell not in MOTION_ALLOWED:
        return Rejected("cell", f"The cell is {state.cell}.")
    nests = free_nests(state, order)
    if nests is None:
        left = ", ".join(state.leftovers())
        remedy = f"Take out {left} of a scrapped unit, then say so." if left else "Wait until one leaves."
        return Rejected("no_nest", "Every nest holds a unit.", remedy)
    unit = f"u{state.units_started + 1}"
    first = ev.UnitStarted(unit=unit, order=order.id, n=order.started + 1, nests=nests, cell=state.spec.name)
    return [first, *after_step(fold(state, first, now, state.seq), order.id, now)]


def free_nests(state: State, order: OrderRecord) -> dict[str, str] | None:
    """Return a free frame for each nest role that the order's variant uses; None while one is missing.

    What a scrapped unit has left behind keeps its nest until a person has taken it out.
    """
    roles = {
        target.frame
        for step in order.variant.steps
        for target in (step.result.at, step.result.along)
        if target is not None and target.owner is None and target.frame in state.spec.nests
    }
    taken = {frame for unit in state.units.values() for frame in unit.nests.values()}
    taken |= {frame for part in state.leftovers() for frame in state.world.facts[part].frames}
    out = {}
    for role in sorted(roles):
        frame = next((name for name in state.spec.nests[role] if name not in taken), None)
        if frame is None:
            return None
        out[role] = frame
        taken.add(frame)
    if not roles and any(unit.order == order.id for unit in state.units.values()):
        return None  # without a nest of its own a unit has the cell to itself
    return out


def after_step(state: State, order_id: str, now: float) -> list[ev.Event]:
    """Return what follows once steps are over; `state` already holds their ends.

    A step that is done once for several units may be the last of more than one. The camera looks once more at a unit
    before it leaves.
    """
    order = state.orders[order_id]
    out: list[ev.Event] = []
    leaving = 0
    for unit in state.units.values():
        if unit.order != order_id or not unit.finished or unit.rechecking:
            continue
        if due := due_at_end(state, unit):
            out += rechecks.request(unit, due)
        else:
            out.append(ended(state, unit, "done", now))
            leaving += 1
    return out + _last(order, leaving) if leaving else out


def scrap(state: State, unit: UnitState, now: float, reason: str, by: str) -> list[ev.Event]:
    """Return the events of a unit that leaves as scrap."""
    order = state.orders[unit.order]
    out = ended(state, unit, "scrapped", now, reason=reason, by=by)
    return [*remains.perhaps_left(state, unit), out, *_last(order, 1)]


def _last(order: OrderRecord, leaving: int) -> list[ev.Event]:
    """The order's end, when the last of its units are leaving."""
    more = order.started < order.quantity and order.state != OrderState.STOPPING
    if order.in_work > leaving or more:
        return []
    return [ev.OrderChanged(order=order.id, state=move("order", order.state, OrderVerb.END))]


def ended(state: State, unit: UnitState, how: str, now: float, *, reason: str = "", by: str = "") -> ev.UnitEnded:
    """Build the event of a unit's end, with its as-built record."""
    return ev.UnitEnded(
        unit=unit.id,
        order=unit.order,
        state="done" if how == "done" else "scrapped",
        reason=reason,
        by=by,
        record=record(state, unit, how, now),
    )


def record(state: State, unit: UnitState, how: str, now: float) -> dict[str, Any]:
    """Return the as-built record: what was done by whom, with which evidence. Times in s (UTC)."""
    order = state.orders[unit.order]
    return {
        "unit": unit.id,
        "order": order.id,
        "n": unit.n,
        "product": order.variant.product,
        "procedure_sha256": order.variant.procedure_sha256,
        "cell": state.spec.name,
        "cell_sha256": state.spec.sha256,
        "options": dict(order.variant.options),
        "nests": dict(unit.nests),
        "state": how,
        "started_t": unit.started_t,
        "ended_t": now,
        "signatures": [asdict(signed) for signed in unit.signatures],
        "steps": [
            {
                "step": step.id,
                "status": str(unit.steps[step.id].status),
                "waived": unit.steps[step.id].waived,
                "waiver": _waiver(unit.steps[step.id].waiver),
                "expected_s": dict(step.time_s),
                "attempts": [_attempt(attempt) for attempt in unit.steps[step.id].attempts],
                "seen_again": _measured(unit.steps[step.id].seen_again),
            }
            for step in order.variant.steps
        ],
    }


def _waiver(waiver: Waiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "kind": waiver.kind,
        "by": waiver.by,
        "reason": waiver.reason,
        "t": waiver.t,
        "code": waiver.code,
        "message": waiver.message,
        "measured": _measured(waiver.measured),
        "values": dict(waiver.values),
        "shown": waiver.shown,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "n": attempt.n,
        "actors": list(attempt.actors),
        "operator": attempt.operator,
        "skill_sha256": attempt.skill_sha256,
        "started_t": attempt.started_t,
        "ended_t": attempt.ended_t,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "message": attempt.message,
        "values": dict(attempt.values),
        "lots": dict(attempt.lots),
        "measured": _measured(attempt.measured),
        "photo": attempt.photo,
    }


def _measured(measured: Measured | None) -> dict[str, Any] | None:
    return measured.model_dump(mode="json") if measured else None
