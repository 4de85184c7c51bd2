"""Who may ask for what: one table, read by `decide` and so the same for REST, WebSocket and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import LOWERS, verb_to

if TYPE_CHECKING:
    from orchestrator.core.commands import Command, Role
    from orchestrator.core.machine import Autonomy

_WORK = frozenset({"worker", "programmer", "supervisor"})
_LEAD = frozenset({"supervisor"})
_TECH = frozenset({"programmer", "supervisor"})

RIGHTS: dict[str, frozenset[str]] = {
    "store_order": _LEAD,
    "change_order": _LEAD,
    "change_cell": _WORK,
    "set_mode": _TECH,
    "set_autonomy": _WORK,  # towards more supervision; raising it is RAISE_AUTONOMY's
    "pause": _WORK,
    "resume": _WORK,
    "join_place": _WORK,
    "leave_place": _WORK,
    "confirm_step": _WORK,
    "report_problem": _WORK,
    "choose": _WORK,
    "give_step": _WORK,
    "take_step": _WORK,
    "clear_place": _WORK,
    "undo_step": _WORK,
    "rewind": _WORK,
    "confirm_undo": _WORK,
    "stop_rewind": _WORK,
    "refill_bin": _WORK,
    "take_part": _WORK,
    "settle_part": _WORK,
    "acknowledge": _WORK,
    "approve_motion": _WORK,
    "refuse_motion": _WORK,
    "release_step": _WORK,
    "set_breakpoint": _WORK,
    "clear_breakpoint": _TECH,  # as raising the autonomy: afterwards less is asked
    "retreat": _WORK,
    "stop_retreat": _WORK,
    "start_jog": _TECH,
    "start_drive": _TECH,
    "move_gripper": _TECH,
    "teach_frame": _TECH,
}
CALIBRATE = _TECH  # by the page: no command of the cell
CHECK_CAMERA = _WORK
RAISE_AUTONOMY = _TECH
LEAD_CHOICES = frozenset({"skip", "force", "scrap", "abort"})


def may(role: Role, command: Command, autonomy: Autonomy | None = None) -> bool:
    """Tell whether a role may ask for a command at all; `engine` may ask for everything, an auditor for nothing.

    `autonomy` is the level now: to lower it is everybody's who works at the cell, to raise it is not.
    """
    if role == "engine":
        return True
    if command.type == "set_autonomy" and autonomy is not None:
        raises = verb_to(autonomy, command.autonomy) not in {None, *LOWERS}
        return role in (RAISE_AUTONOMY if raises else RIGHTS[command.type])
    if command.type == "choose" and command.choice in LEAD_CHOICES:
        return role in _LEAD
    return role in RIGHTS.get(command.type, frozenset())
