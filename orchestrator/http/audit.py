"""What auditors read in the journal of what happened at the doors: who was turned away, and who was erased."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from orchestrator.core.commands import ENGINE, NoteErased, NoteTries, Request
from orchestrator.core.state import DENIED_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.access import Erased
    from orchestrator.core.commands import Who
    from orchestrator.engine.desk import Desk

AT_ONCE = 256  # whose tries at what are told apart at a time; what comes on top is one line for all
CLOSES_S = 1.0  # how long the server's end waits for the last lines
OTHERS = "other doors"
NOBODY = "several"  # stands for those

log = structlog.get_logger(__name__)


@dataclass
class _Tries:
    role: str
    count: int = 0


class Audit:
    """Hands what is to be journalled to the desk, one after the other, on nobody's way.

    The first try of somebody at a door is journalled at once, those within a minute after it as one number: whoever
    tries a thousand times a second makes two events a minute.
    """

    def __init__(self, desk: Desk, *, window_s: float = DENIED_S) -> None:
        self._desk = desk
        self._window_s = window_s
        self._open: dict[tuple[str, str], _Tries] = {}
        self._ends: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._due: deque[NoteTries | NoteErased] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def open(self) -> None:
        """Begin to hand in."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="audit")

    async def close(self) -> None:
        """Hand in what is still being counted, and end."""
        for key in tuple(self._open):
            self._over(key)
        self._closing = True
        self._news.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=CLOSES_S)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def tried(self, who: Who, what: str, *, journalled: bool = False) -> None:
        """Note that somebody known was turned away; `journalled`: a first try is already."""
        key = (who.name, what)
        if key not in self._open:
            if len(self._open) >= AT_ONCE:
                key, journalled = (NOBODY, OTHERS), False
            if key not in self._open:
                self._open[key] = _Tries(who.role)
                self._ends[key] = asyncio.get_running_loop().call_later(self._window_s, self._over, key)
                if not journalled:
                    self._hand(key, 1)
        self._open[key].count += 1

    def erased(self, people: Iterable[Erased]) -> None:
        """Note who was erased; whom the journal knows so already is passed over by `decide`."""
        self._due.extend(NoteErased(person=each.person, erased_t=each.t) for each in people)
        self._news.set()

    def _over(self, key: tuple[str, str]) -> None:
        """A minute after the first try."""
        self._ends.pop(key).cancel()
        tries = self._open[key]
        if tries.count > 1:
            self._hand(key, tries.count)
        del self._open[key]

    def _hand(self, key: tuple[str, str], count: int) -> None:
        self._due.append(NoteTries(who=key[0], role=self._open[key].role, what=key[1], count=count))
        self._news.set()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._due:
                await self._hand_in(self._due.popleft())
            if self._closing:
                return

    async def _hand_in(self, note: NoteTries | NoteErased) -> None:
        request = Request(id=f"engine-audit-{uuid4()}", by=ENGINE, t=self._desk.now(), command=note)
        try:
            answer = await self._desk.submit(request)
        except Exception as error:  # noqa: BLE001 - what is not journalled stands in the log at least
            log.warning("not journalled", what=note.type, error=str(error))
            return
        if not answer.ok:
            log.warning("not journalled", what=note.type, code=answer.code)
