"""What all sessions of a server share: the ring of state messages, the snapshot and the sampler of poses."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.http.errors import report
from orchestrator.http.offered import barred, reader, seen_by
from orchestrator.http.poses import PoseStream
from orchestrator.http.screens import Screens
from orchestrator.wire import (
    Drop,
    DropMessage,
    Happened,
    HappenedMessage,
    PongMessage,
    Put,
    PutMessage,
    Snapshot,
    SnapshotMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from orchestrator.core.commands import Who
    from orchestrator.engine.desk import Change, Desk
    from orchestrator.http.metrics import Metrics
    from orchestrator.http.offered import Reader

RING = 2_000
POSE_HZ = 30.0
ENVELOPES: dict[type[Change], Any] = {Put: PutMessage, Drop: DropMessage, Happened: HappenedMessage}
LAST_WORDS_S = 1.0  # how long commands under way may take when the server stops


class Listener(Protocol):
    """A session, as the hub sees it."""

    cursor: int | None  # seq of the last state message sent; None before its hello

    def wake(self) -> None:
        """There may be something to send."""

    def overrun(self) -> None:
        """It has fallen further behind than the ring reaches."""


class _Slot:
    """A change in the ring, encoded when the first client needs it."""

    __slots__ = ("barred", "change", "seq", "t", "texts")

    def __init__(self, seq: int, t: float, change: Change) -> None:
        self.seq, self.t, self.change = seq, t, change
        self.barred: frozenset[str] | None = None  # for whom some of its buttons are not, once that is known
        self.texts: dict[Reader, str] = {}


class Hub:
    """Numbers the changes of the screen and keeps the newest `ring` of them for whoever missed some."""

    def __init__(self, desk: Desk, metrics: Metrics, *, ring: int = RING, pose_hz: float = POSE_HZ) -> None:
        self.desk = desk
        self.metrics = metrics
        self.seq = 0
        self.poses = PoseStream(desk.epoch)
        self.screens = Screens(desk.screen_at, self.errand)
        self._ring: deque[_Slot] = deque(maxlen=ring)
        self._period_s = 1 / pose_hz
        self._sessions: set[Listener] = set()
        self._watchers: set[Listener] = set()  # those that want poses
        self._sampler: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._snapshots: dict[Reader, str] = {}  # as of `_snapshot_seq`
        self._snapshot_seq = -1
        self._barred: frozenset[str] = frozenset()  # for whom some buttons of the snapshot are not
        self._leave: Callable[[], None] | None = None
        metrics.watch(lambda: len(self._sessions), self._longest_queue)

    def open(self) -> None:
        """Start to listen to the screen."""
        self._leave = self.desk.screen.listen(self._publish)

    async def close(self) -> None:
        """Stop listening; commands under way get a moment to be answered."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        self._watchers.clear()
        self._tend_sampler()
        self.screens.close()
        if self._errands:
            _, late = await asyncio.wait(self._errands, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()

    def join(self, session: Listener) -> None:
        """Take a session in."""
        self._sessions.add(session)

    def part(self, session: Listener) -> None:
        """Let a session go."""
        self._sessions.discard(session)
        self.watch(session, poses=False)
        self.desk.correcting.leave(session)
        self.screens.gone(session)

    def watch(self, session: Listener, *, poses: bool) -> None:
        """Say whether a session wants poses; they are sampled while anyone does."""
        (self._watchers.add if poses else self._watchers.discard)(session)
        self._tend_sampler()

    def errand(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run a command to its end, even when the client that sent it goes away."""
        task = asyncio.get_running_loop().create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    # ---- state -------------------------------------------------------------------------------------------------

    def reaches(self, epoch: str, seq: int) -> bool:
        """Tell whether the ring holds all that a client missed after `seq`."""
        return epoch == self.desk.epoch and self.seq - len(self._ring) <= seq <= self.seq

    def text(self, seq: int, who: Who) -> str:
        """Return one state message of the ring as somebody sees it, encoded once for all clients that see the same."""
        slot = self._ring[seq - self.seq - 1]
        if slot.barred is None:
            slot.barred = barred(slot.change, self.desk.screen)
        by = reader(who, slot.barred)
        if by not in slot.texts:
            slot.texts[by] = self._encode(slot, by)
        return slot.texts[by]

    def snapshot(self, who: Who) -> str:
        """Return everything as somebody sees it now; encoded once for all who see the same before the next change."""
        screen = self.desk.screen
        if self._snapshot_seq != self.seq:
            self._snapshot_seq, self._snapshots = self.seq, {}
            self._barred = barred(dict(screen.topics), screen)
        by = reader(who, self._barred)
        if by not in self._snapshots:
            topics = seen_by(dict(screen.topics), by, screen)
            payload = Snapshot.model_construct(topics=topics, log=tuple(screen.log))
            message = SnapshotMessage.model_construct(
                epoch=self.desk.epoch, seq=self.seq, t=self.desk.now(), payload=payload
            )
            self._snapshots[by] = message.model_dump_json()
        return self._snapshots[by]

    def pong(self) -> str:
        """Return the message that says where the state stands."""
        return PongMessage(epoch=self.desk.epoch, seq=self.seq, t=self.desk.now()).model_dump_json()

    def _publish(self, changes: Sequence[Change]) -> None:
        """Called by the screen with each durable batch: number, keep, wake. No encoding, no waiting."""
        t = self.desk.now()
        for change in changes:
            self.seq += 1
            self._ring.append(_Slot(self.seq, t, change))
        self.metrics.happened(changes)
        oldest = self.seq - len(self._ring)
        for session in tuple(self._sessions):
            if session.cursor is None:
                continue
            if session.cursor < oldest:
                session.overrun()
            else:
                session.wake()

    def _encode(self, slot: _Slot, by: Reader) -> str:
        # The change was checked when it was made, so the envelope is put around it as it is.
        payload = seen_by(slot.change, by, self.desk.screen)
        message = ENVELOPES[type(slot.change)].model_construct(
            epoch=self.desk.epoch, seq=slot.seq, t=slot.t, payload=payload
        )
        return str(message.model_dump_json())

    def _longest_queue(self) -> int:
        return max((self.seq - s.cursor for s in self._sessions if s.cursor is not None), default=0)

    # ---- poses -------------------------------------------------------------------------------------------------

    def _tend_sampler(self) -> None:
        if self._watchers and self._sampler is None:
            self._sampler = asyncio.get_running_loop().create_task(self._sample())
        elif not self._watchers and self._sampler is not None:
            self._sampler.cancel()
            self._sampler = None

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        broken = False
        while True:
            try:
                fresh = self.poses.update(self.desk.poses())
                broken = False
            except Exception as error:  # noqa: BLE001 - a pose that is not to be had must not end the stream of the others
                fresh = False
                if not broken:
                    report("poses failed", error)
                broken = True
            if fresh:
                for session in self._watchers:
                    session.wake()
            due = max(due + self._period_s, loop.time())
            await asyncio.sleep(due - loop.time())
