"""The lane of what makes the cell safer: it waits behind nothing else that the same connection has asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.wire import CommandMessage

ALIKE = 4  # of one kind that may wait for their answers; above it the newest waits for one of these
NAMED = 16  # pauses of lanes and refusals of motions, each a kind of its own
VERBS = frozenset({CellVerb.HOLD, CellVerb.STOP, CellVerb.ABORT})

Kind = tuple[str, str]


def kind(message: CommandMessage) -> Kind | None:
    """Return which word that makes the cell safer a message is, and about what; None where it is another."""
    command = message.command
    if message.kept is not None:
        return None
    match command:
        case cmd.ChangeCell() if command.verb in VERBS:
            return command.verb, ""
        case cmd.Pause():
            return f"pause_{command.what}", command.name
        case cmd.StopRetreat():
            return command.type, ""
        case cmd.RefuseMotion():
            return command.type, command.motion
    return None


class SaferLane:
    """Hands each word in at once; of many alike the newest is kept until one before it is answered.

    None is dropped in favour of an earlier one: in between somebody else may have asked for the opposite.
    """

    def __init__(self, hand_in: Callable[[CommandMessage], None]) -> None:
        """`hand_in` begins to ask for a word; `answered` is to be called when that has ended."""
        self._hand_in = hand_in
        self._asked: dict[Kind, int] = {}
        self._next: dict[Kind, CommandMessage] = {}

    def full(self, of: Kind) -> bool:
        """Tell whether so many named kinds wait that one more is too much."""
        return bool(of[1]) and of not in self._asked and sum(bool(name) for _, name in self._asked) >= NAMED

    def take(self, of: Kind, message: CommandMessage) -> CommandMessage | None:
        """Hand a word in, now or next; returns the one that will not be, as this one comes after it."""
        if self._asked.get(of, 0) >= ALIKE:
            overtaken = self._next.get(of)
            self._next[of] = message
            return overtaken
        self._asked[of] = self._asked.get(of, 0) + 1
        self._hand_in(message)
        return None

    def answered(self, of: Kind) -> None:
        """One of this kind has its answer."""
        if (following := self._next.pop(of, None)) is not None:
            self._hand_in(following)
            return
        self._asked[of] -= 1
        if not self._asked[of]:
            del self._asked[of]
