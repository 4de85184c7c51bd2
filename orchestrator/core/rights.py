"""Who may ask for what: one table, read by `decide` and so the same for REST, WebSocket and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.commands import Command, Role

_WORK = frozenset({"worker", "programmer", "supervisor"})
_LEAD = frozenset({"supervisor"})
_TECH = frozenset({"programmer", "supervisor"})

RIGHTS: dict[str, frozenset[str]] = {
    "store_order": _LEAD,
    "change_order": _LEAD,
    "change_cell": _WORK,
    "set_mode": _TECH,
    "set_autonomy": _TECH,
    "join_place": _WORK,
    "leave_place": _WORK,
    "confirm_step": _WORK,
    "report_problem": _WORK,
    "choose": _WORK,
    "undo_step": _WORK,
    "refill_bin": _WORK,
    "take_part": _WORK,
    "acknowledge": _WORK,
    "approve_motion": _WORK,
    "start_jog": _TECH,
    "start_drive": _TECH,
    "move_gripper": _TECH,
    "teach_frame": _TECH,
}
CALIBRATE = _TECH  # by the page: no command of the cell
CHECK_CAMERA = _WORK
LEAD_CHOICES = frozenset({"skip", "force", "scrap"})


def may(role: Role, command: Command) -> bool:
    """Tell whether a role may ask for a command at all; `engine` may ask for everything, an auditor for nothing."""
    if role == "engine":
        return True
    if command.type == "choose" and command.choice in LEAD_CHOICES:
        return role in _LEAD
    return role in RIGHTS.get(command.type, frozenset())
