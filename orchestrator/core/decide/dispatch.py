"""From a request to the rule that judges it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.decide import (
    audit,
    autonomy,
    breakpoints,
    cell,
    contradictions,
    devices,
    help_calls,
    homing,
    kept,
    lull,
    manual,
    orders,
    outcomes,
    overdue,
    pauses,
    persons,
    photos,
    recovery,
    remains,
    retreat,
    rewind,
    rides,
    steps,
    unasked,
)
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.machine import IllegalMove
from orchestrator.core.rights import may

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.events import Event
    from orchestrator.core.state import State

_RULES: dict[type, Callable[[State, Any, cmd.Who, float], list[Event] | Rejected]] = {
    cmd.StoreOrder: orders.store,
    cmd.ChangeOrder: orders.change,
    cmd.StartUnit: orders.start_unit,
    cmd.ChangeCell: cell.change,
    cmd.SettleCell: cell.settle,
    cmd.SetMode: cell.set_mode,
    cmd.SetAutonomy: autonomy.set_autonomy,
    cmd.ReleaseStep: autonomy.release_step,
    cmd.VoidRelease: autonomy.void_release,
    cmd.SetBreakpoint: breakpoints.set_,
    cmd.ClearBreakpoint: breakpoints.clear,
    cmd.JoinPlace: cell.join,
    cmd.LeavePlace: cell.leave,
    cmd.RefillBin: cell.refill,
    cmd.TakePart: cell.take_part,
    cmd.SettlePart: contradictions.settle,
    cmd.ReportGrip: contradictions.grip,
    cmd.ReportUnasked: unasked.moves,
    cmd.Acknowledge: cell.acknowledge,
    cmd.ReportLull: lull.report,
    cmd.Pause: pauses.pause,
    cmd.Resume: pauses.resume,
    cmd.ExpirePause: pauses.expire,
    cmd.ReportRestart: recovery.restarted,
    cmd.ReportSafety: cell.safety,
    cmd.ReportDevice: devices.report,
    cmd.ProposeMotion: cell.propose_motion,
    cmd.ReportZones: autonomy.report_zones,
    cmd.ReportEquipment: autonomy.report_equipment,
    cmd.ApproveMotion: autonomy.approve_motion,
    cmd.RefuseMotion: autonomy.refuse_motion,
    cmd.EndMotion: cell.end_motion,
    cmd.StartJog: manual.start_jog,
    cmd.StartDrive: manual.start_drive,
    cmd.MoveGripper: manual.move_gripper,
    cmd.Retreat: retreat.ask,
    cmd.StopRetreat: retreat.stop,
    cmd.EndRetreat: retreat.end,
    cmd.NoteTrail: retreat.note_trail,
    cmd.TeachFrame: manual.teach,
    cmd.EndManual: manual.end,
    cmd.StartStep: steps.start,
    cmd.StartLook: rides.start,
    cmd.ConfirmStep: steps.confirm,
    cmd.KeepPhoto: photos.keep,
    cmd.ReportProblem: steps.problem,
    cmd.CallHelp: help_calls.call,
    cmd.AnswerHelp: help_calls.answer,
    cmd.WithdrawHelp: help_calls.withdraw,
    cmd.Choose: steps.choose,
    cmd.GiveStep: overdue.give,
    cmd.TakeStep: overdue.take,
    cmd.ClearPlace: overdue.clear,
    cmd.NoteOverdue: overdue.note,
    cmd.UndoStep: steps.undo,
    cmd.Rewind: rewind.begin,
    cmd.StartUndo: rewind.start,
    cmd.ConfirmUndo: rewind.confirm,
    cmd.StopRewind: rewind.stop,
    cmd.EndSkill: outcomes.skill,
    cmd.EndHome: homing.ended,
    cmd.LookForRemains: remains.start,
    cmd.EndRemainsLook: remains.end,
    cmd.EndCheck: outcomes.check,
    cmd.ReportPart: outcomes.part,
    cmd.NoteTries: audit.note_tries,
    cmd.NoteErased: audit.note_erased,
    cmd.NoteRemoved: audit.note_removed,
}


def decide(state: State, request: cmd.Request, now: float) -> list[Event] | Rejected:
    """Judge a request at `now` (s, UTC): the events that it brings about, or why it is refused. Pure."""
    command = request.command
    if not may(request.by.role, command, state.autonomy):
        return audit.denied(state, request, now)
    if (others := persons.refusal(state, request)) is not None:
        return others
    if request.kept is not None and (refused := kept.refusal(state, command, request.kept)) is not None:
        return refused
    try:
        verdict = _RULES[type(command)](state, command, request.by, now)
    except IllegalMove as error:
        return Rejected(error.code, error.message, error.remedy)
    return verdict if request.kept is None or isinstance(verdict, Rejected) else kept.stamped(verdict, request.kept)
