from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import numpy as np
import pytest

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera, intrinsics_for
from orchestrator.adapters.clock_virtual import START_UTC, VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.depth import NO_NOISE, STRUCTURED_LIGHT
from orchestrator.adapters.sim.hands import SimHands
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box

LENS = intrinsics_for(160, 120)
TOP = CameraSetup("top", Pose.from_rpy((0.4, 0.0, 1.0), (math.pi, 0.0, 0.0)), LENS, NO_NOISE)
CUBE = Box((0.2, 0.2, 0.1))


def shots(tmp_path, setup, act=lambda world: None, count=1, seed=1, with_robot=False):
    async def main():
        clock = VirtualClock(asyncio.get_running_loop())
        world = World(MeshStore(tmp_path))
        world.add("cube", CUBE, Pose((0.4, 0.1, 0.05)))
        robot = SimRobot(world, clock, base=Pose.from_rpy((1.0, 0.0, 0.0))) if with_robot else None
        camera = SimCamera(setup, world, clock, robot=robot, seed=seed)
        taken = []
        for _ in range(count):
            act(world)
            taken.append(await camera.shoot())
        if robot:
            await robot.close()
        return taken

    return run_virtual(main)


def pixel(x, y, z):
    """Return row and column at which the top camera sees a point of the world."""
    seen = TOP.pose.inverse().apply((x, y, z))
    return round(LENS.fy * seen[1] / seen[2] + LENS.cy), round(LENS.fx * seen[0] / seen[2] + LENS.cx)


def test_depth_is_along_the_axis_and_the_picture_is_the_right_way_round(tmp_path):
    (shot,) = shots(tmp_path, TOP)
    assert shot.depth_m.shape == (120, 160)
    assert shot.depth_m.dtype == np.float32
    assert shot.depth_m[pixel(0.4, 0.1, 0.1)] == pytest.approx(0.9, abs=1e-5)
    assert shot.depth_m[pixel(0.4, -0.1, 0.0)] == pytest.approx(1.0, abs=1e-5)
    assert (shot.camera, shot.stamp, shot.pose) == ("top", START_UTC, TOP.pose)


def test_the_camera_sees_the_truth_at_its_exposure(tmp_path):
    body = "cube~1"
    here, there = pixel(0.4, 0.1, 0.1), pixel(0.4, -0.1, 0.1)
    first, moved = shots(tmp_path, TOP, lambda w: w.displace(body, Pose((0.0, -0.1, 0.0))), count=2)
    assert first.depth_m[there] == pytest.approx(1.0, abs=1e-5)
    assert moved.depth_m[there] == pytest.approx(0.9, abs=1e-5)
    assert moved.depth_m[here] == pytest.approx(1.0, abs=1e-5)
    (taken,) = shots(tmp_path, TOP, lambda w: SimHands(w, 1).take(body))
    assert taken.depth_m[here] == pytest.approx(1.0, abs=1e-5)


def test_the_arm_is_in_the_picture(tmp_path):
    over_gripper = pixel(1.0 - 0.4919, -0.1333, 0.5)
    with_arm, without = (shots(tmp_path, TOP, with_robot=flag)[0] for flag in (True, False))
    assert with_arm.depth_m[over_gripper] < 0.75
    assert without.depth_m[over_gripper] == pytest.approx(1.0, abs=1e-5)


def test_a_camera_that_sits_elsewhere_than_believed_is_wrong_by_as_much(tmp_path):
    (shot,) = shots(tmp_path, replace(TOP, calibration_error=Pose((0.0, 0.0, 0.02))))
    assert shot.depth_m[pixel(0.4, -0.1, 0.0)] == pytest.approx(0.98, abs=1e-5)
    assert shot.pose == TOP.pose


def test_the_same_seed_and_sequence_give_the_same_bytes(tmp_path):
    noisy = replace(TOP, noise=STRUCTURED_LIGHT)
    first, second, other = (
        [shot.depth_m.tobytes() for shot in shots(tmp_path, noisy, count=2, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == second
    assert first[0] != first[1]
    assert first[0] != other[0]


def test_noise_grows_with_the_square_of_the_distance():
    random = np.random.default_rng(1)
    spread = []
    for distance in (0.5, 1.0):
        depth = np.full((200, 200), distance, dtype=np.float32)
        measured = STRUCTURED_LIGHT.spoil(depth, np.ones_like(depth), random)
        assert abs(float(measured.mean()) - distance) < 1e-5
        spread.append(float(measured.std()))
    assert spread[1] == pytest.approx(math.hypot(0.00014, 0.0001 / math.sqrt(12)), rel=0.05)
    assert replace(STRUCTURED_LIGHT, step_m=0).spoil(
        np.full((200, 200), 0.5, dtype=np.float32), np.ones((200, 200), dtype=np.float32), random
    ).std() == pytest.approx(0.00014 / 4, rel=0.05)
    steps = STRUCTURED_LIGHT.spoil(np.full((9, 9), 1.0, dtype=np.float32), np.ones((9, 9), dtype=np.float32), random)
    assert np.abs(steps * 1e4 - np.round(steps * 1e4)).max() < 1e-2


def test_grazing_far_and_near_surfaces_are_lost_and_edges_fly():
    random = np.random.default_rng(1)
    one = np.ones((100, 100), dtype=np.float32)
    assert (STRUCTURED_LIGHT.spoil(one * 0.2, one, random) == 0).all()
    assert (STRUCTURED_LIGHT.spoil(one * 2.5, one, random) == 0).all()
    lost = (STRUCTURED_LIGHT.spoil(one, one * np.float32(0.05), random) == 0).mean()
    assert lost == pytest.approx(0.75, abs=0.03)
    edge = one.copy()
    edge[:, 50:] = 0.9
    measured = STRUCTURED_LIGHT.spoil(edge, one, random)
    beside = measured[:, 49:51]
    between = ((beside > 0.902) & (beside < 0.998)).mean()
    assert between == pytest.approx(0.25, abs=0.08)
    assert (beside == 0).mean() == pytest.approx(0.25, abs=0.08)
    away = np.delete(measured, [49, 50], axis=1)
    assert (np.minimum(abs(away - 1.0), abs(away - 0.9)) < 0.001).all()


def test_a_dark_camera_says_so(tmp_path):
    async def main():
        camera = SimCamera(
            TOP, World(MeshStore(tmp_path)), VirtualClock(asyncio.get_running_loop()), robot=None, seed=1
        )
        camera.blacked_out = True
        with pytest.raises(VisionError, match="top gives no picture") as error:
            await camera.shoot()
        assert error.value.remedy

    run_virtual(main)
