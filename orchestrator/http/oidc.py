"""Sign-ins by the site's own provider that are under way: each counts once, on its own device, for ten minutes."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from orchestrator.core.oidc import Asked, ProviderError
from orchestrator.http.errors import NotLetIn
from orchestrator.http.pages import ADDRESSES

if TYPE_CHECKING:
    from orchestrator.core.oidc import Provider
    from orchestrator.http.access import Access
    from orchestrator.http.caller import Caller

FLOW_S = 600.0
FLOWS = 256  # under way at once; the oldest go
PER_DEVICE = 4  # of one device: it may have the page open several times
AT_ONCE = 8  # that wait for the provider
PAGE = "/sign-in"  # where the provider sends the browser back to

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Flow:
    """One sign-in under way: on which device, what was asked, and the page that it began on."""

    device: str
    asked: Asked
    to: str


class OidcDoor:
    """Begins and finishes sign-ins. What comes back is handed in by our own page.

    So it comes with the cookies of the device, which are for requests of this site alone (SameSite=Strict); who is
    sent here with somebody else's code or on another device gets nowhere, for `state` counts on its own device.
    """

    def __init__(self, access: Access, provider: Provider) -> None:
        self._access = access
        self._provider = provider
        self._flows: OrderedDict[str, Flow] = OrderedDict()
        self._waiting = 0

    async def begin(self, caller: Caller, site: str, to: str) -> str:
        """Return the provider's address for a sign-in that began at a page of `site`. Raises NotLetIn."""
        if not caller.device:
            raise NotLetIn(403, "no_device", "People sign in at devices.", "Programs have keys: tandem keys add.")
        asked = Asked(
            redirect=f"{site}{PAGE}",
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            began_t=self._access.now(),
        )
        try:
            address = await self._provider.address(asked)
        except ProviderError as error:
            raise self._refused(error) from error
        own = [state for state, flow in self._flows.items() if flow.device == caller.device]
        for state in own[: max(0, len(own) - PER_DEVICE + 1)]:
            del self._flows[state]
        self._flows[asked.state] = Flow(caller.device, asked, inside(to))
        while len(self._flows) > FLOWS:
            self._flows.popitem(last=False)
        return address

    async def finish(self, caller: Caller, *, state: str, code: str, issuer: str) -> tuple[str, str]:
        """Use up a sign-in; return the token, and the page to go on with. `code` "": nobody was let in there.

        Raises NotLetIn.
        """
        flow = self._flows.get(state)
        if flow is None or flow.device != caller.device or self._access.now() - flow.asked.began_t > FLOW_S:
            self._access.count("oidc_over")
            raise NotLetIn(403, "oidc_over", "This sign-in is over, or was not begun here.", "Begin once more.")
        del self._flows[state]
        if self._waiting >= AT_ONCE:
            raise NotLetIn(503, "busy", "Many sign in at once.", "Try again in a moment.", 1.0)
        self._waiting += 1
        try:
            if not code:
                raise ProviderError("declined")
            whom = await self._provider.prove(flow.asked, code, issuer)
        except ProviderError as error:
            raise self._refused(error) from error
        finally:
            self._waiting -= 1
        now = self._access.now()
        signed_in = await self._access.slowly(partial(self._access.accounts.vouched, caller.device, now, whom))
        if signed_in is None:
            self._access.count("oidc_unknown")
            remedy = "A supervisor makes an account for you; until then nobody is signed in."
            raise NotLetIn(403, "oidc_unknown", "You have no account at this cell.", remedy)
        return signed_in[1], flow.to

    def _refused(self, error: ProviderError) -> NotLetIn:
        self._access.count(error.code)
        if error.reason:
            log.warning("the site's sign-in", code=error.code, reason=error.reason)
        status = 503 if error.code in {"provider_down", "provider_wrong"} else 403
        return NotLetIn(status, error.code, error.message, error.remedy)


def inside(to: str) -> str:
    """Return the page to go on with: one of our own, or the first.

    >>> inside("/worker?place=front"), inside("//evil.example/"), inside("https://evil.example/worker")
    ('/worker?place=front', '/', '/')
    """
    path = to.partition("?")[0]
    return to if path in ADDRESSES and path != PAGE and to.isprintable() else "/"
