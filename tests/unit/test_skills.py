"""The shipped skills, cancelled at any await and run again, reach their result: with one part, and nobody's help."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Move
from orchestrator.engine.handling import peopled
from tests.unit.cell_bench import BOSS, authored, bench, shipped
from tests.unit.skill_watch import ledger_is_true, watched

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import GuardedMove, Motion, RobotState

SKILLS = ("pick_place", "insert", "hand_over", "screw")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.fixture(scope="module")
def awaits(folder: Path) -> dict[str, int]:
    """How often each skill is suspended in an undisturbed run."""
    counts: dict[str, int] = {}

    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.ended()

    with pytest.MonkeyPatch.context() as patch:
        watched(patch, lambda name, count: counts.update({name: max(count, counts.get(name, 0))}))
        run_virtual(main)
    assert set(counts) == set(SKILLS)
    return counts


SAMPLES = 9


@pytest.mark.parametrize("sample", range(SAMPLES))
def test_cancelled_at_any_await_and_run_again_a_skill_reaches_its_result(
    folder: Path, awaits: dict[str, int], sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = {name: 1 + round(sample * (count - 1) / (SAMPLES - 1)) for name, count in awaits.items()}
    done: set[str] = set()

    async def main() -> None:
        async with bench(folder) as cell:

            def hook(name: str, count: int) -> None:
                if name not in done and count == cut[name]:
                    done.add(name)
                    cell.cell.runner.post(cmd.ChangeCell(verb=CellVerb.HOLD))

            watched(monkeypatch, hook)
            await cell.begin()
            for _ in SKILLS:
                await cell.until(lambda state: state.cell == CellState.HELD)
                ledger_is_true(cell)
                await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
                await cell.until(lambda state: state.cell == CellState.EXECUTE)
            await cell.ended()
            assert done == set(SKILLS)
            assert cell.record()["state"] == "done"
            assert [cell.state.bins[name] for name in ("bases", "pins_steel", "caps")] == [5, 5, 5]
            asked = {e.code for e in cell.all("step_failed")}
            assert asked <= {"canceled"}, asked

    run_virtual(main)


@pytest.mark.parametrize("await_number", [1, 3])
def test_move_home_goes_on_home(
    folder: Path, tmp_path: Path, await_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    authored(tmp_path)
    step = "{id: clear, after: [], result: {at: nest, values: {clear: true}}, robot: move_home, time_s: 5}"
    (tmp_path / "stack" / "procedure.yaml").write_text(f"parts: {{base: {{mass_kg: 0.3}}}}\nsteps:\n- {step}\n")

    async def main() -> None:
        async with bench(tmp_path) as cell:
            done: list[int] = []

            def hook(_name: str, count: int) -> None:
                if not done and count == await_number:
                    done.append(count)
                    cell.cell.runner.post(cmd.ChangeCell(verb=CellVerb.HOLD))

            watched(monkeypatch, hook)
            robot = cell.cell.robot
            await robot.ready()
            above = Pose((0.45, 0.0, 0.3), (0.0, 1.0, 0.0, 0.0))
            assert (await robot.execute(await robot.plan((Move(above),))).result()).ok
            cell.work()
            answer = await cell.cell.desk.store_order("o", "stack", {}, 1, None, cmd.Who())
            assert answer.ok
            await cell.change(CellVerb.START)
            await cell.do(cmd.ChangeOrder(order="o", verb="start"))
            await cell.until(lambda state: state.cell == CellState.HELD)
            assert done
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            home = robot.capabilities.home
            assert max(abs(a - b) for a, b in zip(robot.state.value.joints, home, strict=True)) < 1e-3

    run_virtual(main)


def test_a_part_that_the_ledger_does_not_know_of_is_a_persons_task(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            world = cell.cell.world
            body = next(b for b in world if b.source == "caps")
            world.grasp(body.id)
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").code == "gripper_not_empty"
            assert "Take it out" in cell.step("load").remedy

    run_virtual(main)


def test_a_handover_that_nobody_takes_says_so(folder: Path, tmp_path: Path) -> None:
    authored(tmp_path)
    file = tmp_path / "stack" / "procedure.yaml"
    file.write_text(file.read_text().replace("robot: hand_over", "robot: {hand_over: {patience_s: 20}}"))

    async def main() -> None:
        async with bench(tmp_path) as cell:
            await cell.begin()
            await cell.step_is("cap", StepStatus.ACTIVE)
            for worker in cell.workers:
                worker.cancel()
            await cell.until(lambda state: bool(state.units["u1"].steps["cap"].code))
            assert cell.step("cap").attempts[0].code == "not_taken"
            assert cell.state.world.held() is not None
            assert cell.cell.world.held is not None

    run_virtual(main)


# ---- people, and parts that get lost -------------------------------------------------------------------------------


def test_a_part_that_is_lost_on_the_way_is_not_set_down(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring base")
            world = cell.cell.world
            assert world.held is not None
            world.remove(world.held)
            failed = await cell.event("step_failed", step="load")
            assert failed.code == "not_held"  # type: ignore[union-attr] # its event
            assert cell.all("part_moved", part="u1/base", what="lost")
            assert not cell.all("motion_intended", text="set base down")

    run_virtual(main)


def test_the_arm_is_never_in_a_zone_in_which_a_person_works() -> None:
    async def main() -> None:
        async with shipped() as cell:
            zone_of, seen = cell.state.spec.zone_of, set()

            def on_reading(reading: RobotState) -> None:
                zone = zone_of(reading.tcp.p)
                if zone and f"zone:{zone}" in peopled(cell.state):
                    seen.add((zone, *(motion.text for motion in cell.state.motions.values())))

            cell.cell.robot.state.listen(on_reading)
            cell.work()
            await cell.change(CellVerb.START)
            options = {"ratio": 5, "cover": "blind", "plate": "en"}
            assert (await cell.cell.desk.store_order("o", "gear_reducer", options, 2, None, BOSS)).ok
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await cell.ended(timeout_s=6000)
            assert cell.state.orders["o"].done == 2
            assert seen == set()

    run_virtual(main)


def test_a_failed_step_is_handed_on_with_the_arm_at_home(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.in_motion("bring pin steel", 0.2)
            cell.cell.world.displace(cell.bodies("base")[0], Pose((0.004, 0.0, 0.0)))  # so that the pin jams
            failed = await cell.event("step_failed", step="pin")
            assert failed.code == "jammed"  # type: ignore[union-attr] # its event
            robot = cell.cell.robot
            home = robot.capabilities.home
            assert max(abs(a - b) for a, b in zip(robot.state.value.joints, home, strict=True)) < 1e-3

    run_virtual(main)


def test_a_pressed_part_is_not_taken_up_again_because_of_a_hold(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("part_moved", part="u1/pin_steel", what="placed")
            await asyncio.sleep(0.2)
            await cell.change(CellVerb.HOLD)
            before = len(cell.log)
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.step_is("pin", StepStatus.DONE)
            texts = {event.text for event in cell.log[before:] if event.type == "motion_intended"}
            assert "go home" in texts
            assert not any("pin steel" in text for text in texts)

    run_virtual(main)


def test_what_a_tool_measured_before_a_hold_is_kept(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            await cell.begin()
            await cell.event("step_started", step="tighten")
            await cell.in_motion("go home", 0.2)
            await cell.change(CellVerb.HOLD)
            ended = cell.all("skill_ended", step="tighten")[0]
            assert ended.outcome == "canceled"
            assert "torque_Nm" in ended.values

    run_virtual(main)


def test_pressing_is_announced_with_its_way_and_touches_the_assembly_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            robot, asked = cell.cell.robot, []
            guarded = robot.guarded_move

            def spied(command: GuardedMove) -> Motion:
                asked.append(command)
                return guarded(command)

            monkeypatch.setattr(robot, "guarded_move", spied)
            await cell.begin()
            press = await cell.event("motion_intended", text="press pin steel")
            await cell.ended()
            assert press.duration_s > 1  # type: ignore[union-attr] # its event
            start, end = press.preview  # type: ignore[union-attr] # its event
            assert start.p[2] - end.p[2] == pytest.approx(asked[0].distance_m, abs=1e-5)
            assert asked[0].touching == {"u1/base", "u1/pin_steel"}

    run_virtual(main)
