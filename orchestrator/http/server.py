"""The app and the server that runs it in the current event loop."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from asyncio.sslproto import SSLProtocol
from contextlib import asynccontextmanager, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, cast

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import JSONResponse, Response
from starlette.routing import WebSocketRoute

from orchestrator import __version__
from orchestrator.core.errors import SetupError
from orchestrator.engine.wall import wall_s
from orchestrator.http import (
    access_routes,
    breakpoints,
    calibration,
    errors,
    hold,
    manual,
    oidc_routes,
    openapi,
    orders,
    own_record,
    photos,
    records,
    retreat,
    rewind,
    routes,
)
from orchestrator.http.audit import Audit
from orchestrator.http.budgets import ADDRESS, PER_ADDRESS, TOTAL
from orchestrator.http.commands import Commands
from orchestrator.http.doors import at_the_door
from orchestrator.http.frames import FRAMES, Frames
from orchestrator.http.gate import Gate
from orchestrator.http.guard import LOOPBACK, Guard
from orchestrator.http.hub import POSE_HZ, RING, Hub
from orchestrator.http.lines import CONNECTION, HANDSHAKE_S, REQUEST_S, Line, Listener
from orchestrator.http.metrics import Metrics
from orchestrator.http.pages import router as page_router
from orchestrator.http.sessions import HARD_LIMIT, WebSocketDoor

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orchestrator.engine.desk import Desk
    from orchestrator.http.access import Access
    from orchestrator.http.pace import Limits

GRACE_S = 1  # what open requests get when the server stops; with uvicorn's own rounds it is down within 2 s
IDLE_S = 5.0  # a connection that nothing was asked by for so long is closed, between two requests
KEEP_ALIVE_S = 10.0  # WebSocket ping; a screen that answers none for as long again is closed
CONNECTIONS = 1_000  # on a network; more are answered 503 and let go
TLS_READ_BYTES = 16 * 1024  # asyncio sets so much aside for each connection: 256 KiB by itself, a TLS record has 16
STUCK_MS = 20_000  # a peer that takes no bytes for this long has its connection cut by the kernel

log = structlog.get_logger(__name__)


def create_app(
    desk: Desk,
    *,
    pages: Path | None = None,
    hosts: Iterable[str] = LOOPBACK,
    ring: int = RING,
    pose_hz: float = POSE_HZ,
    access_log: bool = False,
    access: Access | None = None,
) -> FastAPI:
    """Make the app: REST below /api/v1, the WebSocket at /ws, assets, pages and upkeep.

    Args:
        desk: the cell.
        pages: the folder with the built pages; without it a page says how to build them.
        hosts: the names that this server goes by; a request under another one is refused.
        ring: how many state messages are kept for clients that come back.
        pose_hz: how often poses are sampled while anyone wants them.
        access_log: write a line for each request.
        access: who belongs here; without it there is no login, and whoever comes by is a supervisor: loopback alone.
    """
    metrics = Metrics()
    hub = Hub(desk, metrics, ring=ring, pose_hz=pose_hz)
    audit = Audit(desk)
    commands = Commands(desk, metrics, access, audit)
    if access is not None:
        access.metrics = metrics
        access.on_erased = audit.erased

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.open()
        audit.open()
        if access is not None:
            access.open()
        try:
            yield
        finally:
            await hub.close()
            if access is not None:
                await access.close()
            await audit.close()

    app = FastAPI(
        title="Tandem",
        version=__version__,
        description="Orders, cell and records of one assembly cell.",
        openapi_url=None,  # a route like any other, so that its door is looked after
        dependencies=[Depends(at_the_door)],
        docs_url=None,  # the stock documentation pages load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
    )
    app.state.metrics = metrics
    app.state.audit = audit
    app.state.recognise = None  # told of each request whose it is, by the server that takes connections
    errors.install(app)
    for router in routers(desk, commands, metrics, access):
        app.include_router(router)
    app.include_router(described(app, login=access is not None))
    app.router.routes.append(WebSocketRoute("/ws", WebSocketDoor(hub, commands, access)))
    app.include_router(page_router(pages))
    app.add_middleware(Gate, access=access)
    app.add_middleware(Guard, hosts=tuple(hosts))
    if access_log:
        app.add_middleware(AccessLog)
    return app


def routers(desk: Desk, commands: Commands, metrics: Metrics, access: Access | None) -> tuple[APIRouter, ...]:
    """Return every route but the WebSocket, the pages and the description of the others."""
    return (
        orders.router(desk, commands),
        rewind.router(desk, commands),
        retreat.router(desk, commands),
        hold.router(commands),
        routes.router(desk, commands),
        manual.router(desk, commands),
        calibration.router(desk.calibrating, commands),
        records.router(desk),
        photos.router(commands),
        breakpoints.router(desk),
        access_routes.router(access),
        own_record.router(desk, access),
        oidc_routes.router(access),
        routes.upkeep(desk, metrics),
    )


def described(app: FastAPI, *, login: bool) -> APIRouter:
    """Return the route that describes all others."""
    router = APIRouter()

    @cache
    def text() -> bytes:  # tens of milliseconds, in which nobody else is answered
        return bytes(JSONResponse(openapi.completed(app.openapi(), login=login)).body)

    @router.get("/api/v1/openapi.json", include_in_schema=False)
    async def describe() -> Response:
        return Response(text(), media_type="application/json")

    return router


class AccessLog:
    """ASGI middleware: a line for each HTTP request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = asyncio.get_running_loop().time()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            took_ms = round((asyncio.get_running_loop().time() - began) * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)


