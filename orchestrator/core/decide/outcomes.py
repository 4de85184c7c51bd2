"""Rules for what effects report back. Late and double outcomes are kept as ignored; facts always count."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import handing, homing, orders, rechecks, rides
from orchestrator.core.decide.doubt import doubtful
from orchestrator.core.decide.progress import after, again, failed, look, placed, proceed, to_place
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Safety
from orchestrator.core.rechecks import AHEAD_S, fresh_from, overtaken
from orchestrator.core.state import ROBOT
from orchestrator.core.world import CELL, GRIPPER, LOST, Sighting

if TYPE_CHECKING:
    from orchestrator.core.decide.verdict import Rejected
    from orchestrator.core.state import State, StepState
    from orchestrator.core.variant import Step

STRUCK = "The robot met something on its way, and stopped."
SURELY = 3.0  # sigma of both looks together
_LOOKS = 5  # pictures of one attempt that may come too early before a person is asked
_WORDS = {
    "displaced": "The part sits beside its place: {offset}.",
    "missing": "The camera sees no part at its place.",
    "flipped": "The part lies upside down.",
    "wrong": "Another part sits there: {reason}.",
    "cannot_see": "The camera can't see it: {reason}.",
}
_REMEDY = {
    "displaced": "Put it right, or let it be placed again.",
    "missing": "See whether it fell, then retry.",
    "flipped": "Turn it round.",
    "wrong": "Take it out and use the right one.",
    "cannot_see": "Clear the view and check again, or look yourself.",
}


def skill(state: State, command: cmd.EndSkill, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take the end of the robot's share of an attempt."""
    found = state.step(command.unit, command.step)
    why = _not_awaited(found is not None and "skill" in found[1].wants, found is not None, "skill")
    if found is None or why or command.attempt != found[1].attempt:
        return [_ignored(command, "end_skill", why or "another attempt runs")]
    first = ev.SkillEnded(
        unit=command.unit,
        step=command.step,
        attempt=command.attempt,
        effect=command.effect,
        outcome=command.outcome,
        code=command.code,
        message=command.message,
        values=command.values,
    )
    tentative = after(state, [first], now)
    if command.outcome == "succeeded":
        step, current = found
        # a person who confirmed while the gripper still held the part has it in place now
        put = to_place(tentative, command.unit, step) if step.together and "confirm" not in current.wants else []
        tentative = after(tentative, put, now)
        return [first, *put, *proceed(tentative, command.unit, command.step, now)]
    moved_t = min(state.struck_t, state.upset_t)  # a protective stop while nothing moved has met nothing
    if command.outcome == "canceled" and moved_t >= (found[1].started_t or 0.0):
        return [first, *_struck(tentative, command.unit, command.step, now)]
    if command.outcome == "canceled" and not command.retry:
        message = "It was broken off, and may not be run again by itself."
        return [first, *interrupted(tentative, command.unit, command.step, message, now)]
    if command.outcome == "canceled":
        return [first, *again(tentative, command.unit, command.step, "canceled", command.message or "Broken off.")]
    code = command.code or "skill_failed"
    words = (code, command.message, command.remedy)
    out = [first, *failed(tentative, command.unit, command.step, now, *words, retry=command.retry)]
    return [*out, *homing.wanted(after(state, out, now), command)]


