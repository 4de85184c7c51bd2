"""What people may not do and try is journalled, and no number of tries fills the journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.access import people
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.access import Erased
from orchestrator.core.commands import NoteErased, NoteTries, Who
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.fold import fold
from orchestrator.core.state import DENIED_S, State, initial
from orchestrator.http import audit as audit_module
from orchestrator.http.audit import NOBODY, OTHERS, Audit
from tests.unit.http_fakes import BENCH, FakeDesk, hear, say, screen
from tests.unit.lan_bench import PIN, client, lan

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from orchestrator.wire import Answer

WORKER = Who(name="w1", role="worker", known=True)
AUDITOR = Who(name="a1", role="auditor", known=True)


def ask(state: State, by: Who, command: cmd.Command, now: float) -> tuple[State, list[ev.Event] | Rejected]:
    verdict = decide(state, cmd.Request(id="x", by=by, t=now, command=command), now)
    for event in () if isinstance(verdict, Rejected) else verdict:
        state = fold(state, event, now, state.seq + 1)
    return state, verdict


def test_of_a_flood_of_denied_commands_one_a_minute_is_journalled() -> None:
    state, journalled = initial(BENCH), []
    mode = cmd.SetMode(mode="manual")
    for n in range(3_000):
        state, verdict = ask(state, WORKER, mode, 1000.0 + n * 0.1)
        if isinstance(verdict, Rejected):
            assert (verdict.code, verdict.remedy) == ("denied", "Ask a supervisor.")
        else:
            journalled += verdict
    assert [each.type for each in journalled] == ["command_denied"] * 5
    assert len(state.denied) == 1


def test_another_command_and_another_person_are_told_apart() -> None:
    state = initial(BENCH)
    state, _ = ask(state, WORKER, cmd.SetMode(mode="manual"), 1000.0)
    for by, command in (
        (AUDITOR, cmd.SetMode(mode="manual")),
        (WORKER, cmd.StartJog(press="p")),
        (AUDITOR, cmd.StartJog(press="p")),
    ):
        state, verdict = ask(state, by, command, 1001.0)
        assert not isinstance(verdict, Rejected)
        assert [each.type for each in verdict] == ["command_denied"]
    state, _ = ask(state, WORKER, cmd.SetMode(mode="manual"), 1002.0 + DENIED_S)
    assert len(state.denied) == 1, "what is over is forgotten"


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    state, _ = ask(initial(BENCH), WORKER, cmd.SetMode(mode="manual"), 1000.0)
    _, verdict = ask(state, WORKER, cmd.SetMode(mode="manual"), 10.0)
    assert not isinstance(verdict, Rejected)


def test_what_somebody_may_ask_is_taken_after_what_they_may_not() -> None:
    state, _ = ask(initial(BENCH), WORKER, cmd.SetAutonomy(autonomy="approve"), 1000.0)
    state, verdict = ask(state, WORKER, cmd.SetAutonomy(autonomy="full"), 1001.0)
    assert not isinstance(verdict, Rejected)
    assert [each.type for each in verdict] == ["command_denied"]
    _, verdict = ask(state, WORKER, cmd.SetAutonomy(autonomy="single_step"), 1002.0)
    assert not isinstance(verdict, Rejected)
    assert [each.type for each in verdict] == ["autonomy_changed"]


def test_who_was_erased_is_journalled_once_and_by_the_engine_alone() -> None:
    erased = NoteErased(person="q1", erased_t=5.0)
    state, verdict = ask(initial(BENCH), cmd.ENGINE, erased, 10.0)
    assert verdict == [ev.PersonErased(person="q1", erased_t=5.0)]
    assert ask(state, cmd.ENGINE, erased, 11.0)[1] == []
    _, refused = ask(state, Who(name="s1", role="supervisor", known=True), NoteErased(person="s2", erased_t=1.0), 12.0)
    assert not isinstance(refused, Rejected)
    assert [each.type for each in refused] == ["command_denied"]


def noted(desk: FakeDesk) -> list[tuple[str, str, int]]:
    return [(c.who, c.what, c.count) for request in desk.asked if isinstance(c := request.command, NoteTries)]


def arrivals(desk: FakeDesk) -> asyncio.Queue[str]:
    """Return what is handed in from now on, by type, as it comes."""
    came: asyncio.Queue[str] = asyncio.Queue()
    before = desk.submit

    async def submit(request: cmd.Request) -> Answer:
        came.put_nowait(request.command.type)
        return await before(request)

    desk.submit = submit  # type: ignore[method-assign]
    return came


def test_a_flood_at_a_door_makes_two_lines_a_minute(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        came = arrivals(desk)
        audit = Audit(desk)
        audit.open()
        for _ in range(10_000):
            audit.tried(WORKER, "POST /api/v1/cell/jog")
        await came.get()
        assert noted(desk) == [("w1", "POST /api/v1/cell/jog", 1)], "the first try is not kept back"
        await audit.close()
        assert noted(desk) == [("w1", "POST /api/v1/cell/jog", 1), ("w1", "POST /api/v1/cell/jog", 10_000)]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_after_a_minute_a_try_counts_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        came = arrivals(desk)
        audit = Audit(desk, window_s=0.01)
        audit.open()
        audit.tried(WORKER, "x")
        audit.tried(WORKER, "x")
        await came.get()
        await came.get()
        audit.tried(WORKER, "x")
        await came.get()
        await audit.close()
        assert noted(desk) == [("w1", "x", 1), ("w1", "x", 2), ("w1", "x", 1)]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_many_doors_at_once_become_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "AT_ONCE", 2)

    async def scenario() -> None:
        desk = FakeDesk(tmp_path)
        audit = Audit(desk)
        audit.open()
        for door in "abcdef":
            audit.tried(WORKER, door)
        await audit.close()
        assert noted(desk) == [("w1", "a", 1), ("w1", "b", 1), (NOBODY, OTHERS, 1), (NOBODY, OTHERS, 4)]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_journal_that_fails_costs_a_line_and_nothing_else(tmp_path: Path) -> None:
    class Failing(FakeDesk):
        async def submit(self, request: cmd.Request) -> Any:
            self.asked.append(request)
            raise OSError("the disk is gone")

    async def scenario() -> None:
        desk = Failing(tmp_path)
        came = arrivals(desk)
        audit = Audit(desk)
        audit.open()
        audit.tried(WORKER, "a")
        await came.get()
        audit.erased([Erased(person="q1", t=1.0)])
        assert await came.get() == "note_erased"
        await audit.close()

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_who_is_turned_away_at_a_door_is_journalled_and_auditors_see_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lan(tmp_path) as (site, desk, server):
            async with client(server, site, "worker") as browser:
                for _ in range(20):
                    assert (await browser.post("/api/v1/cell/jog", json={})).status_code == 403
            async with client(server, site, "stranger") as browser:
                assert (await browser.post("/api/v1/cell/jog", json={})).status_code == 401
            async with screen(server, additional_headers=site.headers("worker", server.url)) as page:
                for n in range(3):
                    await say(page, type="command", id=f"m{n}", command={"type": "set_mode", "mode": "manual"})
                    assert (await hear(page, "answer"))["payload"]["code"] == "denied"
            came = arrivals(desk)
            people.remove(site.accounts, "programmer")
            while await came.get() != "note_erased":
                pass
            async with client(server, site, "auditor") as browser:
                assert (await browser.get("/api/v1/events", params={"type": "tries_refused"})).status_code == 200
        assert noted(desk) == [
            ("worker", "POST /api/v1/cell/jog", 1),
            ("worker", "POST /api/v1/cell/jog", 20),
            ("worker", "set_mode", 3),
        ], "of strangers nothing, whom nobody knows"
        assert [r.command.person for r in desk.asked if isinstance(r.command, NoteErased)] == ["programmer"]
        assert PIN not in str(desk.asked)

    asyncio.run(asyncio.wait_for(scenario(), 30))
