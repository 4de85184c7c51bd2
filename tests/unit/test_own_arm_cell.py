"""A cell whose arm is the integrator's own, from a URDF file beside the cell file."""

from __future__ import annotations

import asyncio
import math
import re
import shutil

import pytest

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera, intrinsics_for
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.depth import NO_NOISE
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.urdf_arm import load_arm
from orchestrator.adapters.sim.world import World
from orchestrator.app import check_arms
from orchestrator.core.cell import RobotSpec
from orchestrator.core.errors import AuthoringError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import OrderState
from orchestrator.core.ports import Box, Grip, Move, Scene, SceneObject
from tests.unit.cell_bench import authored, bench
from tests.unit.own_arms import ARMS, HOME, own_arm, spec

DOWN = (math.pi, 0.0, 0.0)


def own_cell(tmp_path, name="six_axis", extra=""):
    folder = authored(tmp_path)
    shutil.copy(ARMS / f"{name}.urdf", folder)
    cell = folder / "cell.yaml"
    robot = f"robot: {{model: {name}.urdf, payload_kg: 5, home_deg: {HOME[name]}{extra}}}"
    lines = cell.read_text(encoding="utf-8").splitlines()
    cell.write_text("\n".join([robot, *lines[1:]]), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_unit_is_built_with_an_arm_from_a_urdf_file(tmp_path):
    async def main():
        async with bench(own_cell(tmp_path)) as cell:
            await cell.begin()
            await cell.ended()
            assert cell.state.orders["o"].state == OrderState.ENDED, cell.story()
            assert cell.state.orders["o"].done == 1, cell.story()
            names = [link.name for link in cell.cell.desk.scene.links]
            assert names == [*own_arm("six_axis").links, "palm", "finger_left", "finger_right"]
            drawn = {link.name: len(link.bodies) for link in cell.cell.desk.scene.links}
            assert drawn["upper_arm"] == 3
            assert all(cell.all("skill_ended", code=code) == [] for code in ("no_plan", "jammed"))

    run_virtual(main)


@pytest.mark.parametrize("name", ["six_axis", "seven_axis"])
def test_a_part_is_picked_and_put_down(name, tmp_path):
    cube, spot, target = Box((0.04, 0.04, 0.04)), Pose((-0.4, -0.15, 0.02)), Pose((-0.3, 0.35, 0.02))

    async def main():
        world = World(MeshStore(tmp_path))
        robot = SimRobot(world, VirtualClock(asyncio.get_running_loop()), arm=own_arm(name), seed=1)
        await robot.ready()
        body = world.add("cube", cube, spot)
        wall = SceneObject("wall", Box((0.4, 0.02, 0.3)), Pose((-0.45, 0.08, 0.15)))
        await robot.sync_scene(Scene((SceneObject(body, cube, spot), wall)))
        touch = frozenset({body})
        over, on = (Pose.from_rpy((spot.p[0], spot.p[1], z), DOWN) for z in (0.12, 0.02))
        above, down = (Pose.from_rpy((target.p[0], target.p[1], z), DOWN) for z in (0.12, 0.021))
        plan = await robot.plan(
            [
                Grip(close=False, opening_m=0.06),
                Move(over),
                Move(on, line=True, speed_m_s=0.1, touching=touch),
                Grip(close=True, opening_m=0.04, attach=body),
                Move(over, line=True, touching=touch),
                Move(above),
                Move(down, line=True, speed_m_s=0.1, touching=touch),
                Grip(close=False, opening_m=0.06),
                Move(above, line=True, touching=touch),
            ]
        )
        outcome = await robot.execute(plan).result()
        assert outcome.ok, outcome
        assert math.dist(world.pose(body).p, down.p) < 1e-6
        await robot.close()

    run_virtual(main)


def test_the_camera_sees_an_own_arm_with_its_bare_links(tmp_path):
    text = (ARMS / "six_axis.urdf").read_text(encoding="utf-8")
    (tmp_path / "bare.urdf").write_text(
        re.sub(r'<link name="wrist">.*?</link>', '<link name="wrist"/>', text, flags=re.S)
    )
    arm = load_arm(tmp_path / "bare.urdf", spec("six_axis"))
    top = CameraSetup("top", Pose.from_rpy((0.0, 0.0, 2.0), (math.pi, 0.0, 0.0)), intrinsics_for(160, 120), NO_NOISE)

    async def main():
        clock, world = VirtualClock(asyncio.get_running_loop()), World(MeshStore(tmp_path))
        robot = SimRobot(world, clock, arm=arm, seed=1)
        shot = await SimCamera(top, world, clock, robot=robot, seed=1).shoot()
        await robot.close()
        return shot.depth_m

    depth = run_virtual(main)
    assert depth.max() == pytest.approx(2.0, abs=1e-5)  # the table
    assert depth.min() < 1.5  # the arm, which stands up to some 0.8 m


def test_mistakes_in_the_arm_are_found_by_check_and_refuse_the_start(tmp_path):
    folder = own_cell(tmp_path)
    assert check_arms(folder / "cell.yaml") == []
    urdf = folder / "six_axis.urdf"
    urdf.write_text(urdf.read_text(encoding="utf-8").replace('"bend" type="revolute"', '"bend" type="planar"'))
    (problem,) = check_arms(folder / "cell.yaml")
    assert "planar" in problem.message

    async def main():
        with pytest.raises(AuthoringError, match="planar"):
            async with bench(folder):
                pass

    run_virtual(main)


def test_what_completes_a_urdf_does_not_go_with_a_known_robot():
    with pytest.raises(ValueError, match="don't go with ur5e"):
        RobotSpec.model_validate({"model": "ur5e", "payload_kg": 5, "tip": "tool0"})
