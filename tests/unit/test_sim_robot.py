from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.contact import Fit
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.errors import PlanError, RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, GuardedMove, Move, Scene, SceneObject, Tool

if TYPE_CHECKING:
    from pathlib import Path

CUBE, BLOCK = Box((0.04, 0.04, 0.04)), Box((0.12, 0.12, 0.02))
BY = (math.pi, 0.0, 0.0)
NEST = Pose((-0.4, 0.3, 0.02))
FIT = Fit("cube", "block", Pose((0.0, 0.0, 0.01)), Pose((0.0, 0.0, -0.02)), depth_m=0.005, clearance_m=0.0005)


def on_robot(tmp_path: Path, body, **more):
    async def main():
        world = World(MeshStore(tmp_path))
        robot = SimRobot(world, VirtualClock(asyncio.get_running_loop()), seed=5, **more)
        await robot.ready()
        await robot.grip(Grip(close=False, opening_m=0.06)).result()
        answer = await body(robot, world)
        await robot.close()
        return answer

    return run_virtual(main)


def grasp_at(p, lift_m=0.0):
    return Pose.from_rpy((p[0], p[1], p[2] + lift_m), BY)


def pick(body_id, p):
    touch = frozenset({body_id})
    return [
        Move(grasp_at(p, 0.1)),
        Move(grasp_at(p), line=True, touching=touch),
        Grip(close=True, opening_m=0.04, attach=body_id, mass_kg=0.2),
        Move(grasp_at(p, 0.1), line=True, touching=touch),
    ]


async def believed(robot, world):
    await robot.sync_scene(Scene(tuple(SceneObject(b.id, b.shape, world.pose(b.id)) for b in world)))


async def run(robot, segments, part=slice(None)):
    outcome = await robot.execute(await robot.plan(segments), part).result()
    assert outcome.ok, outcome


def test_a_part_is_picked_carried_and_placed_with_what_sits_on_it(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        rider = world.add("rider", Box((0.02, 0.01, 0.01)), Pose((-0.51, -0.19, 0.045)))
        world.settle(rider)
        await believed(robot, world)
        take = [
            Move(grasp_at((-0.5, -0.2, 0.02), 0.1), touching=frozenset({rider})),
            *pick(cube, (-0.5, -0.2, 0.02))[1:],
        ]
        take[1] = Move(take[1].to, line=True, touching=frozenset({cube, rider}))
        take[2] = Grip(close=True, opening_m=0.04, attach=cube, takes=(cube, rider), mass_kg=0.2)
        put = grasp_at((-0.4, 0.3, 0.02))
        place = [Move(grasp_at(put.p, 0.1)), Move(put, line=True), Grip(close=False, opening_m=0.06)]
        leave = Move(grasp_at(put.p, 0.1), line=True, touching=frozenset({cube, rider}))
        held = []
        robot.state.listen(lambda state: held.append(state.holding))
        await run(robot, [*take, *place, leave])
        assert True in held
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.06)
        assert world.pose(cube).p == pytest.approx((-0.4, 0.3, 0.02), abs=1e-6)
        assert world.pose(rider).p == pytest.approx((-0.41, 0.31, 0.045), abs=1e-6)

    on_robot(tmp_path, body)


def test_the_fingers_hold_what_is_there_not_what_was_planned(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        await believed(robot, world)
        plan = await robot.plan(pick(cube, (-0.5, -0.2, 0.02)))
        narrow = world.swap(cube, "stick", Box((0.04, 0.02, 0.04)))
        assert (await robot.execute(plan).result()).ok
        assert robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.02)
        assert world.held == narrow

    on_robot(tmp_path, body)


