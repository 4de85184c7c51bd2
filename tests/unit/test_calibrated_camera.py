"""Shots that carry what calibration found, a board as datum, and cameras whose checks don't count."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.calibration.camera import CalibratedCamera
from orchestrator.adapters.calibration.fit import apart
from orchestrator.adapters.calibration.store import CalibrationStore
from orchestrator.adapters.camera_sim import SimCamera
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.sim.boards import SimBoards
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.calibration import Calibration, CalibrationRules
from orchestrator.core.cell import CameraSpec
from orchestrator.core.errors import SetupError, VisionError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box
from tests.unit.calibration_scenes import BOARD, TOP

AT = Pose.from_rpy((0.5, 0.1, 0.02), (0.0, 0.0, 0.2))
OFF = Pose.from_rpy((0.0004, -0.0002, 0.0), [math.radians(v) for v in (0.1, -0.05, 0.08)])
SEEN = replace(TOP, calibration_error=OFF)
SPEC = CameraSpec.model_validate(
    {"at": {"xyz_mm": [450, 0, 1050], "rpy_deg": [180, 0, 90]}, "model": "structured_light"}
)
STRICT = SPEC.model_copy(update={"calibration": CalibrationRules(max_age_h=8, max_off_mm=0.5)})
KNOWN = Calibration(
    camera="top", parts=("intrinsics", "extrinsics"), intrinsics=TOP.intrinsics, pose=TOP.pose @ OFF, made_t=1000.0
)
HOUR = 3600.0


class Bench:
    """A camera over a board, and the hour."""

    def __init__(self, spec=SPEC, setup=SEEN, store=None, board=AT):
        self.now = 1000.0
        self.world = World(MeshStore(Path("nowhere")))
        self.boards = SimBoards(self.world, {"fixture": BOARD}, {})
        if board is not None:
            self.boards.hold("fixture", board)
        clock = VirtualClock(asyncio.get_running_loop())
        camera = SimCamera(setup, self.world, clock, robot=None, seed=1, boards=self.boards.bodies)
        fixed = {"fixture": (BOARD, AT)} if board is not None else {}
        self.camera = CalibratedCamera("top", {"top": camera}, spec, fixed, store=store, now=lambda: self.now)


def stored(tmp_path, *calibrations):
    store = CalibrationStore(tmp_path)
    for calibration in calibrations:
        store.accept("top", store.keep(calibration))
    return store


def test_a_board_in_the_picture_takes_the_cameras_error_out():
    async def main():
        bench = Bench()
        shot = await bench.camera.shoot()
        return shot, bench.camera.datum, bench.camera.why_not()

    shot, datum, why = run_virtual(main)
    true = TOP.pose @ OFF
    beside = AT.shifted(x=0.15)  # a part 150 mm beside the board's middle

    def error_mm(pose):
        return apart(pose @ true.inverse() @ beside, beside)[0]

    assert error_mm(TOP.pose) > 1.5
    assert error_mm(shot.pose) < 0.1
    assert datum.board == "fixture"
    assert datum.off_mm == pytest.approx(apart(TOP.pose @ true.inverse() @ AT, AT)[0], abs=0.3)
    assert datum.rms_px < 0.15
    assert why == ""


def test_a_hidden_board_leaves_the_pose_as_it_was_calibrated(tmp_path):
    async def main():
        bench = Bench(store=stored(tmp_path, KNOWN))
        bench.world.add("lid", Box((0.4, 0.3, 0.01)), AT.shifted(z=0.1))
        return await bench.camera.shoot(), bench.camera.datum

    shot, datum = run_virtual(main)
    assert datum is None
    assert (shot.pose, shot.calibration) == (KNOWN.pose, KNOWN.id)


def test_shots_carry_what_was_calibrated_and_its_id(tmp_path):
    lens = replace(TOP.intrinsics, fx=1234.0)
    known = KNOWN.model_copy(update={"intrinsics": lens})

    async def main(store):
        return await Bench(store=store, board=None).camera.shoot()

    shot = run_virtual(lambda: main(stored(tmp_path, known)))
    assert (shot.intrinsics, shot.pose, shot.calibration) == (lens, known.pose, known.id)
    bare = run_virtual(lambda: main(None))
    assert (bare.intrinsics, bare.pose, bare.calibration) == (TOP.intrinsics, TOP.pose, "")


def test_a_camera_on_the_flange_rides_where_calibration_found_it(tmp_path):
    wrist = SPEC.model_copy(update={"on": "flange", "at": Pose.from_rpy((0.08, 0, 0.02))})
    known = KNOWN.model_copy(update={"pose": Pose.from_rpy((0.081, 0.001, 0.02))})

    class Ridden:
        async def shoot(self):
            flange = Pose.from_rpy((0.4, 0.1, 0.5), (math.pi, 0, 0))
            return replace(await Bench(board=None).camera.shoot(), pose=flange @ wrist.at)

    camera = CalibratedCamera("top", {"top": Ridden()}, wrist, {}, store=stored(tmp_path, known), now=lambda: 0.0)
    shot = run_virtual(camera.shoot)
    assert apart(shot.pose, Pose.from_rpy((0.4, 0.1, 0.5), (math.pi, 0, 0)) @ known.pose)[0] < 1e-6


def test_checks_are_refused_without_a_calibration_when_it_is_old_and_count_again_after_a_check(tmp_path):
    async def main():
        store = stored(tmp_path)
        bench = Bench(spec=STRICT, store=store)
        assert bench.camera.why_not() == "top is not calibrated: run `tandem calibrate top intrinsics`."
        store.accept("top", store.keep(KNOWN))
        assert bench.camera.why_not() == ""
        bench.now += 9 * HOUR
        assert bench.camera.why_not() == "The calibration of top is 9 h old: run `tandem calibrate top check`."
        check = await bench.camera.check("kim")
        assert (check.ok, check.by, check.calibration, check.pictures) == (True, "kim", KNOWN.id, 5)
        assert check.off_mm < 0.2
        assert bench.camera.why_not() == ""
        bench.now += 9 * HOUR
        assert "9 h old" in bench.camera.why_not()

    run_virtual(main)


def test_a_check_that_finds_the_camera_off_refuses_until_it_is_calibrated_anew(tmp_path):
    async def main():
        store = stored(tmp_path, KNOWN.model_copy(update={"pose": TOP.pose @ OFF @ Pose((0.001, 0, 0))}))
        bench = Bench(spec=STRICT, store=store)
        check = await bench.camera.check("kim")
        assert (check.ok, check.off_mm) == (False, pytest.approx(1.0, abs=0.3))
        bench.camera.datum = None  # another process made the check
        assert "1.0 mm off: run `tandem calibrate top extrinsics`." in bench.camera.why_not()
        store.accept("top", store.keep(KNOWN))
        assert bench.camera.why_not() == ""

    run_virtual(main)


def test_a_shot_that_finds_the_board_elsewhere_says_so_until_it_is_put_back(tmp_path):
    async def main():
        bench = Bench(spec=STRICT, store=stored(tmp_path, KNOWN))
        bench.boards.knock("fixture", Pose((0.003, 0, 0)))
        await bench.camera.shoot()
        assert bench.camera.why_not().startswith("The board fixture seems 3.")
        bench.boards.knock("fixture", Pose((-0.003, 0, 0)))
        await bench.camera.shoot()
        assert bench.camera.why_not() == ""

    run_virtual(main)


def test_nothing_is_demanded_where_nothing_is_kept():
    async def main():
        bench = Bench(spec=STRICT, store=None, board=None)
        assert bench.camera.why_not() == ""
        with pytest.raises(SetupError, match="0 fixed boards"):
            await bench.camera.check("kim")

    run_virtual(main)


def test_a_check_without_the_board_in_the_picture_says_so(tmp_path):
    async def main():
        store = stored(tmp_path, KNOWN.model_copy(update={"pose": IDENTITY}))
        bench = Bench(spec=STRICT, store=store)
        bench.world.add("lid", Box((0.4, 0.3, 0.01)), AT.shifted(z=0.1))
        with pytest.raises(VisionError, match="not clearly in the picture"):
            await bench.camera.check("kim")

    run_virtual(main)
