"""A simulated device at a worker place: it gets the wire's messages and sends commands, in order, however late."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.adapters.sim.lens import taken
from orchestrator.core.commands import PhotoOf, Request, Who
from orchestrator.wire import (
    CLIENT,
    SERVER,
    TOPICS,
    Answer,
    AnswerMessage,
    CommandMessage,
    Drop,
    DropMessage,
    HappenedMessage,
    Put,
    PutMessage,
    Snapshot,
    SnapshotMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.engine.desk import Change, Desk

V = TypeVar("V")


class Tablet:
    """One device: what a WebSocket client would hold of the cell, built from the same messages as JSON text.

    `delay_s` is asked for every message in both directions how long the network takes; nothing overtakes.
    Use it as an asynchronous context: while it is open, it follows the screen.
    """

    def __init__(self, desk: Desk, name: str, who: Who, *, delay_s: Callable[[], float] | None = None) -> None:
        self.news = asyncio.Event()  # set with each message that has arrived
        self.delay_s = delay_s
        self._desk = desk
        self._name = name
        self._who = who
        self._topics: dict[str, Any] = {}
        self._seq = 0  # of the last state message sent to it
        self._seen = 0  # of the last one that has arrived
        self._asked = 0
        self._up_due_s = self._down_due_s = 0.0
        self._down: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._unlisten: Callable[[], None] | None = None

    async def __aenter__(self) -> Tablet:
        """Join: the snapshot is the first message."""
        self._unlisten = self._desk.screen.listen(self._changed)
        screen = self._desk.screen
        everything = Snapshot.model_construct(topics=dict(screen.topics), log=tuple(screen.log))
        self._send(SnapshotMessage.model_construct(payload=everything, **self._envelope()))
        self._tasks.append(asyncio.get_running_loop().create_task(self._receive(), name=f"tablet {self._name}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Go away."""
        if self._unlisten is not None:
            self._unlisten()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what it shows -----------------------------------------------------------------------------------------

    @property
    def topics(self) -> Mapping[str, Any]:
        """Every topic that it knows, with its value."""
        return self._topics

    def topic(self, name: str, kind: type[V]) -> V | None:
        """Return a topic's value, None while it is not known."""
        value = self._topics.get(name)
        return value if isinstance(value, kind) else None

    def below(self, prefix: str, kind: type[V]) -> dict[str, V]:
        """Return the values of every topic whose name begins so, by the rest of the name."""
        return {
            name.removeprefix(prefix): value
            for name, value in self._topics.items()
            if name.startswith(prefix) and isinstance(value, kind)
        }

    # ---- what it asks ------------------------------------------------------------------------------------------

    async def ask(self, command: Mapping[str, Any]) -> Answer:
        """Send a command as a button holds it; returns the answer. Raises ValidationError for what is none."""
        self._asked += 1
        message = CommandMessage.model_validate(
            {"id": f"sim-{self._desk.epoch}-{self._name}-{self._asked}", "command": dict(command)}
        )
        text = message.model_dump_json()
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answered
        self._up_due_s = await self._pass(self._due(self._up_due_s))
        got = CLIENT.validate_json(text)
        request = Request(id=got.id, by=self._who, t=self._desk.now(), command=got.command)
        answer = await self._desk.submit(request)
        self._send(AnswerMessage(payload=answer, epoch=self._desk.epoch, t=self._desk.now()))
        try:
            return await answered
        finally:
            self._answers.pop(message.id, None)

    async def photograph(self, word: Mapping[str, Any]) -> str:
        """Take a picture for a word on a result and hand it in; returns its SHA-256, "" where it is not taken."""
        self._asked += 1
        of = PhotoOf.model_validate({name: word[name] for name in PhotoOf.model_fields if name in word})
        upload = await asyncio.to_thread(taken, of)
        self._up_due_s = await self._pass(self._due(self._up_due_s))
        name = f"sim-{self._desk.epoch}-{self._name}-{self._asked}"
        _, kept = await self._desk.keep_photo(name, of, upload, self._who)
        return kept.sha256 if kept is not None else ""

    # ---- the network -------------------------------------------------------------------------------------------

    def _changed(self, changes: Sequence[Change]) -> None:
        """Called by the screen with each durable batch."""
        for change in changes:
            if isinstance(change, Put | Drop):
                kind: Any = PutMessage if isinstance(change, Put) else DropMessage
            else:
                kind = HappenedMessage
            self._seq += 1
            self._send(kind.model_construct(payload=change, **self._envelope()))

    def _envelope(self) -> dict[str, Any]:
        return {"v": 1, "epoch": self._desk.epoch, "seq": self._seq, "t": self._desk.now()}

    def _send(self, message: Any) -> None:
        self._down_due_s = self._due(self._down_due_s)
        self._down.put_nowait((self._down_due_s, message.model_dump_json()))

    def _due(self, last_s: float) -> float:
        """Return when (s, the loop's clock) a message that is sent now arrives: never before the one ahead of it."""
        late_s = self.delay_s() if self.delay_s is not None else 0.0
        return max(last_s, asyncio.get_running_loop().time() + late_s)

    async def _pass(self, due_s: float) -> float:
        late_s = due_s - asyncio.get_running_loop().time()
        if late_s > 0:
            await asyncio.sleep(late_s)
        return due_s

    async def _receive(self) -> None:
        while True:
            due_s, text = await self._down.get()
            await self._pass(due_s)
            self._take(SERVER.validate_json(text))
            self.news.set()

    def _take(self, message: Any) -> None:
        """Fold a message into what is shown, as a page does."""
        match message:
            case AnswerMessage():
                answered = self._answers.get(message.payload.id)
                if answered is not None and not answered.done():
                    answered.set_result(message.payload)
                return
            case SnapshotMessage():
                self._topics = {name: _checked(name, value) for name, value in message.payload.topics.items()}
            case PutMessage():
                self._topics[message.payload.topic] = _checked(message.payload.topic, message.payload.value)
            case DropMessage():
                self._topics.pop(message.payload.topic, None)
        assert message.seq in {self._seen, self._seen + 1}, "a message of the wire was lost or overtaken"
        self._seen = message.seq


def _checked(topic: str, value: Any) -> Any:
    """Return a topic's value, certain that it is of the topic's kind."""
    head, slash, _ = topic.partition("/")
    kind = TOPICS[head + slash]
    assert isinstance(value, kind), f"{topic} holds a {type(value).__name__}"
    return value
