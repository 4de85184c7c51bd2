"""A worker's page in a process of its own, and the network between it and the server's stream code, in virtual time."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.sim.tablet import Tablet
from orchestrator.http.caller import CALLER, LOCAL
from orchestrator.http.commands import Commands
from orchestrator.http.hub import Hub
from orchestrator.http.metrics import Metrics
from orchestrator.http.sessions import WebSocketDoor
from orchestrator.wire import SUBPROTOCOL, TOPICS, Answer, Card

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from orchestrator.core.commands import Kept, Who
    from orchestrator.engine.desk import Desk

HERE = Path(__file__).parent
WEB = HERE.parents[1] / "web"
LATE_S = (0.002, 0.08)  # how long a message is on its way
UNNOTICED_S = (1.0, 20.0)  # until the server notices that a client is gone which said no goodbye


def node() -> str:
    """Return Node's path, where the page's modules are installed; without them the test can't be run."""
    found = shutil.which("node")
    if found is None or not (WEB / "node_modules" / "fake-indexeddb").is_dir():
        if os.environ.get("CI"):
            pytest.fail("The page needs Node >= 20 and `npm ci` in web/, and CI must run it.")
        pytest.skip("The page needs Node >= 20 and `npm ci` in web/.")
    return found


@dataclass(frozen=True)
class Arrival:
    """A command as it came to the cell, over which of the page's connections."""

    line: int
    id: str
    type: str
    kept: Kept | None


class Heard(Commands):
    """The server's own way of commands, which notes what comes over one connection."""

    def __init__(self, desk: Desk, metrics: Metrics, line: int, arrivals: list[Arrival]) -> None:
        super().__init__(desk, metrics)
        self._line = line
        self._arrivals = arrivals

    async def ask(self, command_id: str, command: Any, kept: Kept | None = None) -> Answer:
        self._arrivals.append(Arrival(self._line, command_id, command.type, kept))
        return await super().ask(command_id, command, kept)


class Pipe:
    """One connection: messages are late and never overtake; what is on its way when it is cut is lost."""

    def __init__(self, page: Page, number: int) -> None:
        self.whole = True
        self._page = page
        self._number = number
        self._to_server: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._due = {"up": 0.0, "down": 0.0}
        self._to_server.put_nowait({"type": "websocket.connect"})
        CALLER.set(LOCAL)
        door = WebSocketDoor(page.hub, Heard(page.desk, page.metrics, number, page.arrivals))
        scope = {"type": "websocket", "subprotocols": [SUBPROTOCOL]}
        self.task = asyncio.ensure_future(door(scope, self._to_server.get, self._send))

    def say(self, text: str) -> None:
        """Called with what the page sends."""
        self._later("up", lambda: self._to_server.put_nowait({"type": "websocket.receive", "text": text}))

    def cut(self, unnoticed_s: float) -> None:
        """Lose whatever is on its way; the server notices after a while."""
        self.whole = False
        gone = {"type": "websocket.disconnect", "code": 1006}
        asyncio.get_running_loop().call_later(unnoticed_s, self._to_server.put_nowait, gone)

    async def _send(self, message: Any) -> None:
        match message["type"]:
            case "websocket.accept":
                self._later("down", lambda: self._page.happen("open", socket=self._number))
            case "websocket.send":
                self._later("down", lambda: self._page.happen("message", socket=self._number, text=message["text"]))
            case "websocket.close":
                self._later("down", lambda: self._page.happen("close", socket=self._number))

    def _later(self, way: str, deliver: Any) -> None:
        loop = asyncio.get_running_loop()
        self._due[way] = max(self._due[way] + 1e-6, loop.time() + self._page.chance.uniform(*LATE_S))
        loop.call_at(self._due[way], lambda: deliver() if self.whole else None)


@dataclass
class Told:
    """What the page has sent and been given, for the reckoning in the end."""

    given: dict[str, dict[str, Any]] = field(default_factory=dict)  # words by their id
    frames: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # commands, and over which connection
    answered: dict[str, Answer] = field(default_factory=dict)
    returned: dict[str, dict[str, Any]] = field(default_factory=dict)


