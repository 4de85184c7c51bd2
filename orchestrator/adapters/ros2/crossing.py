"""From the middleware's thread to the event loop and back: in order, at once, and never after the end."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Crossing:
    """Carries calls from any thread to the loop that it was made on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._open = True
        self._due = False

    def call(self, do: Callable[[], None]) -> None:
        """Have something done on the loop. Called on any thread; forgotten once closed."""
        with self._lock:
            if not self._open:
                return
            self._calls.append(do)
            if self._due:
                return
            self._due = True
            self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Do all that was asked for so far. Called on the loop."""
        with self._lock:
            self._due = False
            calls, self._calls = self._calls, deque()
        for do in calls:
            if self._open:
                do()

    def close(self) -> None:
        """Do nothing any more. Called on the loop."""
        with self._lock:
            self._open = False
            self._calls.clear()


class Errands:
    """Carries calls from any thread to that of an rclpy executor.

    In order: of the tasks that an executor was given while it was at work, it runs the newest first.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._calls: deque[Callable[[], object]] = deque()

    def call(self, do: Callable[[], object]) -> None:
        """Have something done on the executor's thread, after all that was asked for before."""
        self._calls.append(do)
        self._executor.create_task(self._next)

    def _next(self) -> None:
        self._calls.popleft()()
