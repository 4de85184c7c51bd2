from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.physics import Physics
from orchestrator.adapters.sim.world import World
from orchestrator.core import commands as cmd
from orchestrator.core.cell import SimSettings
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.ports import Box, Grip, Mesh, Move, Scene, SceneObject
from tests.unit.cell_bench import BOSS, authored, bench
from tests.unit.own_arms import own_arm

DOWN = (math.pi, 0.0, 0.0)
CUBE = Box((0.04, 0.04, 0.04))
HOUSING = Mesh("gear_reducer/housing.glb")
ROOT = Path(__file__).parents[2]
SPOT, NEST = Pose((-0.5, -0.2, 0.0)), Pose((-0.3, 0.4, 0.02))


def on_robot(body, *, arm=UR5E, stock=lambda world: None):
    async def main():
        world = World(MeshStore(ROOT / "instructions"))
        stock(world)
        physics = Physics(world, arm, Pose(), plates=[NEST], masses={"housing": 0.7})
        robot = SimRobot(world, VirtualClock(asyncio.get_running_loop()), arm=arm, seed=5, physics=physics)
        await robot.ready()
        answer = await body(robot, world)
        await robot.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return answer

    return run_virtual(main)


def over(pose, z):
    return Pose.from_rpy((pose.p[0], pose.p[1], pose.p[2] + z), DOWN)


def picked(body, at, opening_m, grip_z):
    touch = frozenset({body})
    return [
        Grip(close=False, opening_m=opening_m + 0.007),
        Move(over(at, grip_z + 0.1)),
        Move(over(at, grip_z), line=True, speed_m_s=0.1, touching=touch),
        Grip(close=True, opening_m=opening_m, attach=body, mass_kg=0.7),
        Move(over(at, grip_z + 0.1), line=True, touching=touch),
    ]


async def run(robot, segments):
    outcome = await robot.execute(await robot.plan(segments)).result()
    assert outcome.ok, outcome


async def believed(robot, world, *bodies):
    await robot.sync_scene(Scene(tuple(SceneObject(b, world.body(b).shape, world.pose(b)) for b in bodies)))


@pytest.mark.parametrize("arm", [UR5E, own_arm("six_axis")], ids=["ur5e", "urdf"])
def test_a_housing_is_put_on_its_nest_within_half_a_millimetre(arm, capsys):
    async def body(robot, world):
        housing = world.add("housing", HOUSING, SPOT)
        await believed(robot, world, housing)
        touch = frozenset({housing})
        place = [
            Move(over(NEST, 0.15)),
            Move(over(NEST, 0.05), line=True, speed_m_s=0.1, touching=touch),
            Grip(close=False, opening_m=0.085),
            Move(over(NEST, 0.15), line=True, touching=touch),
        ]
        await run(robot, [*picked(housing, SPOT, 0.078, 0.05), *place])
        await asyncio.sleep(1.0)
        return deviation(world.pose(housing), NEST)

    off = on_robot(body, arm=arm)
    with capsys.disabled():
        turned = math.degrees(math.hypot(*off.rot_rad))
        print(f" housing placed {1000 * off.distance_m:.4f} mm and {turned:.4f} deg off ", end="")
    assert 0 < off.distance_m < 0.0005
    assert math.hypot(*off.rot_rad) < math.radians(0.1)


def test_a_part_released_above_the_table_falls_and_lies_still():
    async def body(robot, world):
        cube = world.add("cube", CUBE, SPOT.shifted(z=0.02))
        await believed(robot, world, cube)
        await run(robot, [*picked(cube, SPOT, 0.04, 0.02), Move(over(SPOT, 0.07), line=True)])
        assert world.held == cube
        assert world.pose(cube).p[2] == pytest.approx(0.07, abs=1e-3)
        world.release()  # a gripper that loses it
        heights = []
        for _ in range(30):
            await asyncio.sleep(0.04)
            heights.append(world.pose(cube).p[2])
        assert heights[0] > heights[1] > heights[2]
        assert heights[-1] == heights[-2] == pytest.approx(0.02, abs=1e-4)
        assert not robot.state.value.holding
        assert world.body(cube).parent == ""

    on_robot(body)


def test_what_nobody_expected_in_the_way_is_knocked_and_stops_the_arm():
    async def body(robot, world):
        tower = world.add("tower", Box((0.04, 0.04, 0.08)), Pose((-0.5, 0.0, 0.04)))
        await asyncio.sleep(1.0)
        begin, end = (Pose.from_rpy((-0.5, y, 0.05), DOWN) for y in (0.15, -0.12))
        await run(robot, [Move(begin)])
        assert world.pose(tower).p == pytest.approx((-0.5, 0.0, 0.04), abs=1e-4)
        outcome = await robot.execute(await robot.plan([Move(end, line=True, speed_m_s=0.2)])).result()
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        await asyncio.sleep(1.0)
        assert world.pose(tower).p[1] < -0.03
        assert world.pose(tower).p[2] > 0.015  # on the table, not in it

    on_robot(body)


def test_a_meant_touch_moves_nothing():
    async def body(robot, world):
        tower = world.add("tower", Box((0.04, 0.04, 0.08)), Pose((-0.5, 0.0, 0.04)))
        await believed(robot, world, tower)
        begin, end = (Pose.from_rpy((-0.5, y, 0.05), DOWN) for y in (0.15, -0.12))
        await run(robot, [Move(begin), Move(end, line=True, touching=frozenset({tower}))])
        assert world.pose(tower).p == pytest.approx((-0.5, 0.0, 0.04), abs=1e-4)

    on_robot(body)


