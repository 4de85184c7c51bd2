"""WebSocket frames that carry no message: a page sends hardly any, and each costs as much as one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orchestrator.http.pace import Limits, Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.frames import Frame

# Pings, pongs and continuations of a message. A browser answers a ping every 10 s and splits what is large.
FRAMES = Limits(messages_per_s=20.0, messages=200.0)
AT_A_TIME = 1_024  # bytes that are read before what they held is counted: some 170 frames
LATE = 65_536  # bytes that may still come after a connection was told to close
POLICY = 1008  # RFC 6455: the client does what it must not


class Frames(WebSocketsSansIOProtocol):
    """A WebSocket connection that ends when such frames come faster than they may: pongs are written unasked."""

    def __init__(self, count: Callable[[str], None], limits: Limits, **given: Any) -> None:
        """`count` notes why somebody was turned away."""
        super().__init__(**given)
        self._count = count
        self._pace = Pace(limits, self.loop.time())
        self._over = False
        self._late = 0

    def data_received(self, data: bytes) -> None:
        """Called by the loop with what came."""
        for start in range(0, len(data), AT_A_TIME):
            if self._over:
                return
            if self.close_sent:  # what follows is read for its goodbye alone
                self._late += AT_A_TIME
                if self._late > LATE:
                    self._over = True
                    self._count("frames")
                    self.transport.abort()
                    return
            super().data_received(data[start : start + AT_A_TIME])

    def handle_ping(self) -> None:
        """Called for each ping; its answer is ready to be written."""
        super().handle_ping()
        self._charge()

    def handle_pong(self, event: Frame) -> None:
        """Called for each pong, asked for or not."""
        super().handle_pong(event)
        self._charge()

    def handle_cont(self, event: Frame) -> None:
        """Called for each further piece of a message, which may be empty."""
        super().handle_cont(event)
        self._charge()

    def _charge(self) -> None:
        if self._over or self._pace.take(0, 1, self.loop.time()) <= 0:
            return
        self._over = True
        self._count("frames")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": POLICY})
        if not self.close_sent:
            self.close_sent = True
            self.conn.fail(POLICY, "Too many frames without a message.")
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
