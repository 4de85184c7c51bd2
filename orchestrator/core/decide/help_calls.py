"""Rules for a call for help: it asks for a person and changes nothing else; the step stays whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide.persons import whose
from orchestrator.core.decide.verdict import Rejected

if TYPE_CHECKING:
    from orchestrator.core.state import State

_SIGN_IN = "Sign in at the place first."


def call(state: State, command: cmd.CallHelp, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Call somebody to a place; a second call changes nothing."""
    person = state.places.get(command.place)
    if person is None:
        return Rejected("nobody", f"Nobody is at {command.place} who could call.", _SIGN_IN)
    if command.place in state.helps:
        return []
    doing = state.doing(command.place)
    unit, step = (doing[0].id, doing[1]) if doing is not None else ("", "")
    return [ev.HelpCalled(place=command.place, by=person.operator, unit=unit, step=step)]


def answer(state: State, command: cmd.AnswerHelp, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Let one other person say that they are coming."""
    called = state.helps.get(command.of)
    if called is None:
        return Rejected("stale", f"{command.of} calls for nobody any more.", "Nothing is to be done.")
    if command.place and command.place not in state.places:
        return Rejected("nobody", f"Nobody is at {command.place} who could come.", _SIGN_IN)
    who = whose(state, command.place, by)
    if who == called.by or command.place == command.of:
        return Rejected("same_person", f"{called.by} called for somebody else.", "Let another person come.")
    if called.coming:
        return [] if called.coming == who else Rejected("answered", f"{called.coming} is coming.", "One is enough.")
    return [ev.HelpAnswered(place=command.of, by=who)]


def withdraw(state: State, command: cmd.WithdrawHelp, by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """End a call, by the word of who called."""
    if command.place not in state.helps:
        return []
    return [ev.HelpWithdrawn(place=command.place, by=whose(state, command.place, by))]
