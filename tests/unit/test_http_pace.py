"""One broken screen: it is read at a pace, sent away, and never in the way of anybody's stop, its own included."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import now_t
from orchestrator.core.errors import BadInput
from orchestrator.http.intake import VALUES, read_json
from orchestrator.http.pace import Limits, Pace, Refusals, Rude
from orchestrator.http.safer import ALIKE, NAMED
from orchestrator.http.sessions import COMMANDS_AT_ONCE
from tests.unit.http_fakes import FakeDesk, browser, enter, farewell, hear, say, screen, serving
from tests.unit.lan_bench import lan

if TYPE_CHECKING:
    from pathlib import Path

JOIN = {"type": "join_place", "place": "front", "operator": "op-1"}
HOLD = {"type": "change_cell", "verb": "hold"}
STOP = {"type": "change_cell", "verb": "stop"}
SAFER: list[dict[str, Any]] = [
    HOLD,
    STOP,
    {"type": "change_cell", "verb": "abort"},
    {"type": "pause", "what": "cell"},
    {"type": "pause", "what": "lane", "name": "front"},
    {"type": "stop_retreat"},
    {"type": "refuse_motion", "motion": "m-1"},
]


@pytest.mark.parametrize("command", SAFER, ids=[json.dumps(command) for command in SAFER])
def test_what_makes_the_cell_safer_waits_behind_nothing_of_its_own_connection(
    tmp_path: Path, command: dict[str, Any]
) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.gates["join_place"] = asyncio.Event()  # a disk that hangs
        async with serving(desk) as server, screen(server) as client:
            for n in range(COMMANDS_AT_ONCE):
                await say(client, type="command", id=f"j-{n}", command=JOIN)
            await say(client, type="command", id="late", command=JOIN)
            assert (await hear(client, "answer"))["payload"]["code"] == "busy"
            await say(client, type="command", id="safer", command=command)
            answer = (await hear(client, "answer"))["payload"]
            assert (answer["id"], answer["ok"]) == ("safer", True)
            assert desk.asked[-1].id == "safer"
            desk.gates["join_place"].set()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "command",
    [
        {"type": "change_cell", "verb": "unhold"},
        {"type": "change_cell", "verb": "start"},
        {"type": "resume", "what": "cell"},
        {"type": "acknowledge", "n": 1},
        {"type": "approve_motion", "motion": "m-1"},
    ],
)
def test_what_makes_it_move_has_no_lane_of_its_own(tmp_path: Path, command: dict[str, Any]) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.gates["join_place"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client:
            for n in range(COMMANDS_AT_ONCE):
                await say(client, type="command", id=f"j-{n}", command=JOIN)
            await say(client, type="command", id="more", command=command)
            assert (await hear(client, "answer"))["payload"]["code"] == "busy"
            desk.gates["join_place"].set()
        assert "more" not in {request.id for request in desk.asked}

    asyncio.run(scenario())


def test_a_flood_of_stops_waits_in_few_places_and_the_newest_is_asked_last(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        gate = desk.gates["change_cell"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client, screen(server) as other:
            for n in range(40):
                await say(client, type="command", id=f"s-{n}", command=STOP)
            overtaken = [(await hear(client, "answer"))["payload"] for _ in range(40 - ALIKE - 1)]
            assert [(each["id"], each["code"]) for each in overtaken] == [(f"s-{n}", "busy") for n in range(ALIKE, 39)]
            await say(other, type="command", id="unhold", command={"type": "change_cell", "verb": "unhold"})
            await say(client, type="command", id="hold", command=HOLD)  # another kind is not held up by them
            await say(client, type="ping")
            await hear(client, "pong")
            await say(other, type="ping")
            await hear(other, "pong")
            assert {request.id for request in desk.asked} == {*(f"s-{n}" for n in range(ALIKE)), "unhold", "hold"}
            gate.set()
            answers = [(await hear(client, "answer"))["payload"] for _ in range(ALIKE + 2)]
            assert all(answer["ok"] for answer in answers)
            assert {answer["id"] for answer in answers} == {*(f"s-{n}" for n in range(ALIKE)), "hold", "s-39"}
            assert desk.asked[-1].id == "s-39"  # after what somebody else has asked for meanwhile
            await say(client, type="command", id="again", command=STOP)
            assert (await hear(client, "answer"))["payload"]["ok"]

    asyncio.run(scenario())


def test_what_is_named_is_bounded_and_the_cell_can_be_held_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        desk.gates["refuse_motion"] = asyncio.Event()
        async with serving(desk) as server, screen(server) as client:
            for n in range(NAMED + 1):
                await say(
                    client, type="command", id=f"r-{n}", command={"type": "refuse_motion", "motion": f"motion-{n}"}
                )
            answer = (await hear(client, "answer"))["payload"]
            assert (answer["id"], answer["code"]) == (f"r-{NAMED}", "busy")
            await say(client, type="command", id="hold", command=HOLD)
            answer = (await hear(client, "answer"))["payload"]
            assert (answer["id"], answer["ok"]) == ("hold", True)
            desk.gates["refuse_motion"].set()

    asyncio.run(scenario())


def test_words_that_were_kept_go_the_ordinary_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server, screen(server) as client:
            kept = {"operator": "op-1", "t": 900.0}
            await say(client, type="command", id="c-1", command=HOLD, kept=kept)
            await hear(client, "answer")
            assert desk.asked[0].kept is not None  # as such `decide` refuses it

    asyncio.run(scenario())


def test_a_flood_is_read_at_the_pace_and_what_happens_is_told_meanwhile(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk, loop, limits = FakeDesk(tmp_path), asyncio.get_running_loop(), Limits()
        async with serving(desk) as server, screen(server) as flooding, screen(server) as other:
            await enter(flooding)
            began = loop.time()

            async def flood() -> None:
                while True:
                    await say(flooding, type="ping")

            async def count() -> int:
                heard = 0
                while (await hear(flooding))["type"] == "pong":
                    heard += 1
                return heard

            flooder = asyncio.ensure_future(flood())
            for n in range(int(limits.messages) + 50):
                assert (await hear(flooding, "pong"))["type"] == "pong", n
            for n in range(20):
                await say(other, type="command", id=f"h-{n}", command=HOLD)
                assert (await hear(other, "answer"))["payload"]["ok"]
            desk.screen.happen("all_the_while")
            more = await count()
            read = limits.messages + 50 + more
            assert read <= limits.messages + limits.messages_per_s * (loop.time() - began) + 1
            flooder.cancel()
            flooding.transport.abort()  # a polite end would wait until all that it has sent is read

    asyncio.run(scenario())


def test_nobody_is_slowed_who_sends_as_much_as_a_page_may(tmp_path: Path) -> None:
    limits = Limits()
    pace, now, chance = Pace(limits, 0.0), 0.0, random.Random(3)
    assert pace.take(200, limits.hello, now) == 0
    for _ in range(200):  # a shift's words that were kept, one answer after the other
        assert pace.take(2_500, 1, now) == 0
    for _ in range(5_000):  # a person who presses five times a second, and the pings
        now += 0.2
        assert pace.take(chance.randrange(100, 9_000), limits.command + 0.1, now) == 0


def test_credit_comes_back_with_time_and_never_more_than_may_come_at_once() -> None:
    pace = Pace(Limits(messages_per_s=10, messages=5, bytes_per_s=100, bytes=1_000), 0.0)
    assert [pace.take(0, 1, 0.0) for _ in range(5)] == [0.0] * 5
    assert pace.take(0, 1, 0.0) == pytest.approx(0.1)
    assert [pace.take(0, 1, 100.0) for _ in range(5)] == [0.0] * 5
    assert pace.take(0, 1, 100.0) == pytest.approx(0.1)
    assert pace.take(1_500, 0, 200.0) == pytest.approx(5.0)  # by what is longer


def test_refusals_are_counted_within_a_window() -> None:
    refusals = Refusals(3, 60.0)
    assert [refusals.one_more(t) for t in (0.0, 1.0)] == [False, False]
    assert not refusals.one_more(60.0)
    assert not refusals.one_more(61.0)
    assert refusals.one_more(62.0)
    assert Refusals(1, 60.0).one_more(0.0)


def test_only_so_many_rude_sources_are_remembered() -> None:
    rude = Rude(60.0)
    for n in range(Rude.KEPT + 1):
        rude.note(str(n), 0.0)
    assert not rude.known("0", 1.0)
    assert rude.known("1", 1.0)
    assert not rude.known("1", 60.0)


def test_who_was_sent_away_is_let_in_late_and_sent_away_at_the_first_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_s = 7_654.3  # as nothing else waits
    waits: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float, *rest: Any) -> None:
        waits.append(seconds)
        await sleep(0 if seconds == late_s else seconds, *rest)

    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            tablet = {"additional_headers": site.headers("worker", server.url)}
            key = {
                "additional_headers": {
                    "authorization": f"Bearer {people.add_key(site.accounts, 'robot', 'supervisor', now_t())[1]}"
                }
            }
            async with screen(server, **tablet) as bad:
                for _ in range(Limits().refused):
                    await bad.send("{")
                assert (await farewell(bad))[1] == 1008
            monkeypatch.setattr(Rude, "LATE_S", late_s)
            monkeypatch.setattr(asyncio, "sleep", noted)
            async with screen(server, **tablet) as again:
                assert late_s in waits
                for _ in range(30):  # whatever is understood is answered as ever
                    await say(again, type="ping")
                    assert (await hear(again))["type"] == "pong"
                await again.send("{")
                assert (await farewell(again))[1] == 1008
            waits.clear()
            async with screen(server, **key) as other:
                assert late_s not in waits
                for _ in range(5):
                    await other.send("{")
                    assert (await hear(other))["type"] == "refused"

    asyncio.run(scenario())


def test_who_is_sent_away_while_they_wait_to_be_let_in_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_s = 7_654.3
    sleep = asyncio.sleep

    async def scenario() -> None:
        async with lan(tmp_path) as (site, _, server):
            tablet = {"additional_headers": site.headers("worker", server.url)}
            async with screen(server, **tablet) as bad:
                for _ in range(Limits().refused):
                    await bad.send("{")
                await farewell(bad)

            async def revoked(seconds: float, *rest: Any) -> None:
                if seconds == late_s:
                    site.accounts.revoke_device(site.device.id)
                    return
                await sleep(seconds, *rest)

            monkeypatch.setattr(Rude, "LATE_S", late_s)
            monkeypatch.setattr(asyncio, "sleep", revoked)
            with pytest.raises(InvalidStatus) as refused:
                await screen(server, **tablet)
            assert refused.value.response.status_code == 401

    asyncio.run(scenario())


def test_a_message_of_thousands_of_mistakes_is_not_told_one_by_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(FakeDesk(tmp_path)) as server, screen(server) as client:
            await client.send(json.dumps({"type": "ping", **{f"k{n}": 0 for n in range(1_000)}}))
            refused = (await hear(client, "refused"))["payload"]
            assert (refused["code"], refused["message"]) == ("bad_input", "There are more than 50 mistakes.")
            await client.send(json.dumps({"type": "ping", "x": [0] * 5_000}))
            refused = (await hear(client, "refused"))["payload"]
            assert (refused["code"], "2500 values" in refused["message"]) == ("too_large", True)
            async with browser(server) as rest:
                answer = await rest.post("/api/v1/cell", json={"type": "change_cell", "x": [0] * 5_000})
                assert (answer.status_code, answer.json()["code"]) == (422, "too_large")

    asyncio.run(scenario())


def test_the_longest_of_our_own_messages_is_taken() -> None:
    todo = [f"tighten/step.{n}@cover" for n in range(1_000)]
    rewind = {"type": "rewind", "unit": "u1", "step": "cover", "reason": "r", "todo": todo}
    assert read_json(json.dumps({"type": "command", "v": 1, "id": "x", "command": rewind}))
    with pytest.raises(BadInput):
        read_json(json.dumps({"a": [0] * VALUES}))
