"""Rules for manual mode: who may move the robot by hand, what that does to the ledger, and what is taught."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.interlock import why_not_manual
from orchestrator.core.world import CELL, GRIPPER

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.state import State

TAUGHT = 200  # poses that are kept


def start_jog(state: State, command: cmd.StartJog, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let one person jog, one press at a time."""
    return _started(state, "jog", by, command.press)


def start_drive(state: State, command: cmd.StartDrive, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a person have the TCP brought to a pose while they hold a button."""
    return _started(state, "drive", by, command.press, command.to)


def move_gripper(state: State, command: cmd.MoveGripper, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let a person open or close the gripper."""
    return _started(state, "close" if command.close else "open", by)


def end(state: State, command: cmd.EndManual, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note a terminal state. What an opened gripper held lies where it let go, as far as anybody knows."""
    if state.manual is None or state.manual.id != command.motion:
        return [ev.OutcomeIgnored(what="end_manual", why="no such motion")]
    ended = ev.ManualEnded(
        motion=command.motion,
        outcome=command.outcome,
        code=command.code,
        message=command.message,
        tcp=command.tcp,
    )
    held = state.world.held()
    if state.manual.what != "open" or command.outcome == "rejected" or held is None:
        return [ended]
    pose = state.world.pose(held.part, command.tcp)
    let_go = command.outcome == "succeeded" and pose is not None
    return [
        ended,
        ev.PartMoved(
            unit=held.unit,
            part=held.part,
            kind=held.kind,
            what="released" if let_go else "seen",
            holder=CELL if let_go else GRIPPER,
            pose=pose if let_go else held.pose,
            certainty="doubtful",
        ),
    ]


def teach(state: State, command: cmd.TeachFrame, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Keep where the TCP is, also as seen from a frame of the cell or a part."""
    if reasons := why_not_manual(state):
        return Rejected("interlock", "Nothing can be taught now.", " ".join(reasons))
    if command.name not in state.taught and len(state.taught) >= TAUGHT:
        return Rejected("too_many", f"{TAUGHT} poses are kept already.", "Teach under a name that is there.")
    origin: Pose | None = None
    fact = state.world.get(command.relative_to)
    if command.relative_to:
        origin = state.spec.frames.get(command.relative_to) or state.world.pose(command.relative_to, command.tcp)
        if origin is None:
            known = ", ".join((*state.spec.frames, *state.world.facts)) or "none"
            message = f"It is not known where {command.relative_to} is."
            return Rejected("no_frame", message, f"Known frames and parts: {known}.")
    pose = command.tcp if origin is None else origin.inverse() @ command.tcp
    return [
        ev.FrameTaught(
            name=command.name,
            relative_to=command.relative_to,
            kind=fact.kind if fact is not None and command.relative_to not in state.spec.frames else "",
            world=command.tcp.rounded(),
            pose=pose.rounded(),
            joints_rad=tuple(round(angle, 6) for angle in command.joints_rad),
            opening_m=round(command.opening_m, 6),
            by=by.name,
        )
    ]


def _started(
    state: State, what: Literal["jog", "drive", "open", "close"], by: cmd.Who, press: str = "", to: Pose | None = None
) -> list[ev.Event] | Rejected:
    if reasons := why_not_manual(state):
        return Rejected("interlock", "The robot may not be moved by hand now.", " ".join(reasons))
    return [ev.ManualStarted(motion=f"manual/{state.seq + 1}", what=what, by=by.name, press=press, to=to)]
