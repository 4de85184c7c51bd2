"""A reason in English words, with the code and parameters by which a screen says it in the reader's language."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(str):
    """English words as REST, command line and log show them. `code` and `parameters` say the same to programs.

    >>> reason = Reason("mode", "The cell is in manual mode: switch to production.", mode="manual")
    >>> reason, reason.code, dict(reason.parameters)
    ('The cell is in manual mode: switch to production.', 'mode', {'mode': 'manual'})
    """

    __slots__ = ("code", "parameters")
    code: str
    parameters: Mapping[str, str]

    def __new__(cls, code: str, words: str, **parameters: str) -> Reason:
        """Make one; parameters are names and numbers as text, or words of the state machines."""
        reason = super().__new__(cls, words)
        reason.code = code
        reason.parameters = MappingProxyType(parameters)
        return reason


def coded(reason: str) -> tuple[str, Mapping[str, str]]:
    """Return a reason's code and parameters; "" and none for words that have none."""
    return (reason.code, reason.parameters) if isinstance(reason, Reason) else ("", {})
