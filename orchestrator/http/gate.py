"""Behind the guard: finds out who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from orchestrator.http.caller import CALLER, LOCAL
from orchestrator.http.errors import error_response
from orchestrator.http.guard import SAFE_METHODS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orchestrator.http.access import Access


class Gate:
    """ASGI middleware. Without `access` there is no login, and whoever comes by is the supervisor of this machine."""

    def __init__(self, app: ASGIApp, access: Access | None) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note who asks and pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        caller = LOCAL if self.access is None else self.access.caller(scope)
        recognise = scope["app"].state.recognise
        if recognise is not None and scope.get("client"):
            recognise(tuple(scope["client"]), caller.source)
        changes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if caller.by_cookie and changes and "origin" not in Headers(scope=scope):
            # Browsers name the page in every change; a cookie alone could be sent along by a page of somebody else.
            message, remedy = "It does not say which page asks.", "Programs ask with a key, not with a cookie."
            await error_response(403, "no_origin", message, remedy)(scope, receive, send)
            return
        before = CALLER.set(caller)
        try:
            await self.app(scope, receive, send)
        finally:
            CALLER.reset(before)
