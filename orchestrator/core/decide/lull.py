"""Rules for a cell in which no lane can proceed: starved, blocked, or without the person whose turn it is.

It suspends by itself, and goes on by itself once a lane can proceed again. Not to and fro: see `suspends_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.core import events as ev
from orchestrator.core.decide.orders import free_nests
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState, OrderState, StepStatus
from orchestrator.core.readiness import blockers, crews, lies, supply
from orchestrator.core.records import replace
from orchestrator.core.remains import looking
from orchestrator.core.second_look import may_look
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core import commands as cmd
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.readiness import Blocker
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import Step

CALM_S = 5.0  # nothing has happened for so long before the cell suspends; doubled by each time that came to nothing
CALMEST_S = 600.0
BACK_S = 1.0  # nothing has happened for so long before it goes on again
_PASSES = frozenset(
    {"interlock", "ending", "lane", "order", "paused", "shared", "recheck", "doubted", "not_ready", "release", "rewind"}
)
_PEOPLE = frozenset({"actor", "qualification", "screen"})
_OPEN = frozenset({OrderState.RUNNING, OrderState.STOPPING})

Why = Literal["starved", "blocked", "away"]


@dataclass(frozen=True, slots=True)
class Lull:
    """One reason why no lane can proceed, in sentences; `bin` is the one to refill, if that helps."""

    why: Why
    said: tuple[str, ...]
    bin: str = ""


def lulls(state: State, now: float) -> tuple[Lull, ...]:
    """Return why no lane can proceed, each reason once, oldest unit first; empty where one can or somebody is at it.

    Judged as if the cell executed. A question that waits for a person's decision, a window that opens by itself and
    whatever a person has paused are no such reasons: then the cell goes on waiting in Execute.
    """
    cell = state if state.cell == CellState.EXECUTE else replace(state, cell=CellState.EXECUTE)
    if (
        why_not(cell)
        or cell.motions
        or cell.ending
        or looking(cell)
        or any(u.rechecking or u.rewind for u in cell.units.values())
    ):
        return ()
    out: dict[tuple[str, ...], Lull] = {}
    for unit, step_id, current in cell.busy():
        if (away := _left(cell, unit, step_id, current)) is None:
            return ()
        out[away.said] = away
    for unit in cell.units.values():
        if cell.orders[unit.order].state not in _OPEN:
            continue
        for step in cell.variant_of(unit.id).steps:
            if unit.steps[step.id].status == StepStatus.READY:
                if (stuck := tuple(_stuck(cell, unit, step, now))) == () or None in stuck:
                    return ()
                out |= {one.said: one for one in stuck if one is not None}
    for order in cell.orders.values():
        if order.state != OrderState.RUNNING or order.started >= order.quantity:
            continue
        if free_nests(cell, order) is not None:
            return ()
        for part in cell.leftovers():
            said = tuple(lies(cell.world.facts[part], frame) for frame in cell.world.facts[part].frames)
            out[said] = Lull("blocked", said)
    return tuple(out.values())


def suspends_at(state: State, now: float) -> float | None:
    """Return when the cell suspends if nothing happens till then (s, UTC); None where a lane can proceed.

    Each suspending that nothing came of (no step or unit began after it) doubles the wait, up to `CALMEST_S`.
    """
    if state.cell != CellState.EXECUTE or not lulls(state, now):
        return None
    return state.t + min(CALM_S * 2.0**state.suspends, CALMEST_S)


def goes_on_at(state: State, now: float) -> float | None:
    """Return when a cell that suspended by itself goes on if nothing happens till then; None where it stays so.

    What a person has suspended stays so.
    """
    if state.cell != CellState.SUSPENDED or not state.suspended or lulls(state, now):
        return None
    return state.t + BACK_S if not why_not(replace(state, cell=CellState.EXECUTE)) else None


def report(state: State, _command: cmd.ReportLull, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Suspend a cell in which no lane can proceed, or let it go on; nothing where it is not time for either."""
    at = suspends_at(state, now)
    if at is not None and now >= at - 1e-6:
        first = lulls(state, now)[0]
        return [ev.CellChanged(state=CellState.SUSPENDING, reason=" ".join(first.said), suspended=first.why)]
    at = goes_on_at(state, now)
    if at is not None and now >= at - 1e-6:
        return [ev.CellChanged(state=CellState.UNSUSPENDING)]
    return []


def _stuck(state: State, unit: UnitState, step: Step, now: float) -> Iterator[Lull | None]:
    """Yield why a ready step can't begin, for each way to do it; None where one can, or what hinders it passes."""
    current = unit.steps[step.id]
    people = False
    for crew in crews(state, step, current.barred):
        why = blockers(state, unit, step, crew, now)
        if not why or any(reason.code in _PASSES or reason.until_t is not None for reason in why):
            yield None
            return
        people = people or any(actor != ROBOT for actor in crew)
        yield _told(state, unit, step, crew, why)
    wanted = step.human is not None and (step.together or "human" not in current.barred)
    if wanted and not people:
        yield _away(state, f"{step.id} of {unit.id} waits for a person")


def _told(state: State, unit: UnitState, step: Step, crew: tuple[str, ...], why: list[Blocker]) -> Lull:
    first = next((reason for reason in why if reason.code == "starved"), why[0])
    if first.code == "starved":
        name, _ = supply(state, unit, step, crew)
        kind = step.result.kind
        return Lull("starved", (f"Bin {name} has too few {kind} for {step.id} of {unit.id}: refill it.",), name)
    kind_: Why = "away" if first.code in _PEOPLE else "blocked"
    return Lull(kind_, (f"{step.id} of {unit.id} can't begin.", first.message))


def _left(state: State, unit: UnitState, step_id: str, current: StepState) -> Lull | None:
    """Return that whoever was at a step has left, or that nobody is there to look at it; None where somebody is."""
    if current.wants == {"confirm"} and not any(actor in state.places for actor in current.actors):
        return _away(state, f"{step_id} of {unit.id} waits for whoever was at it", current.actors)
    if current.wants == {"attest"} and not state.places:
        return _away(state, f"{step_id} of {unit.id} waits for a person's look")
    step = state.variant_of(unit.id).by_id[step_id]
    if current.wants == {"attest"} and not any(may_look(step, current, who.operator) for who in state.places.values()):
        return _away(state, f"{step_id} of {unit.id} waits for another person's look")
    return None


def _away(state: State, what: str, places: tuple[str, ...] = ()) -> Lull:
    return Lull("away", (f"{what}: sign in at {' or '.join(places or tuple(state.spec.places))}.",))
