"""Rules for supervision: its level, the approval of motions, and steps that wait for a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.persons import whose
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.interlock import why_not
from orchestrator.core.lead import lead_s
from orchestrator.core.machine import StepStatus, move, verb_to
from orchestrator.core.readiness import held_up
from orchestrator.core.retreat import why_no_motion
from orchestrator.core.signature import about, sign
from orchestrator.core.state import RETREAT
from orchestrator.core.supervision import held_back, released_by

if TYPE_CHECKING:
    from orchestrator.core.state import MotionState, State

NO_REASON = "not like this"
_SEE = "See what the robot proposes now."
_SIGN_IN = "Sign in at a place and approve there."


def set_autonomy(state: State, command: cmd.SetAutonomy, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let the robot do more or less without asking. What moves already ends its sequence; stopping it is a hold's."""
    verb = verb_to(state.autonomy, command.autonomy)
    if verb is None:
        return []
    return [ev.AutonomyChanged(autonomy=move("autonomy", state.autonomy, verb), by=by.name)]


def approve_motion(state: State, command: cmd.ApproveMotion, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take one person's approval of a previewed motion; with the last one that it needs it goes ahead."""
    heard = _heard(state, command, by)
    if isinstance(heard, Rejected):
        return heard
    motion, who = heard
    if reasons := why_no_motion(state, motion.effect):
        return Rejected("interlock", "The robot may not move now.", " ".join(reasons))
    released = released_by(state, motion)
    if (motion.needs > 1 or released) and who == cmd.UNNAMED:  # they may be somebody who was at a place before
        several = "Several people approve this" if motion.needs > 1 else "Another approves this than let its step begin"
        return Rejected("nobody", f"{several}, and nobody knows who you are.", _SIGN_IN)
    if who in motion.approved_by:
        return Rejected("same_person", f"{who} has approved it already.", "It needs another person's approval.")
    if who == released:
        return Rejected("own_release", f"{who} let this step begin.", "It needs another person's approval.")
    unit, step_id, attempt = about(state, motion.effect)
    approved = ev.MotionApproved(
        effect=motion.effect,
        motion=motion.id,
        by=who,
        unit=unit,
        step=step_id,
        attempt=attempt,
        signature=sign(state, "way_out_approved" if motion.effect.startswith(RETREAT) else "motion_approved", unit),
    )
    if len(motion.approved_by) + 1 < motion.needs:
        return [approved]
    return [
        approved,
        ev.MotionIntended(
            effect=motion.effect,
            motion=motion.id,
            text=motion.text,
            plan=motion.plan,
            duration_s=motion.duration_s,
            preview=motion.preview,
            by=who,
            end=motion.end,
            lead_s=0.0 if motion.effect.startswith(RETREAT) else lead_s(state),
        ),
    ]


def refuse_motion(state: State, command: cmd.RefuseMotion, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that a previewed motion shall not run; approvals given so far are void with it."""
    heard = _heard(state, command, by)
    if isinstance(heard, Rejected):
        return heard
    motion, who = heard
    return [ev.MotionRefused(effect=motion.effect, motion=motion.id, reason=command.reason or NO_REASON, by=who)]


def release_step(state: State, command: cmd.ReleaseStep, by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a person's word that a step which waits for it may begin, once."""
    if command.place and command.place not in state.places:
        return Rejected("nobody", f"Nobody is signed in at {command.place}.", "Sign in at this place first.")
    found = state.step(command.unit, command.step)
    if found is None:
        return Rejected("no_step", f"There is no step {command.step} in work.", _SEE)
    step, current = found
    if current.status != StepStatus.READY or current.attempt != command.attempt:
        return Rejected("stale", f"{step.id} is {current.status}, attempt {current.attempt}.", _SEE)
    if not held_back(state, state.units[command.unit], step):
        return Rejected("stale", f"{step.id} does not wait for anybody's word.", _SEE)
    if reasons := why_not(state):
        return Rejected("interlock", "The robot may not move now.", " ".join(reasons))
    if why := held_up(state, state.units[command.unit], step, now):
        return Rejected(why[0].code, why[0].message, "Say next once nothing else holds it up.")
    who = whose(state, command.place, by)
    if state.spec.approvals.four_eyes and who == cmd.UNNAMED:  # they might approve what they let begin
        message = "Another person approves what this lets begin, and nobody knows who you are."
        return Rejected("nobody", message, "Sign in at a place and say next there.")
    signature = sign(state, "step_released", command.unit)
    return [ev.StepReleased(unit=command.unit, step=step.id, attempt=current.attempt, by=who, signature=signature)]


def void_release(state: State, command: cmd.VoidRelease, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a word back that somebody gave while nothing else held the step up: whoever gave it may have gone on."""
    found = state.step(command.unit, command.step)
    if found is None or not found[1].released or found[1].attempt != command.attempt:
        return []
    return [ev.ReleaseVoided(unit=command.unit, step=command.step, attempt=command.attempt)]


def report_zones(state: State, command: cmd.ReportZones, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Note what a plan of the robot's waits for."""
    if state.zones_awaited == (command.effect, command.zones):
        return []
    return [ev.ZonesAwaited(effect=command.effect, zones=command.zones)]


def report_equipment(
    state: State, command: cmd.ReportEquipment, _by: cmd.Who, _now: float
) -> list[ev.Event] | Rejected:
    """Note that a device does not answer, or does again."""
    lost = command.device in state.equipment_lost
    if command.answers:
        return [ev.EquipmentBack(device=command.device)] if lost else []
    if state.equipment_lost.get(command.device) == (command.unit, command.step):
        return []
    return [ev.EquipmentLost(device=command.device, unit=command.unit, step=command.step)]


def _heard(
    state: State, command: cmd.ApproveMotion | cmd.RefuseMotion, by: cmd.Who
) -> tuple[MotionState, str] | Rejected:
    """Return the motion that is judged and whose word it is: who works at the place it comes from, else who asks."""
    motion = state.motions.get(command.motion)
    if motion is None or motion.approved or motion.refused:
        return Rejected("stale", "This motion no longer waits for approval.", _SEE)
    if command.place and command.place not in state.places:
        return Rejected("nobody", f"Nobody is signed in at {command.place}.", "Sign in at this place first.")
    return motion, whose(state, command.place, by)
