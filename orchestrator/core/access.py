"""Who belongs here: people, devices, machines' keys and sign-ins, as the accounts of a site know them.

None of it is in the journal: there a person is a pseudonym, and what it stands for can be erased here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args

from pydantic import Field

from orchestrator.core.commands import Name
from orchestrator.core.errors import TandemError
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from orchestrator.core.oidc import Vouched

PersonRole = Literal["worker", "programmer", "supervisor", "auditor"]
ROLES: tuple[PersonRole, ...] = get_args(PersonRole)

SESSION_S = 12 * 3600.0  # a shift with overtime
IDLE_S = 2 * 3600.0  # a worker who asks for nothing for as long is gone
LEAD_IDLE_S = 1800.0  # of whoever may do more: a tablet that they leave behind is soon nobody's
CODE_S = 600.0  # how long a joining code counts

PIN_DIGITS = 6
PASSWORD_LENGTH = 10
BADGE_ALONE: frozenset[str] = frozenset({"worker"})  # who signs in by a badge that could be found; others add their PIN


class Person(Frozen):
    """An account: `id` is the pseudonym in the journal, `name` what screens show."""

    id: Name
    name: str
    role: PersonRole
    qualifications: tuple[Name, ...] = ()
    secret: bool = False  # has a PIN or password
    badges: int = 0
    locked: bool = False  # after too many wrong ones, until a supervisor sets it anew


class Device(Frozen):
    """A tablet, headset or computer that was joined (s, UTC)."""

    id: str
    name: str
    joined_t: float


class Key(Frozen):
    """A machine's key, by what it was made for; it may do what its role may."""

    id: str
    name: str
    role: PersonRole
    made_t: float


class SignedIn(Frozen):
    """A person at a device, until when at most, and when they last asked for something (s, UTC)."""

    person: Person
    device: str
    until_t: float
    seen_t: float


class Erased(Frozen):
    """That a person was erased (s, UTC): all that is left of them is the pseudonym, which nobody else may get."""

    person: str
    t: float


class Refusal(Frozen):
    """A sign-in that was refused: `wrong`, `wait` (for `wait_s`), `locked` or `secret` (the badge needs a PIN)."""

    code: Literal["wrong", "wait", "locked", "secret"]
    wait_s: float = 0.0
    person: str = ""  # whose PIN is wanted besides the badge


class AccessError(TandemError):
    """An account, device or key can't be had or changed like that."""

    code = "access"


class Accounts(Protocol):
    """The accounts of a site. Reads are quick; what is marked so takes tens of milliseconds, and belongs in a thread.

    Tokens, keys and codes are handed out once, and kept as digests alone.
    """

    def version(self) -> int:
        """Return a number that changes whenever anything here was changed, by any process."""

    def session(self, token: str, now: float) -> SignedIn | None:
        """Return the sign-in of a token that counts still: neither ended, nor expired, nor its device revoked."""

    def device(self, token: str) -> Device | None:
        """Return the device of a token that is not revoked."""

    def key(self, token: str) -> Key | None:
        """Return the key of a machine that is not revoked."""

    def people(self) -> list[Person]:
        """Return everybody, by name."""

    def devices(self) -> list[Device]:
        """Return every device that is not revoked, oldest first."""

    def sign_ins(self, person: str, now: float) -> list[SignedIn]:
        """Return where a person is signed in."""

    def erased(self) -> list[Erased]:
        """Return who was erased, oldest first."""

    def overwrite(self) -> bool:
        """Bring what was erased out of the log of changes, too; False where somebody reads it just now. Slow."""

    def sign_in(
        self, device: str, now: float, *, person: str = "", secret: str = "", badge: str = ""
    ) -> tuple[Person, str] | Refusal:
        """Prove who somebody is and return them with a fresh token, or say why not. Slow: hashes with argon2id."""

    def vouched(self, device: str, now: float, whom: Vouched) -> tuple[Person, str] | None:
        """Sign in somebody by a provider's word, with a fresh token; None where there is no account for them. Slow."""

    def sign_out(self, token: str) -> None:
        """End a sign-in. Slow: it is on disk when this returns."""

    def touch(self, token: str, now: float) -> None:
        """Note that somebody is still there. Slow."""

    def invite(self, now: float) -> tuple[str, float]:
        """Return a code that lets one device join, and until when it counts (s, UTC). Slow."""

    def join(self, code: str, name: str, now: float) -> tuple[Device, str] | None:
        """Use up a code; return the new device with its token, None where no such code counts. Slow."""

    def revoke_device(self, device: str) -> None:
        """Let a device belong here no more; sign-ins on it end. Raises NotFound. Slow."""


class Failures(Frozen):
    """Wrong tries in a row, and when the last one was (s, UTC)."""

    count: int = Field(default=0, ge=0)
    last_t: float = 0.0
