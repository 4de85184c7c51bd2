"""May a step start now, and with whom? The schedule asks before it proposes, `decide` before it agrees."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.interlock import why_not
from orchestrator.core.machine import MOTION_ALLOWED, OrderState, StepStatus
from orchestrator.core.pauses import lane_pauses, said
from orchestrator.core.state import ANYWHERE, BUSY, ROBOT
from orchestrator.core.supervision import breakpoint_at, held_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.state import MotionState, State, UnitState
    from orchestrator.core.variant import Step
    from orchestrator.core.world import Fact

WORD_AND_TIME = frozenset({"release", "too_early"})  # a step that only these hold up begins by a word, or by itself
BESIDE_M = 0.05  # what hangs on the tool centre point is this wide


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a step can't start. `until_t` (s, UTC) where waiting alone helps."""

    code: str
    message: str
    until_t: float | None = None


def crews(state: State, step: Step, barred: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return who may do a step: each entry is the set of actors that one way takes."""
    people = tuple(place for place in state.spec.places if place in state.places)
    robot = step.robot is not None and "robot" not in barred
    human = step.human is not None and "human" not in barred
    if step.together:
        return tuple((ROBOT, place) for place in people) if step.robot and step.human else ()
    return ((ROBOT,),) * robot + tuple((place,) for place in people if human)


def resources(state: State, unit: UnitState, step: Step) -> tuple[str, ...]:
    """Return what a step holds while it runs: the target's zone, a cell frame, a tool; all taken at once."""
    out = []
    target = step.result.at or step.result.along
    if target is not None:
        pose = state.target_pose(unit.id, target)
        zone = state.spec.zone_of(pose.p) if pose else None
        if zone:
            out.append(f"zone:{zone}")
        if target.owner is None and step.result.part and not state.spec.is_nest(target.frame):
            out.append(f"frame:{target.frame}")
    if step.tool:
        out.append(f"tool:{step.tool}")
    return tuple(out)


def supply(state: State, unit: UnitState, step: Step, actors: tuple[str, ...]) -> tuple[str, bool]:
    """Return the bin that the step's part comes from ("" when it is in the cell already), and whether it has enough."""
    part, kind = step.result.part, step.result.kind
    if part is None or kind is None:
        return "", True
    fact = state.world.get(f"{unit.id}/{part}")
    if fact is not None and fact.certainty != "unknown":
        return "", True
    bins = state.spec.bins_for(kind, "robot" if ROBOT in actors else "human")
    for name in bins:
        if state.bins.get(name, 1_000_000) >= step.result.qty:
            return name, True
    return (bins[0], False) if bins else ("", True)  # without a bin the tool, a machine or a hand brings it


def blockers(state: State, unit: UnitState, step: Step, actors: tuple[str, ...], now: float) -> list[Blocker]:
    """Return every reason why these actors can't start this step now; empty when they can."""
    out: list[Blocker] = []
    current = unit.steps[step.id]
    if current.status != StepStatus.READY:
        return [Blocker("not_ready", f"The step is {current.status}.")]
    order = state.orders[unit.order]
    if order.state not in {OrderState.RUNNING, OrderState.STOPPING}:
        out.append(Blocker("order", f"Order {order.id} is {order.state}."))
    if not actors:
        out.append(Blocker("actor", "Nobody who may do this step is there."))
    elif actors not in crews(state, step, current.barred):
        out.append(Blocker("actor", f"{' and '.join(actors)} can't do this step."))
    if why := held_back(state, unit, step, actors):
        where = (
            f"A breakpoint stands before {step.id}" if why == "breakpoint" else f"{step.id} is the robot's next step"
        )
        out.append(Blocker("release", f"{where}: a person must say next."))
    out += [Blocker("paused", said(key)) for key in lane_pauses(state, actors)]
    if ROBOT in actors:
        out += [Blocker("interlock", reason) for reason in why_not(state)]
        out += [Blocker("ending", f"The robot has not come to a stand after {effect}.") for effect in state.ending]
        if current.unsaid:
            out.append(Blocker("unsaid", f"Nobody has said whether {step.result.part} is in its place already: look."))
        out += grip_blockers(state)
    elif state.cell not in MOTION_ALLOWED:
        out.append(Blocker("cell", f"The cell is {state.cell}."))
    held = state.world.held()
    mine = held is not None and held.part == f"{unit.id}/{step.result.part}"
    if held is not None and mine != (ROBOT in actors):  # the robot goes on with it; a person can't use it from there
        out.append(Blocker("gripper", f"The gripper holds {held.part}."))
    for other in state.shares(unit, step):
        if other.steps[step.id].status in BUSY:
            out.append(Blocker("shared", f"It is being done for {other.id} and counts here too."))
    out += people_blockers(state, step, actors)
    lost = sorted(state.screens_lost & set(actors))
    out += [Blocker("screen", f"The screen at {place} has lost its line.") for place in lost]
    for actor in actors:
        if (doing := state.doing(actor)) is not None:
            out.append(Blocker("lane", f"{actor} is at {doing[0].id} {doing[1]}."))
    if unit.rewind is not None:
        out.append(Blocker("rewind", f"{unit.id} is going back to {unit.rewind.to} first."))
    if unit.rechecking:
        out.append(Blocker("recheck", f"The camera is looking at {', '.join(unit.rechecking)} once more."))
    out += _doubted(state, unit, step)
    out += _windows(unit, step, now)
    tool = state.spec.tools.get(step.tool or "")
    if tool is not None and tool.overdue(dt.datetime.fromtimestamp(now, dt.UTC).date()):
        out.append(Blocker("tool_due", f"Tool {step.tool} was due for calibration on {tool.due}."))
    out += _taken(state, unit, step, actors)
    return out


def grip_blockers(state: State) -> list[Blocker]:
    """Return why the robot can't begin anything while gripper and ledger contradict each other."""
    if state.grip is None:
        return []
    if not state.grip.part:
        return [Blocker("contradiction", "The gripper holds something that nobody knows of: take it out.")]
    return [Blocker("contradiction", f"It is doubtful whether the gripper holds {state.grip.part}: look, and say so.")]


def held_up(state: State, unit: UnitState, step: Step, now: float) -> list[Blocker]:
    """Return what holds a step up beside a person's word and time; empty if nothing.

    Of those who need the word, whoever could begin soonest counts.
    """
    least: list[Blocker] | None = None
    everybody = breakpoint_at(state, unit, step) is not None
    for crew in crews(state, step, unit.steps[step.id].barred):
        if ROBOT not in crew and not everybody:
            continue
        why = [reason for reason in blockers(state, unit, step, crew, now) if reason.code not in WORD_AND_TIME]
        if least is None or len(why) < len(least):
            least = why
    return [Blocker("actor", "Nobody who may do this step is there.")] if least is None else least


def people_blockers(state: State, step: Step, actors: tuple[str, ...]) -> list[Blocker]:
    """Return which qualifications the people among some actors lack for a step."""
    needs = set(step.human.needs) if step.human else set()
    out = []
    for actor in actors:
        person = state.places.get(actor)
        if actor != ROBOT and person and needs - set(person.qualifications):
            missing = ", ".join(sorted(needs - set(person.qualifications)))
            out.append(Blocker("qualification", f"{actor} lacks the qualification {missing}."))
    return out


def _doubted(state: State, unit: UnitState, step: Step) -> list[Blocker]:
    """Nothing is built on a result that was seen in its place before and is not there any more."""
    variant = state.orders[unit.order].variant
    return [
        Blocker("doubted", f"It builds on {name}, which is in doubt.")
        for name in unit.busy
        if step.id in variant.dependants(name)
    ]


def _windows(unit: UnitState, step: Step, now: float) -> list[Blocker]:
    out = []
    for wait in step.after:
        ended = unit.steps[wait.step].ended_t
        if ended is not None and now < ended + wait.min_s - 1e-6:
            until = ended + wait.min_s
            out.append(Blocker("too_early", f"{wait.step} needs {wait.min_s:g} s first.", until))
    return out


def too_late(unit: UnitState, step: Step, now: float) -> str:
    """Return why a step's window has closed, "" while it is open."""
    for wait in step.after:
        ended = unit.steps[wait.step].ended_t
        if wait.max_s is not None and ended is not None and now > ended + wait.max_s:
            return f"{wait.step} ended more than {wait.max_s:g} s ago."
    return ""


def _passed(state: State, wanted: tuple[str, ...]) -> list[Blocker]:
    """A person begins where the robot is about to pass once it has passed: its motion was planned without them.

    Between two motions of one skill the arm stands on the way that the last of them was planned on.
    """
    out = []
    for name in wanted:
        zone = state.spec.zones.get(name.removeprefix("zone:")) if name.startswith("zone:") else None
        if zone is None:
            continue
        text = next((m.text for m in _ways(state) if zone.meets([pose.p for pose in m.preview], BESIDE_M)), "")
        if text:
            out.append(Blocker("resource", f"{name} lies on the robot's way ({text})."))
    return out


def _ways(state: State) -> Iterator[MotionState]:
    """What moves the arm now, and what has brought it to where it stands in the midst of a skill."""
    yield from (motion for motion in state.motions.values() if motion.approved)
    came, doing = state.came, state.doing(ROBOT)
    if came is None:
        return
    at_it = doing is not None and came.effect.startswith(f"{doing[0].id}/{doing[1]}/{doing[2].attempt}/")
    if at_it or came.effect in state.ending:
        yield came


def taken(state: State, unit_id: str, step_id: str, wanted: tuple[str, ...]) -> list[Blocker]:
    """Return why a person can't have what they want for a step now: others hold it, or the robot is about to pass."""
    return [*_held_by(state, unit_id, step_id, wanted), *_passed(state, wanted)]


def _held_by(state: State, unit_id: str, step_id: str, wanted: tuple[str, ...]) -> list[Blocker]:
    out = []
    for other, name, current in state.busy():
        clash = set(wanted) & set(current.resources)
        if clash and (other.id, name) != (unit_id, step_id):
            out.append(Blocker("resource", f"{', '.join(sorted(clash))} is taken by {other.id} {name}."))
    return out


def unclear(state: State, wanted: tuple[str, ...] | None) -> list[Blocker]:
    """Return where the robot keeps out: a step was taken out of a person's hands there, and nobody says it is clear.

    `wanted` are the resources of what it would do; None where that may be anywhere in the cell.
    """
    return [
        Blocker("unclear", _may_be(place, name))
        for place, names in state.unclear.items()
        for name in names
        if name == ANYWHERE or wanted is None or name in wanted
    ]


def _may_be(place: str, name: str) -> str:
    if name == ANYWHERE:
        return f"Somebody of {place} may still have their hands in the cell: look, and say so."
    return f"Somebody of {place} may still be at {name.removeprefix('zone:')}: look, and say so."


def lies(fact: Fact, frame: str) -> str:
    """Say that a part of a unit that has left stands at a frame of the cell, or may do so."""
    if fact.certainty == "doubtful":
        return f"It is doubtful whether {fact.part} lies at {frame}: look, and say so."
    return f"{fact.part} still lies at {frame}: take it out."


def _taken(state: State, unit: UnitState, step: Step, actors: tuple[str, ...]) -> list[Blocker]:
    wanted = resources(state, unit, step)
    out = taken(state, unit.id, step.id, wanted) if ROBOT not in actors else _held_by(state, unit.id, step.id, wanted)
    if ROBOT in actors:
        out += unclear(state, wanted)
    for name in wanted:
        frame = name.removeprefix("frame:")
        if frame != name:
            there = [f for f in state.world.at_frame(frame) if f.part != f"{unit.id}/{step.result.part}"]
            if there:
                out.append(Blocker("occupied", f"{there[0].part} is still at {frame}."))
    target = step.result.at or step.result.along
    if target is not None and target.owner is None and state.spec.is_nest(target.frame) and step.result.part:
        nest = state.frame(unit, target)
        lying = [fact for fact in state.world.at_frame(nest) if fact.unit != unit.id]
        out += [Blocker("leftover", lies(fact, nest)) for fact in lying]
    if target is not None and target.owner is not None:
        owner = state.world.get(f"{unit.id}/{target.owner}")
        if owner is None or owner.certainty == "unknown":
            out.append(Blocker("no_owner", f"It is not known where {target.owner} is."))
        below = (fact for fact in state.world.chain(f"{unit.id}/{target.owner}") if fact.certainty == "doubtful")
        out += [Blocker("doubtful", f"It is doubtful where {fact.part} is: look, and say so.") for fact in below]
    name, enough = supply(state, unit, step, actors)
    if not enough:
        out.append(Blocker("starved", f"Bin {name} has too few left: refill it."))
    return out
