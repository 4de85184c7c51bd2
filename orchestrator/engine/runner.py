"""One writer drives one cell: drain the queue, decide and fold tentatively, commit once, answer, react."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.errors import TandemError
from orchestrator.core.events import CommandDenied, JournalRetained, decode, subject
from orchestrator.core.fold import fold
from orchestrator.core.machine import CELL, CellVerb, Mode, allowed
from orchestrator.core.pauses import stops_robot
from orchestrator.core.ports import Entry, Safety
from orchestrator.core.react import Cancel, react
from orchestrator.core.retreat import stops_retreat
from orchestrator.core.rights import may
from orchestrator.engine.answers import Answers, Heard, digest
from orchestrator.engine.bus import Bus, Fresh
from orchestrator.engine.performing import Performing
from orchestrator.engine.snapshot import Snapshot
from orchestrator.engine.troubles import Troubles
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.core.events import Event
    from orchestrator.core.ports import Clock, Journal
    from orchestrator.core.react import Effect
    from orchestrator.core.state import State
    from orchestrator.engine.performing import Crew

log = structlog.get_logger(__name__)

BATCH = 256
RETRY_S = 1.0  # after a failed commit what effects reported is tried again
_REPORTS = (
    cmd.EndManual,
    cmd.EndRetreat,
    cmd.EndSkill,
    cmd.EndHome,
    cmd.EndRemainsLook,
    cmd.EndCheck,
    cmd.EndMotion,
    cmd.ReportPart,
    cmd.ReportSafety,
    cmd.ReportDevice,
    cmd.SettleCell,
)
_SAFER = frozenset({CellVerb.HOLD, CellVerb.SUSPEND, CellVerb.STOP, CellVerb.ABORT})


class Slowing(Protocol):
    """Who brings the robot to speed zero while a pause is asked for, and until it was judged."""

    def begin(self) -> None:
        """A pause that stops the robot is asked for."""

    def end(self, *, written: bool) -> None:
        """It was judged; not `written` where the journal failed."""


class Runner:
    """The only writer of a cell's journal and state.

    `run` works until it is cancelled. `schedule` is asked after each batch what to propose next, and until when
    nothing changes by itself.
    """

    def __init__(
        self,
        state: State,
        journal: Journal,
        clock: Clock,
        schedule: Callable[[State, float], tuple[Sequence[cmd.Command], float | None]],
    ) -> None:
        self.state = state
        self.bus = Bus()
        self.troubles = Troubles(clock.now)
        self.crew: Crew | None = None
        self.pausing: Slowing | None = None
        self._journal = journal
        self._clock = clock
        self._schedule = schedule
        self._queue: asyncio.Queue[Asked | None] = asyncio.Queue()
        self._kept: list[Asked] = []  # what effects reported while the journal failed, in order
        self._closed = False
        self._answers = Answers()
        self._performing = Performing(lambda: self.state, self.post, self.troubles)
        self._waiters: list[tuple[Callable[[State], bool], asyncio.Future[None]]] = []
        self._slowing: list[cmd.Request] = []  # pauses that are not judged yet: the robot stands already
        self._asked = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._runs = False

    def replay(self, snapshot: Snapshot | None = None) -> int:
        """Fold the journal into the state, beginning at a snapshot that holds; returns the last event's number.

        Raises JournalError.
        """
        state = self.state
        if snapshot is not None:
            state = snapshot.state
            for answer in snapshot.answers:
                self._answers.keep(Heard(answer))
        for recorded in self._journal.read(after=state.seq):
            entry = recorded.entry
            event = decode(entry.payload, recorded.seq)
            state = fold(state, event, entry.t, recorded.seq)
            if isinstance(event, JournalRetained):
                for name in event.answered:
                    self._answers.keep(Heard(Answer(id=name, ok=True)))
                for name, role in event.denied.items():
                    self._answers.keep(Heard(_denied(name, role)))
            if entry.command and not entry.command.startswith(OWN):
                granted = Answer(id=entry.command, ok=True)
                self._answers.keep(
                    Heard(_denied(entry.command, event.role) if isinstance(event, CommandDenied) else granted)
                )
        self.state = state
        return state.seq

    def snapshot(self) -> Snapshot:
        """Return the durable state with the event that it stands at, and the answers given so far."""
        return Snapshot(self.state.seq, self._journal.head[1], self.state, tuple(self._answers))

    async def submit(self, request: cmd.Request) -> Answer:
        """Hand in a request; returns when its events are durable, or when it is refused."""
        if self._makes_safer(request):
            self._performing.call_off()  # before anything is written: what makes the cell safer never waits
        if self._closed:
            return _closing(request)
        if request.id.startswith(OWN) and request.by.role != "engine":
            message = f"Ids that begin with {OWN} are the engine's own."
            return Answer(id=request.id, ok=False, code="bad_id", message=message, remedy="Use a UUID.")
        return await self._asked_for(request)

    async def ask(self, command: cmd.Command, by: cmd.Who = cmd.ENGINE) -> Answer:
        """Hand in a command of the engine's own, or one in somebody's name that has no id yet."""
        request = self._own(command, by)
        if self._makes_safer(request):
            self._performing.call_off()
        return _closing(request) if self._closed else await self._asked_for(request)

    async def _asked_for(self, request: cmd.Request) -> Answer:
        if self.pausing is not None and self._pauses(request):
            self._slowing.append(request)
            self.pausing.begin()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((request, answer))
        return await answer

    def post(self, command: cmd.Command) -> None:
        """Hand in a command of the engine's own without waiting for the answer."""
        request = self._own(command)
        if self._makes_safer(request):
            self._performing.call_off()
        if not self._closed:
            self._queue.put_nowait((request, None))

    async def until(self, predicate: Callable[[State], bool]) -> None:
        """Wait until the durable state satisfies a predicate. Raises what the predicate raises."""
        if predicate(self.state):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (predicate, future)
        self._waiters.append(waiter)
        try:
            await future
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    async def run(self) -> None:
        """Work until cancelled; then every effect is cancelled and has ended before this returns.

        One that does not end within ten seconds is left behind, and the log says so.
        """
        self._runs = True
        try:
            while True:
                batch = [await self._queue.get()]
                while len(batch) < BATCH and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                kept, self._kept = self._kept, []
                await self._work([*kept, *(asked for asked in batch if asked is not None)])
        finally:
            self._closed = True
            for timer in (self._alarm, self._retry):
                if timer is not None:
                    timer.cancel()
            self._refuse_rest()
            await self._performing.end()

    # ---- one batch ---------------------------------------------------------------------------------------------

    async def _work(self, batch: list[Asked]) -> None:
        before = after = self.state
        entries: list[Entry] = []
        fresh: list[Fresh] = []
        answers: list[Answer] = []
        new: dict[str, Heard] = {}  # granted in this batch: void if it can't be written
        for request, _ in batch:
            known = (new.get(request.id) or self._answers.get(request.id)) if _may_repeat(request) else None
            if known and (known.same(request) or not _halts(request.command)):
                answers.append(known.reply(request))
                continue
            now = self._clock.now()
            try:
                verdict, tentative, written = self._judge(after, request, now)
            except Exception as error:
                log.exception("a command could not be judged", command=request.command.type)
                verdict = Rejected("internal", f"Tandem could not judge this: {error}", "Please report it.")
            if isinstance(verdict, Rejected):
                if request.by.role == "engine":
                    log.info("refused", command=request.command.type, code=verdict.code, why=verdict.message)
                again = known is not None and known.same(request) is None  # it had its effect in an earlier life
                answers.append(known.answer if known and again else Answer(id=request.id, ok=False, **_said(verdict)))
                continue
            fresh += [Fresh(after.seq + n, now, event) for n, event in enumerate(verdict, start=1)]
            after = tentative
            entries += written
            answers.append(_answer(request.id, verdict))
            new[request.id] = Heard(answers[-1], digest(request) if _may_repeat(request) else b"")
        failed = bool(entries) and not await self._commit(entries)
        if failed:
            self._put_off([request for request, _ in batch if request.id in new])
            answers = [_unwritten(answer.id) if answer.id in new else answer for answer in answers]
            after, fresh, new = before, [], {}
        self.state = after
        self._judged([request for request, _ in batch], written=not failed)
        for (request, future), answer in zip(batch, answers, strict=True):
            if _may_repeat(request) and request.id in new and new[request.id].answer is answer:
                self._answers.keep(new[request.id])
            if future is not None and not future.done():
                future.set_result(answer)
        if fresh:
            self.bus.publish(before, after, fresh)
            for item in fresh:
                for effect in react(after, item.event):
                    self._perform(effect)
            self._wake()
            self._propose()
        moves = after.manual is not None or after.retreat is not None
        if moves and any(request.id in new and _halts(request.command) for request, _ in batch):
            self._performing.call_off()  # asked for before the press that it overtook was durable

    def _judged(self, requests: list[cmd.Request], *, written: bool) -> None:
        """What was slowed for a pause that was asked for goes by the state from now on."""
        for request in tuple(self._slowing):
            if self.pausing is not None and any(request is judged for judged in requests):
                self._slowing.remove(request)
                self.pausing.end(written=written)

    def _judge(
        self, state: State, request: cmd.Request, now: float
    ) -> tuple[list[Event] | Rejected, State, list[Entry]]:
        verdict = decide(state, request, now)
        if isinstance(verdict, Rejected):
            return verdict, state, []
        for event in verdict:
            state = fold(state, event, now, state.seq + 1)
        return verdict, state, [_entry(event, now, request.id) for event in verdict]

    async def _commit(self, entries: list[Entry]) -> bool:
        try:
            await self._journal.append(entries)
        except Exception as error:
            if isinstance(error, TandemError):
                log.error("journal failed", error=str(error))  # noqa: TRY400 - the message says it all
            else:
                log.exception("journal crashed")
            self._performing.call_off()
            if self.crew:
                self.crew.stop_at_once()
            self.troubles.note("journal", str(error) or type(error).__name__)
            return False
        self.troubles.note("journal", "")
        return True

    def _put_off(self, requests: list[cmd.Request]) -> None:
        """The cell shall be held once the journal works again, and what effects reported must not get lost till then.

        Whoever asked was told that it could not be written; reports are handed in again, first of all, in order.
        """
        reports = [r for r in requests if r.by.role == "engine" and _must_arrive(r.command)]
        if not any(isinstance(r.command, cmd.ChangeCell) for r in reports):
            hold = cmd.ChangeCell(verb=CellVerb.HOLD, reason="the journal could not be written")
            reports.insert(0, self._own(hold))
        self._kept = [(request, None) for request in reports]
        if self._retry is not None:
            self._retry.cancel()
        self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._queue.put_nowait, None)

    def _propose(self) -> None:
        now = self._clock.now()
        try:
            proposals, until_t = self._schedule(self.state, now)
        except Exception as error:
            log.exception("the schedule failed")
            self._unscheduled(error, now)
            return
        self.troubles.note("schedule", "")
        for command in proposals:
            self.post(command)
        self._propose_at(until_t, now)

    def _propose_at(self, until_t: float | None, now: float) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if until_t is not None:
            delay = max(0.0, until_t - now)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._propose)

    def _unscheduled(self, error: Exception, now: float) -> None:
        """Nothing begins now, and no limit runs out: people are told, and all is held if it lasts."""
        lasts = "schedule" in self.troubles.there and now - self.troubles.there["schedule"].since_t >= RETRY_S
        self.troubles.note("schedule", f"{type(error).__name__}: {error}")
        if lasts and self.state.cell in CELL[CellVerb.HOLD]:
            self.post(cmd.ChangeCell(verb=CellVerb.HOLD, reason="what is to be done next can't be worked out"))
        self._propose_at(now + RETRY_S, now)

    def _wake(self) -> None:
        for predicate, future in tuple(self._waiters):
            if future.done():
                continue
            try:
                if predicate(self.state):
                    future.set_result(None)
            except Exception as error:  # noqa: BLE001 - it belongs to who waits
                future.set_exception(error)

    # ---- effects -----------------------------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Cancel):
            self._performing.call_off(effect.prefix)
        elif self.crew is not None and self._runs:
            self._performing.perform(effect, self.crew)

    def _refuse_rest(self) -> None:
        while not self._queue.empty():
            asked = self._queue.get_nowait()
            if asked is not None and asked[1] is not None and not asked[1].done():
                asked[1].set_result(_closing(asked[0]))

    # ---- small things ------------------------------------------------------------------------------------------

    def _own(self, command: cmd.Command, by: cmd.Who = cmd.ENGINE) -> cmd.Request:
        self._asked += 1
        return cmd.Request(id=f"{OWN}{self.state.seq}-{self._asked}", by=by, t=self._clock.now(), command=command)

    def _repeats(self, request: cmd.Request) -> bool:
        known = self._answers.get(request.id) if _may_repeat(request) else None
        return known is not None and known.same(request) is True

    def _pauses(self, request: cmd.Request) -> bool:
        """Tell whether a request brings the robot to speed zero, as far as it will be granted: not a second time."""
        granted = may(request.by.role, request.command) and request.kept is None and not self._repeats(request)
        return granted and stops_robot(self.state, request.command)

    def _makes_safer(self, request: cmd.Request) -> bool:
        """Tell whether a request stops the arm, as far as it will be granted: not to others, and not a second time."""
        command, role = request.command, request.by.role
        if not may(role, command) or request.kept is not None or self._repeats(request):
            return False
        if isinstance(command, cmd.ReportSafety):
            return command.safety not in {Safety.NORMAL, Safety.REDUCED}
        if stops_retreat(self.state, command):
            return True
        # it moves while the cell stands, so every such word counts
        by_hand = self.state.manual is not None or self.state.retreat is not None
        if isinstance(command, cmd.SetMode):
            return by_hand and command.mode != Mode.MANUAL
        return (
            isinstance(command, cmd.ChangeCell)
            and command.verb in _SAFER
            and (by_hand or command.verb in allowed("cell", self.state.cell))
        )


