"""An observer that may be slow, block or crash, such as a recorder: it follows in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh, Observer

log = structlog.get_logger(__name__)

MOST = 1_000  # batches that wait for a slow one; what comes then it must read from the journal


class Aside:
    """For the bus: hands batches on to an observer in a thread, in order, and never waits for it.

    Where more than `most` batches wait, newer ones are missed, counted in `missed`; the journal has them.
    """

    def __init__(self, observer: Observer, *, most: int = MOST) -> None:
        self.missed = 0
        self._observer = observer
        self._most = most
        self._waiting: deque[tuple[State, State, Sequence[Fresh]]] = deque()
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._follow, name="observer", daemon=True)
        self._thread.start()

    def observe(self, before: State, after: State, events: Sequence[Fresh]) -> None:
        """Take a committed batch; for the bus."""
        with self._news:
            if len(self._waiting) >= self._most:
                self.missed += 1
                return
            self._waiting.append((before, after, events))
            self._news.notify()

    def close(self) -> None:
        """Hand nothing more on; an observer that is at work ends by itself."""
        with self._news:
            self._closed = True
            self._waiting.clear()
            self._news.notify()

    def _follow(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                batch = self._waiting.popleft()
            try:
                self._observer(*batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next batch may go well
                log.error("observer failed", observer=repr(self._observer), error=repr(error))  # noqa: TRY400 - short
