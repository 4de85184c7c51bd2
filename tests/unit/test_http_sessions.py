"""WebSocket sessions, against a real server with real clients."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orchestrator.core.corrections import Correction
from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import Pose
from orchestrator.http.caller import LOCAL
from orchestrator.http.commands import Commands
from orchestrator.http.hub import Hub
from orchestrator.http.metrics import Metrics
from orchestrator.http.pace import Limits
from orchestrator.http.sessions import COMMANDS_AT_ONCE, Session
from orchestrator.wire import SERVER, SLOW_CLIENT, Answer, PoseFrame
from tests.unit.http_fakes import FakeDesk, browser, cell_view, enter, farewell, hear, say, screen, serving, unit_view

if TYPE_CHECKING:
    from pathlib import Path

AT_ANY_PACE = Limits(messages=1e9, bytes=1e9)
JOIN = {"type": "join_place", "place": "front", "operator": "op-1"}


def test_a_new_client_gets_a_snapshot_and_then_each_change(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as client:
            first, pong = await enter(client)
            assert first["type"] == "snapshot"
            assert first["payload"]["topics"]["cell"]["state"] == "execute"
            assert (pong["epoch"], pong["seq"]) == ("e1", 0)
            desk.screen.put("unit/u1", unit_view("u1"))
            desk.screen.happen("unit_started")
            desk.screen.drop("unit/u1")
            heard = [await hear(client) for _ in range(3)]
            assert [(m["type"], m["seq"], m["epoch"]) for m in heard] == [
                ("put", 1, "e1"),
                ("happened", 2, "e1"),
                ("drop", 3, "e1"),
            ]
            assert heard[0]["payload"]["value"]["steps"] == 4
            for message in (first, pong, *heard):
                SERVER.validate_python(message)

    asyncio.run(scenario())


def test_a_client_that_comes_back_gets_exactly_what_it_missed(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            async with screen(server) as client:
                await enter(client)
                desk.screen.happen("one")
                seen = (await hear(client))["seq"]
            for kind in ("two", "three"):
                desk.screen.happen(kind)
            async with screen(server) as client:
                *missed, pong = await enter(client, epoch="e1", seq=seen)
                assert [m["payload"]["type"] for m in missed] == ["two", "three"]
                assert pong["seq"] == 3
            async with screen(server) as client:
                assert [m["type"] for m in await enter(client, epoch="e1", seq=3)] == ["pong"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("epoch", "seq"),
    [("e0", 10), ("", 0), ("e1", 6), ("e1", 11), ("e1", -1)],
    ids=["another epoch", "new", "too old", "from the future", "negative"],
)
def test_a_client_that_can_not_be_caught_up_gets_a_snapshot(tmp_path: Path, epoch: str, seq: int) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk, ring=3) as server:
            for n in range(10):
                desk.screen.happen(f"event{n}")
            async with screen(server) as client:
                heard = await enter(client, epoch=epoch, seq=seq)
                assert [m["type"] for m in heard] == ["snapshot", "pong"]
                assert heard[0]["seq"] == 10
            async with screen(server) as client:  # the oldest that the ring still reaches
                assert len(await enter(client, epoch="e1", seq=7)) == 4

    asyncio.run(scenario())


def test_a_pong_follows_every_state_message_that_there_was_at_its_ping(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            for n in range(50):
                desk.screen.happen(f"event{n}")
            async with screen(server) as client:
                await say(client, type="hello", epoch="e1", seq=0)
                await say(client, type="ping")
                heard = [await hear(client) for _ in range(52)]
                assert [m["type"] for m in heard] == ["happened"] * 50 + ["pong"] * 2
                assert heard[-1]["seq"] == 50

    asyncio.run(scenario())


def test_an_answer_follows_what_its_command_changed(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        gate = desk.gates["join_place"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client:
            await enter(client)
            await say(client, type="command", id="c-1", command=JOIN)
            await say(client, type="ping")
            await hear(client, "pong")
            gate.set()
            for n in range(20):
                desk.screen.happen(f"event{n}")  # before the answer is handed back
            assert [(await hear(client))["type"] for _ in range(21)] == ["happened"] * 20 + ["answer"]

    asyncio.run(scenario())


def test_nothing_is_sent_before_hello(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as client:
            desk.screen.happen("early")
            await say(client, type="ping")
            assert (await hear(client))["type"] == "pong"

    asyncio.run(scenario())


def test_an_answer_goes_to_its_sender_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as asker, screen(server) as other:
            await enter(asker)
            await enter(other)
            await say(asker, type="command", id="c-1", command=JOIN)
            answer = await hear(asker)
            assert (answer["type"], answer["payload"]["id"], answer["payload"]["ok"]) == ("answer", "c-1", True)
            await say(other, type="ping")
            assert (await hear(other))["type"] == "pong"
            assert [(r.id, r.command.place, r.t, r.by.name) for r in desk.asked] == [("c-1", "front", 1000.0, "local")]

    asyncio.run(scenario())


def test_what_a_device_kept_comes_in_as_such_on_either_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        kept = {"operator": "op-1", "t": 900.0}
        async with serving(desk) as server, screen(server) as client, browser(server) as rest:
            await say(client, type="command", id="c-1", command=JOIN, kept=kept)
            await hear(client, "answer")
            await say(client, type="command", id="c-2", command=JOIN)
            await hear(client, "answer")
            await rest.post("/api/v1/commands", json={"id": "c-3", "command": JOIN, "kept": kept})
            assert [(r.id, r.kept and r.kept.model_dump(), r.t) for r in desk.asked] == [
                ("c-1", kept, 1000.0),
                ("c-2", None, 1000.0),
                ("c-3", kept, 1000.0),
            ]
            for wrong in ({"operator": "op-1"}, {"operator": "", "t": 1}, {"operator": "a", "t": "soon"}, "yes"):
                await say(client, type="command", id="c-4", command=JOIN, kept=wrong)
                assert (await hear(client))["payload"]["code"] == "bad_input"
            assert len(desk.asked) == 3

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (
            Answer(id="", ok=False, code="stale_attempt", message="That attempt is over.", remedy="Look."),
            "stale_attempt",
        ),
        (BadInput("No.", remedy="Yes."), "bad_input"),
        (ZeroDivisionError("inside"), "internal"),
    ],
)
def test_a_command_that_fails_is_answered(tmp_path: Path, trouble: Any, code: str) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.answers["join_place"] = trouble
        async with serving(desk) as server, screen(server) as client:
            await say(client, type="command", id="c-1", command=JOIN)
            payload = (await hear(client, "answer"))["payload"]
            assert (payload["id"], payload["ok"], payload["code"]) == ("c-1", False, code)
            assert payload["message"]
            assert payload["remedy"]
            assert "inside" not in payload["message"]

    asyncio.run(scenario())


def test_a_command_goes_on_when_its_client_goes_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        gate = desk.gates["join_place"] = asyncio.Event()
        async with serving(desk) as server:
            async with screen(server) as client:
                await say(client, type="command", id="c-1", command=JOIN)
                await say(client, type="ping")  # a waiting command holds nothing up
                await hear(client, "pong")
            gate.set()
            async with browser(server) as rest:
                text = (await rest.get("/metrics")).text
            assert 'tandem_commands_total{outcome="ok"} 1.0' in text

    asyncio.run(scenario())


def test_too_many_commands_at_once_are_answered_as_busy(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        gate = desk.gates["join_place"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client:
            for n in range(COMMANDS_AT_ONCE + 1):
                await say(client, type="command", id=f"c-{n}", command=JOIN)
            busy = (await hear(client, "answer"))["payload"]
            assert (busy["id"], busy["ok"], busy["code"]) == (f"c-{COMMANDS_AT_ONCE}", False, "busy")
            gate.set()
            answers = [(await hear(client, "answer"))["payload"] for _ in range(COMMANDS_AT_ONCE)]
            assert all(answer["ok"] for answer in answers)
        assert len(desk.asked) == COMMANDS_AT_ONCE

    asyncio.run(scenario())


@pytest.mark.parametrize("text", ['{"type": "ping"}', '{"type": "hello", "epoch": "e0"}'])
def test_a_client_that_asks_without_reading_is_closed(tmp_path: Path, text: str) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        metrics = Metrics()
        hub = Hub(desk, metrics)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"type": "websocket.receive", "text": text}

        async def send(message: Any) -> None:
            if message["type"] == "websocket.send":
                await asyncio.Event().wait()  # its network takes nothing
            sent.append(message)

        await Session(
            hub, Commands(desk, metrics), receive, send, caller=LOCAL, still=lambda _: True, limits=AT_ANY_PACE
        ).run()
        assert [message["code"] for message in sent] == [SLOW_CLIENT]
        await hub.close()

    asyncio.run(scenario())


def test_a_screen_follows_a_part_until_it_says_so_or_goes(tmp_path: Path) -> None:
    async def told(desk: FakeDesk, wanted: list[Correction]) -> None:
        while list(desk.correcting.followed.values()) != wanted:
            desk.correcting.told.clear()
            await desk.correcting.told.wait()

    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        pin = Correction("front", "u1", "pin", 2)
        wanted = {"type": "follow", **pin._asdict()}
        async with serving(desk) as server, asyncio.timeout(30):
            async with screen(server) as client:
                await enter(client, place="front")
                await say(client, **wanted)
                await told(desk, [pin])
                await say(client, type="follow")
                await told(desk, [])
                await say(client, **wanted)
                await told(desk, [pin])
            await told(desk, [])
        assert desk.asked == []  # no command, so nothing of it is written

    asyncio.run(scenario())


MALFORMED: list[tuple[str, str | bytes, str]] = [
    ("no JSON", "{", "not JSON"),
    ("a list", "[]", "must be a JSON object"),
    ("binary", b"{}", "Binary"),
    ("no type", "{}", "'type' is missing"),
    ("unknown type", '{"type": "reboot"}', "'reboot'. Known: hello, command, follow, ping"),
    ("another version", '{"type": "ping", "v": 2}', "'v'"),
    ("extra key", '{"type": "ping", "x": 1}', "'x' is not known"),
    ("no id", json.dumps({"type": "command", "command": JOIN}), "'id' is missing"),
    ("bad id", json.dumps({"type": "command", "id": "a\nb", "command": JOIN}), "'id'"),
    ("unknown command", '{"type": "command", "id": "c", "command": {"type": "format_disk"}}', "'format_disk'"),
    ("engine's own", '{"type": "command", "id": "c", "command": {"type": "report_restart"}}', "'report_restart'"),
    (
        "field missing",
        '{"type": "command", "id": "c", "command": {"type": "join_place"}}',
        "'command.place' is missing.",
    ),
    ("too deep", "[" * 5000 + "]" * 5000, "JSON"),
    ("deep", '{"type": ' + "[" * 50 + "]" * 50 + "}", "nested"),
    ("infinite", '{"type": "hello", "seq": 1e999}', "infinity"),
    ("huge number", '{"type": "hello", "seq": 99999999999999999999999999}', "seq"),
    ("too long", '{"type": "ping", "x": "' + "y" * 70_000 + '"}', "longer"),
    ("lone surrogate", '{"type": "command", "id": "\\ud800", "command": {}}', "JSON"),
]


def test_a_malformed_message_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as client:
            for name, text, part in MALFORMED:
                await client.send(text)
                refused = await hear(client)
                assert refused["type"] == "refused", name
                assert part in refused["payload"]["message"], name
                assert refused["payload"]["code"] in ("bad_input", "too_large"), name
                assert refused["payload"]["ok"] is False, name
                SERVER.validate_python(refused)
                await say(client, type="ping")
                assert (await hear(client))["type"] == "pong", name
            assert desk.asked == []

    asyncio.run(scenario())


def test_a_refusal_names_the_command_that_it_is_about(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server, screen(server) as client:
            await say(client, type="command", id="c-9", command={"type": "join_place"})
            assert (await hear(client))["payload"]["id"] == "c-9"

    asyncio.run(scenario())


def test_twenty_refusals_within_a_minute_end_the_connection_whatever_is_said_between(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server, screen(server) as client:
            for _ in range(19):
                await client.send("{")
            await say(client, type="ping")
            await client.send("{")
            heard, code = await farewell(client)
            assert code == 1008
            assert "understood" in (client.close_reason or "")
            assert len(heard) >= 20  # each of the others was told
            async with browser(server) as rest:
                text = (await rest.get("/metrics")).text
            assert 'tandem_messages_refused_total{code="bad_input"} 20.0' in text

    asyncio.run(scenario())


def test_a_client_without_the_subprotocol_is_turned_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(server.url.replace("http", "ws") + "/ws", proxy=None):
                    pass
            assert refused.value.response.status_code == 400
            assert json.loads(refused.value.response.body)["code"] == "subprotocol"

    asyncio.run(scenario())


def test_a_stalled_client_is_closed_while_the_others_get_everything(tmp_path: Path) -> None:
    def narrow(server: Any) -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.setblocking(False)
        return connection

    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk, ring=10) as server:
            stalled = await screen(server, sock=narrow(server), max_queue=1)
            async with screen(server) as healthy:
                await enter(stalled)
                await enter(healthy)
                heavy = cell_view(reason="x" * 60_000)
                for n in range(1, 151):
                    desk.screen.put("cell", heavy)
                    assert (await hear(healthy))["seq"] == n
                _, code = await farewell(stalled)
                assert code == SLOW_CLIENT
                async with browser(server) as rest:
                    text = (await rest.get("/metrics")).text
                assert "tandem_slow_clients_total 1.0" in text
                assert "tandem_clients 1.0" in text

    asyncio.run(scenario())


def test_poses_come_where_they_changed_and_only_to_those_who_want_them(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        still, moving = Pose((1.0, 0.0, 0.0)), Pose((0.0, 0.0, 0.5))
        desk.frames = (PoseFrame(topic="robot", t=1.0, poses={"base": still, "hand": Pose()}),)
        async with serving(desk, pose_hz=200) as server, screen(server) as viewer, screen(server) as board:
            await enter(board)
            assert desk.samples == 0  # nobody wants any yet
            await say(viewer, type="hello")
            first = await hear(viewer, "pose")
            assert first["payload"]["topic"] == "robot"
            assert set(first["payload"]["poses"]) == {"base", "hand"}
            assert first["payload"]["poses"]["base"] == {"p": [1.0, 0.0, 0.0], "q": [1.0, 0.0, 0.0, 0.0]}
            SERVER.validate_python(first)
            desk.frames = (PoseFrame(topic="robot", t=1.1, poses={"base": still, "hand": moving}),)
            second = await hear(viewer)
            assert second["payload"]["poses"] == {"hand": {"p": [0.0, 0.0, 0.5], "q": [1.0, 0.0, 0.0, 0.0]}}
            for _ in range(3):
                await say(board, type="ping")
                assert (await hear(board))["type"] == "pong"

    asyncio.run(scenario())


def test_poses_are_not_sampled_when_nobody_looks(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk, pose_hz=1000) as server, screen(server) as client:
            await enter(client, poses=True)
            await desk.sampled.wait()
            await enter(client, poses=False)
            before = desk.samples
            for _ in range(20):
                await say(client, type="ping")
                await hear(client, "pong")
            assert desk.samples == before

    asyncio.run(scenario())


def test_a_broken_pose_source_leaves_the_state_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.frames = None  # type: ignore[assignment] - what the sampler can't take
        async with serving(desk, pose_hz=1000) as server, screen(server) as client:
            await enter(client, poses=True)
            await desk.sampled.wait()
            desk.frames = (PoseFrame(topic="robot", t=1.0, poses={"base": Pose()}),)
            desk.screen.happen("after")
            heard = {(await hear(client))["type"] for _ in range(2)}
            assert heard == {"happened", "pose"}

    asyncio.run(scenario())
