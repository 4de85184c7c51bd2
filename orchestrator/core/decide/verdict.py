"""What `decide` answers with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rejected:
    """A command that is not legal now: a stable code, and for people what is wrong and what to do."""

    code: str
    message: str
    remedy: str = ""
