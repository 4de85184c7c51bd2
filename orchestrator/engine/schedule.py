"""What to propose next: units to begin, ready steps and who does them. `decide` has the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator.core import commands as cmd
from orchestrator.core.decide.lull import goes_on_at, suspends_at
from orchestrator.core.decide.orders import free_nests
from orchestrator.core.machine import CellState, CellVerb, OrderState, StepStatus
from orchestrator.core.overdue import climbing, due, level
from orchestrator.core.pauses import hold_at, robot_pauses
from orchestrator.core.readiness import blockers, crews, held_up, resources, too_late
from orchestrator.core.remains import to_look_at
from orchestrator.core.rewind import undo_blockers
from orchestrator.core.rides import ride_blockers
from orchestrator.core.state import ROBOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.state import State, UnitState
    from orchestrator.core.variant import Step

_WAIT_HELPS = frozenset({"too_early"})


class Schedule:
    """Greedy and deterministic: older units first, then the procedure's order; an either-step goes to the earlier end.

    Each attempt is journalled with what these say of its skill: `skill_sha256` the hash of its source, `repeats`
    whether it may be run again by itself.
    """

    def __init__(
        self,
        skill_sha256: Callable[[str], str] = lambda _name: "",
        repeats: Callable[[str], bool] = lambda _name: True,
    ) -> None:
        self._skill_sha256 = skill_sha256
        self._repeats = repeats

    def __call__(self, state: State, now: float) -> tuple[Sequence[cmd.Command], float | None]:
        """Return what to propose at `now` (s, UTC), and when waiting alone makes more possible."""
        late_wake: list[float] = []
        late = _overdue(state, now, late_wake)
        expires = hold_at(state)
        if expires is not None and now >= expires - 1e-6:
            return (*late, cmd.ExpirePause()), min(late_wake, default=None)
        looks = [cmd.LookForRemains(part=part) for part in to_look_at(state)]
        out, until_t = self._work(state, now)
        return (*late, *looks, *out), min((t for t in (until_t, expires, *late_wake) if t is not None), default=None)

    def _work(self, state: State, now: float) -> tuple[Sequence[cmd.Command], float | None]:
        """Return which steps, looks and units begin; where none can, when the cell suspends or goes on by itself."""
        if state.cell == CellState.SUSPENDED:
            return _lull(goes_on_at(state, now), now)
        if state.cell != CellState.EXECUTE:
            return (), None
        wake: list[float] = []
        out: list[cmd.Command] = []
        taken: set[str] = set()
        held: set[str] = set()
        for unit, step_id, current in state.busy():
            if state.orders[unit.order].state == OrderState.PAUSED:
                continue
            if current.ride == "wanted" and ROBOT not in taken and not ride_blockers(state, current):
                taken.add(ROBOT)
                out.append(cmd.StartLook(unit=unit.id, step=step_id))
        out += _undos(state, taken)
        for unit in state.units.values():
            variant = state.orders[unit.order].variant
            for step in variant.steps:
                if unit.steps[step.id].status != StepStatus.READY:
                    continue
                if unit.steps[step.id].released and held_up(state, unit, step, now):
                    attempt = unit.steps[step.id].attempt
                    out.append(cmd.VoidRelease(unit=unit.id, step=step.id, attempt=attempt))
                    continue
                crew = self._pick(state, unit, step, now, taken, wake)
                if crew is None or held & _place_of(state, unit, step):
                    continue
                taken.update(crew)
                held |= _place_of(state, unit, step)
                start = cmd.StartStep(unit=unit.id, step=step.id, actors=crew)
                if step.robot and ROBOT in crew:
                    name = step.robot.skill
                    of_skill = {"skill_sha256": self._skill_sha256(name), "retry": self._repeats(name)}
                    start = start.model_copy(update=of_skill)
                out.append(start)
        out += self._units(state)
        if not out and _nothing_left(state) and not robot_pauses(state):
            out.append(cmd.ChangeCell(verb=CellVerb.COMPLETE, reason="every order has ended"))
        if not out and not wake:
            return _lull(suspends_at(state, now), now)
        return out, min(wake, default=None)

    def _pick(
        self, state: State, unit: UnitState, step: Step, now: float, taken: set[str], wake: list[float]
    ) -> tuple[str, ...] | None:
        """Return who starts a step now; None when nobody can, or when somebody busy would end it earlier."""
        best: tuple[float, tuple[str, ...]] | None = None
        for crew in crews(state, step, unit.steps[step.id].barred):
            why = blockers(state, unit, step, crew, now)
            if any(reason.code not in {"lane", *_WAIT_HELPS} for reason in why):
                continue
            wake.extend(reason.until_t for reason in why if reason.until_t is not None)
            if any(reason.code in _WAIT_HELPS for reason in why):
                if too_late(unit, step, now):
                    return crew
                continue
            starts = max((self._free_at(state, actor, taken, now) for actor in crew), default=now)
            ends = starts + max(step.time_s.get(_kind(actor), 10.0) for actor in crew)
            if best is None or ends < best[0]:
                best = (ends, crew)
        if best is None:
            return None
        crew = best[1]
        free = all(actor not in taken and state.doing(actor) is None for actor in crew)
        return crew if free else None

    def _free_at(self, state: State, actor: str, taken: set[str], now: float) -> float:
        doing = state.doing(actor)
        if doing is None:
            return now if actor not in taken else now + 10.0
        unit, step_id, current = doing
        step = state.orders[unit.order].variant.by_id[step_id]
        return max(now, (current.started_t or now) + step.time_s.get(_kind(actor), 10.0))

    def _units(self, state: State) -> list[cmd.Command]:
        for order in state.orders.values():
            room = order.state == OrderState.RUNNING and order.started < order.quantity
            if room and free_nests(state, order) is not None:
                return [cmd.StartUnit(order=order.id)]
        return []


def _lull(at: float | None, now: float) -> tuple[Sequence[cmd.Command], float | None]:
    """Report that the cell suspends or goes on, once it is time."""
    return ((cmd.ReportLull(),), None) if at is not None and now >= at - 1e-6 else ((), at)


def _kind(actor: str) -> Literal["robot", "human"]:
    return "robot" if actor == ROBOT else "human"


def _place_of(state: State, unit: UnitState, step: Step) -> set[str]:
    return set(resources(state, unit, step))


def _undos(state: State, taken: set[str]) -> list[cmd.Command]:
    """What is to be taken back next goes to whoever is free."""
    out: list[cmd.Command] = []
    for unit in state.units.values():
        step = state.orders[unit.order].variant.by_id[unit.rewind.todo[0]] if unit.rewind is not None else None
        free = (
            place
            for place in (state.places if step is not None else ())
            if place not in taken and step is not None and not undo_blockers(state, unit, step, place)
        )
        if step is not None and (place := next(free, "")):
            taken.add(place)
            out.append(cmd.StartUndo(unit=unit.id, step=step.id, place=place))
    return out


def _overdue(state: State, now: float, wake: list[float]) -> list[cmd.Command]:
    """What waits too long for a person is noted, rung by rung."""
    out: list[cmd.Command] = []
    for unit, step in climbing(state):
        reached = due(state, unit, step, now)
        if reached.next_t is not None:
            wake.append(reached.next_t)
        if reached.level and reached.level != level(state, unit, step):
            out.append(cmd.NoteOverdue(unit=unit.id, step=step.id, attempt=unit.steps[step.id].attempt))
    return out


def _nothing_left(state: State) -> bool:
    open_ = {OrderState.STORED, OrderState.RUNNING, OrderState.PAUSED, OrderState.STOPPING}
    return bool(state.orders) and not any(order.state in open_ for order in state.orders.values())