class WebServer:
    """A server bound to its port. It holds the port from its making on, so that `url` is true before it runs."""

    def __init__(
        self,
        app: FastAPI,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        signals: bool = False,
        tls: ssl.SSLContext | None = None,
        per_address: int | None = PER_ADDRESS,
        handshake_s: float = HANDSHAKE_S,
        request_s: float = REQUEST_S,
        address_pace: Limits = ADDRESS,
        total_pace: Limits = TOTAL,
        connection_pace: Limits = CONNECTION,
    ) -> None:
        """Bind the port; 0 takes a free one. `signals` ends the server on SIGINT and SIGTERM. Raises SetupError.

        On a network (`tls`) one address may hold `per_address` connections of strangers, and ask at its pace, all of
        them at `total_pace`; a device and a key at an address's pace each, wherever they are. A connection has a pace
        besides. A TLS handshake gets `handshake_s`, the head of a request `request_s`.
        """
        most = None if tls is None else per_address
        self._socket = _bind(host, port, most, handshake_s, address_pace, total_pace)
        self._socket.turned_away = app.state.metrics.turned_away
        app.state.recognise = self._socket.recognise
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'http' if tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        if tls is not None:
            SSLProtocol.max_size = TLS_READ_BYTES
        config = uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", partial(Line, self._socket, request_s, connection_pace)),
            ws=cast("type[asyncio.Protocol]", partial(Frames, self._socket.count, FRAMES)),
            ws_per_message_deflate=False,
            ws_max_size=HARD_LIMIT,
            ws_ping_interval=wall_s(KEEP_ALIVE_S),
            ws_ping_timeout=wall_s(KEEP_ALIVE_S),
            timeout_keep_alive=round(wall_s(IDLE_S)),
            lifespan="on",
            log_config=None,
            log_level="error",  # its warnings are what a stranger sends; those are counted
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing that a client writes may change where it seems to come from
            timeout_graceful_shutdown=GRACE_S,
            ssl_context_factory=None if tls is None else lambda *_: tls,
            limit_concurrency=None if tls is None else CONNECTIONS,
        )
        self._server = _Uvicorn(config, signals=signals)

    async def run(self) -> None:
        """Serve until `stop` is called or the task is cancelled; every connection is closed afterwards."""
        task = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self.stop()
            await task
            raise
        finally:
            self._socket.close()
            for connection in tuple(self._server.server_state.connections):
                if connection.transport is not None:
                    connection.transport.abort()  # it did not take its last bytes in time

    async def started(self) -> None:
        """Wait until connections are taken."""
        await self._server.is_up.wait()

    def stop(self) -> None:
        """Close every connection and end `run`, within 2 s."""
        self._server.should_exit = True


async def serve(
    desk: Desk,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    pages: Path | None = None,
    hosts: Iterable[str] = (),
    signals: bool = True,
    access_log: bool = False,
    on_start: Callable[[str], None] | None = None,
    access: Access | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve a cell until SIGINT or SIGTERM (with `signals`, main thread only) or until the task is cancelled.

    Beyond loopback it serves nothing without both `access` and `tls`. `on_start` is called once with the URL when
    connections are taken. Raises SetupError when the port can't be had.
    """
    if host not in LOOPBACK and (access is None or tls is None):
        raise SetupError(
            f"Serving at {host} without login and TLS would let anyone on the network move the robot.",
            remedy="Start with --lan, or serve at 127.0.0.1.",
        )
    app = create_app(desk, pages=pages, hosts={host, *LOOPBACK, *hosts}, access_log=access_log, access=access)
    server = WebServer(app, host, port, signals=signals, tls=tls)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        up = tasks.create_task(server.started())
        await asyncio.wait({running, up}, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and on_start is not None:
            on_start(server.url)
        await running
        up.cancel()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, signals: bool) -> None:
        super().__init__(config)
        self._signals = (signal.SIGINT, signal.SIGTERM) if signals else ()
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own would raise the signal again afterwards and end the process before the cell is closed.
        loop = asyncio.get_running_loop()
        for number in self._signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in self._signals:
                loop.remove_signal_handler(number)


def check_port(host: str, port: int) -> None:
    """Raise SetupError where a port can't be had: before a cell is started whose pages nobody could open."""
    _bind(host, port, None, HANDSHAKE_S, ADDRESS, TOTAL).close()


def _bind(host: str, port: int, per_address: int | None, handshake_s: float, pace: Limits, total: Limits) -> Listener:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise SetupError(f"There is no host '{host}': {error.strerror}.", remedy="Try --host 127.0.0.1.") from None
    family, kind, protocol, _, address = found[0]
    listener = Listener(
        family, kind, protocol, per_address=per_address, handshake_s=handshake_s, pace=pace, total=total
    )
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MS)
        listener.bind(address)
        listener.listen(512)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _explained(host, port, error) from None
    return listener


def _explained(host: str, port: int, error: OSError) -> SetupError:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65_535 else 8081
        return SetupError(f"Port {port} is taken.", remedy=f"Stop the other program, or start with --port {other}.")
    if error.errno == errno.EACCES:
        return SetupError(f"Port {port} is for the system alone.", remedy="Start with --port 8080.")
    if error.errno == errno.EADDRNOTAVAIL:
        return SetupError(f"This machine has no address {host}.", remedy="Start with --host 127.0.0.1.")
    return SetupError(f"Port {port} on {host} can't be had: {error.strerror}.", remedy="Start with another --port.")
