"""What the robot will do is shown for a while before it does it, wherever somebody works who may be in its way."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import Autonomy, CellState, CellVerb
from orchestrator.core.ports import Safety
from orchestrator.wire import LaneView
from tests.unit.cell_bench import Bench, authored, bench
from tests.unit.core_builders import cell as cell_spec

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.events import MotionIntended
    from orchestrator.wire import Intent

LEAD_S = 1.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def _intent(cell: Bench) -> Intent | None:
    lane = cell.cell.desk.screen.topics["lane/robot"]
    assert isinstance(lane, LaneView)
    return lane.intent


async def _shown(cell: Bench) -> MotionIntended:
    """Build up to the first motion that is let through."""
    await cell.begin()
    return await cell.intended()


def test_the_arm_stands_until_the_time_that_screens_count_down_to(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            home = cell.cell.robot.state.value.joints
            await _shown(cell)
            intent = _intent(cell)
            assert intent is not None
            assert intent.begins_t is not None
            assert not intent.proposed
            assert intent.begins_t == pytest.approx(cell.now + LEAD_S, abs=0.01)
            await asyncio.sleep(intent.begins_t - cell.now - 0.01)
            assert cell.cell.robot.state.value.joints == home
            await asyncio.sleep(0.3)
            assert cell.cell.robot.state.value.joints != home

    run_virtual(main)


def test_it_comes_to_stand_as_was_shown(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            shown = await _shown(cell)
            await cell.event("motion_ended", motion=shown.motion, outcome="succeeded")
            links = cell.cell.robot.state.value.links
            assert len(shown.end) == len(links)
            assert max(math.dist(a.p, b.p) for a, b in zip(shown.end, links, strict=True)) < 1e-3

    run_virtual(main)


def test_within_a_skill_only_what_leaves_a_standstill_is_shown_first(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.ended()
            by_skill: dict[str, list[float]] = {}
            for event in cell.all("motion_intended"):
                by_skill.setdefault(event.effect, []).append(event.lead_s)
            assert max(map(len, by_skill.values())) > 2
            for leads in by_skill.values():
                assert leads[0] == LEAD_S
                assert leads.count(LEAD_S) == 1

    run_virtual(main)


def test_where_nobody_works_nobody_is_waited_for(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin(worker=False)
            assert (await cell.intended()).lead_s == 0.0
            await asyncio.sleep(0.3)
            assert cell.cell.robot.state.value.moving

    run_virtual(main)


def test_held_meanwhile_nothing_moves_and_nothing_counts_down(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            home = cell.cell.robot.state.value.joints
            await _shown(cell)
            await asyncio.sleep(LEAD_S / 2)
            await cell.change(CellVerb.HOLD)
            assert _intent(cell) is None
            assert cell.all("motion_ended")[-1].outcome == "canceled"
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == home
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            assert (await cell.intended()).lead_s == LEAD_S
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_a_safety_stop_meanwhile_lets_nothing_move(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            home = cell.cell.robot.state.value.joints
            await _shown(cell)
            await asyncio.sleep(LEAD_S / 2)
            cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
            await cell.until(lambda state: state.cell == CellState.HELD)
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == home
            assert cell.state.motions == {}

    run_virtual(main)


def test_paused_meanwhile_it_is_shown_anew_when_it_goes_on(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            home = cell.cell.robot.state.value.joints
            first = await _shown(cell)
            await asyncio.sleep(LEAD_S / 2)
            await cell.do(cmd.Pause(what="lane", name="robot"))
            await asyncio.sleep(20)
            assert cell.cell.robot.state.value.joints == home
            await cell.do(cmd.Resume(what="lane", name="robot"))
            await cell.until(lambda state: bool(state.motions) and first.motion not in state.motions)
            intent = _intent(cell)
            assert intent is not None
            assert intent.begins_t == pytest.approx(cell.now + LEAD_S, abs=0.01)
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_what_people_approve_counts_down_once_they_have(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            await cell.begin()
            await cell.until(lambda state: bool(state.motions))
            intent, home = _intent(cell), cell.cell.robot.state.value.joints
            assert intent is not None
            assert intent.proposed
            assert intent.begins_t is None
            await cell.do(cmd.ApproveMotion(motion=intent.motion))
            approved = _intent(cell)
            assert approved is not None
            assert approved.begins_t == pytest.approx(cell.now + LEAD_S, abs=0.01)
            await asyncio.sleep(LEAD_S - 0.05)
            assert cell.cell.robot.state.value.joints == home
            await cell.event("motion_ended", motion=intent.motion, outcome="succeeded")

    run_virtual(main)


def test_lowered_meanwhile_it_asks_first(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            home = cell.cell.robot.state.value.joints
            await _shown(cell)
            await asyncio.sleep(LEAD_S / 2)
            await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
            await cell.until(lambda state: any(not motion.approved for motion in state.motions.values()))
            await asyncio.sleep(60)
            assert cell.cell.robot.state.value.joints == home

    run_virtual(main)


def test_how_long_is_the_cell_files(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "cell.yaml"
    file.write_text(f"{(folder / 'cell.yaml').read_text()}\nlead_s: 0\n")

    async def main() -> None:
        async with bench(folder, cell_file=file) as cell:
            motion = await _shown(cell)
            assert motion.lead_s == 0.0
            await asyncio.sleep(0.3)
            assert cell.cell.robot.state.value.moving

    run_virtual(main)


@pytest.mark.parametrize("lead_s", [-1, 31, math.nan])
def test_a_time_that_makes_no_sense_is_refused(lead_s: float) -> None:
    with pytest.raises(ValidationError, match="lead_s"):
        cell_spec(lead_s=lead_s)
