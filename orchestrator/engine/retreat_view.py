"""What screens show of a retreat: whether it may be asked for, the way that was planned, and how the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.commands import Retreat, StopRetreat
from orchestrator.core.lead import begins_t
from orchestrator.core.reason import coded
from orchestrator.core.retreat import RETREATS_FROM, why_not_retreat, with_the_arm
from orchestrator.core.state import ROBOT
from orchestrator.engine import phrases
from orchestrator.engine.languages import joined, phrase
from orchestrator.engine.offers import granted
from orchestrator.engine.oversight import approve_button
from orchestrator.engine.wayout import OUT_OF, last_of_the_robot
from orchestrator.engine.words import called
from orchestrator.wire import Button, Intent, LaneView, Reason, RetreatView

if TYPE_CHECKING:
    from orchestrator.core.state import MotionState, State

    Texts = dict[str, str]

PLANS = "The way out of where the arm is, is being planned."
EMPTY = "Nothing is in its gripper."
UNKNOWN = "Its gripper holds something that nobody knows of."
LET_GO = "{} was at it together with the robot: see that they have let go."
_KEEPS = phrase("It keeps its grip on {part}.", "Im Greifer bleibt: {part}.")
_LOST = phrase("Its gripper does not feel {part} any more.", "Der Greifer spürt nicht mehr: {part}.")


def retreat_view(state: State) -> RetreatView | None:
    """Return how a retreat stands; None where the cell is not one that the arm retreats in."""
    if state.cell not in RETREATS_FROM and state.retreat is None:
        return None
    motion = _motion(state)
    if state.retreat is None:
        status = "ended" if state.retreated is not None else "none"
    elif motion is None:
        status = "stopping" if state.retreat.stopped else "planning"
    else:
        status = "moving" if motion.approved else "previewed"
    buttons = []
    if granted(state, Retreat()):
        buttons.append(Button(label="retreat", command={"type": "retreat"}))
    if state.retreat is not None and not state.retreat.stopped and granted(state, StopRetreat()):
        label = "stop_retreat" if status == "moving" else "drop_retreat"
        buttons.append(Button(label=label, command={"type": "stop_retreat"}))
    refused = () if state.retreat is not None else why_not_retreat(state)
    return RetreatView.model_validate(
        {
            "status": status,
            "by": state.retreat.by if state.retreat is not None else "",
            "motion": motion.id if motion is not None else "",
            "text": _told(state, motion) if motion is not None else {},
            "refused": tuple(_said(reason) for reason in refused),
            "outcome": state.retreated.outcome if state.retreated is not None else "",
            "code": state.retreated.code if state.retreated is not None else "",
            "ended": _ended(state),
            "buttons": tuple(buttons),
        }
    )


def retreat_lane(state: State) -> LaneView | None:
    """Return what the robot's lane shows while it retreats, or shall; None where it does not."""
    if state.retreat is None:
        return None
    motion = _motion(state)
    if motion is None:
        return LaneView(actor=ROBOT, kind="robot", status="working", text=phrases.told(PLANS))
    buttons = () if motion.approved else (approve_button(state, motion, "approve_retreat"),)
    intent = Intent(
        motion=motion.id,
        text=_told(state, motion),
        preview=motion.preview,
        duration_s=motion.duration_s,
        started_t=motion.t,
        proposed=not motion.approved,
        buttons=buttons,
        needs=motion.needs,
        approved_by=motion.approved_by,
        begins_t=begins_t(motion),
        end=motion.end,
    )
    status = "working" if motion.approved else "waiting"
    return LaneView.model_validate(
        {"actor": ROBOT, "kind": "robot", "status": status, "text": intent.text, "intent": intent}
    )


def _motion(state: State) -> MotionState | None:
    retreat = state.retreat
    return next((m for m in state.motions.values() if retreat is not None and m.effect == retreat.id), None)


def _told(state: State, motion: MotionState) -> Texts:
    """The way out, what the gripper keeps, and whose hands may be at it."""
    there = phrases.told(*(LET_GO.format(name) for name in with_the_arm(state)))
    keeps = _keeps(state)
    way = _way(state, motion.text)
    return joined(way, keeps, there)


def _way(state: State, text: str) -> Texts:
    """The way out as people call what it leads out of."""
    way, found = phrases.told(text), last_of_the_robot(state)
    if found is None or found[1].result.at is None or not text.startswith(f"{OUT_OF}{found[1].result.at},"):
        return way
    unit, step = found
    target, parts = step.result.at, state.variant_of(unit).parts
    assert target is not None
    return {
        language: said.replace(str(target), called(target, parts, language, state.spec.names))
        for language, said in way.items()
    }


def _keeps(state: State) -> Texts:
    held = state.world.held()
    felt = state.grip.holding if state.grip is not None else None  # where that is not what the ledger says
    if held is None:
        return phrases.told(UNKNOWN if felt else EMPTY)
    spec = state.part_spec(held.unit, held.kind)
    names = dict(spec.name) if spec is not None else {}
    return (_LOST if felt is False else _KEEPS).filled(part=names or held.part)


def _said(reason: str) -> Reason:
    code, parameters = coded(reason)
    return Reason(code=code, parameters=dict(parameters), text=phrases.told(reason))


def _ended(state: State) -> Texts:
    """Why the last retreat ended otherwise than it should; nothing where it did not."""
    end = state.retreated
    if end is None or end.outcome == "succeeded":
        return {}
    return phrases.told(*(text for text in (end.message, end.remedy) if text))