def check(state: State, command: cmd.EndCheck, _by: cmd.Who, now: float) -> list[ev.Event] | Rejected:
    """Take a camera's verdict, unless the scene was touched after its picture, or it is of the future."""
    command = _of_the_past(command, now)
    found = state.step(command.unit, command.step)
    if found is not None and state.units[command.unit].rechecking.get(command.step) == command.effect:
        return _recheck(state, command, found[0], now)
    why = _not_awaited(found is not None and _looks(found[1], command), found is not None, "check")
    if found is None or why:
        return [_ignored(command, "end_check", why)]
    step, current = found
    if command.canceled and state.safety == Safety.PROTECTIVE_STOP:
        ids = {"unit": command.unit, "step": command.step, "attempt": command.attempt, "effect": command.effect}
        ended = ev.CheckEnded.model_validate({**ids, "error": STRUCK})
        return [ended, *_struck(after(state, [ended], now), command.unit, command.step, now)]
    if command.canceled or command.blocked:
        return [rides.broken_off(command) if command.canceled else rides.blocked(command)]
    measured = command.measured
    since = max(fresh_from(state, command.unit, step), current.started_t or 0.0)
    late = measured is not None and measured.shot_t < since - 1e-6
    if late and current.looks < _LOOKS:
        ignored = _ignored(command, "end_check", "the scene changed after the picture")
        return [ignored, *look(state, command.unit, command.step)]
    error = command.error
    if late:
        measured, error = None, f"after {current.looks} pictures there is none from after the scene last changed"
    first = ev.CheckEnded(
        unit=command.unit,
        step=command.step,
        attempt=command.attempt,
        effect=command.effect,
        measured=measured,
        error=error,
    )
    out: list[ev.Event] = [first]
    if measured is not None:
        out += _seen(state, command.unit, step, measured)
        out += rechecks.datum_doubted(after(state, out, now), command.unit, measured)
    tentative = after(state, out, now)
    if measured is not None and measured.verdict == "ok":
        return out + proceed(tentative, command.unit, command.step, now)
    verdict = measured.verdict if measured else "cannot_see"
    if verdict == "cannot_see" and current.looks < 2:
        return out + look(tentative, command.unit, command.step)
    if measured is not None and verdict == "cannot_see":
        doubt = _doubted(state, command.unit, step)
        out, tentative = out + doubt, after(tentative, doubt, now)
    message, remedy = verdict_words(measured, error)
    if measured is None and error == command.error:
        remedy = command.remedy or remedy
    if current.handed is not None:
        out += handing.seen(tentative, command.unit, step.id, now, verdict, message, remedy)
    else:
        again = not current.attempts or current.attempts[-1].retry
        out += failed(tentative, command.unit, command.step, now, verdict, message, remedy, retry=again)
    return out + homing.wanted(after(state, out, now), command)


def _of_the_past(command: cmd.EndCheck, now: float) -> cmd.EndCheck:
    """A picture that is stamped later than now could be from before anything: it tells nothing."""
    if command.measured is None or (ahead_s := command.measured.shot_t - now) <= AHEAD_S:
        return command
    error = f"the camera's clock is {ahead_s:.1f} s ahead: set it, and have it looked at again"
    return command.model_copy(update={"measured": None, "error": error})


def _recheck(state: State, command: cmd.EndCheck, step: Step, now: float) -> list[ev.Event]:
    """Take what the camera says of a result that it saw in its place before. Not to see it now is no contradiction."""
    measured = command.measured
    out: list[ev.Event] = [rechecks.ended(command)]
    tentative = after(state, out, now)
    unit = tentative.units[command.unit]
    done = unit.steps[step.id].status == StepStatus.DONE
    if done and overtaken(state, command.unit, step, measured):
        if unit.steps[step.id].late_looks >= _LOOKS:
            message = f"After {_LOOKS} pictures there is none that was taken after it was asked for."
            return [*out, rechecks.doubt(unit, step, "cannot_see", message, "See the camera and its clock.")]
        return out + orders.after_step(tentative, unit.order, now)
    if done and measured is not None:
        if measured.verdict != "ok" or _elsewhere(state, command.unit, step, measured):
            out += _seen(state, command.unit, step, measured)
        if measured.verdict not in {"ok", "cannot_see"}:
            out.append(rechecks.doubt(unit, step, measured.verdict, *verdict_words(measured)))
        tentative = after(state, out, now)
        doubted = rechecks.datum_doubted(tentative, command.unit, measured)
        out, tentative = out + doubted, after(tentative, doubted, now)
    return out + orders.after_step(tentative, unit.order, now)


def verdict_words(measured: cmd.Measured | None, error: str = "") -> tuple[str, str]:
    """Return what a camera's verdict other than ok means, and what to do; `error` says why there is none."""
    verdict = measured.verdict if measured else "cannot_see"
    offset = _offset_words(measured.offset_mm) if measured and measured.offset_mm else ""
    reason = (measured.reason if measured else error).rstrip(".")
    return _WORDS[verdict].format(offset=offset, reason=reason), _REMEDY[verdict]