OWN = "engine-"  # how the ids that the engine gives begin; such requests are never asked twice
Asked = tuple[cmd.Request, asyncio.Future[Answer] | None]
_DISK = "Free disk space or mend the disk; the cell has stopped."


def _may_repeat(request: cmd.Request) -> bool:
    return request.by.role != "engine" and not request.id.startswith(OWN)


def _entry(event: Event, t: float, command: str) -> Entry:
    return Entry(
        t=t,
        type=event.type,
        subject=subject(event),
        payload=event.model_dump_json(exclude_defaults=False).encode(),
        command=command,
    )


def _said(verdict: Rejected) -> dict[str, str]:
    return {"code": verdict.code, "message": verdict.message, "remedy": verdict.remedy}


def _answer(request_id: str, events: list[Event]) -> Answer:
    if len(events) == 1 and isinstance(events[0], CommandDenied):
        return _denied(request_id, events[0].role)
    return Answer(id=request_id, ok=True)


def _must_arrive(command: cmd.Command) -> bool:
    return isinstance(command, _REPORTS) or (isinstance(command, cmd.ChangeCell) and command.verb in _SAFER)


def _denied(request_id: str, role: str) -> Answer:
    message = f"The role {role} may not do this."
    return Answer(id=request_id, ok=False, code="denied", message=message, remedy="Ask a supervisor.")


def _unwritten(request_id: str) -> Answer:
    return Answer(id=request_id, ok=False, code="journal", message="The journal can't be written.", remedy=_DISK)


def _closing(request: cmd.Request) -> Answer:
    message = "The cell is shutting down."
    return Answer(id=request.id, ok=False, code="closing", message=message, remedy="Start it again.")


def _halts(command: cmd.Command) -> bool:
    """Whether a command, once granted, leaves nothing moving that moves while the cell stands: by hand, or away."""
    return (
        (isinstance(command, cmd.ChangeCell) and command.verb in _SAFER)
        or (isinstance(command, cmd.SetMode) and command.mode != Mode.MANUAL)
        or isinstance(command, cmd.StopRetreat)
    )
