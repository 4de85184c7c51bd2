"""Cameras that are wrong about themselves, that ride on the arm, and that look at dark and shiny parts."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.camera_sim import CameraSetup, SimCamera, setup_of
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.depth import MODELS, NO_NOISE, STEREO, STRUCTURED_LIGHT
from orchestrator.adapters.sim.finish import MATTE, Finish
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Solids, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.app import shared
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.cell import CellSpec
from orchestrator.core.errors import SetupError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Latest, Mesh, MoveJoints
from orchestrator.engine.library import read_cell
from tests.depth_scenes import expected, request, write_parts
from tests.unit.test_sim_finish import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from orchestrator.core.ports import RobotState, Shot

LENS = intrinsics_for(160, 120)
DOWN = Pose.from_rpy((0.4, 0.0, 1.0), (math.pi, 0.0, 0.0))
TOP = CameraSetup("top", DOWN, LENS, NO_NOISE)
BESIDE_PALM = Pose.from_rpy((0.08, 0.0, 0.02), (0.0, 0.0, math.pi / 2))  # in the flange's frame, looking along its z
WRIST = CameraSetup("wrist", BESIDE_PALM, LENS, NO_NOISE, on_flange=True)


def take(setup: CameraSetup, fill: Callable[[World], Any] = lambda _: None, root: Path | None = None) -> Shot:
    """Take one picture without a robot; boxes need no folder of meshes."""

    async def main() -> Shot:
        world = World(MeshStore(root or Path("nowhere")))
        fill(world)
        return await SimCamera(setup, world, VirtualClock(asyncio.get_running_loop()), robot=None, seed=1).shoot()

    return run_virtual(main)


def cloud(shot: Shot) -> np.ndarray:
    """Return where the picture says that things are, (n, 3) in the world, by what the shot believes of itself."""
    lens, depth = shot.intrinsics, shot.depth_m.astype(np.float64)
    v, u = np.nonzero(depth)
    z = depth[v, u]
    seen = np.stack([(u - lens.cx) / lens.fx * z, (v - lens.cy) / lens.fy * z, z], axis=1)
    matrix = shot.pose.matrix()
    return np.asarray(seen @ matrix[:3, :3].T + matrix[:3, 3])


# ---- calibration errors ----------------------------------------------------------------------------------------


def test_an_extrinsic_offset_shifts_the_measured_table_by_exactly_as_much() -> None:
    off = Pose((0.0, 0.0, 0.003))  # 3 mm further along the view: the table seems 3 mm too near
    assert cloud(take(TOP))[:, 2] == pytest.approx(0.0, abs=1e-6)
    assert cloud(take(replace(TOP, calibration_error=off)))[:, 2] == pytest.approx(0.003, abs=1e-6)


def test_an_extrinsic_tilt_tilts_the_measured_table_by_exactly_as_much() -> None:
    tilt = math.radians(0.5)
    points = cloud(take(replace(TOP, calibration_error=Pose.from_rpy((0, 0, 0), (0.0, tilt, 0.0)))))
    slope = np.linalg.lstsq(np.c_[points[:, :2], np.ones(len(points))], points[:, 2], rcond=None)[0]
    assert math.hypot(*slope[:2]) == pytest.approx(math.tan(tilt), abs=1e-6)
    assert abs(slope[1]) < 1e-6  # about the camera's y the slope runs along x alone


@pytest.mark.parametrize(("error_mm", "axis"), [((1.5, 0, 0), 0), ((0, -2.0, 0), 1)])
def test_a_known_error_is_what_a_check_measures(tmp_path: Path, error_mm: tuple[float, ...], axis: int) -> None:
    write_parts(tmp_path)
    place = Pose((0.4, 0.0, 0.02))

    def fill(world: World) -> None:
        world.add("bracket", Mesh("bracket.glb"), place)
        world.add("table", Mesh("table.glb"), Pose((0.4, 0.0, 0.02)))

    x, y, z = (v / 1000 for v in error_mm)
    setup = replace(TOP, intrinsics=intrinsics_for(1280, 720, 20.0), calibration_error=Pose((x, y, z)))
    shot = take(setup, fill, tmp_path)
    solids = Solids(tmp_path)
    seen = region_of(solids.get("bracket.glb").corners, place, shot.pose, shot.intrinsics, 0.016)
    assert seen is not None
    pixels = shot.depth_m[seen.top : seen.top + seen.height, seen.left : seen.left + seen.width]
    crop = Crop("top", pixels, seen, shot.intrinsics, shot.pose, shot.stamp)
    asked = request(expected("bracket", place), [expected("table", Pose((0.4, 0.0, 0.02)))], within_mm=0.5)
    found = judge(asked, crop, solids, VisionSettings()).check
    assert found.verdict == "displaced"
    assert found.deviation is not None
    # The camera looks down: its x is the world's, its y runs against the world's; things seem to go the other way.
    wanted = [-error_mm[0], error_mm[1]]
    assert found.deviation.xyz_m[axis] * 1000 == pytest.approx(wanted[axis], abs=0.1)


def test_a_longer_lens_than_believed_makes_things_larger() -> None:
    def cube(world: World) -> None:
        world.add("cube", Box((0.2, 0.2, 0.1)), Pose((0.4, 0.0, 0.05)))

    fine = replace(TOP, intrinsics=intrinsics_for(1280, 960))
    widths = []
    for error in (0.0, 0.05):
        points = cloud(take(replace(fine, focal_error=error), cube))
        widths.append(float(np.ptp(points[points[:, 2] > 0.05][:, 0])))
    assert widths[1] / widths[0] == pytest.approx(1.05, abs=0.01)


def test_a_principal_point_beside_the_believed_one_shifts_the_picture_by_whole_pixels() -> None:
    def cube(world: World) -> None:
        world.add("cube", Box((0.2, 0.2, 0.1)), Pose((0.4, 0.1, 0.05)))

    straight, shifted = (take(replace(TOP, centre_error_px=px), cube) for px in ((0.0, 0.0), (7.0, -3.0)))
    assert np.array_equal(shifted.depth_m[:-3, 7:], straight.depth_m[3:, :-7])
    assert shifted.intrinsics == straight.intrinsics == LENS


# ---- on the wrist ----------------------------------------------------------------------------------------------


def table_seen_from(pose: Pose) -> np.ndarray:
    v, u = np.mgrid[: LENS.height, : LENS.width]
    rays = np.stack([(u - LENS.cx) / LENS.fx, (v - LENS.cy) / LENS.fy, np.ones_like(u, dtype=float)], axis=2)
    return np.asarray(-pose.p[2] / (rays @ pose.matrix()[2, :3]))


def test_a_wrist_camera_is_where_the_arm_was_at_the_exposure(tmp_path: Path) -> None:
    async def main() -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        robot = SimRobot(World(MeshStore(tmp_path)), clock)
        arm = Kinematics(robot.arm)
        said: dict[float, RobotState] = {}
        robot.state.listen(lambda state: said.__setitem__(state.stamp, state))
        camera = SimCamera(WRIST, robot._world, clock, robot=robot, seed=1)
        await robot.ready()
        goal = (0.6, *robot.capabilities.home[1:])
        motion = robot.execute(await robot.plan([MoveJoints(goal)]))
        moving = []
        async for progress in motion.feedback():
            if 0.2 < progress.share < 0.8 and len(moving) < 3:
                assert robot.state.value.moving
                moving.append(await camera.shoot())
        assert (await motion.result()).ok
        await robot.close()
        assert len({shot.pose for shot in moving}) == 3
        for shot in moving:
            here = arm.flange(said[shot.stamp].joints) @ BESIDE_PALM
            assert math.dist(shot.pose.p, here.p) < 1e-9
            off = np.abs(shot.depth_m - table_seen_from(here))
            assert np.median(off) < 1e-5  # the fingers are in the picture, too

    run_virtual(main)


class Arm:
    """A robot of which the camera needs the state alone."""

    def __init__(self, robot: SimRobot) -> None:
        self.arm = robot.arm
        self.state = Latest(robot.state.value)


def test_what_moves_while_a_picture_is_computed_is_not_in_it(tmp_path: Path) -> None:
    async def main() -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        real = SimRobot(World(MeshStore(tmp_path)), clock)
        arm: Any = Arm(real)
        before = arm.state.value
        after = replace(before, links=tuple(Pose((0.0, 0.2, 0.1)) @ link for link in before.links))
        camera = SimCamera(WRIST, World(MeshStore(tmp_path)), clock, robot=arm, seed=1)
        exposed = asyncio.create_task(camera.shoot())
        await asyncio.sleep(0)  # it is being computed now
        arm.state.put(after)
        shot = await exposed
        later = await camera.shoot()
        assert shot.pose == before.links[len(real.arm.steps)] @ BESIDE_PALM
        assert later.pose == after.links[len(real.arm.steps)] @ BESIDE_PALM
        for taken in (shot, later):
            assert np.median(np.abs(taken.depth_m - table_seen_from(taken.pose))) < 1e-5
        await real.close()

    run_virtual(main)


def test_what_reaches_past_the_camera_is_in_the_picture_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def around(world: World) -> None:  # beams beside the camera, from behind it to before it, and one behind it
        for place in ((0.46, 0.02, 1.0), (0.36, -0.05, 0.9), (0.4, 0.2, 1.2)):
            world.add("beam", Box((0.02, 0.03, 0.3)), Pose.from_rpy(place, (0.2, -0.3, 0.4)))

    cut = take(TOP, around)
    monkeypatch.setattr(SimCamera, "_region", lambda *_: (slice(None), slice(None)))
    whole = take(TOP, around)
    assert np.array_equal(cut.depth_m, whole.depth_m)
    assert (cut.depth_m < 0.5).mean() > 0.02


def test_a_hand_eye_error_travels_with_the_flange(tmp_path: Path) -> None:
    async def main() -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        real = SimRobot(World(MeshStore(tmp_path)), clock)
        arm: Any = Arm(real)
        wrong = Pose((0.0, 0.0, 0.004))
        camera = SimCamera(
            replace(WRIST, calibration_error=wrong), World(MeshStore(tmp_path)), clock, robot=arm, seed=1
        )
        start = arm.state.value
        for turn in (0.0, 0.7):  # rad, about the base
            moved = tuple(Pose.from_rpy((0, 0, 0.1), (0, 0, turn)) @ link for link in start.links)
            arm.state.put(replace(start, links=moved))
            shot = await camera.shoot()
            assert shot.pose == moved[len(real.arm.steps)] @ BESIDE_PALM
            assert np.median(np.abs(shot.depth_m - table_seen_from(shot.pose @ wrong))) < 1e-5
            assert np.median(cloud(shot)[:, 2]) == pytest.approx(0.004, abs=1e-5)
        await real.close()

    run_virtual(main)


def test_a_camera_on_the_flange_of_no_robot_is_refused() -> None:
    with pytest.raises(SetupError, match="wrist sits on a flange"):
        take(WRIST)


# ---- dark and shiny parts --------------------------------------------------------------------------------------

BLACK, POLISHED = Finish(0.0), Finish(0.9, 1.0, 0.2)


def lost(tmp_path: Path, finish: Finish, noise: Any = STRUCTURED_LIGHT) -> np.ndarray:
    """Return which pixels a camera 1 m above a plate that fills its picture loses, twice finer than LENS."""
    save(tmp_path / "plate.glb", finish, size=(2.0, 2.0, 0.001))
    setup = replace(TOP, noise=replace(noise, holes=0.0), intrinsics=intrinsics_for(320, 240))
    shot = take(setup, lambda world: world.add("plate", Mesh("plate.glb"), Pose((0.4, 0.0, 0.0))), tmp_path)
    return np.asarray(shot.depth_m == 0)


@pytest.mark.parametrize("noise", [STRUCTURED_LIGHT, STEREO])
def test_a_black_part_is_lost_a_matte_one_is_not(tmp_path: Path, noise: Any) -> None:
    share = BLACK.light(np.ones(1, np.float32))[0] / noise.dark
    assert lost(tmp_path, BLACK, noise)[100:140, 140:180].mean() == pytest.approx(1 - share, abs=0.05)
    assert not lost(tmp_path, MATTE, noise).any()


def test_a_polished_part_blinds_where_it_mirrors_the_projector(tmp_path: Path) -> None:
    gone = lost(tmp_path, POLISHED)
    rows, columns = np.nonzero(gone[100:140, 120:200])
    # Seen from the lens, the projector's mirror image is half its distance aside, along the picture's x.
    aside_px = STRUCTURED_LIGHT.projector_m / 2 / 0.9995 * intrinsics_for(320, 240).fx
    assert columns.mean() + 120 == pytest.approx(159.5 + aside_px, abs=2)
    assert rows.mean() + 100 == pytest.approx(119.5, abs=2)
    assert gone[110:130, :20].mean() > 0.7  # at 28 degrees its light goes elsewhere
    assert gone[115:125, 200:215].mean() < 0.1  # at 6 to 10 degrees there is just enough, and not too much


def test_a_perfect_camera_sees_them_all(tmp_path: Path) -> None:
    assert not lost(tmp_path, BLACK, NO_NOISE).any()
    assert not lost(tmp_path, POLISHED, NO_NOISE).any()


def test_of_two_parts_the_black_one_alone_is_lost(tmp_path: Path) -> None:
    save(tmp_path / "black.glb", BLACK, size=(0.2, 0.2, 0.05))
    save(tmp_path / "grey.glb", MATTE, size=(0.2, 0.2, 0.05))

    def fill(world: World) -> None:
        world.add("grey", Mesh("grey.glb"), Pose((0.25, 0.0, 0.025)))
        world.add("black", Mesh("black.glb"), Pose((0.55, 0.0, 0.025)))

    gone = take(replace(TOP, noise=STRUCTURED_LIGHT), fill, tmp_path).depth_m == 0
    middle = slice(55, 65)
    f = LENS.fx / 0.95  # pixels a metre at the parts' tops
    grey, black = (slice(round(LENS.cx + x * f) - 5, round(LENS.cx + x * f) + 5) for x in (-0.15, 0.15))
    assert not gone[middle, grey].any()
    assert gone[middle, black].mean() > 0.5


# ---- from the cell's file --------------------------------------------------------------------------------------


def test_a_camera_is_made_as_the_cell_file_says() -> None:
    cell = CellSpec.model_validate(
        {
            "name": "c",
            "robot": {"model": "ur5e", "payload_kg": 5},
            "cameras": {
                "top": {"at": {"xyz_mm": [0, 0, 1000]}, "model": "structured_light"},
                "wrist": {
                    "on": "flange",
                    "at": {"xyz_mm": [80, 0, 20]},
                    "model": "stereo",
                    "size_px": [640, 480],
                    "view_deg": 90,
                },
            },
            "adapters": {
                "camera_sim": {
                    "wrist": {"xyz_mm": [0.5, 0, 0], "rpy_deg": [0, 0, 0.1], "focal": 0.002, "centre_px": [1, -2]}
                }
            },
        }
    )
    top, wrist = (setup_of(cell, name) for name in ("top", "wrist"))
    assert top == CameraSetup("top", Pose((0.0, 0.0, 1.0)), intrinsics_for(1280, 720, 60), MODELS["structured_light"])
    assert top.calibration_error == IDENTITY
    assert top.true_intrinsics == top.intrinsics
    assert (wrist.on_flange, wrist.noise, wrist.pose) == (True, STEREO, Pose((0.08, 0.0, 0.02)))
    assert (top.number, wrist.number) == (0, 1)
    assert wrist.calibration_error == Pose.from_rpy((0.0005, 0, 0), (0, 0, math.radians(0.1)))
    assert wrist.intrinsics == intrinsics_for(640, 480, 90)
    assert wrist.intrinsics.fx == pytest.approx(320)
    true = wrist.true_intrinsics
    assert (true.fx, true.fy, true.cx, true.cy) == pytest.approx((320.64, 320.64, 320.5, 237.5))
    assert list(cell.fixed_cameras) == ["top"]


def test_two_cameras_of_one_cell_err_apart(tmp_path: Path) -> None:
    one, again, other = (take(replace(TOP, number=n, noise=STRUCTURED_LIGHT)).depth_m for n in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_readme_shows_cameras_that_can_be_read(tmp_path: Path) -> None:
    readme = (shared("launch") / "README.md").read_text(encoding="utf-8")
    example = readme.split("## Cameras")[1].split("```yaml\n")[1].split("```")[0]
    (tmp_path / "cell.yaml").write_text("robot: {model: ur5e, payload_kg: 5}\n" + example, encoding="utf-8")
    cell = read_cell(tmp_path / "cell.yaml")
    setups = {name: setup_of(cell, name) for name in cell.cameras}
    assert {name: setup.on_flange for name, setup in setups.items()} == {"top": False, "side": False, "wrist": True}
    assert setups["side"].noise == STEREO
    assert setups["top"].calibration_error != IDENTITY
    # The side camera looks down at the nests, as its author wants it to.
    x, y, z = setups["side"].pose.inverse().apply((0.45, 0.0, 0.05))
    assert z > 0
    assert max(abs(x), abs(y)) / z < 0.35
