"""One WebSocket client: what it missed, what it asks, and what becomes of it when it is too slow."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError

from orchestrator.core.commands import ConfirmStep, ConfirmUndo, JoinPlace, LeavePlace, ReportProblem, Who
from orchestrator.core.corrections import Correction
from orchestrator.core.errors import BadInput
from orchestrator.engine.answers import in_languages
from orchestrator.engine.wall import wall_s
from orchestrator.http.caller import CALLER
from orchestrator.http.doors import refusal
from orchestrator.http.errors import error_response
from orchestrator.http.intake import MISTAKES, explain, read_json, too_many
from orchestrator.http.pace import Limits, Pace, Refusals, Rude
from orchestrator.http.safer import SaferLane, kind
from orchestrator.wire import (
    CLIENT,
    SIGNED_OUT,
    SLOW_CLIENT,
    SUBPROTOCOL,
    Answer,
    AnswerMessage,
    CommandMessage,
    Follow,
    Hello,
    RefusedMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from orchestrator.http.access import Access
    from orchestrator.http.caller import Caller
    from orchestrator.http.commands import Commands
    from orchestrator.http.hub import Hub
    from orchestrator.http.safer import Kind

log = structlog.get_logger(__name__)

MAX_MESSAGE = 65_536  # characters; refused above, and above HARD_LIMIT bytes the connection is closed unread
HARD_LIMIT = 1_048_576
COMMANDS_AT_ONCE = 32  # not counting what makes the cell safer
OUTBOX = 256  # answers that a client has not read yet
CLOSING_S = 5.0  # how long a slow client may take to read that it is closed
_WORK = (JoinPlace, ConfirmStep, ConfirmUndo, ReportProblem)  # what is asked from the screen of a place alone
POLICY = 1008  # RFC 6455: the client does what it must not
LIMITS = Limits()


class _Ended(Exception):
    """The session is over: closed with `code`, or gone by itself (0)."""

    def __init__(self, code: int = 0, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class WebSocketDoor:
    """The ASGI endpoint of `/ws`: each connection becomes a session."""

    def __init__(self, hub: Hub, commands: Commands, access: Access | None = None, limits: Limits = LIMITS) -> None:
        self._hub = hub
        self._commands = commands
        self._access = access
        self._limits = limits
        self._rude = Rude(limits.window_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        await receive()  # websocket.connect
        caller = CALLER.get()
        if (refused := refusal(caller, "WEBSOCKET /ws")) is not None:
            self._hub.metrics.turned_away(refused.code)
            await _shut(send, error_response(refused.status, refused.code, refused.message, refused.remedy))
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            message = f"This server speaks {SUBPROTOCOL} and nothing else."
            await _shut(send, error_response(400, "subprotocol", message, f"Ask for the subprotocol {SUBPROTOCOL}."))
            return
        source, now = _source(scope, caller), asyncio.get_running_loop().time
        limits = self._limits
        if self._rude.known(source, now()):
            limits = replace(limits, refused=1)
            await asyncio.sleep(wall_s(Rude.LATE_S))
            if not self._still(caller):
                message = "This device or its person was sent away."
                await _shut(send, error_response(401, "signed_out", message, "Sign in, then ask again."))
                return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        session = Session(self._hub, self._commands, receive, send, caller=caller, still=self._still, limits=limits)
        self._hub.join(session)
        if self._access is not None:
            self._access.present(session, caller, session.dismiss)
        try:
            await session.run()
        finally:
            if session.rude:
                if not self._rude.known(source, now()):
                    log.warning("ended a connection that sends what can't be understood", source=source)
                self._rude.note(source, now())
            self._hub.part(session)
            if self._access is not None:
                self._access.gone(session)

    def _still(self, caller: Caller) -> bool:
        return self._access is None or self._access.still(caller)


def _source(scope: Scope, caller: Caller) -> str:
    """Return what tells clients apart that come again: the device, the key's name, or the address."""
    return caller.source or str((scope.get("client") or ("",))[0])


