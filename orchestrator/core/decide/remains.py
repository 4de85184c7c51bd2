"""Rules for what a unit that is given up may leave: what a person had in hand may stand where it was to be put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.doubt import believed
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.geometry import Pose
from orchestrator.core.handed import leaves_unsaid, lost
from orchestrator.core.machine import StepStatus
from orchestrator.core.rechecks import AHEAD_S
from orchestrator.core.remains import to_look_at
from orchestrator.core.state import BUSY
from orchestrator.core.world import CELL, GRIPPER, LOST, Seat

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State, UnitState
    from orchestrator.core.variant import Step


_GOES_ON = BUSY | {StepStatus.READY}


def perhaps_left(state: State, unit: UnitState) -> list[ev.Event]:
    """Return the events that note, as a unit is given up, what a person may have put into the cell without saying so.

    What sits on another part of the unit is taken out with that one. What somebody was taking from one frame of the
    cell to another may stand at either.
    """
    out: list[ev.Event] = []
    for step in state.variant_of(unit.id).steps:
        part, kind, target = f"{unit.id}/{step.result.part}", step.result.kind, step.result.at
        if kind is None or target is None or target.owner is not None or not _nobody_says(state, unit.id, step):
            continue
        frame = state.frame(unit, target)
        stands, was = state.world.seat(part), _stood(state, part)
        if GRIPPER in _holders(state, part) or (stands is not None and stands.frame == frame):
            continue
        seat = state.spec.frames.get(frame, Pose())
        there = Seat(frame, (seat @ step.result.meets.inverse()).rounded())
        out.append(_perhaps(unit.id, part, kind, there, was if was is not None and was.frame != frame else None))
    return out


def _nobody_says(state: State, unit_id: str, step: Step) -> bool:
    """Whether a step's part was in somebody's hand, or fell out of the gripper's, and may be in its place."""
    current = state.units[unit_id].steps[step.id]
    if current.unsaid or leaves_unsaid(step, current):
        return True
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    in_hand = fact is not None and fact.holder.startswith("place:")
    return current.status in _GOES_ON and (in_hand or lost(state, unit_id, step))


def _stood(state: State, part: str) -> Seat | None:
    """Where in the cell a part stood last, as far as it is known; None where it was nowhere."""
    fact = state.world.get(part)
    slipped = fact.perhaps if fact is not None and fact.holder == LOST else None
    return state.world.seat(part) or slipped


def _perhaps(unit: str, part: str, kind: str, seat: Seat, instead: Seat | None) -> ev.PartMoved:
    return ev.PartMoved(
        unit=unit,
        part=part,
        kind=kind,
        what="seen",
        holder=CELL,
        frame=seat.frame,
        pose=seat.pose,
        source="nominal",
        certainty="doubtful",
        perhaps=instead,
    )


def start(state: State, command: cmd.LookForRemains, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Have a camera look whether a part stands where a unit that was given up may have left it."""
    if command.part not in to_look_at(state):
        return Rejected("stale", f"Nothing is to be looked for at the place of {command.part}.", "See the board.")
    effect = f"remains/{command.part}/{state.seq}"
    return [ev.RemainsLookStarted(unit=command.part.split("/", 1)[0], part=command.part, effect=effect)]


def end(state: State, command: cmd.EndRemainsLook, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take what a camera says: nothing there frees the place, a part there is to be taken out, else it stays in doubt.

    A picture from before it was asked for says nothing, and one from the future neither.
    """
    asked = state.remains.get(command.part)
    if asked is None or asked.effect != command.effect:
        return [ev.OutcomeIgnored(effect=command.effect, what="end_remains_look", why="no such look is awaited")]
    measured = command.measured
    if measured is not None and not asked.t - 1e-6 <= measured.shot_t <= now + AHEAD_S:
        measured = None
    unit = command.part.split("/", 1)[0]
    out: list[ev.Event] = [
        ev.RemainsLookEnded(unit=unit, part=command.part, effect=command.effect, measured=measured, error=command.error)
    ]
    fact = state.world.get(command.part)
    if fact is None or fact.certainty != "doubtful" or measured is None:
        return out
    if measured.verdict == "missing" and fact.perhaps is not None:
        return [*out, _perhaps(unit, fact.part, fact.kind, fact.perhaps, None)]
    if measured.verdict == "missing":
        gone = {"holder": LOST, "certainty": "unknown"}
        moved = {"unit": unit, "part": fact.part, "kind": fact.kind, "what": "consumed", **gone}
        return [*out, ev.PartMoved.model_validate(moved)]
    return [*out, believed(fact)] if measured.verdict in {"ok", "displaced"} else out


def _holders(state: State, part: str) -> set[str]:
    """What a part rests on last of all, where the ledger knows of it and is sure."""
    return {fact.holder for fact in state.world.chain(part) if fact.certainty != "unknown"}
