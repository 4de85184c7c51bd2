"""A desk without an engine behind it, and a real server on loopback in front of it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from orchestrator.adapters.calibration.calibrator import Calibrator
from orchestrator.adapters.journal_memory import MemoryJournal
from orchestrator.adapters.photos.memory import PhotoMemory
from orchestrator.core.cell import CellSpec
from orchestrator.core.commands import KeepPhoto, Request
from orchestrator.core.errors import known
from orchestrator.core.geometry import Pose
from orchestrator.engine.library import Library
from orchestrator.http.server import WebServer, create_app
from orchestrator.wire import (
    SUBPROTOCOL,
    Answer,
    CellView,
    Drop,
    Happened,
    OrderView,
    PoseFrame,
    Put,
    RewindView,
    SceneView,
    UndoView,
    UnitView,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from websockets.asyncio.client import ClientConnection

    from orchestrator.core.commands import PhotoOf, Who
    from orchestrator.core.corrections import Correction
    from orchestrator.core.photo import KeptPhoto
    from orchestrator.core.ports import Twist

PROCEDURE = """
options: {ratio: [5, 10]}
parts:
  housing: {mass_kg: 1.2, name: {en: Housing}}
steps:
- {id: load, result: {part: housing, at: nest}, human: true, time_s: 5}
"""
SCENE = SceneView(
    cell="bench", links=(), frames={"nest": Pose()}, nests={}, zones={}, bins=(), cameras={}, places={"front": Pose()}
)

BENCH = CellSpec.model_validate(
    {"name": "bench", "robot": {"model": "ur5e", "at": {}, "gripper": "parallel_85", "payload_kg": 5}}
)


def cell_view(**changes: Any) -> CellView:
    """Return a cell as a screen shows it."""
    return CellView(name="bench", state="execute", mode="production", safety="normal", autonomy="full", **changes)


class FakeScreen:
    """Topics that a test puts and drops."""

    def __init__(self) -> None:
        self.topics: dict[str, Any] = {"cell": cell_view()}
        self.log: list[Happened] = []
        self.listeners: list[Callable[[Sequence[Any]], None]] = []

    def listen(self, listener: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def put(self, topic: str, value: Any) -> None:
        self.topics[topic] = value
        self.tell(Put(topic=topic, value=value))

    def drop(self, topic: str) -> None:
        del self.topics[topic]
        self.tell(Drop(topic=topic))

    def happen(self, kind: str, seq: int = 1) -> None:
        line = Happened(seq=seq, t=0.0, type=kind, subject="u1", text="")
        self.log.append(line)
        self.tell(line)

    def tell(self, *changes: Any) -> None:
        for listener in tuple(self.listeners):
            listener(changes)


class FakeCorrecting:
    """Keeps what each screen follows; `told` is set whenever that changes."""

    def __init__(self) -> None:
        self.followed: dict[object, Correction] = {}
        self.told = asyncio.Event()

    def follow(self, who: object, of: Correction) -> None:
        self.followed[who] = of
        self.told.set()

    def leave(self, who: object) -> None:
        if self.followed.pop(who, None) is not None:
            self.told.set()


class FakeDesk:
    """Answers every command with ok unless `answers` holds another answer for its type."""

    name = "bench"

    def __init__(self, root: Path, epoch: str = "e1") -> None:
        self.epoch = epoch
        self.screen = FakeScreen()
        product = root / "instructions" / "reducer"
        product.mkdir(parents=True)
        (product / "procedure.yaml").write_text(PROCEDURE)
        self.library = Library(root / "instructions")
        self.journal = MemoryJournal()
        self.scene = SCENE
        self.evidence = root / "evidence"
        self.evidence.mkdir()
        self.asked: list[Request] = []
        self.answers: dict[str, Answer | Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}  # a command of this type is answered when its gate opens
        self.stored: list[tuple[Any, ...]] = []
        self.frames: tuple[PoseFrame, ...] = ()
        self.samples = 0
        self.sampled = asyncio.Event()
        self.records: dict[str, dict[str, Any]] = {}
        self.missing: list[str] = []
        self.calibrating = Calibrator(BENCH, {}, None, hands=None, why_not=lambda: "", now=self.now)
        self.correcting = FakeCorrecting()
        self.jogged: list[tuple[str, Twist]] = []
        self.screens: list[tuple[str, bool]] = []
        self.screen_told = asyncio.Event()
        self.taught_poses: list[str] = []

    def now(self) -> float:
        return 1_000.0

    async def submit(self, request: Request) -> Answer:
        self.asked.append(request)
        kind = request.command.type
        if kind in self.gates:
            await self.gates[kind].wait()
        answer = self.answers.get(kind, Answer(id=request.id, ok=True))
        if isinstance(answer, Exception):
            raise answer
        return answer.model_copy(update={"id": request.id})

    async def keep_photo(self, request: str, of: PhotoOf, upload: bytes, by: Who) -> tuple[Answer, KeptPhoto | None]:
        kept = PhotoMemory().keep(upload)
        command = KeepPhoto(
            **of.model_dump(), sha256=kept.sha256, width=kept.width, height=kept.height, size_bytes=kept.size_bytes
        )
        answer = await self.submit(Request(id=request, by=by, t=self.now(), command=command))
        return answer, kept if answer.ok else None

    async def store_order(
        self, order: str, product: str, options: Mapping[str, Any], quantity: int, due_t: float | None, by: Who
    ) -> Answer:
        if product not in self.library.products():
            raise known("product", product, self.library.products())
        self.library.variant(product, options)
        self.stored.append((order, product, dict(options), quantity, due_t, by.name))
        self.screen.put(f"order/{order}", order_view(order, quantity=quantity))
        return Answer(id=order, ok=True)

    async def screen_at(self, place: str, there: bool) -> None:
        self.screens.append((place, there))
        self.screen_told.set()

    async def jog(self, press: str, twist: Twist, by: Who) -> Answer:
        self.jogged.append((press, twist))
        answer = self.answers.get("jog", Answer(id=press, ok=True))
        assert isinstance(answer, Answer)
        return answer

    async def teach(self, name: str, relative_to: str, by: Who) -> Answer:
        answer = self.answers.get("teach", Answer(id=name, ok=True))
        if isinstance(answer, Exception):
            raise answer
        self.taught_poses.append(f"{name} {relative_to}".strip())
        return answer

    def taught(self, name: str = "") -> str:
        return "".join(f"{taught}\n" for taught in self.taught_poses if not name or taught.startswith(name))

    def poses(self) -> tuple[PoseFrame, ...]:
        self.samples += 1
        self.sampled.set()
        return self.frames

    def rewind(self, unit: str, step: str) -> RewindView:
        if unit != "u1":
            raise known("unit in work", unit, ["u1"])
        title = {"en": "Cover", "de": "Deckel"}
        undo = UndoView(
            step="cover", title=title, text={"en": "Take off: Cover", "de": "Abnehmen: Deckel"}, by="person"
        )
        return RewindView(unit=unit, to=step, undo=(undo,), refused="" if step == "cover" else "It is waiting.")

    def as_built(self, unit: str) -> dict[str, Any] | None:
        return self.records.get(unit)

    def units(self) -> list[dict[str, Any]]:
        return [{"unit": unit, "order": "o1", "state": "done", "ended_t": 1.0} for unit in self.records]

    def skills(self) -> list[dict[str, Any]]:
        return [
            {"name": "pick", "text": "Grasp a part.", "parameters": {}, "timeout_s": 30.0, "file": "skills/pick.py"}
        ]

    def not_ready(self) -> list[str]:
        return self.missing


def order_view(order: str, quantity: int = 1) -> OrderView:
    """Return an order as a screen shows it."""
    return OrderView(
        id=order, product="reducer", options={}, quantity=quantity, started=0, done=0, scrapped=0, state="stored"
    )


def unit_view(unit: str) -> UnitView:
    """Return a unit as a screen shows it."""
    return UnitView(id=unit, order="o1", n=1, steps=4, done=0, started_t=0.0)


@asynccontextmanager
async def serving(desk: FakeDesk, **options: Any) -> AsyncIterator[WebServer]:
    """Run a real server on a free port; it must end by itself within its grace."""
    server = WebServer(create_app(desk, **options), port=0)
    running = asyncio.ensure_future(server.run())
    try:
        await server.started()
        yield server
    finally:
        server.stop()
        await running


def browser(server: WebServer, **options: Any) -> httpx.AsyncClient:
    """Return an HTTP client of the server, which waits for as long as a busy machine takes."""
    return httpx.AsyncClient(base_url=server.url, trust_env=False, **{"timeout": None, **options})


def screen(server: WebServer | str, **options: Any) -> connect:
    """Return a WebSocket connection to a server or its URL, to be entered.

    It waits for as long as a busy machine takes, and asks for no sign of life: one that is not read would miss it.
    """
    url = server if isinstance(server, str) else server.url
    patient: dict[str, Any] = {"open_timeout": None, "ping_interval": None, **options}
    return connect(
        f"{url.replace('http', 'ws')}/ws", subprotocols=[SUBPROTOCOL], proxy=None, compression=None, **patient
    )


async def say(client: ClientConnection, **message: Any) -> None:
    """Send a message."""
    await client.send(json.dumps(message))


async def hear(client: ClientConnection, *kinds: str) -> dict[str, Any]:
    """Return the next message of one of these types; the next of any where none is named."""
    while True:
        message: dict[str, Any] = json.loads(await client.recv())
        if not kinds or message["type"] in kinds:
            return message


async def farewell(client: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """Return all that comes until the server closes the connection, and the code that it closes it with."""
    heard: list[dict[str, Any]] = []
    try:
        while True:
            heard.append(await hear(client))
    except ConnectionClosed:
        return heard, client.close_code or 0


async def enter(
    client: ClientConnection, *, epoch: str = "", seq: int = 0, poses: bool = False, **more: Any
) -> list[dict[str, Any]]:
    """Say hello and return all that comes up to the pong which ends the catch-up."""
    await say(client, type="hello", epoch=epoch, seq=seq, poses=poses, **more)
    heard = []
    while True:
        message = await hear(client)
        heard.append(message)
        if message["type"] == "pong":
            return heard