def part(state: State, command: cmd.ReportPart, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Take a fact about a part. Facts count whatever became of the attempt that they came from.

    Of a unit that has left only what the gripper holds is followed: to where it is set down.
    """
    unit = command.part.split("/", 1)[0]
    holder, frame, pose = command.to, command.frame, command.pose
    if holder in state.spec.frames:
        holder, frame, pose = CELL, holder, pose or state.spec.frames[holder]
    held = state.world.held()
    gone = unit not in state.units and holder != GRIPPER
    circle = holder == command.part or any(fact.part == command.part for fact in state.world.chain(holder))
    if gone and (held is None or held.part != command.part):
        return [_kept(command, "the unit is not in work")]
    if circle:
        return [_kept(command, "a part can't sit on itself")]
    out: list[ev.Event] = []
    if (
        holder == GRIPPER and held is not None and held.part != command.part
    ):  # it can't hold two: the older belief falls
        what = "lost" if held.unit in state.units else "consumed"
        out.append(_moved(held.unit, held.part, held.kind, what, LOST))
    if gone and holder != CELL and state.world.get(holder) is None:  # set down in the cell it is a leftover
        return [*out, _moved(unit, command.part, command.kind, "consumed", LOST, bin_=command.bin)]
    moved = _moved(unit, command.part, command.kind, command.what, holder, frame, pose, command.bin)
    return [*out, moved.model_copy(update={"lay": command.lay})]


def _moved(
    unit: str,
    part_: str,
    kind: str,
    what: str,
    holder: str,
    frame: str = "",
    pose: Pose | None = None,
    bin_: str = "",
) -> ev.PartMoved:
    return ev.PartMoved.model_validate(
        {
            "unit": unit,
            "part": part_,
            "kind": kind,
            "what": what,
            "holder": holder,
            "frame": frame,
            "pose": pose,
            "source": "commanded",
            "certainty": "unknown" if what in {"lost", "consumed"} else "known",
            "bin": bin_,
        }
    )


def _kept(command: cmd.ReportPart, why: str) -> ev.OutcomeIgnored:
    return ev.OutcomeIgnored(
        unit=command.part.split("/", 1)[0], effect="", what=f"report_part {command.part} {command.what}", why=why
    )


def interrupted(state: State, unit_id: str, step_id: str, message: str, now: float) -> list[ev.Event]:
    """Return the question that an interrupted robot step becomes."""
    return failed(state, unit_id, step_id, now, "interrupted", message, "Look at the part, then decide.")


def _struck(state: State, unit_id: str, step_id: str, now: float) -> list[ev.Event]:
    """What met something on its way is not simply sent that way again: a person sees what it was."""
    return failed(state, unit_id, step_id, now, "protective_stop", STRUCK, "See what it touched, then decide.")


def _seen(state: State, unit_id: str, step: Step, measured: cmd.Measured) -> list[ev.Event]:
    """What the verdict says of the part's place: seen beside or at its nominal pose, or not there."""
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    nominal = next((event for event in placed(state, unit_id, step) if isinstance(event, ev.PartMoved)), None)
    if nominal is None or nominal.pose is None or measured.verdict == "cannot_see":
        return []
    if measured.verdict == "missing":
        if fact is None or fact.holder == GRIPPER or fact.holder.startswith("place:"):
            return []  # it is in somebody's hands: not to see it at its place is no contradiction
        holder, frame, pose, certainty = LOST, fact.frame, None, "unknown"
    elif measured.verdict in {"ok", "displaced"}:
        holder, frame = nominal.holder, nominal.frame
        pose, certainty = (nominal.pose @ _offset(measured)).rounded(), "known"
        if fact is not None and fact.holder == GRIPPER:  # the gripper is not let go of because a camera says so
            holder, frame, pose, certainty = GRIPPER, "", fact.pose, "known" if step.carry else "doubtful"
    else:
        holder, frame, pose, certainty = nominal.holder, nominal.frame, nominal.pose, "doubtful"
    return [
        ev.PartMoved.model_validate(
            {
                "unit": unit_id,
                "part": nominal.part,
                "kind": nominal.kind,
                "what": "seen",
                "holder": holder,
                "frame": frame,
                "pose": pose,
                "source": "measured",
                "certainty": certainty,
                "sighting": _sighting(state, holder, measured) if certainty == "known" else None,
            }
        )
    ]


def _sighting(state: State, holder: str, measured: cmd.Measured) -> Sighting | None:
    """Return how a place was measured, where it is off as the camera is: a later look of it says the same then.

    It is not where good units have taught where the part is found, nor on something that this camera has not measured.
    Older journals don't tell, and a vision that is never unsure claims too much.
    """
    mm, deg = measured.uncertainty_mm, measured.uncertainty_deg
    if holder == GRIPPER or measured.taught or measured.camera_at is None or not mm or not deg or not any((*mm, *deg)):
        return None
    if holder != CELL and not measured.datum:
        root = [*state.world.chain(holder)][-1:]
        seen = root[0].sighting if root else None
        if seen is None or (seen.camera, seen.calibration) != (measured.camera, measured.calibration):
            return None
    x, y, z = (round(v / 1000, 6) for v in mm)
    about_x, about_y, about_z = (round(math.radians(v), 6) for v in deg)
    return Sighting(
        camera=measured.camera,
        calibration=measured.calibration,
        camera_at=measured.camera_at,
        sigma_m=(x, y, z),
        sigma_rad=(about_x, about_y, about_z),
    )


def _elsewhere(state: State, unit_id: str, step: Step, measured: cmd.Measured) -> bool:
    """Whether a second look tells more of a part's place than the ledger has: clearly another, or the first measured.

    What carries more by now is seen the worse; a place that differs by no more than both looks may err stays.
    """
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    nominal = next((event for event in placed(state, unit_id, step) if isinstance(event, ev.PartMoved)), None)
    first = state.units[unit_id].steps[step.id].attempts[-1].measured
    if fact is None or nominal is None or nominal.pose is None or first is None:
        return True
    if fact.source != "measured" or fact.certainty != "known":
        return True
    known, seen = (nominal.pose.inverse() @ fact.pose).p, _offset(measured).p
    err = zip(first.uncertainty_mm or (0.0,) * 3, measured.uncertainty_mm or (0.0,) * 3, strict=True)
    return any(1000 * abs(a - b) > SURELY * math.hypot(*both) for a, b, both in zip(known, seen, err, strict=True))


def _doubted(state: State, unit_id: str, step: Step) -> list[ev.Event]:
    """A place that only a person's word stands for is doubtful once the camera could not confirm it."""
    fact = state.world.get(f"{unit_id}/{step.result.part}")
    by_hand = any(actor != ROBOT for actor in state.units[unit_id].steps[step.id].actors)
    if fact is None or not by_hand or fact.certainty != "known" or fact.source == "measured" or fact.holder == GRIPPER:
        return []
    return [doubtful(fact)]


def _offset(measured: cmd.Measured) -> Pose:
    """The measured offset as a pose; its rotation is axis times angle."""
    x, y, z = (math.radians(v) for v in measured.turn_deg or (0.0, 0.0, 0.0))
    angle = math.hypot(x, y, z)
    scale = math.sin(angle / 2) / angle if angle > 1e-12 else 0.5
    dx, dy, dz = (v / 1000 for v in measured.offset_mm or (0.0, 0.0, 0.0))
    return Pose((dx, dy, dz), (math.cos(angle / 2), x * scale, y * scale, z * scale))


def _offset_words(offset_mm: tuple[float, float, float]) -> str:
    axes = [f"{value:+.1f} mm along {axis}" for axis, value in zip("xyz", offset_mm, strict=True) if abs(value) >= 0.05]
    return ", ".join(axes) or "turned"


def _looks(current: StepState, command: cmd.EndCheck) -> bool:
    """Whether the look that a command ends is under way, and can end so.

    Only one that the arm moves for is broken off, and only one that it does not is blocked by it.
    """
    under_way = "camera" in current.wants and current.ride != "wanted" and current.effect == command.effect
    moves = current.ride == "under_way"
    return under_way and (moves or not command.canceled) and not (moves and command.blocked)


def _not_awaited(awaited: bool, in_work: bool, what: str) -> str:
    if not in_work:
        return "the unit is not in work"
    return "" if awaited else f"no {what} is awaited"


def _ignored(command: cmd.EndSkill | cmd.EndCheck, what: str, why: str) -> ev.OutcomeIgnored:
    return ev.OutcomeIgnored(
        unit=command.unit, step=command.step, attempt=command.attempt, effect=command.effect, what=what, why=why
    )
