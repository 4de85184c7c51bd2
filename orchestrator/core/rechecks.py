"""Which results the camera looks at once more: before a unit leaves, and before what carries parts is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.geometry import rotate
from orchestrator.core.machine import StepStatus
from orchestrator.core.rides import free_view
from orchestrator.core.world import CELL, GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.commands import Measured
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import Step

AHEAD_S = 0.05  # by which a picture may be stamped later than now: clocks that are set over the network differ
DATUM_MM = 0.5  # beside its tolerance, that a datum may be seen off: cameras err there, too


def due_at_end(state: State, unit: UnitState) -> tuple[Step, ...]:
    """Return the steps whose results are looked at again before the unit ends, in the procedure's order."""
    return tuple(step for step in _standing(state, unit).values() if step.id not in unit.looked_at)


def due_before(state: State, unit: UnitState, step: Step) -> tuple[Step, ...]:
    """Return the steps whose results are looked at again before this one moves what they stand on.

    Nothing is due for a part that carries nothing, or that hangs in the gripper already.
    """
    part = f"{unit.id}/{step.result.part}"
    fact = state.world.get(part)
    carried = {fact.part for fact in state.world.on(part)}
    if fact is None or fact.holder == GRIPPER or not carried:
        return ()
    standing = _standing(state, unit)
    moved = (standing[name] for name in standing if f"{unit.id}/{name}" in {part, *carried})
    return tuple(other for other in moved if other.id not in unit.looked_at)


def moved_datum(state: State, unit: UnitState, measured: Measured | None) -> Step | None:
    """Return the step that put down what a verdict is relative to, where that is seen out of its own tolerance.

    It was in its place when it was looked at itself, by the same calibration: it has been moved since, or the camera.
    """
    if measured is None or not measured.datum or measured.datum_offset_mm is None:
        return None
    step = _standing(state, unit).get(measured.datum[-1].removeprefix(f"{unit.id}/"))
    seat = state.result_pose(unit.id, step) if step is not None else None
    if step is None or seat is None:
        return None
    first = unit.steps[step.id].attempts[-1].measured
    before = first.offset_mm if first is not None and first.offset_mm is not None else (0.0, 0.0, 0.0)
    since = rotate(seat.inverse().q, measured.datum_offset_mm)
    away = zip(before, since, step.result.within_m, strict=True)
    return step if any(abs(a + b) > 1000 * within + DATUM_MM for a, b, within in away) else None


def overtaken(state: State, unit: str, step: Step, measured: Measured | None) -> bool:
    """Whether a second verdict's picture is from before it was asked for, or before its part was touched."""
    since = max(fresh_from(state, unit, step), state.units[unit].rechecks_t)
    return measured is not None and measured.shot_t < since - 1e-6


def fresh_from(state: State, unit: str, step: Step) -> float:
    """Return from when on (s, UTC) a picture may attest a result: the last change of what is in it.

    That is when hands or gripper were last at the unit, and when a motion last ended otherwise than planned. One that
    went as planned touched what it reported; the zone of a result stays reserved while the camera looks at it.
    """
    contact = state.world.last_contact(f"{unit}/{step.result.part}")
    return max(contact, state.units[unit].touched_t, state.upset_t)


def _standing(state: State, unit: UnitState) -> dict[str, Step]:
    """The step that put each part where it is now, for those that a camera has seen there and may see again."""
    last: dict[str, Step] = {}
    for step in state.variant_of(unit.id).steps:
        part, done = step.result.part, unit.steps[step.id].status == StepStatus.DONE
        if part is None or not done or step.per != "unit":
            continue
        earlier = last.get(part)
        if earlier is None or (unit.steps[earlier.id].ended_t or 0.0) <= (unit.steps[step.id].ended_t or 0.0):
            last[part] = step
    return {part: step for part, step in last.items() if _seen(state, unit, step, unit.steps[step.id])}


def _seen(state: State, unit: UnitState, step: Step, current: StepState) -> bool:
    """Whether a result rests on a camera's verdict, and what it stands on is where a camera saw it."""
    measured = current.attempts[-1].measured if current.attempts else None
    chain = tuple(state.world.chain(f"{unit.id}/{step.result.part}"))
    return (
        "camera" in step.check
        and measured is not None
        and measured.verdict == "ok"
        and not current.waived
        and bool(chain)
        and chain[-1].holder == CELL
        and free_view(state, unit.id, step)
        and chain[0].certainty == "known"
        and (len(chain) == 1 or (chain[-1].source, chain[-1].certainty) == ("measured", "known"))
    )
