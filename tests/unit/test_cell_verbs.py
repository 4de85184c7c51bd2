"""PackML's commands as people give them: buttons where they are allowed, and the command line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, Mode
from orchestrator.wire import CellView
from tests.unit.cell_bench import Bench, authored, bench
from tests.unit.http_fakes import FakeDesk, serving
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _verbs(cell: Bench) -> set[str]:
    view = cell.cell.desk.screen.topics["cell"]
    assert isinstance(view, CellView)
    return {button.command["verb"] for button in view.buttons if button.command["type"] == "change_cell"}


def test_a_person_may_suspend_a_cell_that_executes_and_let_it_go_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            assert "suspend" not in _verbs(cell)
            await cell.do(cmd.SetMode(mode=Mode.MAINTENANCE))
            assert _verbs(cell) & {"start", "suspend"} == set()
            await cell.do(cmd.SetMode(mode=Mode.PRODUCTION))
            await cell.begin()
            await cell.in_motion("bring base")
            assert {"hold", "suspend", "stop"} <= _verbs(cell)
            await cell.change(CellVerb.SUSPEND)
            assert (cell.state.cell, cell.state.suspended) == (CellState.SUSPENDED, "")
            assert {"unsuspend", "hold"} <= _verbs(cell)
            assert "suspend" not in _verbs(cell)
            await asyncio.sleep(120)
            assert cell.state.cell == CellState.SUSPENDED  # what a person has suspended stays so
            await cell.change(CellVerb.UNSUSPEND)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_the_command_line_shows_the_cell_and_gives_it_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = FakeDesk(tmp_path)
    view = desk.screen.topics["cell"]
    assert isinstance(view, CellView)
    said: list[str] = []

    async def main() -> None:
        async with serving(desk) as server:

            async def tandem(*arguments: str) -> None:
                code, out, err = await asyncio.to_thread(run, capsys, "cell", *arguments, "--url", server.url)
                said.append(f"{code} {out}{err}")

            await tandem()
            await tandem("suspend", "--reason", "the pallet is away")
            await tandem("unsuspend")
            await tandem("suspnd")
            await tandem("settle")

    asyncio.run(main())
    assert [request.command for request in desk.asked] == [
        cmd.ChangeCell(verb=CellVerb.SUSPEND, reason="the pallet is away"),
        cmd.ChangeCell(verb=CellVerb.UNSUSPEND),
    ]
    assert [line[0] for line in said] == ["0", "0", "0", "1", "1"]
    assert f"{view.name}: execute" in said[0]
    assert "Did you mean suspend" in said[3].replace("\n", " ")
