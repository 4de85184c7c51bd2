"""Somebody whom the site's own sign-in vouches for (OpenID Connect), as the server asks for it."""

from __future__ import annotations

from typing import Literal, Protocol

from orchestrator.core.access import PersonRole
from orchestrator.core.errors import TandemError
from orchestrator.core.variant import Frozen

Fault = Literal["provider_down", "provider_wrong", "not_proved", "declined"]


class Asked(Frozen):
    """One sign-in that was begun: what the provider's answer has to fit.

    `redirect`: where it comes to. `state`, `nonce` and `verifier` (PKCE) are random. `began_t` (s, UTC).
    """

    redirect: str
    state: str
    nonce: str
    verifier: str
    began_t: float


class Vouched(Frozen):
    """Who somebody is by the word of a provider.

    `subject` names them to the `issuer` for good; `account` is the pseudonym of an account here, "" where no claim
    names one; `role` is None where no claim gives one.
    """

    issuer: str
    subject: str
    name: str
    account: str = ""
    role: PersonRole | None = None


class ProviderError(TandemError):
    """The provider does not answer (`provider_down`), not as it must (`provider_wrong`), or proves nobody."""

    def __init__(self, code: Fault, reason: str = "") -> None:
        message, remedy = _SAID[code]
        super().__init__(message, remedy=remedy, code=code)
        self.reason = reason  # for the log: holds no secret


_SAID: dict[Fault, tuple[str, str]] = {
    "provider_down": (
        "The site's sign-in does not answer.",
        "Sign in with badge or PIN; whoever runs the site's sign-in looks after it.",
    ),
    "provider_wrong": (
        "The site's sign-in answers what can't be used.",
        "Sign in with badge or PIN; the server's log says what is wrong, oidc.yaml what was agreed.",
    ),
    "not_proved": (
        "The site's sign-in did not prove who you are.",
        "Begin once more; if it stays like that, compare the clocks, and see the server's log.",
    ),
    "declined": ("The site's sign-in let nobody in.", "Begin once more, or sign in with badge or PIN."),
}


class Provider(Protocol):
    """A site's own sign-in."""

    @property
    def name(self) -> str:
        """What it is called on the button."""

    async def address(self, asked: Asked) -> str:
        """Return where a browser goes to sign in. Raises ProviderError."""

    async def prove(self, asked: Asked, code: str, issuer: str) -> Vouched:
        """Return who came back with a code; `issuer` as the answer names it, "" where it names none.

        Raises ProviderError.
        """
