"""Who asks: found out once for each request or connection, and read wherever something is asked in their name."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.core.commands import Who
from orchestrator.core.rights import may

if TYPE_CHECKING:
    from orchestrator.core.commands import Command

STRANGER = "stranger"
DEVICE = "device"


@dataclass(frozen=True)
class Caller:
    """Who a request comes from.

    `standing` is `stranger`, `device` (joined, nobody is signed in) or a role. `tokens` are what proved it, to be
    looked at again while a connection lives; none on a server without login.
    """

    standing: str
    who: Who | None = None  # None: may ask for nothing in a name
    device: str = ""
    by_cookie: bool = False
    qualifications: tuple[str, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)

    @property
    def source(self) -> str:
        """What tells callers apart that come again: the device, else the name of the key; "" of a stranger."""
        return self.device or (self.who.name if self.tokens and self.who is not None else "")


# Whoever reaches a server without login is its supervisor.
LOCAL = Caller(standing="supervisor", who=Who())


def device(caller: Caller, command: Command) -> Who | None:
    """Return in whose name a joined device asks for this where no person does; None where one does, or for a key.

    No person does where nobody is signed in, or somebody whose role may not ask for it.
    """
    if not caller.device or (caller.who is not None and may(caller.who.role, command)):
        return None
    return Who(name=f"device/{caller.device}", role="device", known=True)


# Without a default: a way in that asks nobody who they are fails, instead of being somebody.
CALLER: ContextVar[Caller] = ContextVar("caller")


def asking() -> Who:
    """Return in whose name is asked now. Raises LookupError where nobody was looked at."""
    who = CALLER.get().who
    if who is None:
        raise LookupError("nobody asks")
    return who
