"""A page of the journal: onwards, or backwards from an event, of one type or subject, with a text in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.ports import Journal, Recorded

SCAN = 5_000  # events that one request reads at most where it chooses among them


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: a type, a subject (None: any), and a text in type, subject or payload ("": any)."""

    kind: str | None = None
    subject: str | None = None
    text: str = ""

    def matches(self, recorded: Recorded) -> bool:
        """Whether the text is in an event, in whatever case; a type is found with spaces, too."""
        needle = self.text.strip().casefold()
        entry = recorded.entry
        if not needle or needle in f"{entry.type}\n{entry.type.replace('_', ' ')}\n{entry.subject}".casefold():
            return True
        return needle in entry.payload.decode(errors="replace").casefold()


def onwards(journal: Journal, wanted: Wanted, after: int, limit: int) -> tuple[list[Recorded], int | None]:
    """Return up to `limit` events later than `after`, in order, and the `after` to go on with, None at the end.

    With a text it reads SCAN events at most, so a page may hold fewer, or none, and not be the last.
    """
    most = SCAN if wanted.text.strip() else limit + 1
    read = list(islice(journal.read(after=after, limit=most, kind=wanted.kind, subject=wanted.subject), most))
    found = [recorded for recorded in read if wanted.matches(recorded)]
    if len(found) > limit:
        return found[:limit], found[limit - 1].seq
    return found, read[-1].seq if len(read) == most else None


def backwards(
    journal: Journal, wanted: Wanted, after: int, before: int, limit: int
) -> tuple[list[Recorded], int | None]:
    """Return up to `limit` events earlier than `before`, newest first, and the `before` to go on with.

    It goes down to `after`, and through SCAN numbers of events at most, so a page may hold fewer, or none, and not be
    the last.
    """
    before = min(before, journal.head[0] + 1)
    unbroken = wanted.kind is None and wanted.subject is None
    start = max(after, before - 1 - (SCAN if wanted.text.strip() or not unbroken else limit))
    count = max(0, before - 1 - start)
    events = journal.read(after=start, limit=count, kind=wanted.kind, subject=wanted.subject)
    read = list(takewhile(lambda recorded: recorded.seq < before, events)) if count else []
    found = [recorded for recorded in reversed(read) if wanted.matches(recorded)]
    if len(found) > limit:
        return found[:limit], found[limit - 1].seq
    ended = start <= after or (unbroken and (not read or read[0].seq > start + 1))  # what is older is in an archive
    return found, None if ended else start + 1