def test_what_hangs_in_its_bin_stays_until_it_is_touched():
    def stock(world):
        world.fill("rack", [("cube", CUBE, Pose((-0.5, 0.0, 0.1)))])

    async def body(robot, world):
        await asyncio.sleep(1.0)
        assert world.pose("cube~1").p[2] == 0.1
        await run(
            robot,
            [Move(Pose.from_rpy((-0.5, 0.15, 0.1), DOWN)), Move(Pose.from_rpy((-0.5, -0.1, 0.1), DOWN), line=True)],
        )
        await asyncio.sleep(1.0)
        assert world.pose("cube~1").p[2] == pytest.approx(0.02, abs=0.01)

    on_robot(body, stock=stock)


def test_hands_and_faults_move_bodies_that_then_fall_too():
    async def body(robot, world):
        cube = world.add("cube", CUBE, SPOT.shifted(z=0.02))
        await asyncio.sleep(0.5)
        world.displace(cube, Pose((0.002, 0.0, 0.03)))
        await asyncio.sleep(1.0)
        assert world.pose(cube).p == pytest.approx((-0.498, -0.2, 0.02), abs=1e-4)
        world.take(cube)
        await asyncio.sleep(0.2)
        world.settle(cube, Pose((-0.4, 0.1, 0.08)))
        await asyncio.sleep(1.0)
        assert world.pose(cube).p == pytest.approx((-0.4, 0.1, 0.02), abs=1e-4)
        world.remove(cube)
        await asyncio.sleep(0.1)
        assert list(world) == []

    on_robot(body)


def test_what_falls_on_another_belongs_to_it_and_rides_along():
    async def body(robot, world):
        tray = world.add("tray", Box((0.07, 0.07, 0.02)), SPOT.shifted(z=0.01))
        cube = world.add("cube", Box((0.02, 0.02, 0.02)), SPOT.shifted(z=0.06))
        await asyncio.sleep(1.0)
        assert world.pose(cube).p[2] == pytest.approx(0.03, abs=1e-4)
        assert world.body(cube).parent == tray
        await believed(robot, world, tray)
        await run(robot, [*picked(tray, SPOT, 0.07, 0.015)])
        assert world.pose(cube).p[2] == pytest.approx(0.13, abs=1e-3)

    on_robot(body)


def test_a_cancelled_motion_stands_and_a_pause_keeps_its_place():
    async def body(robot, world):
        goal = Pose.from_rpy((-0.15, -0.5, 0.3), DOWN)
        motion = robot.execute(await robot.plan([Move(goal)]))
        await asyncio.sleep(0.4)
        await robot.cap_speed("hold", 0.0)
        await asyncio.sleep(1.0)
        paused = robot.state.value.joints
        await asyncio.sleep(1.0)
        assert robot.state.value.joints == paused
        await robot.cap_speed("hold", 1.0)
        await asyncio.sleep(0.2)
        assert (await motion.cancel()).kind == "canceled"
        stood = robot.state.value.joints
        await asyncio.sleep(1.0)
        assert robot.state.value.joints == stood != paused

    on_robot(body)


def test_the_same_orders_give_the_same_motion():
    async def body(robot, world):
        tower = world.add("tower", Box((0.04, 0.04, 0.08)), Pose((-0.5, 0.0, 0.04)))
        seen = []
        robot.state.listen(lambda state: seen.append((state.stamp, state.joints, world.pose(tower))))
        begin, end = (Pose.from_rpy((-0.5, y, 0.05), DOWN) for y in (0.15, -0.12))
        outcome = await robot.execute(await robot.plan([Move(begin), Move(end, line=True)])).result()
        assert outcome.code == "protective_stop"  # and the tower falls over
        await asyncio.sleep(1.0)
        return seen

    assert on_robot(body) == on_robot(body)


@pytest.mark.slow
def test_a_unit_is_built_under_physics_and_the_same_seed_gives_the_same_journal(tmp_path):
    folder = authored(tmp_path)
    cell = folder / "cell.yaml"
    cell.write_text(cell.read_text(encoding="utf-8").replace("{seed: 1}", "{seed: 1, physics: true}"), encoding="utf-8")

    async def main():
        async with bench(folder) as here:
            await here.begin()
            await here.ended()
            assert here.state.orders["o"].done == 1, here.story()
            return here.cell.desk.journal.head

    assert run_virtual(main) == run_virtual(main)


@pytest.mark.slow
def test_a_gear_reducer_is_built_under_physics_with_every_part_in_its_place(tmp_path, capsys):
    demo = (ROOT / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    (tmp_path / "demo.yaml").write_text(demo.replace("{seed: 1}", "{seed: 1, physics: true}"), encoding="utf-8")

    async def main():
        async with bench(ROOT / "instructions", cell_file=tmp_path / "demo.yaml") as here:
            here.work()
            await here.change(CellVerb.START)
            answer = await here.cell.desk.store_order(
                "o", "gear_reducer", {"ratio": "5", "cover": "blind", "plate": "en"}, 1, None, BOSS
            )
            assert answer.ok, answer.message
            await here.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await here.ended(timeout_s=3000)
            assert here.state.orders["o"].done == 1, here.story()
            looks = here.all("part_moved", what="seen")  # at its check, and at the last look before it is carried out
            seen, *_ = (e for e in looks if e.kind == "housing" and e.frame == "nest_1")
            return math.dist(seen.pose.p, here.state.spec.frames["nest_1"].p)

    off_m = run_virtual(main)
    with capsys.disabled():
        print(f" gear reducer done, its housing {1000 * off_m:.4f} mm off its nest ", end="")
    assert off_m < 0.0005


def test_physics_is_asked_for():
    assert not SimSettings().physics