def test_closing_on_a_place_that_was_emptied_holds_nothing(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        await believed(robot, world)
        plan = await robot.plan(pick(cube, (-0.5, -0.2, 0.02)))
        world.displace(cube, Pose((0.3, 0.0, 0.0)))
        for step in range(plan.steps):
            assert (await robot.execute(plan, slice(step, step + 1)).result()).ok
        assert not robot.state.value.holding
        assert robot.state.value.opening_m == pytest.approx(0.0)
        assert world.pose(cube).p == pytest.approx((-0.2, -0.2, 0.02))

    on_robot(tmp_path, body)


def test_a_cancelled_grip_leaves_the_part(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        await believed(robot, world)
        await run(robot, pick(cube, (-0.5, -0.2, 0.02))[:2])
        motion = robot.grip(Grip(close=True, opening_m=0.04, attach=cube))
        await asyncio.sleep(0.02)
        assert (await motion.cancel()).kind == "canceled"
        assert world.held is None
        assert 0.04 < robot.state.value.opening_m < 0.06
        assert (await robot.grip(Grip(close=True, opening_m=0.04, attach=cube)).result()).ok
        assert world.held == cube

    on_robot(tmp_path, body)


@pytest.mark.parametrize("off_m", [0.0, 0.002])
def test_an_insert_is_decided_by_where_the_parts_truly_are(tmp_path, off_m):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        block = world.add("block", BLOCK, NEST)
        await believed(robot, world)
        world.displace(block, Pose((off_m, 0.0, 0.0)))
        over = grasp_at((NEST.p[0], NEST.p[1], NEST.p[2] + 0.01 + 0.02 + 0.03))
        await run(robot, [*pick(cube, (-0.5, -0.2, 0.02)), Move(over)])
        command = GuardedMove((0.0, 0.0, -1.0), 0.04, 0.02, 15.0, (0.0295, 0.0305), touching=frozenset({block, cube}))
        began = asyncio.get_running_loop().time()
        outcome = await robot.guarded_move(command).result()
        assert asyncio.get_running_loop().time() - began > 0.02 / 0.02
        assert outcome.force_N == 15.0
        assert over.p[2] - robot.state.value.tcp.p[2] == pytest.approx(outcome.depth_m, abs=1e-6)
        return outcome

    outcome = on_robot(tmp_path, body, fits=lambda: [FIT])
    if off_m:
        assert (outcome.kind, outcome.code) == ("aborted", "jammed")
        assert 0.02 < outcome.depth_m < 0.029
        assert "before the window" in outcome.message
    else:
        assert outcome.ok
        assert outcome.depth_m == pytest.approx(0.03, abs=1e-5)


def test_a_guarded_move_can_be_cancelled(tmp_path):
    async def body(robot, world):
        await run(robot, [Move(grasp_at((-0.5, -0.2, 0.3)))])
        motion = robot.guarded_move(GuardedMove((0.0, 0.0, -1.0), 0.1, 0.01, 15.0, (0.0, 0.1)))
        assert await motion.accepted()
        await asyncio.sleep(0.5)
        assert (await motion.cancel()).kind == "canceled"
        assert not robot.state.value.moving

    on_robot(tmp_path, body)


def test_loads_and_tools_beyond_the_payload_are_refused(tmp_path):
    async def body(robot, world):
        with pytest.raises(PlanError, match="9 kg; the robot lifts 5 kg"):
            await robot.plan([Grip(close=True, opening_m=0.04, attach="anvil", mass_kg=9.0)])
        with pytest.raises(RobotError, match="6 kg"):
            await robot.select_tool(Tool("hammer", mass_kg=6.0))

    on_robot(tmp_path, body)


def test_the_ledgers_scene_after_a_grip_is_the_robots_own(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        await believed(robot, world)
        plan = await robot.plan(pick(cube, (-0.5, -0.2, 0.02)))
        assert (await robot.execute(plan, slice(0, 3)).result()).ok
        attached = SceneObject(
            cube, CUBE, grasp_at((-0.5, -0.2, 0.02)).inverse() @ world.pose(cube).rounded().shifted(5e-6)
        )
        await robot.sync_scene(Scene(attached=(attached,)))
        assert (await robot.execute(plan, slice(3, None)).result()).ok

    on_robot(tmp_path, body)


def test_the_same_seed_runs_the_same(tmp_path):
    async def body(robot, world):
        cube = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02)))
        wall = SceneObject("wall", Box((0.4, 0.02, 0.4)), Pose((-0.6, 0.05, 0.2)))
        await robot.sync_scene(Scene((SceneObject(cube, CUBE, world.pose(cube)), wall)))
        seen = []
        robot.state.listen(lambda state: seen.append((state.stamp, state.joints, state.opening_m)))
        await run(robot, [*pick(cube, (-0.5, -0.2, 0.02)), Move(grasp_at((-0.4, 0.3, 0.3)))])
        return seen

    assert on_robot(tmp_path, body) == on_robot(tmp_path, body)
