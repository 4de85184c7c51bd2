"""How long pictures are kept as evidence: what is too old or too many goes, and the journal says what went and why.

What is to go is first written down below `removed/`, then removed, then journalled, then forgotten there: whoever is
cut off in between, or prunes while no server runs, leaves the rest to the server's next look.
"""

from __future__ import annotations

import asyncio
import math
import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from orchestrator.adapters.photos import files as photos
from orchestrator.adapters.vision import archive
from orchestrator.core.commands import ENGINE, NoteRemoved, Request
from orchestrator.core.errors import TandemError
from orchestrator.core.photo import path_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from orchestrator.core.cell import EvidenceSpec
    from orchestrator.core.ports import Journal
    from orchestrator.wire import Answer

NOTES = "removed"
NAMES = 200  # that one event tells
LOOK_S = 10.0  # how often notes of the command line are looked for
SWEEP_S = 3600.0
CHECKS = ("check_ended", "recheck_ended")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Needed:
    """What stays whatever its age: records of checks by their path, and pictures of workers by their SHA-256."""

    checks: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()


def needed(journal: Journal, units: Iterable[str]) -> Needed:
    """Return what units in work rest on. Reads their events from disk."""
    checks, taken = set(), set()
    for unit in units:
        for kind in CHECKS:
            for recorded in journal.read(kind=kind, subject=unit):
                checks.add((orjson.loads(recorded.entry.payload).get("measured") or {}).get("evidence", ""))
        for recorded in journal.read(kind="photo_kept", subject=unit):
            taken.add(orjson.loads(recorded.entry.payload)["sha256"])
    return Needed(frozenset(checks - {""}), frozenset(taken))


def sweep(root: Path, limits: EvidenceSpec, spared: Needed, now: float) -> int:
    """Remove what is older than the limits let it be, and of what is too much the oldest; returns how many went."""
    count = 0
    if limits.keep_days is not None:
        count += remove(root, "age", now - limits.keep_days * archive.DAY_S, spared)
    if limits.most is not None:
        for kind, times in (("checks", _shot(root)), ("photos", _kept(root))):
            if len(times) > limits.most:
                over = sorted(times)[-limits.most - 1]  # what is of one moment with it goes, too
                count += remove(root, "count", math.nextafter(over, math.inf), spared, only=kind)
    return count


def remove(root: Path, why: str, before_t: float, spared: Needed, *, only: str = "") -> int:
    """Remove what was taken before `before_t` (s, UTC), of one kind if so named; writes down what before it goes."""
    checks = archive.old(root, before_t, spared.checks)[0] if only in {"", "checks"} else ()
    taken = photos.old(root, before_t, spared.photos)[0] if only in {"", "photos"} else ()
    named = [("checks", path.relative_to(root).as_posix()) for path in checks]
    named += [("photos", path.stem) for path in taken]
    for begin in range(0, len(named), NAMES):
        _note(root, why, before_t, named[begin : begin + NAMES])
    for folder in checks:
        archive.take(folder)
    for path in taken:
        photos.take(path)
    return len(named)


async def keep_evidence(
    root: Path,
    limits: EvidenceSpec,
    journal: Journal,
    units: Callable[[], Iterable[str]],
    submit: Callable[[Request], Awaitable[Answer]],
    now: Callable[[], float],
) -> None:
    """Remove what is over the limits every hour, and journal what was removed by anybody, until cancelled.

    `units` are those in work, `now` is in s, UTC.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        try:
            if loop.time() >= due:
                due = loop.time() + SWEEP_S
                await asyncio.to_thread(_swept, root, limits, journal, tuple(units()), now)
            await tell(root, submit, now)
        except (OSError, ValueError, TandemError) as error:
            log.warning("evidence not retained", error=str(error))
        await asyncio.sleep(LOOK_S)


def _swept(
    root: Path, limits: EvidenceSpec, journal: Journal, at_work: tuple[str, ...], now: Callable[[], float]
) -> None:
    sweep(root, limits, needed(journal, at_work), now())


async def tell(root: Path, submit: Callable[[Request], Awaitable[Answer]], now: Callable[[], float]) -> None:
    """Hand in every note of what was removed, finish what it says, and forget it once it is journalled."""
    for path in sorted((root / NOTES).glob("*.json")):
        said = _read(path)
        for each in said.get("checks", ()):
            archive.take(root / each)
        for name in said.get("photos", ()):
            photos.take(root / path_of(name))
        request = Request(id=f"engine-evidence-{path.stem}"[:120], by=ENGINE, t=now(), command=NoteRemoved(**said))
        if (await submit(request)).ok:
            path.unlink(missing_ok=True)


def _note(root: Path, why: str, before_t: float, named: Sequence[tuple[str, str]]) -> None:
    said: dict[str, Any] = {"why": why, "before_t": before_t, "checks": [], "photos": []}
    for kind, name in named:
        said[kind].append(name)
    content = orjson.dumps(said)
    (root / NOTES).mkdir(parents=True, exist_ok=True)
    fresh = root / NOTES / f"{sha256(content).hexdigest()}.new"
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(fresh.with_suffix(".json"))


def _read(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(path.read_bytes())
    return said


def _shot(root: Path) -> list[float]:
    return [stamp for _, stamp in archive.whole(root)]


def _kept(root: Path) -> list[float]:
    return [path.stat().st_mtime for path in photos.photos(root)]
