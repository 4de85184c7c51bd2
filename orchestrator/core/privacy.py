"""What the journal holds of one person: where their pseudonym stands, and what they wrote.

It counts and times nothing: how long somebody took for what is nobody's business here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.core.ports import Recorded


class Mention(Frozen):
    """An event that names a person: its place, when (s, UTC), about what; `named`: as what; `words`: theirs."""

    seq: int
    t: float
    type: str
    subject: str
    named: tuple[str, ...]
    words: str = ""


def mentions(events: Iterable[Recorded], person: str) -> Iterator[Mention]:
    """Yield the events that name a person by pseudonym, in order."""
    written = json.dumps(person, ensure_ascii=False).encode()
    for recorded in events:
        entry = recorded.entry
        if written not in entry.payload:  # most events name somebody else or nobody, and needn't be read
            continue
        payload = json.loads(entry.payload)
        named = tuple(dict.fromkeys(_where(payload, person, "")))
        if named:
            words = str(payload.get("reason", "")) if "by" in named else ""
            yield Mention(seq=recorded.seq, t=entry.t, type=entry.type, subject=entry.subject, named=named, words=words)


def at_places(events: Iterable[Recorded]) -> dict[str, str]:
    """Return who is at which worker place after these events: place -> pseudonym."""
    there: dict[str, str] = {}
    for recorded in events:
        kind = recorded.entry.type
        if kind not in {"place_joined", "place_left", "cell_restarted", "journal_retained"}:
            continue
        payload = json.loads(recorded.entry.payload)
        if kind == "place_joined":
            there[payload["place"]] = payload["operator"]
        elif kind == "place_left":
            there.pop(payload["place"], None)
        elif kind == "cell_restarted":
            there = {}
        else:
            there = {place: each["operator"] for place, each in payload["state"].get("places", {}).items()}
    return there


def _where(value: Any, person: str, path: str) -> Iterator[str]:
    if value == person and path:
        yield path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _where(each, person, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            yield from _where(each, person, path)
