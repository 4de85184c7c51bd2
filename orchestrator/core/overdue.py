"""Which steps wait too long for a person, since when, and how far that has climbed: remind, offer, ask.

A step waits for a person while they are at it, while they shall look at a result, and while nobody is there who may
do it. The clock stands still while the cell doesn't run or the step is paused, and starts anew when the cell runs
again, when somebody comes to the place or leaves it, and when a person asks for more time; what was reached before
that counts no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.core.machine import AT_WORK, OrderState, StepStatus
from orchestrator.core.pauses import THE_CELL
from orchestrator.core.readiness import crews, supply
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.state import Overdue, State, StepState, UnitState
    from orchestrator.core.variant import Step

Waiting = Literal["", "at_it", "look", "nobody"]
_RUNGS: tuple[Overdue, ...] = ("", "remind", "offer", "ask")


@dataclass(frozen=True, slots=True)
class Due:
    """A rung that a step has come to (`level` "" where it is not overdue), and when it comes to the next (s, UTC)."""

    level: Overdue
    next_t: float | None


def waits_for(state: State, unit: UnitState, step: Step) -> Waiting:
    """Return in which way a step waits for a person now, "" where it doesn't."""
    current = unit.steps[step.id]
    if current.status == StepStatus.UNDOING or (current.status == StepStatus.ACTIVE and current.wants == {"confirm"}):
        return "at_it"
    if current.status == StepStatus.VERIFYING and current.wants == {"attest"}:
        return "look"
    return "nobody" if current.status == StepStatus.READY and unattended(state, unit, step) else ""


def unattended(state: State, unit: UnitState, step: Step) -> bool:
    """Whether nobody is there who may do a step that could be done."""
    order = state.orders[unit.order]
    if order.state not in {OrderState.RUNNING, OrderState.STOPPING} or unit.rewind is not None:
        return False
    return not any(
        _qualified(state, step, crew) and not _stranded(state, unit, step, crew)
        for crew in crews(state, step, unit.steps[step.id].barred)
    )


def _stranded(state: State, unit: UnitState, step: Step, crew: tuple[str, ...]) -> bool:
    """Whether the robot is all that is left for a step, and only a person brings about that it can begin."""
    current = unit.steps[step.id]
    if crew != (ROBOT,):
        return False
    unknown = current.unsaid and current.handed is None
    return unknown or ("human" in current.barred and not supply(state, unit, step, crew)[1])


def since(state: State, unit: UnitState, step: Step) -> float:
    """Return since when (s, UTC) a step waits for a person, as far as it does."""
    current = unit.steps[step.id]
    waits = waits_for(state, unit, step)
    start = max(state.running_t, current.patient_t)
    if waits == "at_it":
        places = [actor for actor in current.actors if actor != ROBOT]
        return max(start, *(state.places_t.get(place, 0.0) for place in places)) + current.paused_s
    if waits == "look":
        return start
    free = [(unit.steps[wait.step].ended_t or 0.0) + wait.min_s for wait in step.after]
    tried = current.attempts[-1].ended_t if current.attempts else None
    return max(start, unit.started_t, tried or 0.0, *free, *state.places_t.values())


def level(state: State, unit: UnitState, step: Step) -> Overdue:
    """Return how far a step's waiting for a person has climbed, "" where it is not overdue."""
    current = unit.steps[step.id]
    if not current.overdue or not waits_for(state, unit, step):
        return ""
    return current.overdue if current.overdue_t > since(state, unit, step) else ""


def due(state: State, unit: UnitState, step: Step, now: float) -> Due:
    """Return how far a step's waiting for a person has climbed by the clock.

    A rung on which nothing could be offered is passed over: an offer to nobody helps nobody.
    """
    paused = THE_CELL in state.pauses or unit.steps[step.id].paused_t is not None
    if state.cell not in AT_WORK or paused or not waits_for(state, unit, step):
        return Due("", None)
    allowed_s = state.spec.patience.allowed_s(step.time_s.get("human"))
    start = since(state, unit, step)
    offer = waits_for(state, unit, step) == "at_it" and bool(takers(state, unit, step))
    rungs = [rung for rung in _RUNGS[1:] if rung != "offer" or offer]
    ends = [start + n * allowed_s for n in range(1, len(rungs) + 1)]
    passed = sum(end <= now + 1e-6 for end in ends)
    return Due(rungs[passed - 1] if passed else "", ends[passed] if passed < len(ends) else None)


def takers(state: State, unit: UnitState, step: Step) -> tuple[str, ...]:
    """Return who else might do a step that a person is at: other places, and the robot where that person says so.

    Whether they can begin now is for readiness to say.
    """
    current = unit.steps[step.id]
    if step.together or current.status != StepStatus.ACTIVE or ROBOT in current.actors:
        return ()
    there = any(actor in state.places for actor in current.actors)
    return tuple(
        crew[0]
        for crew in crews(state, step, current.barred)
        if crew[0] not in current.actors and _qualified(state, step, crew) and (crew[0] != ROBOT or there)
    )


def climbing(state: State) -> Iterator[tuple[UnitState, Step]]:
    """Yield every step that waits for a person."""
    for unit in state.units.values():
        variant = state.orders[unit.order].variant
        for step_id, current in unit.steps.items():
            if current.status in {StepStatus.ACTIVE, StepStatus.VERIFYING, StepStatus.READY, StepStatus.UNDOING}:
                step = variant.by_id[step_id]
                if waits_for(state, unit, step):
                    yield unit, step


def overdue(state: State) -> Iterator[tuple[UnitState, Step, StepState, Overdue]]:
    """Yield every step that waits too long for a person, and how far that has climbed."""
    for unit, step in climbing(state):
        if reached := level(state, unit, step):
            yield unit, step, unit.steps[step.id], reached


def _qualified(state: State, step: Step, crew: tuple[str, ...]) -> bool:
    needs = set(step.human.needs) if step.human else set()
    people = [state.places[actor] for actor in crew if actor in state.places]
    return all(needs <= set(person.qualifications) for person in people)


def times_unclear(state: State, place: str) -> int:
    """Return which time a place is unclear, from 1 on; states of before it was counted know no number."""
    return max(1, state.unclear_n.get(place, 1))
