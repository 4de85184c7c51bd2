"""Whose word something is, and who may say it: a card is made for one person, and a proved name says its own words.

A worker place stands for the person who is signed in at it, so a word from there is that person's. Who asks without a
proved name (a server without login, a simulated worker) is taken at their word, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.rights import persons_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.state import Person, State

# Words of the person at a place. ClearPlace is not among them: anybody there can see that a place is clear.
OWN = (
    cmd.ConfirmStep,
    cmd.KeepPhoto,
    cmd.ConfirmUndo,
    cmd.ReportProblem,
    cmd.CallHelp,
    cmd.AnswerHelp,
    cmd.WithdrawHelp,
    cmd.GiveStep,
    cmd.TakeStep,
    cmd.ApproveMotion,
    cmd.RefuseMotion,
    cmd.ReleaseStep,
)
# Words about work that is done, each bound to one attempt: a device may keep them until it has a line again.
KEPT: tuple[type[cmd.ConfirmStep], type[cmd.ConfirmUndo], type[cmd.ReportProblem]] = (
    cmd.ConfirmStep,
    cmd.ConfirmUndo,
    cmd.ReportProblem,
)
_FROM_A_PLACE = frozenset(kind.model_fields["type"].default for kind in (*OWN, cmd.LeavePlace))
_REMEDY = "Sign in at this place as yourself, then say it."


def whose(state: State, place: str, by: cmd.Who) -> str:
    """Return whose word it is: of who is signed in at the place that it comes from, else of who asks."""
    person = state.places.get(place)
    return person.operator if person is not None else by.name


def instead(state: State, place: str, name: str) -> Person | None:
    """Return who is signed in at a place where that is another than `name`; None where it is them, or nobody."""
    person = state.places.get(place)
    return None if person is None or person.operator == name else person


def another(state: State, place: str, said_by: str) -> Rejected | None:
    """Refuse the word of somebody else than who is signed in at its place; "" is whoever is there."""
    if not said_by or (there := instead(state, place, said_by)) is None:
        return None
    message = f"{said_by} said this, and {there.operator} is signed in at {place} now."
    return Rejected("other_person", message, f"{said_by} can sign in and say it again.")


def a_keys(command: Mapping[str, Any], role: cmd.Role) -> bool:
    """Tell whether a key could press the button of a command: it neither signs nor speaks from a worker place."""
    kind, place = command["type"], command.get("place", "")
    if persons_word(kind, command.get("choice", "")):
        return False
    return not place or kind not in _FROM_A_PLACE or (kind == "leave_place" and role == "supervisor")


def refusal(state: State, request: cmd.Request) -> Rejected | None:
    """Return why a request would speak for somebody else; None where it does not."""
    return _unproved(state, request) or _kept_of_another(state, request)


def _unproved(state: State, request: cmd.Request) -> Rejected | None:
    by, command, kept = request.by, request.command, request.kept
    if not by.known:
        return None
    if by.machine and persons_word(command.type, command.choice if isinstance(command, cmd.Choose) else ""):
        message = f"{by.name} is a key: anybody may hold it, and this is a person's word."
        return Rejected("machine", message, "Sign in at a device as yourself, then say it there.")
    if kept is not None and kept.operator != by.name:
        message = f"{kept.operator} said this, and {by.name} hands it in."
        return Rejected("other_person", message, f"{kept.operator} can sign in; it is handed in then.")
    if isinstance(command, cmd.JoinPlace) and command.operator != by.name:
        return Rejected(
            "other_person", f"{by.name} can't sign in as {command.operator}.", "Everybody signs in as themselves."
        )
    place = command.place if isinstance(command, (*OWN, cmd.LeavePlace)) else ""
    there = instead(state, place, by.name)
    if there is None or (isinstance(command, cmd.LeavePlace) and by.role == "supervisor"):
        return None
    return Rejected("other_person", f"{there.operator} is signed in at {place}, not {by.name}.", _REMEDY)


def _kept_of_another(state: State, request: cmd.Request) -> Rejected | None:
    command, kept = request.command, request.kept
    if kept is None or not isinstance(command, KEPT):
        return None
    return another(state, command.place, kept.operator)
