"""The door: which hosts and origins are let in, how large a request may be, which headers every answer carries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from orchestrator.core.errors import BadInput
from orchestrator.engine.wall import wall_s
from orchestrator.http.errors import error_response, report
from orchestrator.http.intake import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 65_536
BODY_TIMEOUT_S = 10.0
UPLOAD = "/api/v1/photos"  # the one route that takes more, no JSON, and reads its body itself: behind its door
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

HEADERS = {
    # Pages load their own files alone. blob: and data: carry the textures of 3D models and evidence pictures.
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "connect-src 'self' blob: data:; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "camera=(self), microphone=(self), screen-wake-lock=(self), xr-spatial-tracking=(self), geolocation=(), "
        "usb=(), serial=(), payment=()"
    ),
}


class Guard:
    """ASGI middleware; the outermost, so that what it refuses reaches nothing else.

    A foreign Host means that a strange name was pointed at this machine (DNS rebinding). Browsers name the page that
    asks in Origin: a WebSocket or a change is taken from our own pages, or from programs, which send no Origin.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], max_body: int = MAX_BODY) -> None:
        self.app = app
        self.hosts = frozenset(host.strip("[]").lower() for host in hosts)
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        elif scope["method"] in SAFE_METHODS or scope["path"] == UPLOAD:
            await self._answer(scope, receive, _with_headers(send))
        else:
            await self._take_body(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str, str, str] | None:
        headers = Headers(scope=scope)
        host, port = _host(headers.get("host", ""), scope["scheme"])
        if host not in self.hosts:
            known = ", ".join(sorted(self.hosts))
            return 403, "foreign_host", f"This server does not go by the name '{host}'.", f"Known names: {known}."
        if "transfer-encoding" in headers and "content-length" in headers:  # RFC 9112: somebody may smuggle another
            return 400, "two_lengths", "The request says twice how long it is.", "Leave out Content-Length."
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
        if origin is None or not changes:
            return None
        secure = scope["scheme"] in ("https", "wss")
        named, _, netloc = origin.partition("://")
        if named == ("https" if secure else "http") and _host(netloc, named) == (host, port):
            return None
        remedy = "Open Tandem's own pages by the same name and port."
        return 403, "foreign_origin", f"Requests of pages from '{origin}' are not taken.", remedy

    async def _take_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        body = bytearray()
        announced = headers.get("content-length", "0")
        too_large = int(announced) > self.max_body if announced.isdecimal() else False
        try:
            async with asyncio.timeout(wall_s(BODY_TIMEOUT_S)):
                more = not too_large
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    too_large = len(body) > self.max_body
                    more = message.get("more_body", False) and not too_large
        except TimeoutError:
            await _refuse(scope, receive, send, 408, "too_slow", "The request took too long.", "Send it again.")
            return
        if too_large:
            message_text = f"The request is larger than {self.max_body} bytes."
            await _refuse(scope, receive, send, 413, "too_large", message_text, "Send less at a time.")
            return
        if body:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                message_text = (
                    f"Only JSON is taken, not '{kind}'." if kind else "Only JSON is taken, and it must say so."
                )
                remedy = "Send the header content-type: application/json."
                await _refuse(scope, receive, send, 415, "not_json", message_text, remedy)
                return
            try:
                read_json(bytes(body))
            except BadInput as error:
                await _refuse(scope, receive, send, 422, error.code, error.message, error.remedy)
                return
        rest: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return rest.pop() if rest else await receive()

        await self._answer(scope, replay, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            if begun:
                raise
            report("request failed", error, path=scope["path"], method=scope["method"])
            remedy = "Its log says more. Look at the cell before you try again."
            await error_response(500, "internal", "The server made a mistake.", remedy)(scope, receive, send)


def _host(netloc: str, scheme: str) -> tuple[str, int | None]:
    """Split a Host header or an origin's netloc into name and port."""
    try:
        parts = urlsplit(f"//{netloc}")
        return (parts.hostname or "").lower(), parts.port or PORTS.get(scheme)
    except ValueError:
        return netloc, None


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return wrapped


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, code: str, message: str, remedy: str
) -> None:
    response = error_response(status, code, message, remedy)
    if scope["type"] == "http":
        response.headers["connection"] = "close"  # the rest of its body is not read
        await response(scope, receive, _with_headers(send))
        return
    await receive()  # websocket.connect
    headers = [*response.raw_headers, *((k.encode(), v.encode()) for k, v in HEADERS.items())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
