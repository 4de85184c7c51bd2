"""Whoever stands beside a moving arm can hold it at any device that belongs here, signed in or not; nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, get_args

import pytest

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import now_t
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.events import CellChanged, CommandDenied, HoldJoined
from orchestrator.core.machine import CELL, CellState, CellVerb
from orchestrator.core.rights import RIGHTS, allowed, may, may_press
from orchestrator.core.state import initial
from orchestrator.http.caller import CALLER, DEVICE, Caller
from orchestrator.http.commands import Commands
from orchestrator.http.errors import NotLetIn
from orchestrator.http.hold import AT_ONCE, Turns
from orchestrator.http.metrics import Metrics
from tests.unit.cell_bench import authored, bench
from tests.unit.http_fakes import BENCH
from tests.unit.lan_bench import client, lan
from tests.unit.test_doors import commands

if TYPE_CHECKING:
    from pathlib import Path

TABLET = cmd.Who(name="device/d-1", role="device", known=True)


def all_commands() -> list[cmd.Command]:
    """Return every command that may come from outside, and of those with verbs each."""
    made = [cmd.OUTSIDE.validate_python(each) for each in commands().values()]
    verbs = [cmd.ChangeCell(verb=verb) for verb in CellVerb]
    return [each for each in made if each.type != "change_cell"] + verbs


def test_a_device_may_hold_and_end_a_retreat_and_nothing_else() -> None:
    granted = {(each.type, getattr(each, "verb", "")) for each in all_commands() if may("device", each)}
    assert granted == {("change_cell", "hold"), ("stop_retreat", "")}
    assert allowed("device") == {"change_cell", "stop_retreat"}
    assert may_press("device", {"type": "change_cell", "verb": "hold"}, "full")  # type: ignore[arg-type]
    assert not may_press("device", {"type": "change_cell", "verb": "unhold"}, "full")  # type: ignore[arg-type]
    assert "device" in get_args(cmd.Role)


@pytest.mark.parametrize("command", all_commands(), ids=lambda each: f"{each.type} {getattr(each, 'verb', '')}")
def test_what_else_a_device_asks_for_is_refused_and_journalled(command: cmd.Command) -> None:
    verdict = decide(initial(BENCH), cmd.Request(id="x", by=TABLET, t=0.0, command=command), 0.0)
    if may("device", command):
        assert isinstance(verdict, Rejected) or not any(isinstance(event, CommandDenied) for event in verdict)
    else:
        assert verdict == [CommandDenied(by="device/d-1", role="device", command=command.type)]


def test_in_no_state_does_a_devices_hold_make_the_cell_run() -> None:
    still = {CellState.HOLDING, CellState.HELD}
    assert set(CELL[CellVerb.HOLD].values()) <= still
    assert RIGHTS["change_cell"] - {"device"} == {"worker", "programmer", "supervisor"}


def test_a_working_cell_is_held_by_a_device_and_the_journal_says_by_which(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(authored(tmp_path)) as cell:
            await cell.begin()
            desk = cell.cell.desk
            CALLER.set(Caller(standing=DEVICE, device="d-1", by_cookie=True))
            asked = Commands(desk, Metrics())
            hold = cmd.ChangeCell(verb=CellVerb.HOLD, reason="Held at Tablet front.")
            assert (await asked.make_safer("h-1", hold)).ok
            (held,) = [event for event in cell.all("cell_changed") if event.state == CellState.HOLDING]
            assert isinstance(held, CellChanged)
            assert (held.by, held.reason) == ("device/d-1", "Held at Tablet front.")
            assert (await asked.make_safer("h-2", cmd.ChangeCell(verb=CellVerb.HOLD))).ok
            (joined,) = cell.all("hold_joined")
            assert isinstance(joined, HoldJoined)
            assert joined.by == "device/d-1"
            answer = await asked.make_safer("u-1", cmd.ChangeCell(verb=CellVerb.UNHOLD))
            assert (answer.ok, answer.code) == (False, "denied")
            assert [event.by for event in cell.all("command_denied")] == ["device/d-1"]
            assert cell.state.cell in {CellState.HOLDING, CellState.HELD}

    run_virtual(main)


def test_a_joined_device_holds_with_nobody_signed_in_and_a_signed_in_person_in_their_own_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            async with client(server, site, "device") as tablet:
                answer = await tablet.post("/api/v1/cell/hold")
                assert answer.status_code == 409  # the cell is idle; `decide` has judged it
                request = desk.asked[-1]
                assert (request.by.name, request.by.role) == (f"device/{site.device.id}", "device")
                assert isinstance(request.command, cmd.ChangeCell)
                assert request.command.verb == CellVerb.HOLD
                assert request.command.reason == "Held at tablet 1; nobody was signed in there."
                assert (await tablet.request("DELETE", "/api/v1/cell/retreat")).status_code == 200
                assert desk.asked[-1].by.name == f"device/{site.device.id}"
            async with client(server, site, "worker") as person:
                await person.post("/api/v1/cell/hold")
                assert (desk.asked[-1].by.name, desk.asked[-1].by.role) == ("worker", "worker")

    asyncio.run(scenario())


def test_whose_role_may_not_hold_holds_by_the_devices_right_and_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "auditor") as auditor:
            assert (await auditor.post("/api/v1/cell/hold")).status_code == 409  # judged by `decide`, not refused
            request = desk.asked[-1]
            assert (request.by.name, request.by.role) == (f"device/{site.device.id}", "device")
            assert isinstance(request.command, cmd.ChangeCell)
            assert request.command.reason == "Held at tablet 1; who was signed in there may not hold."
            assert (await auditor.request("DELETE", "/api/v1/cell/retreat")).status_code == 200
            assert desk.asked[-1].by.role == "device"
            for verb in ("hold", "unhold", "stop"):  # the way of everybody's commands stays the person's
                body = {"type": "change_cell", "verb": verb}
                assert (await auditor.post("/api/v1/cell", json=body)).status_code == 403
                assert (desk.asked[-1].by.name, desk.asked[-1].by.role) == ("auditor", "auditor")

    asyncio.run(scenario())


def test_a_machines_key_that_may_not_hold_is_refused_even_beside_a_devices_cookie(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "device") as tablet:
            _, token = people.add_key(site.accounts, "report", "auditor", now_t())
            key = {"authorization": f"Bearer {token}"}
            assert (await tablet.post("/api/v1/cell/hold", headers=key)).status_code == 403
            assert [request.by.role for request in desk.asked] == ["auditor"]

    asyncio.run(scenario())


def test_a_tablet_whose_sign_in_lapsed_holds_as_a_device_and_the_sign_in_stays_lapsed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "worker") as tablet:
            await tablet.post("/api/v1/cell/hold")
            assert desk.asked[-1].by.role == "worker"
            site.expire("worker")
            assert (await tablet.post("/api/v1/cell/hold")).status_code == 409
            assert desk.asked[-1].by.role == "device"
            assert (await tablet.post("/api/v1/cell", json={"type": "change_cell", "verb": "hold"})).status_code == 401

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/cell", {"type": "change_cell", "verb": "unhold"}),
        ("POST", "/api/v1/cell", {"type": "acknowledge", "n": 1}),
        ("POST", "/api/v1/commands", {"id": "x", "command": {"type": "resume", "what": "cell"}}),
        ("POST", "/api/v1/cell/retreat", None),
        ("POST", "/api/v1/cell/jog", {}),
        ("GET", "/api/v1/cell", None),
    ],
)
def test_what_makes_the_cell_move_or_tells_of_it_stays_shut(tmp_path: Path, method: str, path: str, body: Any) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "device") as tablet:
            answer = await tablet.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
            assert desk.asked == []

    asyncio.run(scenario())


def test_who_does_not_belong_or_was_sent_away_holds_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            forged = {**site.headers("device", server.url), "cookie": "__Host-tandem-device=forged"}
            async with client(server, site, "stranger") as stranger, client(server, site, "device") as tablet:
                for path in ("/api/v1/cell/hold",):
                    assert (await stranger.post(path)).status_code == 401
                    assert (await stranger.post(path, headers=forged)).status_code == 401
                page = {**site.headers("device", server.url), "origin": "https://evil.example"}
                assert (await tablet.post("/api/v1/cell/hold", headers=page)).status_code == 403
                site.accounts.revoke_device(site.device.id)
                answer = await tablet.post("/api/v1/cell/hold")
                assert (answer.status_code, answer.json()["code"]) == (401, "not_joined")
                assert (await tablet.request("DELETE", "/api/v1/cell/retreat")).status_code == 401
            assert desk.asked == []

    asyncio.run(scenario())


def test_some_holds_act_at_once_then_one_waits_for_its_turn_and_the_others_know_that_it_acts() -> None:
    async def scenario() -> None:
        waits: list[float] = []
        turn = asyncio.Event()

        async def wait(seconds: float) -> None:
            waits.append(seconds)
            await turn.wait()

        turns = Turns(wait)
        for _ in range(AT_ONCE):
            await turns.take("tablet", 0.0)
        assert waits == []
        late = asyncio.ensure_future(turns.take("tablet", 0.0))
        await asyncio.sleep(0)
        assert waits == [1.0]
        for _ in range(20):
            with pytest.raises(NotLetIn) as refused:
                await turns.take("tablet", 0.5)
            assert (refused.value.status, refused.value.wait_s) == (429, 1.0)
        await turns.take("another", 0.5)
        assert not late.done()
        turn.set()
        await late
        await turns.take("tablet", 60.0)
        assert waits == [1.0]

    asyncio.run(scenario())


def test_a_flood_of_holds_from_one_device_is_never_refused_before_one_of_them_acts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server), client(server, site, "device") as tablet:
            answers = await asyncio.gather(*(tablet.post("/api/v1/cell/hold") for _ in range(AT_ONCE + 4)))
            told = sorted(answer.status_code for answer in answers)
            assert told == [409] * (AT_ONCE + 1) + [429] * 3
            assert {answer.headers.get("retry-after") for answer in answers} == {None, "1"}
            assert [request.by.role for request in desk.asked] == ["device"] * (AT_ONCE + 1)

    asyncio.run(scenario())