class Page:
    """The page's process and its network. Use it as a context inside a virtual loop."""

    def __init__(self, desk: Desk, chance: random.Random, seed: int) -> None:
        self.desk = desk
        self.chance = chance
        self.metrics = Metrics()
        self.hub = Hub(desk, self.metrics)
        self.arrivals: list[Arrival] = []
        self.told = Told()
        self.topics: dict[str, Any] = {}
        self.waiting: list[dict[str, Any]] = []
        self.line = ""
        self.news = asyncio.Event()
        self.asked = asyncio.Event()  # a command has just been sent
        self.there = True  # whether there is a network
        self.pipes: dict[int, Pipe] = {}
        self._presses: dict[int, asyncio.Future[Answer]] = {}
        self._keys = 0
        self._alarm: asyncio.TimerHandle | None = None
        command = [node(), str(HERE / "page.mjs"), str(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Page:
        self.hub.open()
        self.happen("tick")
        return self

    def __exit__(self, *_: object) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        for pipe in self.pipes.values():
            pipe.whole = False
            pipe.task.cancel()
        self._process.communicate(timeout=30)

    async def press(self, command: Mapping[str, Any]) -> Answer:
        """Press a button of the page; its answer, or the code `reloaded` where the page was loaded again meanwhile."""
        self._keys += 1
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._presses[self._keys] = answer
        self.happen("press", key=self._keys, command=dict(command))
        return await answer

    def drop(self, *, noticed: bool) -> None:
        """Cut whatever connection there is; a page that does not notice finds out by its own pings."""
        for number, pipe in tuple(self.pipes.items()):
            if pipe.whole:
                pipe.cut(self.chance.uniform(*UNNOTICED_S))
                if noticed:
                    self.happen("close", socket=number)

    def reload(self) -> None:
        """Load the page again: all that it had in memory is gone."""
        for pipe in self.pipes.values():
            if pipe.whole:
                pipe.cut(0.0)
        for answer in self._presses.values():
            answer.set_result(Answer(id="", ok=False, code="reloaded"))
        self._presses.clear()
        self.happen("reload")

    def happen(self, what: str, **more: Any) -> None:
        """Let something happen to the page, and do what it does about it. Time stands still meanwhile."""
        loop = asyncio.get_running_loop()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        event = {"at": loop.time() * 1000, "do": what, **more}  # a timer's own time, where that is what is due
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        for message in said["applied"]:
            self._show(message)
        self.told.given.update({word["id"]: word["command"] for word in said["given"]})
        self.told.returned.update({word["id"]: word for word in said["returned"]})
        for each in said["answers"]:
            answer = Answer.model_validate({"code": "", "message": "", "remedy": "", **each["answer"]})
            self.told.answered[answer.id] = answer
            self._presses.pop(each["key"]).set_result(answer)
        for did in said["out"]:
            self._carry(did)
        if said["applied"] or said["line"] != self.line or said["waiting"] != self.waiting:
            self.news.set()
        self.line, self.waiting = said["line"], said["waiting"]
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        if said["next"] is not None:
            due_ms = max(loop.time() * 1000, said["next"])
            self._alarm = loop.call_at(due_ms / 1000, lambda: self.happen("tick", at=due_ms))

    def _carry(self, did: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        if "dial" in did:
            number = did["dial"]
            if self.there:
                self.pipes[number] = Pipe(self, number)
            elif self.chance.random() < 0.5:  # else nobody answers at all
                loop.call_later(self.chance.uniform(*LATE_S), lambda: self.happen("close", socket=number))
        elif "knock" in did:
            there = self.there
            if there or self.chance.random() < 0.5:  # else nobody answers at all
                answer = partial(self.happen, "answered", knock=did["knock"], there=there)
                loop.call_later(self.chance.uniform(*LATE_S), answer)
        elif "send" in did:
            message = json.loads(did["text"])
            if message["type"] == "command":
                self.told.frames.append((did["send"], message))
                self.asked.set()
            self.pipes[did["send"]].say(did["text"])
        elif did["close"] in self.pipes:
            self.pipes[did["close"]].cut(0.0)

    def _show(self, message: dict[str, Any]) -> None:
        payload = message["payload"]
        match message["type"]:
            case "snapshot":
                self.topics = {name: _read(name, value) for name, value in payload["topics"].items()}
            case "put":
                self.topics[payload["topic"]] = _read(payload["topic"], payload["value"])
            case "drop":
                self.topics.pop(payload["topic"], None)


class PageTablet(Tablet):
    """The page as the simulated worker's device: they see what it shows, and press what it offers."""

    def __init__(self, page: Page, who: Who) -> None:
        super().__init__(page.desk, "page", who)
        self._page = page
        self.news = page.news

    async def __aenter__(self) -> Tablet:
        """The page is there already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """It stays, too."""

    @property
    def topics(self) -> Mapping[str, Any]:
        """What the page shows: no button for an attempt about which a word waits."""
        shown = dict(self._page.topics)
        for name, card in shown.items():
            if isinstance(card, Card) and any(_about(word, card) for word in self._page.waiting):
                shown[name] = card.model_copy(update={"buttons": ()})
        return shown

    def topic(self, name: str, kind: Any) -> Any:
        """Return a topic's value, None while the page does not know it."""
        value = self.topics.get(name)
        return value if isinstance(value, kind) else None

    def below(self, prefix: str, kind: Any) -> dict[str, Any]:
        """Return the values of every topic whose name begins so."""
        shown = self._page.topics.items()
        return {n.removeprefix(prefix): v for n, v in shown if n.startswith(prefix) and isinstance(v, kind)}

    async def ask(self, command: Mapping[str, Any]) -> Answer:
        """Press the button."""
        return await self._page.press(command)


def _about(word: dict[str, Any], card: Card) -> bool:
    return (word["unit"], word["step"], word["attempt"]) == (card.unit, card.step, card.attempt)


def _read(topic: str, value: Any) -> Any:
    head, slash, _ = topic.partition("/")
    return TOPICS[head + slash].model_validate(value)