async def _shut(send: Send, response: Response) -> None:
    """Refuse a connection before it is one."""
    await send(
        {
            "type": "websocket.http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "websocket.http.response.body", "body": response.body})


class Session:
    """One client. Its writer alone waits for its network; nobody else ever does."""

    def __init__(
        self,
        hub: Hub,
        commands: Commands,
        receive: Receive,
        send: Send,
        *,
        caller: Caller,
        still: Callable[[Caller], bool],
        limits: Limits = LIMITS,
    ) -> None:
        self.cursor: int | None = None
        self.rude = False  # whether it was ended for what it sent
        self._caller = caller
        self._who = caller.who if caller.who is not None else Who(role="auditor")
        self._still = still
        self._hub = hub
        self._commands = commands
        self._receive = receive
        self._send = send
        self._news = asyncio.Event()
        self._ended: asyncio.Future[_Ended] = asyncio.get_running_loop().create_future()
        self._outbox: deque[tuple[int, str]] = deque()  # each after the state message of this seq
        self._seen: dict[str, int] | None = None  # tick of each pose topic; None: wants no poses
        self._pongs = 0  # owed, each after the state message of seq `_pong_at`
        self._pong_at = 0
        self._under_way = 0
        self._safer = SaferLane(self._hand_in_safer)
        self._limits = limits
        self._now = asyncio.get_running_loop().time
        self._pace = Pace(limits, self._now())
        self._refusals = Refusals(limits.refused, limits.window_s)
        self._over = False

    async def run(self) -> None:
        """Read and write until the client goes or is sent away."""
        end = _Ended()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write())
                tasks.create_task(self._read())
                raise await self._ended
        except* _Ended as group:
            end = next(e for e in _leaves(group) if isinstance(e, _Ended))
        finally:
            self._over = True
        if end.code:
            with suppress(OSError, RuntimeError, TimeoutError):  # it may be gone meanwhile
                async with asyncio.timeout(wall_s(CLOSING_S)):
                    await self._send({"type": "websocket.close", "code": end.code, "reason": end.reason})

    def wake(self) -> None:
        """Called by the hub when there may be something to send."""
        self._news.set()

    def dismiss(self) -> None:
        """Called when whose connection this is was signed out or sent away."""
        self._end(SIGNED_OUT, "Sign in again.")

    def overrun(self) -> None:
        """Called by the hub when the ring no longer holds this client's next message."""
        self._end(SLOW_CLIENT, "Too slow: connect again to catch up.")

    def _end(self, code: int, reason: str) -> None:
        if not self._ended.done():
            if code == SLOW_CLIENT:
                self._hub.metrics.slow_client()
            self._ended.set_result(_Ended(code, reason))

    # ---- to the client -----------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while (text := self._next()) is not None:
                await self._put(text)
            while self._pongs and (self.cursor is None or self.cursor >= self._pong_at):
                self._pongs -= 1
                await self._put(self._hub.pong())
            if self._seen is not None:
                for text in tuple(self._hub.poses.news(self._seen)):
                    await self._put(text)

    def _next(self) -> str | None:
        """Take the next answer or state message: an answer follows what its command has changed."""
        if self._outbox and (self.cursor is None or self.cursor >= self._outbox[0][0]):
            return self._outbox.popleft()[1]
        if self.cursor is not None and self.cursor < self._hub.seq:
            self.cursor += 1
            return self._hub.text(self.cursor, self._who)
        return None

    async def _put(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):  # gone, or closed by the server's own keep-alive
            raise _Ended from None

    def _reply(self, text: str) -> None:
        if len(self._outbox) >= OUTBOX:
            self._end(SLOW_CLIENT, "Too slow: read the answers before asking more.")
            return
        self._outbox.append((self._hub.seq, text))
        self._news.set()

    def _owe_pong(self) -> None:
        """A pong follows all state messages that there are now, so that it also says: you have seen them."""
        if self._pongs >= OUTBOX:
            self._end(SLOW_CLIENT, "Too slow: read the answers before asking more.")
            return
        self._pongs += 1
        self._pong_at = self._hub.seq
        self._news.set()

    # ---- from the client ---------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                raise _Ended
            text = event.get("text")
            cost = self._take(text)
            if self._ended.done():
                return
            size = len(text if text is not None else event.get("bytes") or b"")
            # Unread, it stays with who sent it. Without a wait others have their turn all the same.
            await asyncio.sleep(self._pace.take(size, cost, self._now()))

    def _refuse(self, refusal: Answer) -> None:
        self._hub.metrics.refused(refusal.code)
        self._reply(_envelope(RefusedMessage, self._hub, refusal))
        if self._refusals.one_more(self._now()):
            self.rude = True
            self._end(POLICY, "Too many messages that can't be understood.")

    def _take(self, text: str | None) -> float:
        """Act on a message, or refuse it when it can't be understood. Returns for how many messages it counts."""
        raw: Any = None
        try:
            if text is None:
                raise BadInput("Binary messages are not taken.", remedy="Send JSON as text.")
            if len(text) > MAX_MESSAGE:
                raise BadInput(f"The message is longer than {MAX_MESSAGE} characters.", code="too_large")
            raw = read_json(text)
            message = CLIENT.validate_python(raw)
        except ValidationError as error:
            many = error.error_count() > MISTAKES
            self._refuse(_refusal(raw, too_many() if many else explain(error.errors(include_url=False), skip=1)))
            return 1.0
        except BadInput as error:
            self._refuse(_refusal(raw, error))
            return 1.0
        match message:
            case Hello():
                self._hello(message)
                return self._limits.hello
            case CommandMessage():
                self._command(message)
                return self._limits.command if message.kept is None else 1.0
            case Follow():
                self._follow(message)
            case _:
                self._owe_pong()
        return 1.0

    def _hello(self, hello: Hello) -> None:
        if self._hub.reaches(hello.epoch, hello.seq):
            self.cursor = hello.seq
        else:
            self._reply(self._hub.snapshot(self._who))
            self.cursor = self._hub.seq
        self._owe_pong()
        self._seen = {} if hello.poses else None
        self._hub.watch(self, poses=hello.poses)
        self._hub.screens.here(self, hello.place, hello.device)

    def _follow(self, message: Follow) -> None:
        if self._who.role == "auditor":
            text, remedy = "An auditor works on no part.", "Sign in as somebody who does."
            self._refuse(Answer(id="", ok=False, code="denied", message=text, remedy=remedy))
        elif not message.step:
            self._hub.desk.correcting.leave(self)
        else:
            of = Correction(message.place, message.unit, message.step, message.attempt)
            self._hub.desk.correcting.follow(self, of)

    def _command(self, message: CommandMessage) -> None:
        if not self._still(self._caller):  # asked each time: nobody acts in the moment before they are cut off
            self.dismiss()
            return
        if (safer := kind(message)) is not None:
            self._make_safer(safer, message)
            return
        if self._under_way >= COMMANDS_AT_ONCE:
            self._busy(message, "Too many commands at once.", "Wait for the answers, then send it again.")
            return
        self._under_way += 1
        self._hub.errand(self._ask(message))

    def _make_safer(self, safer: Kind, message: CommandMessage) -> None:
        if self._safer.full(safer):
            self._busy(message, "Too many of these at once.", "Hold the cell: that is always heard.")
        elif (overtaken := self._safer.take(safer, message)) is not None:
            self._busy(overtaken, "It was asked for again, and waits for its turn.", "The newest will be answered.")

    def _hand_in_safer(self, message: CommandMessage) -> None:
        self._hub.errand(self._ask_safer(message))

    def _busy(self, message: CommandMessage, text: str, remedy: str) -> None:
        busy = Answer(id=message.id, ok=False, code="busy", message=text, remedy=remedy)
        self._reply(_envelope(AnswerMessage, self._hub, busy))

    async def _ask_safer(self, message: CommandMessage) -> None:
        try:
            answer = await self._commands.ask(message.id, message.command)
        finally:
            if (safer := kind(message)) is not None:
                self._safer.answered(safer)
        self._reply(_envelope(AnswerMessage, self._hub, answer))

    async def _ask(self, message: CommandMessage) -> None:
        try:
            answer = await self._commands.ask(message.id, message.command, message.kept)
        finally:
            self._under_way -= 1
        if answer.ok and isinstance(message.command, LeavePlace):
            self._hub.screens.signed_out(message.command.place)
        elif answer.ok and isinstance(message.command, _WORK) and not self._over:
            self._hub.screens.works(self, message.command.place)
        self._reply(_envelope(AnswerMessage, self._hub, answer))


def _envelope(kind: type[AnswerMessage | RefusedMessage], hub: Hub, answer: Answer) -> str:
    return kind(epoch=hub.desk.epoch, seq=0, t=hub.desk.now(), payload=in_languages(answer)).model_dump_json()


def _refusal(raw: Any, error: BadInput) -> Answer:
    given = raw.get("id") if isinstance(raw, dict) else None
    command_id = given if isinstance(given, str) and len(given) <= 120 else ""
    return Answer(id=command_id, ok=False, code=error.code, message=error.message, remedy=error.remedy)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
