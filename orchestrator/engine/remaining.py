"""How long a unit still takes and what comes next in each lane, by the times that the procedures state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.machine import CellState, OrderState, StepStatus
from orchestrator.core.readiness import crews
from orchestrator.core.state import BUSY, OVER, ROBOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import Step

TIME_LEFT_OF = ("units", "orders", "places", "cell", "pauses")  # what of a state the figures hang on: units share lanes
AHEAD_S = 300.0  # how far what comes next is told
_Work = tuple["UnitState", "Step"]


@dataclass(frozen=True, slots=True)
class Laid:
    """A step that has not begun, as it is laid into the lanes of a crew: from when until when (s, UTC)."""

    unit: str
    step: str
    crew: tuple[str, ...]
    from_t: float
    to_t: float


class _Untold(Exception):
    """The time of a step is not known, or nobody who could do it is there."""


def remaining_s(state: State, unit_id: str) -> float | None:
    """Return how long a unit in work still takes (s) as of the last step that began or ended; None where untold.

    The steps that are left are laid into the lanes of the robot and of those who are there, one at a time in each, as
    the schedule does: what can begin first begins first, then the older unit's, then the procedure's order; who ends it
    first does it. Units that began before this one share the lanes, and whoever is at a younger one ends that first. So
    the figure is never below the longest chain of steps nor below what one lane alone has to do, and for one unit never
    above all its steps one after the other. Looks of a camera, second attempts, tools and zones that are taken, and
    what else younger units need are not reckoned with: it is what the unit takes if everybody keeps to their times.

    Untold while the cell, the order or the unit stands, and where a step's time, or somebody to do it, is missing.
    """
    unit = state.units[unit_id]
    if not _goes_on(state, unit):
        return None
    older = [other for other in _until(state, unit_id) if _goes_on(state, other)]
    plan = _Plan(state, older)
    try:
        return plan.left_s(unit)
    except _Untold:
        return None


def ahead(state: State) -> tuple[Laid, ...]:
    """Return which steps begin within AHEAD_S of the last one that began or ended, of every unit that goes on, in time.

    They are laid as in `remaining_s`. What comes after a step whose time, or who does it, is not known is left out.
    """
    units = [unit for unit in state.units.values() if _goes_on(state, unit)]
    if not units:
        return ()
    plan = _Plan(state, units)
    laid = []
    try:
        for one in plan.lay():
            if one.from_t > plan.now + AHEAD_S:
                break
            if one.crew:
                laid.append(one)
    except _Untold:
        pass
    return tuple(sorted(laid, key=lambda one: (one.from_t, one.crew)))


def _until(state: State, unit_id: str) -> Iterator[UnitState]:
    """Yield the units in work from the oldest up to a unit."""
    for unit in state.units.values():
        yield unit
        if unit.id == unit_id:
            return


def _goes_on(state: State, unit: UnitState) -> bool:
    """Whether nothing but work stands between a unit and its end."""
    order = state.orders[unit.order]
    stands = (
        state.cell != CellState.EXECUTE
        or state.pauses
        or order.state not in {OrderState.RUNNING, OrderState.STOPPING}
        or unit.rewind is not None
    )
    return not stands and all(
        step.status not in {StepStatus.ATTENTION, StepStatus.UNDOING} and step.paused_t is None
        for step in unit.steps.values()
    )


class _Plan:
    """The steps of some units, oldest first, laid into lanes. Times are s, UTC."""

    def __init__(self, state: State, units: list[UnitState]) -> None:
        self._state, self._units = state, units
        moments = [t for unit in units for step in unit.steps.values() for t in (step.started_t, step.ended_t)]
        self.now = max([*(unit.started_t for unit in units), *(t for t in moments if t is not None)])
        self._free = dict.fromkeys((ROBOT, *(place for place in state.spec.places if place in state.places)), self.now)
        self._ends: dict[tuple[str, str], float] = {}
        self._from: dict[tuple[str, str], float] = {}  # once known, it changes no more
        self._ways: dict[tuple[str, str], tuple[tuple[tuple[str, ...], float], ...]] = {}
        planned = {unit.id for unit in units}
        for unit, name, current in state.busy():
            step = state.variant_of(unit.id).by_id[name]
            if unit.id not in planned and current.status == StepStatus.ACTIVE and _known(step, current.actors):
                self._busy_until(current, self._end(step, current))

    def left_s(self, unit: UnitState) -> float:
        """Return when the last of a unit's steps ends, counted from now (s). Raises _Untold."""
        todo = [work for each in self._units for work in self._begun(each)]
        while any(owner.id == unit.id for owner, _ in todo):
            self._lay_first(todo)
        ends = (self._ends[unit.id, name] for name, step in unit.steps.items() if step.status not in OVER)
        return max(0.0, max(ends, default=self.now) - self.now)

    def lay(self) -> Iterator[Laid]:
        """Lay every step that has not begun, one after the other. Raises _Untold where it can't go on."""
        todo = [work for each in self._units for work in self._begun(each)]
        while todo:
            yield self._lay_first(todo)

    def _begun(self, unit: UnitState) -> Iterator[_Work]:
        """Note what is over or under way, and yield what has not begun."""
        for step in self._state.orders[unit.order].variant.steps:
            current = unit.steps[step.id]
            if current.status in OVER:
                self._ends[unit.id, step.id] = self.now if current.ended_t is None else current.ended_t
            elif current.status in BUSY:
                self._under_way(unit, step, current)
            else:
                yield unit, step

    def _under_way(self, unit: UnitState, step: Step, current: StepState) -> None:
        end = self._ends[unit.id, step.id] = self._end(step, current)
        if current.status == StepStatus.ACTIVE:
            self._busy_until(current, end)

    def _end(self, step: Step, current: StepState) -> float:
        """Return when a step that is under way ends; overdue, or in nobody's hands any more, now. Raises _Untold."""
        if not current.actors:
            return self.now
        begun = self.now if current.started_t is None else current.started_t + current.paused_s
        return max(self.now, begun + _takes(step, current.actors))

    def _busy_until(self, current: StepState, end: float) -> None:
        self._free.update((actor, max(end, self._free[actor])) for actor in current.actors if actor in self._free)

    def _lay_first(self, todo: list[_Work]) -> Laid:
        """Lay the step that can begin first into its lanes, and take it out of the list."""
        first: tuple[float, float, _Work, tuple[str, ...]] | None = None
        for work in todo:
            ready = self._ready(*work)
            if ready is None or (first is not None and ready >= first[0]):
                continue
            begins, ends, crew = self._best(*work, ready)
            if first is None or begins < first[0]:
                first = (begins, ends, work, crew)
        if first is None:  # what it waits for is in a unit that stands
            raise _Untold
        begins, ends, (unit, step), crew = first
        self._free.update(dict.fromkeys(crew, ends))
        self._ends[unit.id, step.id] = ends
        todo.remove(first[2])
        return Laid(unit=unit.id, step=step.id, crew=crew, from_t=begins, to_t=ends)

    def _ready(self, unit: UnitState, step: Step) -> float | None:
        """Return from when on nothing but lanes holds a step up; None while a predecessor is not laid."""
        key = (unit.id, step.id)
        if key in self._from:
            return self._from[key]
        ready = self.now
        for wait in step.after:
            end = self._ends.get((unit.id, wait.step))
            if end is None:
                return None
            ready = max(ready, end + wait.min_s)
        self._from[key] = ready
        return ready

    def _best(self, unit: UnitState, step: Step, ready: float) -> tuple[float, float, tuple[str, ...]]:
        """Return when a step begins and ends, and who does it: whoever ends it first."""
        for other in self._state.shares(unit, step):
            if (other.id, step.id) in self._ends:  # done once for both
                return ready, max(ready, self._ends[other.id, step.id]), ()
        best: tuple[float, float, tuple[str, ...]] | None = None
        for crew, takes_s in self._ways_of(unit, step):
            begins = max(ready, *(self._free[actor] for actor in crew))
            if best is None or begins + takes_s < best[1]:
                best = (begins, begins + takes_s, crew)
        if best is None:
            raise _Untold
        return best

    def _ways_of(self, unit: UnitState, step: Step) -> tuple[tuple[tuple[str, ...], float], ...]:
        """Return who may do a step, with how long they take (s), where that is known."""
        key = (unit.id, step.id)
        if key not in self._ways:
            able = crews(self._state, step, unit.steps[step.id].barred)
            self._ways[key] = tuple((crew, _takes(step, crew)) for crew in able if _known(step, crew))
        return self._ways[key]


def _known(step: Step, crew: tuple[str, ...]) -> bool:
    return all(("robot" if actor == ROBOT else "human") in step.time_s for actor in crew)


def _takes(step: Step, crew: tuple[str, ...]) -> float:
    """Return how long a crew takes (s): as long as the slower of them. Raises _Untold."""
    if not crew or not _known(step, crew):
        raise _Untold
    return max(step.time_s["robot" if actor == ROBOT else "human"] for actor in crew)
