"""The simulated device: the wire's own messages, in order however late, and commands that arrive as text."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.tablet import Tablet
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState
from orchestrator.wire import Card, CellView
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def tablet(cell: Bench, **more: object) -> Tablet:
    return Tablet(cell.cell.desk, "test", cmd.Who(name="someone"), **more)  # type: ignore[arg-type]


def test_it_ends_up_showing_what_the_screen_shows_though_every_message_is_late(folder: Path) -> None:
    async def main() -> None:
        chance = random.Random(1)
        async with bench(folder) as cell, tablet(cell, delay_s=lambda: chance.uniform(0, 4)) as device:
            await cell.begin()
            await cell.until(lambda state: state.cell == CellState.COMPLETED)
            behind = dict(cell.cell.desk.screen.topics)
            await asyncio.sleep(5)
            assert set(device.topics) == set(behind)
            assert device.topic("cell", CellView) == behind["cell"]
            assert device.topic("card/front", Card) == behind["card/front"]

    run_virtual(main)


def test_a_command_takes_as_long_as_the_network_and_its_answer_follows_what_it_changed(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell, tablet(cell, delay_s=lambda: 2.0) as device:
            began = asyncio.get_running_loop().time()
            answer = await device.ask({"type": "join_place", "place": "front", "operator": "someone"})
            assert answer.ok
            assert asyncio.get_running_loop().time() - began == pytest.approx(4.0)
            card = device.topic("card/front", Card)
            assert card is not None
            assert card.status != "away"

    run_virtual(main)


def test_what_is_no_command_is_refused_before_it_is_sent(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell, tablet(cell) as device:
            with pytest.raises(ValidationError):
                await device.ask({"type": "settle_cell", "state": "held"})

    run_virtual(main)
