"""What an event sets in motion. Pure: `react(state, event)` returns effects, the runner performs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.core import events as ev
from orchestrator.core.machine import TRANSIENT, CellState
from orchestrator.core.retreat import why_not_retreat
from orchestrator.core.state import ROBOT, home_effect, skill_effect

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.state import State

QUIETING = frozenset({CellState.HOLDING, CellState.STOPPING, CellState.ABORTING, CellState.SUSPENDING})


@dataclass(frozen=True, slots=True)
class RunSkill:
    """Run the robot's share of an attempt."""

    id: str
    unit: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RunManual:
    """Move the robot by hand: jog, or drive `to` a pose, while `press` is renewed; or open or close the gripper."""

    id: str
    what: Literal["jog", "drive", "open", "close"]
    by: str
    press: str
    to: Pose | None = None  # of the TCP, world


@dataclass(frozen=True, slots=True)
class RunRetreat:
    """Plan a way out of where the arm is, and follow it once people have approved it."""

    id: str


@dataclass(frozen=True, slots=True)
class Look:
    """Take a picture and judge a result."""

    id: str
    unit: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RideAndLook:
    """Bring the arm's camera to a result, or the arm out of the others' way; take a picture and judge it."""

    id: str
    unit: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class GoHome:
    """Bring the arm home after a failure, `supervised` by people; the step is the one that failed."""

    id: str
    unit: str
    step: str
    attempt: int
    supervised: str = ""


@dataclass(frozen=True, slots=True)
class LookForRemains:
    """Take a picture and tell whether a part stands where a unit that was given up may have left it."""

    id: str
    part: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Bring a transient cell state to its end; `change` is which of the cell's changes brought it about."""

    id: str
    state: CellState
    change: int = 0


@dataclass(frozen=True, slots=True)
class Recover:
    """Release a protective stop; `by` a person gave their word at `t` (s, UTC)."""

    id: str
    by: str
    t: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel what moves the robot and has an effect id that starts so; everything where it is empty."""

    prefix: str


Effect = RunSkill | RunManual | RunRetreat | Look | RideAndLook | GoHome | LookForRemains | Settle | Recover | Cancel


def react(state: State, event: ev.Event) -> list[Effect]:
    """Return the effects of an event; `state` is the one after the batch that it was part of."""
    if state.retreat is not None and why_not_retreat(state, state.retreat.id):  # whatever it was that has happened
        return [*_followed(state, event), Cancel(state.retreat.id)]
    return _followed(state, event)


def _followed(state: State, event: ev.Event) -> list[Effect]:
    if isinstance(event, ev.StepStarted) and ROBOT in event.actors:
        effect = skill_effect(event.unit, event.step, event.attempt)
        return [RunSkill(effect, event.unit, event.step, event.attempt)]
    if isinstance(event, ev.ManualStarted):
        return [RunManual(event.motion, event.what, event.by, event.press, event.to)]
    if isinstance(event, ev.RetreatAsked):
        return [RunRetreat(event.retreat)]
    if isinstance(event, ev.LookStarted):
        return [RideAndLook(event.effect, event.unit, event.step, event.attempt)]
    if isinstance(event, ev.CheckRequested) and event.ride:
        return []  # the schedule proposes it once the robot is free
    if isinstance(event, ev.CheckRequested | ev.RecheckRequested):
        return [Look(event.effect, event.unit, event.step, event.attempt)]
    if isinstance(event, ev.CellChanged) and event.state in TRANSIENT:
        cancel: list[Effect] = [Cancel("")] if event.state in QUIETING else []
        return [*cancel, Settle(f"settle/{event.state}/{state.seq}", event.state, state.cell_changes)]
    if isinstance(event, ev.Acknowledged):
        return [Recover(f"recover/{state.seq}", event.by, state.t)]
    if isinstance(event, ev.ScreenLost):  # what both do together comes to a stand
        both = (b for b in state.busy() if {ROBOT, event.place} <= set(b[2].actors) and "skill" in b[2].wants)
        return [Cancel(f"{unit.id}/{step}/") for unit, step, _ in both]
    if isinstance(event, ev.RemainsLookStarted):
        return [LookForRemains(event.effect, event.part)]
    if isinstance(event, ev.HomeWanted):
        return [GoHome(event.effect, event.unit, event.step, event.attempt, event.supervised)]
    if isinstance(event, ev.UnitEnded):
        return [Cancel(f"{event.unit}/"), Cancel(home_effect(event.unit))]
    if isinstance(event, ev.StepFailed | ev.StepUndone):
        return [Cancel(f"{event.unit}/{event.step}/")]
    return []
