"""A journal in memory, for twins, simulations and tests: the same chain, no disk."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from orchestrator.adapters.chain import ROOT, admit, link
from orchestrator.core.errors import JournalError
from orchestrator.core.ports import Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.ports import Entry


class MemoryJournal:
    """Keeps the promises of the journal on disk as long as the process lives."""

    def __init__(self) -> None:
        self._events: list[Recorded] = []
        self._last = ROOT
        self._closed = False

    async def append(self, entries: Sequence[Entry]) -> Recorded:
        """Append all or nothing and return the last. Raises JournalError."""
        if self._closed:
            raise JournalError("The journal is closed.", remedy="Open it again before writing.")
        for entry in admit(entries):
            seq = len(self._events) + 1
            self._last = link(self._last, seq, entry)
            self._events.append(Recorded(seq, entry, self._last.hex()))
        last = self._events[-1]
        await asyncio.sleep(0)  # others run meanwhile, as they do while a disk writes
        return last

    def read(
        self, *, after: int = 0, limit: int | None = None, kind: str | None = None, subject: str | None = None
    ) -> Iterator[Recorded]:
        """Yield events in order, as they stand at the first step of the iteration."""
        until = len(self._events)
        chosen = (
            recorded
            for recorded in islice(self._events, max(0, after), until)
            if (kind is None or recorded.entry.type == kind) and (subject is None or recorded.entry.subject == subject)
        )
        yield from chosen if limit is None else islice(chosen, max(0, limit))

    @property
    def head(self) -> tuple[int, str]:
        """The last sequence number and its hash; (0, 64 zeros) when empty."""
        return len(self._events), self._last.hex()

    async def close(self) -> None:
        """Refuse what is appended from now on; reading goes on."""
        self._closed = True
