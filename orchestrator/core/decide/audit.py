"""Rules for what auditors read: what somebody may not do and tried, and who was erased. No try fills the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.decide.verdict import Rejected
from orchestrator.core.state import DENIED_S, tried

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State


def denied(state: State, request: cmd.Request, now: float) -> list[ev.Event] | Rejected:
    """Refuse a command that its asker may not ask for; one such try a minute is journalled.

    Those between are counted where they come in (`NoteTries`).
    """
    by, kind = request.by, request.command.type
    if 0 <= now - state.denied.get(tried(by.name, kind), -DENIED_S) < DENIED_S:
        return Rejected("denied", f"The role {by.role} may not do this.", "Ask a supervisor.")
    return [ev.CommandDenied(by=by.name, role=by.role, command=kind)]


def note_tries(_state: State, command: cmd.NoteTries, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Journal what somebody known was refused at a door, or tried again and again."""
    return [ev.TriesRefused(by=command.who, role=command.role, what=command.what, count=command.count)]


def note_removed(_state: State, command: cmd.NoteRemoved, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Journal which pictures are kept no more."""
    told = {"why": command.why, "before_t": command.before_t, "checks": command.checks, "photos": command.photos}
    return [ev.EvidenceRemoved.model_validate(told)]


def note_erased(state: State, command: cmd.NoteErased, _by: cmd.Who, _now: float) -> list[ev.Event] | Rejected:
    """Journal once that a pseudonym stands for nobody any more."""
    if command.person in state.erased:
        return []
    return [ev.PersonErased(person=command.person, erased_t=command.erased_t)]
