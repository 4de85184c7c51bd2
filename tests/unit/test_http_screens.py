"""Which place has lost its screen: only one that somebody worked with, and not by a reload."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.http.screens import BACK_S, ELSEWHERE_S, Screens
from orchestrator.wire import Answer
from tests.unit.http_fakes import FakeDesk, enter, hear, say, screen, serving

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    import pytest


class Told:
    """What the cell was told."""

    def __init__(self) -> None:
        self.of: list[tuple[str, bool]] = []
        self.errands: list[asyncio.Task[None]] = []
        self.screens = Screens(self.tell, self.errand)

    async def tell(self, place: str, there: bool) -> None:
        self.of.append((place, there))

    def errand(self, work: Coroutine[None, None, None]) -> None:
        self.errands.append(asyncio.get_running_loop().create_task(work))


def test_a_screen_that_is_worked_with_and_goes_is_lost_and_the_next_one_is_there() -> None:
    async def main() -> None:
        told = Told()
        told.screens.works("a", "front")
        told.screens.gone("a")
        await asyncio.sleep(BACK_S - 0.1)
        assert told.of == []
        await asyncio.sleep(0.2)
        assert told.of == [("front", False)]
        told.screens.here("b", "front")
        await asyncio.sleep(BACK_S)
        assert told.of == [("front", False)]  # who looks on is no screen to work with
        told.screens.works("b", "front")
        await asyncio.sleep(0)
        assert told.of == [("front", False), ("front", True)]

    run_virtual(main)


def test_a_reload_a_second_screen_and_one_who_only_looks_on_lose_nothing() -> None:
    async def main() -> None:
        told = Told()
        told.screens.here("a", "front", "tablet")
        told.screens.works("a", "front")
        told.screens.gone("a")
        told.screens.here("reloaded", "front", "tablet")
        await asyncio.sleep(2 * BACK_S)
        told.screens.works("second", "front")
        told.screens.gone("reloaded")
        told.screens.here("looker", "back")
        told.screens.gone("looker")
        await asyncio.sleep(2 * BACK_S)
        assert told.of == []

    run_virtual(main)


def test_who_only_looks_on_does_not_hide_that_the_screen_is_gone() -> None:
    async def main() -> None:
        told = Told()
        told.screens.here("tablet", "front", "t")
        told.screens.works("tablet", "front")
        told.screens.here("supervisor", "front", "s")
        told.screens.gone("tablet")
        await asyncio.sleep(2 * BACK_S)
        assert told.of == [("front", False)]
        told.screens.here("supervisor again", "front", "s")
        await asyncio.sleep(0)
        assert told.of == [("front", False)]
        told.screens.here("tablet again", "front", "t")
        await asyncio.sleep(0)
        assert told.of == [("front", False), ("front", True)]

    run_virtual(main)


def test_a_device_that_shows_another_page_is_missed_later_and_once_it_is_gone_from_there_soon() -> None:
    async def main() -> None:
        told = Told()
        told.screens.here("card", "front", "tablet")
        told.screens.works("card", "front")
        told.screens.gone("card")
        await asyncio.sleep(BACK_S / 2)
        told.screens.here("recovery", "", "tablet")
        await asyncio.sleep(ELSEWHERE_S - 1)
        told.screens.gone("recovery")
        told.screens.here("card again", "front", "tablet")
        await asyncio.sleep(2 * ELSEWHERE_S)
        assert told.of == []
        told.screens.here("tab beside it", "", "tablet")
        told.screens.gone("card again")
        await asyncio.sleep(2 * BACK_S)
        assert told.of == []
        told.screens.gone("tab beside it")
        await asyncio.sleep(BACK_S + 0.1)
        assert told.of == [("front", False)]

    run_virtual(main)


def test_a_device_that_stays_at_another_page_is_missed_and_another_device_there_stands_for_none() -> None:
    async def main() -> None:
        told = Told()
        for session, device, page in (("a", "tablet", ""), ("b", "board", "board")):
            told.screens.here(session, "front", device)
            told.screens.works(session, "front")
            told.screens.gone(session)
            told.screens.signed_out("front")
            told.screens.here(f"{session} later", page and "back", device)
        told.screens.here("card", "front", "own")
        told.screens.works("card", "front")
        told.screens.gone("card")
        await asyncio.sleep(BACK_S + 0.1)
        assert told.of == [("front", False)]
        told.screens.here("card", "front", "own")
        told.screens.gone("card")
        told.screens.here("turned", "", "own")
        await asyncio.sleep(ELSEWHERE_S + 0.1)
        assert told.of[-1] == ("front", False)

    run_virtual(main)


def test_a_device_whose_person_has_signed_out_is_no_screen_of_the_next_one() -> None:
    async def main() -> None:
        told = Told()
        told.screens.here("old", "front", "o")
        told.screens.works("old", "front")
        told.screens.signed_out("front")
        told.screens.gone("old")
        await asyncio.sleep(2 * BACK_S)
        assert told.of == []
        told.screens.here("old again", "front", "o")
        told.screens.works("new", "front")
        told.screens.gone("new")
        await asyncio.sleep(2 * BACK_S)
        assert told.of == [("front", False)]

    run_virtual(main)


def test_a_tablet_that_is_back_within_its_grace_was_never_lost(tmp_path: Path) -> None:
    async def main() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            async with screen(server) as tablet:
                await enter(tablet, place="front", device="t-1")
                join = {"type": "join_place", "place": "front", "operator": "kim"}
                await say(tablet, type="command", id="join-1", command=join)
                await hear(tablet, "answer")
            await asyncio.sleep(0)
            async with screen(server) as again:
                await say(again, type="hello", place="front", device="t-1")
                await hear(again, "pong")
        assert desk.screens == []  # back within its grace

    asyncio.run(main())


def test_a_page_that_is_no_places_screen_says_whose_device_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.http.screens.BACK_S", 1000.0)
    monkeypatch.setattr("orchestrator.http.screens.ELSEWHERE_S", 0.0)

    async def main() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            async with screen(server) as tablet:
                await enter(tablet, place="front", device="t-1")
                join = {"type": "join_place", "place": "front", "operator": "kim"}
                await say(tablet, type="command", id="join-1", command=join)
                await hear(tablet, "answer")
            async with screen(server) as recovery:
                await enter(recovery, device="t-1")
                await desk.screen_told.wait()
        assert desk.screens == [("front", False)]  # after the wait for a device that shows another page

    asyncio.run(main())


def test_only_what_was_granted_makes_a_session_the_screen_of_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.http.screens.BACK_S", 0.0)
    join = {"type": "join_place", "place": "front", "operator": "kim"}

    async def main() -> None:
        desk = FakeDesk(tmp_path)
        async with serving(desk) as server:
            for ok in (False, True):
                desk.answers["join_place"] = Answer(id="j", ok=ok)
                async with screen(server) as tablet:
                    await enter(tablet, place="front")
                    await say(tablet, type="command", id="j", command=join)
                    await hear(tablet, "answer")
                if ok:
                    await desk.screen_told.wait()
        assert desk.screens == [("front", False)]

    asyncio.run(main())
