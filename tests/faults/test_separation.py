"""People and the arm in one small cell: ordinary work flows, and nobody is run into, nor anything that lies about."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import VirtualLoop, run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.ports import Box, Move, Safety
from tests.unit.cell_bench import BOSS, Bench, bench, shipped

if TYPE_CHECKING:
    from pathlib import Path

ACK = cmd.Acknowledge()
UNHOLD = cmd.ChangeCell(verb=CellVerb.UNHOLD)
OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}


def person(cell: Bench):  # type: ignore[no-untyped-def] # a Person, for tests that move it
    return cell.cell.presence.persons["front"]


def now() -> float:
    return asyncio.get_running_loop().time()


async def _busy(seconds: float) -> None:
    """Keep the loop from its work for so long, again and again, as a machine with much else to do does."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    while True:
        await asyncio.sleep(0.3)
        loop.busy(seconds)


@pytest.mark.parametrize("busy_s", [0.0, 0.09, 0.3])
def test_two_units_are_built_beside_a_person_without_a_stop(busy_s: float) -> None:
    async def main() -> None:
        async with shipped() as cell, asyncio.TaskGroup() as machine:
            busy = machine.create_task(_busy(busy_s))
            robot = cell.cell.robot
            safety: list[Safety] = []
            caps: list[float] = []
            robot.safety.listen(safety.append)
            robot.state.listen(lambda state: caps.append(state.speed_factor))
            cell.work()
            await cell.change(CellVerb.START)
            answer = await cell.cell.desk.store_order("o", "gear_reducer", OPTIONS, 2, None, BOSS)
            assert answer.ok, answer.message
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await cell.ended(timeout_s=3000.0)
            assert cell.state.orders["o"].done == 2
            assert not safety
            assert not cell.all("step_failed")
            assert min(caps) < 0.5  # the person was slowed for
            assert max(caps) == 1.0
            assert len(cell.all("step_done", step="cover")) == 2  # handed over, hands and gripper close
            busy.cancel()

    run_virtual(main)


@pytest.mark.parametrize("busy_s", [1.1, 1.3, 3.0])
def test_a_machine_that_holds_the_simulation_up_moves_nobody_before_the_arm(busy_s: float) -> None:
    async def main() -> None:
        async with shipped() as cell, asyncio.TaskGroup() as machine:
            busy = machine.create_task(_busy(busy_s))
            safety: list[Safety] = []
            cell.cell.robot.safety.listen(safety.append)
            cell.work()
            await cell.change(CellVerb.START)
            answer = await cell.cell.desk.store_order("o", "gear_reducer", OPTIONS, 1, None, BOSS)
            assert answer.ok, answer.message
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            for _ in range(600):
                await asyncio.sleep(1.0)
                if safety or len(cell.all("motion_ended")) >= 25:
                    break
            assert not safety
            assert len(cell.all("motion_ended")) >= 25
            busy.cancel()

    run_virtual(main)


def test_nobody_stands_where_nobody_has_signed_in(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            assert not person(cell).present(now())
            await cell.do(cmd.JoinPlace(place="front", operator="ann"))
            assert person(cell).present(now())
            await asyncio.sleep(5.0)
            assert math.dist(person(cell).capsules(now()).a[0][:2], (0.95, 0.0)) < 0.01
            await cell.do(cmd.LeavePlace(place="front"))
            await asyncio.sleep(5.0)
            assert not person(cell).present(now())

    run_virtual(main)


def test_the_persons_hand_is_where_their_work_is(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            nearest: list[float] = []

            def watch(_before: object, _after: object, events: object) -> None:
                for item in events:  # type: ignore[attr-defined] # events of the bus
                    if item.event.type == "step_confirmed" and item.event.step == "cap":
                        body = person(cell).capsules(now())
                        at = cell.cell.robot.state.value.tcp.p
                        nearest.append(min(math.dist(b, at) for b in body.b.tolist()))

            cell.cell.runner.bus.join(watch)
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert nearest
            assert nearest[0] < 0.05  # at the part that the gripper held out

    run_virtual(main)


def test_whoever_steps_into_the_arms_way_is_waited_for_and_the_unit_is_finished(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base", 0.3)
            caps: list[float] = []
            cell.cell.robot.state.listen(lambda state: caps.append(state.speed_factor))
            person(cell).walk_to(now(), 0.45, 0.0)
            await asyncio.sleep(10.0)
            assert 0.0 in caps
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert cell.state.safety == Safety.NORMAL
            assert not cell.all("step_failed")

    run_virtual(main)


def test_a_stray_body_in_the_way_stops_the_arm_and_says_what_it_is(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("motion_intended", text="bring base")
            # Between bins and nests, where the ledger knows of nothing.
            stray = cell.cell.world.add("crate", Box((0.1, 1.2, 0.5)), Pose((0.33, 0.0, 0.25)))
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert cell.state.safety == Safety.PROTECTIVE_STOP
            ended = cell.all("motion_ended", code="protective_stop")
            assert "touched a crate that nobody knew to be there" in ended[0].message
            assert (await cell.ask(UNHOLD)).code == "interlock"
            cell.cell.world.remove(stray)
            await cell.do(ACK)
            await cell.until(lambda state: state.safety == Safety.NORMAL)
            await cell.do(UNHOLD)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_plans_keep_out_of_a_keep_out_zone_and_say_which(folder: Path, tmp_path: Path) -> None:
    text = (folder / "cell.yaml").read_text(encoding="utf-8")
    zone = "keep_out: {door: {box_mm: [[300, -300, 0], [700, 300, 900]]}}\n"
    (tmp_path / "cell.yaml").write_text(zone + text, encoding="utf-8")

    async def main() -> None:
        async with bench(folder, cell_file=tmp_path / "cell.yaml") as cell:
            robot = cell.cell.robot
            await cell.change(CellVerb.START)
            await cell.order()
            await cell.event("step_failed", step="load")
            assert "keep-out zone door" in cell.all("step_failed", step="load")[0].message
            down = Pose.from_rpy((0.45, 0.15, 0.3), (math.pi, 0.0, 0.0))
            with pytest.raises(PlanError, match="keep-out zone door"):
                await robot.plan([Move(down)])

    run_virtual(main)
