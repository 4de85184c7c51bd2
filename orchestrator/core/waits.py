"""What the robot waits for: the whole list of reasons why it does not move now, as screens show it.

What forbids every motion comes first (`core/interlock`). Then what the one thing that it would do next waits for: a
zone in which a person is, people's approval, a person's word, a device or a screen that is lost. These forbid nothing
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.interlock import why_not
from orchestrator.core.machine import StepStatus
from orchestrator.core.readiness import WORD_AND_TIME, blockers, crews, grip_blockers, resources
from orchestrator.core.reason import Reason
from orchestrator.core.state import ANYWHERE, ROBOT
from orchestrator.core.supervision import held_back, holds_anything

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.state import State, UnitState
    from orchestrator.core.variant import Step

_PASSES = frozenset(
    {"resource", "unclear", "unsaid", "contradiction", "release", "screen"}
)  # what a step may wait for that a person brings about
ZONE = "zone:"


def reasons(state: State) -> tuple[str, ...]:
    """Return every reason why the robot does not move now, or does not begin what it would; empty when it goes on."""
    waits = (_approvals, _zones, _hands, _unsaid, _gripper, _words, _devices, _screens)
    return (*why_not(state), *(reason for each in waits for reason in each(state)))


def zones_held(state: State) -> Mapping[str, tuple[str, str, str]]:
    """Return the zones, as resources, in which people alone are at work: who, at which unit's which step."""
    out: dict[str, tuple[str, str, str]] = {}
    for unit, step, current in state.busy():
        if not current.actors or ROBOT in current.actors or current.ride == "under_way":
            continue
        there = [state.places[actor].operator if actor in state.places else actor for actor in current.actors]
        out |= {name: (", ".join(there), unit.id, step) for name in current.resources if name.startswith(ZONE)}
    return out


def _approvals(state: State) -> Iterator[Reason]:
    for motion in state.motions.values():
        if not motion.approved and not motion.refused:
            more = motion.needs - len(motion.approved_by)
            people = "person's" if more == 1 else "people's"
            words = f"The motion '{motion.text}' lacks {more} {people} approval."
            yield Reason("approval", words, motion=motion.text, more=str(more))


def _zones(state: State) -> Iterator[Reason]:
    """Zones that the robot waits for: in the middle of a step to plan its way, or for its next step to begin."""
    held = zones_held(state)
    wanted: dict[str, None] = {}
    if (doing := state.doing(ROBOT)) is not None:
        effect, zones = state.zones_awaited
        if effect.startswith(f"{doing[0].id}/{doing[1]}/{doing[2].attempt}/"):
            wanted |= dict.fromkeys(zones)
    elif held or state.unclear:
        for unit, step in _next(state):
            wanted |= dict.fromkeys(resources(state, unit, step))
    for name in wanted:
        if name in held:
            who, unit_id, step_id = held[name]
            zone = name.removeprefix(ZONE)
            words = f"{who} is at work in zone {zone} ({unit_id} {step_id}): wait until it is free."
            yield Reason("zone", words, zone=zone, who=who, unit=unit_id, step=step_id)
        for place in (place for place, names in state.unclear.items() if name in names):
            yield _may_be(place, name)


def _hands(state: State) -> Iterator[Reason]:
    """Hands that may still be where nobody knows, and for a look that the arm must move for, hands in any zone."""
    rides = any(current.ride == "wanted" for _, _, current in state.busy())
    if not state.unclear or not (rides or next(_next(state), None)):
        return
    for place, names in state.unclear.items():
        for name in names:
            if rides or name == ANYWHERE:
                yield _may_be(place, name)


def _may_be(place: str, name: str) -> Reason:
    if name == ANYWHERE:
        words = f"Somebody of {place} may still have their hands in the cell: look, and say so."
        return Reason("unclear_anywhere", words, place=place)
    zone = name.removeprefix(ZONE)
    words = f"Somebody of {place} may still be at {zone}: look, and say so."
    return Reason("unclear", words, zone=zone, place=place)


def _unsaid(state: State) -> Iterator[Reason]:
    """What a person had in hand, and nobody has said whether it is in: no look will tell by itself."""
    for unit, step in _next(state):
        current = unit.steps[step.id]
        if current.unsaid and current.handed is None:
            words = f"Nobody has said whether {step.result.part} is in its place already: look."
            yield Reason("unsaid", words, part=step.result.part or "", unit=unit.id, step=step.id)


def _gripper(state: State) -> Iterator[Reason]:
    """What gripper and ledger say otherwise keeps the robot from whatever it would begin."""
    for why in grip_blockers(state) if next(_next(state), None) else ():
        part = state.grip.part if state.grip is not None else ""
        yield Reason("contradiction" if part else "grip_unknown", why.message, part=part)


def _words(state: State) -> Iterator[Reason]:
    """The step that begins when a person says next."""
    if state.doing(ROBOT) is not None or not holds_anything(state):
        return
    for unit, step in _next(state):
        if held := held_back(state, unit, step):
            words = f"{step.id} of {unit.id} waits for a person to say next."
            yield Reason(held, words, unit=unit.id, step=step.id)
            return


def _devices(state: State) -> Iterator[Reason]:
    """Devices that don't answer and that a step which is under way, or has just failed for it, needs."""
    for device, (unit_id, step_id) in state.equipment_lost.items():
        needing = [
            (unit.id, name) for unit, name, _ in state.busy() if state.variant_of(unit.id).by_id[name].tool == device
        ]
        ready = state.step(unit_id, step_id)
        if ready is not None and ready[1].status in {StepStatus.ACTIVE, StepStatus.ATTENTION, StepStatus.READY}:
            needing.append((unit_id, step_id))
        for unit, step in dict.fromkeys(needing):
            words = f"{device} does not answer, and {step} of {unit} needs it: check its power and connection."
            yield Reason("device", words, device=device, unit=unit, step=step)


def _screens(state: State) -> Iterator[Reason]:
    """Screens without a line, at places where robot and person would be at a step together now."""
    for unit, step in _next(state) if state.screens_lost else ():
        for place in sorted(state.screens_lost) if step.together else ():
            words = f"The screen at {place} has lost its line, and {step.id} of {unit.id} needs it."
            yield Reason("screen", words, place=place, unit=unit.id, step=step.id)


def _next(state: State) -> Iterator[tuple[UnitState, Step]]:
    """The robot's steps that would begin, were it not for people."""
    for unit in state.units.values():
        for step in state.variant_of(unit.id).steps:
            current = unit.steps[step.id]
            if current.status != StepStatus.READY:
                continue
            for crew in crews(state, step, current.barred):
                why = blockers(state, unit, step, crew, state.t) if ROBOT in crew else ()
                codes = {reason.code for reason in why}
                if codes and (codes <= _PASSES or "release" in codes <= WORD_AND_TIME):
                    yield unit, step
                    break
