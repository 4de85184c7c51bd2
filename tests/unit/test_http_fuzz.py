"""Whatever a client sends: it is refused with a code or answered, and connection and cell go on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import string
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, get_args

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.rights import RIGHTS
from orchestrator.http.caller import CALLER, Caller
from orchestrator.http.commands import Commands
from orchestrator.http.hub import Hub
from orchestrator.http.metrics import Metrics
from orchestrator.http.pace import Limits
from orchestrator.http.sessions import MAX_MESSAGE, WebSocketDoor
from orchestrator.wire import SERVER, SUBPROTOCOL
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MESSAGES = 20_000 if os.environ.get("TANDEM_SOAK") else 1_500
PATIENT = Limits(messages=1e9, bytes=1e9, refused=10**9)  # what ends connections has tests of its own
STEP = {"unit": "u1", "step": "pin", "attempt": 1, "place": "front"}
KEPT = {"operator": "op-front", "t": 1.0}
SOUND: list[dict[str, Any]] = [  # what a page sends, to be broken
    {"type": "hello", "v": 1, "epoch": "e", "seq": 3, "poses": False, "place": "front"},
    {"type": "ping", "v": 1},
    {"type": "command", "id": "a", "command": {"type": "confirm_step", **STEP, "values": {"torque_Nm": 5.0}}},
    {"type": "command", "id": "b", "command": {"type": "report_problem", **STEP, "note": "x"}, "kept": KEPT},
    {"type": "command", "id": "c", "command": {"type": "refill_bin", "bin": "caps", "count": 6}},
    {"type": "command", "id": "d", "command": {"type": "join_place", "place": "front", "operator": "x"}},
]
JUNK: list[Any] = [
    None,
    True,
    -1,
    1e400,
    2**70,
    "",
    "x" * 3_000,
    "\u0000",
    "\ud800",
    "🤖",
    [],
    {},
    [[[[]]]],
    {"$ref": "#"},
    "__proto__",
    "../../etc/passwd",
]


class Client:
    """One end of a session without a network: what it sends is there at once, what it hears is kept."""

    def __init__(self, cell: Bench, who: cmd.Who, limits: Limits) -> None:
        metrics = Metrics()
        self.hub = Hub(cell.cell.desk, metrics)
        commands = Commands(cell.cell.desk, metrics)
        CALLER.set(Caller(standing=who.role, who=who))
        self.door = WebSocketDoor(self.hub, commands, limits=limits)
        self.heard: list[dict[str, Any]] = []
        self.closed = 0
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Event()

    async def send(self, message: Any) -> None:
        """Called by the session with what it says."""
        if message["type"] == "websocket.send":
            self.heard.append(json.loads(message["text"]))
            SERVER.validate_python(self.heard[-1])
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
        self._news.set()

    async def receive(self) -> dict[str, Any]:
        """Called by the session for what comes next."""
        return await self._inbox.get()

    def put(self, **message: Any) -> None:
        """Send a message, or whatever else a peer may do."""
        self._inbox.put_nowait(message)

    async def replies(self, text: str) -> list[dict[str, Any]]:
        """Send a text and a ping after it; returns the refusals and answers that came up to the pong."""
        start = len(self.heard)
        self.put(type="websocket.receive", text=text)
        self.put(type="websocket.receive", text='{"type": "ping"}')
        while not any(message["type"] == "pong" for message in self.heard[start:]):
            assert not self.closed, f"closed with {self.closed} by {text[:200]!r}"
            self._news.clear()
            await self._news.wait()
        await asyncio.sleep(0.01)  # an answer may come after the pong
        return [message for message in self.heard[start:] if message["type"] in {"refused", "answer"}]


@asynccontextmanager
async def client(cell: Bench, who: cmd.Who | None = None, limits: Limits = PATIENT) -> AsyncIterator[Client]:
    """Connect to a running cell."""
    one = Client(cell, who or cmd.Who(), limits)
    one.hub.open()
    one.put(type="websocket.connect")
    scope = {"type": "websocket", "subprotocols": [SUBPROTOCOL]}
    serving = asyncio.ensure_future(one.door(scope, one.receive, one.send))
    try:
        yield one
    finally:
        one.put(type="websocket.disconnect", code=1000)
        await serving
        await one.hub.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def spoilt(chance: random.Random) -> str:
    """Return a sound message that was damaged: in its bytes, its fields, its depth or its size."""
    message = deepcopy(chance.choice(SOUND))
    for _ in range(chance.randint(1, 3)):
        where: Any = message
        while chance.random() < 0.5 and (inner := [v for v in where.values() if isinstance(v, dict) and v]):
            where = chance.choice(inner)
        key = chance.choice([*where, "".join(chance.choices(string.ascii_lowercase, k=5))])
        if chance.random() < 0.3:
            where.pop(key, None)
        else:
            where[key] = deepcopy(chance.choice(JUNK))
    text = json.dumps(message)
    way = chance.random()
    if way < 0.15:
        at = chance.randrange(len(text))
        return text[:at] + chance.choice('{}[]",:\x00\x7f') + text[at + chance.randint(0, 3) :]
    if way < 0.2:
        return text[: chance.randrange(len(text))]
    if way < 0.22:
        return text + " " * MAX_MESSAGE
    if way < 0.24:
        return "[" * chance.randint(1, 400) + text
    return text


def test_whatever_comes_is_refused_with_a_code_or_answered_and_cell_and_connection_live(folder: Path) -> None:
    async def main() -> None:
        chance = random.Random(7)
        codes: set[str] = set()
        async with bench(folder) as cell, client(cell) as page:
            await cell.begin()
            for n in range(MESSAGES):
                text = spoilt(chance)
                replies = await page.replies(text)
                for reply in replies:
                    payload = reply["payload"]
                    assert payload["ok"] or payload["code"], text[:300]
                    assert payload["ok"] or payload["message"], text[:300]
                    assert payload["code"] != "internal", text[:300]
                    codes.add(payload["code"])
                assert len(replies) <= 1, text[:300]
                if n % 500 == 0:
                    assert cell.cell.desk.not_ready() == []
            (pong,) = [message for message in page.heard if message["type"] == "pong"][-1:]
            assert pong["epoch"] == cell.cell.desk.epoch
            await cell.ended()  # the unit was built all the while, or given up by a word that was sound
        assert {"bad_input", "too_large"} <= codes, codes
        assert codes - {"bad_input", "too_large", ""}, "some were sound enough to be judged"

    run_virtual(main)


def test_a_stale_a_doubled_and_an_unauthorised_command_are_refused_each_with_its_code(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell, client(cell) as page:
            await cell.begin()
            await cell.event("step_confirmed")

            async def asked(**message: Any) -> tuple[bool, str]:
                (reply,) = await page.replies(json.dumps({"type": "command", **message}))
                return reply["payload"]["ok"], reply["payload"]["code"]

            confirmed = cell.all("step_confirmed")[0]
            old = {
                "type": "confirm_step",
                "unit": confirmed.unit,
                "step": confirmed.step,
                "attempt": 0,
                "place": "front",
            }
            assert await asked(id="old", command=old) == (False, "stale")
            refill = {"type": "refill_bin", "bin": "caps", "count": 6}
            before = len(cell.all("bin_refilled"))
            assert [await asked(id="twice", command=refill) for _ in range(3)] == [(True, "")] * 3
            assert len(cell.all("bin_refilled")) == before + 1
            assert await asked(id="twice", command={**refill, "count": 5}) == (False, "id_reused")
            assert await asked(id="kept", command=refill, kept={"operator": "sim-front", "t": 1.0}) == (
                False,
                "not_kept",
            )
            assert await asked(id="engine-1-1", command=refill) == (False, "bad_id")
            async with client(cell, cmd.Who(name="eve", role="auditor")) as stranger:
                for n, name in enumerate(sorted(_outside())):
                    text = json.dumps({"type": "command", "id": f"eve-{n}", "command": _plain(name)})
                    assert [reply["payload"]["code"] for reply in await stranger.replies(text)] == ["denied"], name
            await cell.ended()
            assert cell.state.orders["o"].state == "ended"

    run_virtual(main)


def test_nothing_but_refusals_ends_a_connection_and_not_the_cell(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            async with client(cell, limits=Limits()) as page:
                for _ in range(Limits().refused):
                    page.put(type="websocket.receive", text="{")
                await asyncio.sleep(1)
                assert page.closed == 1008
            async with client(cell) as page:
                page.put(type="websocket.receive", bytes=b"{}")
                assert await page.replies('{"type": "hello"}') == [page.heard[0]]
                assert page.heard[0]["payload"]["code"] == "bad_input"
            await cell.ended()

    run_virtual(main)


def _outside() -> set[str]:
    members = [get_args(member)[0] if get_args(member) else member for member in get_args(get_args(cmd.Outside)[0])]
    return {member.model_fields["type"].default for member in members} & set(RIGHTS)


def _plain(name: str) -> dict[str, Any]:
    """Return a command of this type whose fields are as good as one can guess."""
    known = {**STEP, "order": "o", "bin": "caps", "part": "u1/pin", "motion": "m", "operator": "eve", "count": 1}
    known |= {"verb": "start", "mode": "manual", "autonomy": "full", "what": "cell", "choice": "retry", "close": True}
    known |= {"answers": "x", "of": "front", "n": 1, "todo": ["s"]}
    members = [get_args(member)[0] if get_args(member) else member for member in get_args(get_args(cmd.Outside)[0])]
    kind = next(member for member in members if member.model_fields["type"].default == name)
    needed = {key for key, info in kind.model_fields.items() if info.is_required() or key in {"answers", "n", "todo"}}
    return {"type": name, **{key: known[key] for key in needed}}
