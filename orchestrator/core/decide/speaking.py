"""Who may speak for whom: whose name was proved says only what they themselves do.

A worker place stands for the person who is signed in at it, so a word from there is that person's. Who asks without a
proved name (a server without login, a simulated worker) is taken at their word, as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.signature import OF_CHOICE

if TYPE_CHECKING:
    from orchestrator.core.state import State

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
)
# Words that are signed, and being somebody at a place, which is how results are attested.
_PERSONS = (cmd.JoinPlace, cmd.ApproveMotion, cmd.ReleaseStep)
_REMEDY = "Sign in at this place as yourself, then say it."


def refusal(state: State, request: cmd.Request) -> Rejected | None:
    """Return why a request would speak for somebody else; None where it does not."""
    by, command = request.by, request.command
    if not by.known:
        return None
    if by.machine and (
        isinstance(command, _PERSONS) or (isinstance(command, cmd.Choose) and command.choice in OF_CHOICE)
    ):
        message = f"{by.name} is a key: anybody may hold it, and this is a person's word."
        return Rejected("machine", message, "Sign in at a device as yourself, then say it there.")
    if request.kept is not None and request.kept.operator != by.name:
        message = f"{request.kept.operator} said this, and {by.name} hands it in."
        return Rejected("other_person", message, f"{request.kept.operator} can sign in; it is handed in then.")
    if isinstance(command, cmd.JoinPlace) and command.operator != by.name:
        return Rejected(
            "other_person", f"{by.name} can't sign in as {command.operator}.", "Everybody signs in as themselves."
        )
    place = command.place if isinstance(command, (*OWN, cmd.LeavePlace)) else ""
    person = state.places.get(place)
    if (
        person is None
        or person.operator == by.name
        or (isinstance(command, cmd.LeavePlace) and by.role == "supervisor")
    ):
        return None
    return Rejected("other_person", f"{person.operator} is signed in at {place}, not {by.name}.", _REMEDY)
