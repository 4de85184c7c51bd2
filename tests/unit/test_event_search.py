"""Searching the journal by REST, and paging backwards through it, against a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from orchestrator.core.ports import Entry
from orchestrator.http import history
from tests.unit.http_fakes import FakeDesk, browser, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx
    import pytest


def run(desk: FakeDesk, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], **options: Any) -> None:
    async def whole() -> None:
        async with serving(desk, **options) as server, browser(server) as client:
            await scenario(client)

    asyncio.run(whole())


def test_events_are_searched_and_paged_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCAN", 3)
    desk = FakeDesk(tmp_path)
    kinds = ["unit_started", "step_done", "step_failed", "step_done", "step_done", "step_done", "unit_ended"]

    async def scenario(client: httpx.AsyncClient) -> None:
        async def all_of(**params: Any) -> tuple[list[int], int]:
            """Ask on to the end. Returns what was found and in how many pages."""
            way = "before" if "before" in params else "after"
            found: list[int] = []
            for pages in range(1, 20):
                page = (await client.get("/api/v1/events", params=params)).json()
                found += [event["seq"] for event in page["events"]]
                if page["next"] is None:
                    return found, pages
                params[way] = page["next"]
            raise AssertionError(found)

        await desk.journal.append(
            [
                Entry(t=1.0, type=kind, subject=f"U{n}", payload=f'{{"text":"Größe {n}"}}'.encode())
                for n, kind in enumerate(kinds)
            ]
        )
        assert await all_of(before=99, limit=3) == ([7, 6, 5, 4, 3, 2, 1], 3)
        assert await all_of(before=5, after=1, limit=10) == ([4, 3, 2], 1)
        assert await all_of(before=99, type="step_done", limit=1) == ([6, 5, 4, 2], 4)
        assert await all_of(before=99, q="Step FAILED") == ([3], 3)
        assert await all_of(q="step_failed") == ([3], 3)
        assert await all_of(before=99, q="u6") == ([7], 3)
        assert await all_of(q="GRÖSSE 1") == ([2], 3)
        assert await all_of(q="größe", limit=2) == ([1, 2, 3, 4, 5, 6, 7], 4)
        assert await all_of(before=99, q=["step failed", "U6", " "]) == ([7, 3], 3)
        assert await all_of(before=99, q=["", " "], limit=9) == ([7, 6, 5, 4, 3, 2, 1], 1)
        assert await all_of(before=1) == ([], 1)
        for wrong in ({"before": 0}, {"q": "x" * 101}, {"q": ["x"] * 51}):
            answer = await client.get("/api/v1/events", params=wrong)
            assert (answer.status_code, next(iter(wrong)) in answer.json()["message"]) == (422, True)

    run(desk, scenario)


def test_a_search_ends_where_older_events_are_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCAN", 3)
    desk = FakeDesk(tmp_path)
    whole = desk.journal.read
    monkeypatch.setattr(desk.journal, "read", lambda *, after, **rest: whole(after=max(after, 20), **rest))

    async def scenario(client: httpx.AsyncClient) -> None:
        await desk.journal.append([Entry(t=1.0, type="step_done", subject="u1", payload=b"{}")] * 24)
        for before, seqs, following in ((25, [24, 23, 22], 22), (22, [21], None), (21, [], None)):
            page = (await client.get("/api/v1/events", params={"before": before, "q": "u1"})).json()
            assert ([event["seq"] for event in page["events"]], page["next"]) == (seqs, following)

    run(desk, scenario)


def test_an_event_says_itself_in_a_line_as_on_a_screen(tmp_path: Path) -> None:
    desk = FakeDesk(tmp_path)

    async def scenario(client: httpx.AsyncClient) -> None:
        payload = b'{"type":"step_failed","unit":"u1","step":"base","message":"It slipped","part":""}'
        await desk.journal.append([Entry(t=1.0, type="step_failed", subject="u1", payload=payload)])
        (line,) = (await client.get("/api/v1/events")).json()["events"]
        assert (line["about"], line["text"]) == ("u1 base", "step failed: It slipped")

    run(desk, scenario)


def test_a_sentence_is_found_as_its_reader_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCAN", 4)
    desk = FakeDesk(tmp_path)
    rules = b'{"type":"step_failed","unit":"u1","step":"base","message":"The motion was cancelled.","part":""}'
    typed = b'{"type":"cell_changed","state":"held","reason":"The motion was cancelled.","by":"berta"}'
    payloads = [rules, typed, b'"message"', b'{"message"', rules, *[b"{}"] * 6]

    async def scenario(client: httpx.AsyncClient) -> None:
        async def found(wanted: str) -> list[int]:
            seqs: list[int] = []
            before: int | None = 99
            while before is not None:
                page = (await client.get("/api/v1/events", params={"q": wanted, "before": before})).json()
                seqs += [event["seq"] for event in page["events"]]
                before = page["next"]
            return seqs

        await desk.journal.append([Entry(t=1.0, type="x", subject="u1", payload=payload) for payload in payloads])
        assert await found("bewegung wurde ABGEBROCHEN") == [5, 1]  # and not what somebody has typed in English
        assert await found("motion was cancelled") == [5, 2, 1]
        assert await found("Bewegung wurde erfunden") == []
        page = (await client.get("/api/v1/events", params={"q": "Die Bewegung wurde"})).json()
        assert [event["says"]["de"] for event in page["events"]] == ["Die Bewegung wurde abgebrochen."]

    run(desk, scenario)
