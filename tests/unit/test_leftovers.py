"""What a scrapped unit leaves standing: in the ledger, in the true world, and at the simulated worker's hands."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.worker import SimWorker
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from orchestrator.wire import Answer, Button, Card, CellView, PartView, Put, UnitView
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cell_bench import Bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


async def _scrapped(cell: Bench) -> None:
    """A unit with its base in the nest is given up with its order."""
    await cell.begin(worker=False)
    await cell.step_is("load", StepStatus.DONE)
    await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT, reason="test"))
    await cell.until(lambda state: not state.ending)


def test_the_next_unit_keeps_clear_of_a_scrapped_one_until_a_person_has_taken_it_out(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await _scrapped(cell)
            assert len(cell.bodies("base")) == 1
            await cell.until(lambda state: state.cell == CellState.COMPLETED)
            await cell.change(CellVerb.RESET)
            await cell.order(name="p")
            await cell.change(CellVerb.START)
            await cell.step_is("load", StepStatus.DONE, "u2")
            assert cell.state.units["u2"].nests == {"nest": "nest_2"}
            assert len(cell.bodies("base")) == 2
            await cell.do(cmd.TakePart(part="u1/base"))
            (left,) = cell.bodies("base")
            assert cell.cell.world.pose(left).p[1] > 0  # nest_2
            assert not [part for part in cell.state.world.facts if part.startswith("u1/")]

    run_virtual(main)


def test_what_a_scrapped_unit_left_is_still_there_after_a_restart(folder: Path, tmp_path: Path) -> None:
    async def first() -> None:
        async with bench(folder, data=tmp_path) as cell:
            await _scrapped(cell)
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.CLEAR))

    async def second() -> None:
        async with bench(folder, data=tmp_path) as cell:
            assert cell.state.part_spec("u1", "base") is not None
            assert len(cell.bodies("base")) == 1
            await cell.do(cmd.TakePart(part="u1/base"))
            assert cell.bodies("base") == []
            assert cell.state.part_spec("u1", "base") is None

    run_virtual(first)
    run_virtual(second)


def test_a_simulated_worker_with_nothing_to_do_takes_out_what_stands_there_of_scrapped_units_and_nothing_else() -> None:
    sent: list[cmd.Request] = []

    async def submit(request: cmd.Request) -> Answer:
        sent.append(request)
        if isinstance(request.command, cmd.TakePart):
            topics["cell"] = _view("u2/pin", "u0/pin")
            for listener in listeners:
                listener([Put(topic="cell", value=topics["cell"])])
        return Answer(id=request.id, ok=True)

    topics: dict[str, Any] = {
        "card/front": Card(place="front", status="idle"),
        "cell": _view("u2/pin", "u0/pin", "u1/base"),
        "unit/u2": UnitView(id="u2", order="o", n=2, steps=1, done=0, started_t=0.0),
        "part/u0/pin": PartView(
            id="u0/pin", kind="pin", mesh="pin.glb", pose=Pose(), holder="gripper", certainty="known", source="nominal"
        ),
    }
    listeners: list[Any] = []
    screen = SimpleNamespace(topics=topics, log=(), listen=lambda each: (listeners.append(each), lambda: None)[1])
    desk: Any = SimpleNamespace(screen=screen, submit=submit, epoch="1", now=lambda: 0.0)

    async def main() -> None:
        work = asyncio.create_task(SimWorker(desk, "front", seed=1).run())
        await asyncio.sleep(100)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    run_virtual(main)
    assert [request.command for request in sent[1:]] == [cmd.TakePart(part="u1/base")]


def _view(*parts: str) -> CellView:
    take = tuple(Button(label="take_part", command={"type": "take_part", "part": part}) for part in parts)
    return CellView.model_validate(
        {
            "name": "c",
            "state": "execute",
            "mode": "production",
            "safety": "normal",
            "autonomy": "full",
            "reason": "",
            "reasons": (),
            "simulated": True,
            "acknowledged": True,
            "buttons": take,
            "places": ("front",),
            "robots": ("robot",),
        }
    )
