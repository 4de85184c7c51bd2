"""Who may ask for what: one table, read by `decide` and so the same for REST, WebSocket and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.machine import LOWERS, Autonomy, verb_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.commands import Command, Role

_WORK = frozenset({"worker", "programmer", "supervisor"})
_LEAD = frozenset({"supervisor"})
_TECH = frozenset({"programmer", "supervisor"})
_DEVICE = frozenset({"device"})  # one that belongs here, and nobody is signed in at it

RIGHTS: dict[str, frozenset[str]] = {
    "store_order": _LEAD,
    "change_order": _LEAD,
    "change_cell": _WORK | _DEVICE,  # a device for DEVICE_VERBS alone
    "set_mode": _TECH,
    "set_autonomy": _WORK,  # towards more supervision; raising it is RAISE_AUTONOMY's
    "pause": _WORK,
    "resume": _WORK,
    "join_place": _WORK,
    "leave_place": _WORK,
    "confirm_step": _WORK,
    "keep_photo": _WORK,  # by its own route
    "report_problem": _WORK,
    "call_help": _WORK,
    "answer_help": _WORK,
    "withdraw_help": _WORK,
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
    "stop_retreat": _WORK | _DEVICE,
    "start_jog": _TECH,
    "start_drive": _TECH,
    "move_gripper": _TECH,
    "teach_frame": _TECH,
}
CALIBRATE = _TECH  # by the page: no command of the cell
CHECK_CAMERA = _WORK
RAISE_AUTONOMY = _TECH
DEVICE_VERBS = frozenset({"hold"})  # nothing is lost by it, and nobody has to clear or reset afterwards
LEAD_CHOICES = frozenset({"skip", "force", "scrap", "abort"})

PERSONS_WORD = frozenset({"join_place", "approve_motion", "release_step"})  # signed, or being somebody at a place


def may(role: Role, command: Command, autonomy: Autonomy | None = None) -> bool:
    """Tell whether a role may ask for a command at all; `engine` may ask for everything, an auditor for nothing.

    `autonomy` is the level now: to lower it is everybody's who works at the cell, to raise it is not.
    """
    to = command.autonomy if command.type == "set_autonomy" else None
    if role == "device" and command.type == "change_cell":
        return command.verb in DEVICE_VERBS
    return _may(role, command.type, command.choice if command.type == "choose" else "", to, autonomy)


def may_press(role: Role, command: Mapping[str, Any], autonomy: Autonomy) -> bool:
    """Tell the same of a button's command, which a screen may have to complete."""
    to = Autonomy(command["autonomy"]) if command["type"] == "set_autonomy" else None
    if role == "device" and command["type"] == "change_cell":
        return command.get("verb") in DEVICE_VERBS
    return _may(role, command["type"], command.get("choice", ""), to, autonomy)


def allowed(role: Role, *, machine: bool = False) -> frozenset[str]:
    """Return the types of commands of which a role may ask for some; `machine`: by a key, which is no person."""
    return frozenset(kind for kind, roles in RIGHTS.items() if role in roles) - (PERSONS_WORD if machine else set())


def persons_word(kind: str, choice: str = "") -> bool:
    """Tell whether a command is a person's word, which no key gives: it is signed, or makes somebody be at a place."""
    return kind in PERSONS_WORD or (kind == "choose" and choice in LEAD_CHOICES)


def _may(role: Role, kind: str, choice: str, to: Autonomy | None, autonomy: Autonomy | None) -> bool:
    if role == "engine":
        return True
    if to is not None and autonomy is not None:
        raises = verb_to(autonomy, to) not in {None, *LOWERS}
        return role in (RAISE_AUTONOMY if raises else RIGHTS[kind])
    if kind == "choose" and choice in LEAD_CHOICES:
        return role in _LEAD
    return role in RIGHTS.get(kind, frozenset())
