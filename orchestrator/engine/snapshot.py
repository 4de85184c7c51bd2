"""Snapshots: the state at one event, so that a start folds only what came after. A cache: it can be thrown away.

One counts only together with the very event that it was made at (by its hash), under the rules that made it (the
sources of the core) and for the same cell file; anything else is folded from the first event on.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

from orchestrator import core
from orchestrator.core.carried import from_plain, to_json
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.ports import Journal
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.runner import Runner

log = structlog.get_logger(__name__)

EVERY = 5_000  # events between two snapshots: what a start after a crash has to fold at most
_ANSWERS = TypeAdapter(tuple[Answer, ...])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after event `seq`, whose hash is `sha256`, and the answers to the commands remembered by then."""

    seq: int
    sha256: str
    state: State
    answers: tuple[Answer, ...] = ()

    def to_bytes(self) -> bytes:
        """Return it as two lines of JSON: what it is bound to, then its content."""
        state = orjson.Fragment(to_json(self.state))
        content = orjson.dumps({"state": state, "answers": orjson.Fragment(_ANSWERS.dump_json(self.answers))})
        head = {**_bound(self.state.spec), "seq": self.seq, "sha256": self.sha256, "content": _digest(content)}
        return orjson.dumps(head) + b"\n" + content

    @classmethod
    def from_bytes(cls, data: bytes, spec: CellSpec) -> Snapshot | None:
        """Read one back; None when it was made by other rules, for another cell file, or is damaged."""
        first, _, content = data.partition(b"\n")
        try:
            head = orjson.loads(first)
            if not isinstance(head, dict) or head.get("content") != _digest(content):
                return None
            if any(head.get(key) != value for key, value in _bound(spec).items()):
                return None
            said = orjson.loads(content)
            state = from_plain(said["state"], spec)
            return cls(head["seq"], head["sha256"], state, _ANSWERS.validate_python(said["answers"]))
        except (ValueError, KeyError, TypeError, ValidationError):
            return None

    def holds(self, journal: Journal) -> bool:
        """Tell whether the journal has the very event that this was made at. Raises JournalError where it is torn."""
        if self.seq > journal.head[0]:
            return False
        at = next(journal.read(after=self.seq - 1, limit=1), None)
        return at is not None and (at.seq, at.sha256) == (self.seq, self.sha256)


class SnapshotKeeper:
    """Saves a snapshot every so many events, beside the work; for the bus. Failing to do so costs nothing but time.

    `save` replaces the kept bytes as a whole (it runs in a thread, and may raise OSError).
    """

    def __init__(self, runner: Runner, save: Callable[[bytes], None], *, every: int = EVERY) -> None:
        self._runner = runner
        self._save_bytes = save
        self._every = every
        self._kept = 0
        self._saving: asyncio.Future[None] | None = None

    def restore(self, data: bytes | None, journal: Journal) -> int:
        """Bring the runner to the journal's last event, from the kept `data` where that holds. Returns the event.

        Raises JournalError where the journal is torn.
        """
        found = Snapshot.from_bytes(data, self._runner.state.spec) if data else None
        if found is not None and not found.holds(journal):
            found = None
        self._kept = found.seq if found else 0
        return self._runner.replay(found)

    def observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        """Count a committed batch."""
        if after.seq - self._kept >= self._every and self._saving is None:
            snapshot = self._runner.snapshot()
            self._kept = snapshot.seq
            self._saving = asyncio.get_running_loop().run_in_executor(None, self._save, snapshot)
            self._saving.add_done_callback(self._saved)

    async def close(self) -> None:
        """Save the last state, once nothing more is written."""
        if self._saving is not None:
            await asyncio.wait([self._saving])
        snapshot = self._runner.snapshot()
        if snapshot.seq > self._kept:
            await asyncio.get_running_loop().run_in_executor(None, self._save, snapshot)

    def _save(self, snapshot: Snapshot) -> None:
        try:
            self._save_bytes(snapshot.to_bytes())
        except OSError as error:
            log.warning("no snapshot was kept: the next start takes longer", error=str(error))

    def _saved(self, saving: asyncio.Future[None]) -> None:
        self._saving = None
        if not saving.cancelled() and (error := saving.exception()) is not None:
            log.error("a snapshot could not be made", error=str(error))


def _bound(spec: CellSpec) -> dict[str, str]:
    return {"rules": _rules(), "cell": spec.sha256}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _rules() -> str:
    """Return the hash of the core's sources: other rules may fold the same events to another state."""
    digest = hashlib.sha256()
    for file in sorted(Path(core.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
