"""A page of the journal: onwards, or backwards from an event, of one type or subject, with a text in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from orchestrator.engine.event_lines import by_language

if TYPE_CHECKING:
    from orchestrator.core.ports import Journal, Recorded

_SENTENCES = (b'"message"', b'"reason"')  # whose fields may say one in several languages
SCAN = 5_000  # events that one request reads at most where it chooses among them


@dataclass(frozen=True)
class Wanted:
    """Which events: a type, a subject (None: any), and any of some texts (none: any).

    A text is looked for in type, subject and payload, and in what the event says in any language of the cell.
    """

    kind: str | None = None
    subject: str | None = None
    texts: tuple[str, ...] = ()

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """The texts as they are looked for; none where everything is wanted."""
        return tuple(needle for needle in (text.strip().casefold() for text in self.texts) if needle)

    def matches(self, recorded: Recorded) -> bool:
        """Whether a text is in an event, in whatever case; a type is found with spaces, too."""
        if not self.needles:
            return True
        entry = recorded.entry
        said = f"{entry.type}\n{entry.type.replace('_', ' ')}\n{entry.subject}".casefold()
        if any(needle in said for needle in self.needles):
            return True
        payload = entry.payload.decode(errors="replace").casefold()
        if any(needle in payload for needle in self.needles):
            return True
        told = "\n".join(_told(entry.payload).values()).casefold()
        return any(needle in told for needle in self.needles)


def _told(payload: bytes) -> dict[str, str]:
    """Return an event's sentence by language; {} without one, or where the payload is no object."""
    if not any(key in payload for key in _SENTENCES):
        return {}
    try:
        fields = json.loads(payload)
    except ValueError:
        return {}
    return by_language(fields) if isinstance(fields, dict) else {}


def onwards(journal: Journal, wanted: Wanted, after: int, limit: int) -> tuple[list[Recorded], int | None]:
    """Return up to `limit` events later than `after`, in order, and the `after` to go on with, None at the end.

    With a text it reads SCAN events at most, so a page may hold fewer, or none, and not be the last.
    """
    most = SCAN if wanted.needles else limit + 1
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
    start = max(after, before - 1 - (SCAN if wanted.needles or not unbroken else limit))
    count = max(0, before - 1 - start)
    events = journal.read(after=start, limit=count, kind=wanted.kind, subject=wanted.subject)
    read = list(takewhile(lambda recorded: recorded.seq < before, events)) if count else []
    found = [recorded for recorded in reversed(read) if wanted.matches(recorded)]
    if len(found) > limit:
        return found[:limit], found[limit - 1].seq
    ended = start <= after or (unbroken and (not read or read[0].seq > start + 1))  # what is older is in an archive
    return found, None if ended else start + 1
