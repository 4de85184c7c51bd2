"""Rule for a hold while the cell holds: somebody else has hands in there, and a first word does not speak for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.holding import known

if TYPE_CHECKING:
    from orchestrator.core import commands as cmd
    from orchestrator.core.state import State


def joined(state: State, command: cmd.ChangeCell, by: cmd.Who) -> list[ev.Event]:
    """Let a hold count beside the first; what the engine has said already is nothing new."""
    if by.role == "engine" and known(state, command.reason):
        return []
    return [ev.HoldJoined(reason=command.reason or f"{by.name} wants the cell held, too.", by=by.name)]
