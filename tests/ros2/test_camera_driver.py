"""A depth camera's driver over a real middleware: its formats, its clock, its place, and how it fails."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Intrinsics
from tests.contract.camera_rigs import ABOVE, BOX, LENS
from tests.depth_scenes import ABOVE as HIGH
from tests.depth_scenes import PLACE, WIDE, expected, request, write_parts
from tests.ros2.camera_rig import RosCameraRig
from tests.ros2.found import why_not

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.core.ports import Shot
    from tests.ros2.rig import ServerProcess

pytestmark = pytest.mark.ros2
FRAME = "top_optical_frame"
OFF = Pose.from_rpy((0.003, -0.002, 0.001), (0.0, 0.0, 0.01))


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> ServerProcess:
    if reason := why_not():
        pytest.skip(reason)
    process: ServerProcess = request.getfixturevalue("camera_driver")
    process.start()
    return process


def on_driver(
    driver: ServerProcess,
    body: Callable[[RosCameraRig], Awaitable[Any]],
    flags: dict[str, Any] | None = None,
    **spec: Any,
) -> Any:
    """Run a coroutine on a camera whose driver behaves so from the beginning."""

    async def whole() -> Any:
        rig = RosCameraRig(driver, flags, **spec)
        try:
            return await body(rig)
        finally:
            await rig.close()

    return asyncio.run(whole())


def refused(driver: ServerProcess, flags: dict[str, Any], **spec: Any) -> VisionError:
    """Return what a camera says of a driver that behaves so from the beginning."""

    async def body(rig: RosCameraRig) -> VisionError:
        with pytest.raises(VisionError) as no:
            await rig.camera.shoot()
        assert no.value.message.startswith("top: ")
        assert no.value.remedy
        return no.value

    return on_driver(driver, body, flags, **spec)


def shot(driver: ServerProcess, flags: dict[str, Any], **spec: Any) -> Shot:
    """Return the picture that a driver gives that behaves so."""

    async def body(rig: RosCameraRig) -> Shot:
        driver.call("see", box=BOX)
        asked = rig.clock.now()
        taken = await rig.camera.shoot()
        assert asked <= taken.stamp <= rig.clock.now()
        return taken

    return on_driver(driver, body, flags, **spec)


# ---- formats -------------------------------------------------------------------------------------------------------


def test_a_depth_picture_is_the_same_in_every_format(driver):
    plain = shot(driver, {}).depth_m
    assert (plain == 0).any()  # the edge of the box hides some
    for flags in ({"big": True}, {"pad": 12}, {"nothing": float("inf")}, {"nothing": 0.0}, {"big": True, "pad": 5}):
        assert (shot(driver, flags).depth_m == plain).all(), flags
        assert (shot(driver, flags, points="top/points").depth_m == plain).all(), flags
        millimetres = shot(driver, {**flags, "encoding": "16UC1"}).depth_m
        assert np.abs(millimetres - plain).max() <= 0.5001e-3, flags


def test_a_colour_picture_is_refused_by_its_encoding(driver):
    error = refused(driver, {"encoding": "rgb8"})
    assert (error.code, "rgb8" in error.message) == ("bad_picture", True)


# ---- who is not there ----------------------------------------------------------------------------------------------


def test_a_topic_that_nobody_publishes_is_named(driver):
    error = refused(driver, {}, depth="nowhere/depth", info="top/camera_info")
    assert error.code == "no_picture"
    assert "Nobody publishes nowhere/depth" in error.message
    assert "driver" in error.remedy


def test_a_topic_of_another_type_is_named_with_both(driver):
    error = refused(driver, {}, depth="words/depth", info="top/camera_info")
    assert "words/depth carries std_msgs/msg/String; sensor_msgs/msg/Image is wanted" in error.message
    error = refused(driver, {}, points="top/depth")
    assert "top/depth carries sensor_msgs/msg/Image; sensor_msgs/msg/PointCloud2 is wanted" in error.message


def test_a_driver_that_publishes_nothing_is_told_from_one_that_is_not_there(driver):
    error = refused(driver, {"silent": True})
    assert error.code == "no_picture"
    assert "top/depth has a publisher, but nothing comes of it" in error.message


def test_pictures_without_a_lens_are_refused(driver):
    error = refused(driver, {}, info="nowhere/camera_info")
    assert (error.code, "Nobody publishes nowhere/camera_info" in error.message) == ("no_lens", True)
    error = refused(driver, {"mute": True})
    assert (error.code, "top/camera_info has a publisher" in error.message) == ("no_lens", True)


def test_a_driver_that_dies_is_missed_and_found_again(driver):
    async def body(rig: RosCameraRig) -> None:
        await rig.camera.shoot()
        driver.kill()
        with pytest.raises(VisionError) as no:
            await rig.camera.shoot()
        assert no.value.code == "no_picture"
        driver.start()
        assert (await rig.camera.shoot()).depth_m.any()

    on_driver(driver, body, wait_s=5.0)


# ---- the lens ------------------------------------------------------------------------------------------------------


def test_a_lens_of_another_picture_is_refused(driver):
    other = Intrinsics(LENS.width, 200, LENS.fx, LENS.fy, LENS.cx, 100.0)
    assert "320 x 240 pixels, its lens is told for 320 x 200" in refused(driver, {"told": other}).message
    error = refused(driver, {"lens_frame": "left"})
    assert f"frame {FRAME}, its lens of left" in error.message
    assert error.code == "no_lens"


def test_a_lens_that_distorts_is_refused_unless_the_cell_file_says_that_pictures_are_rectified(driver):
    bent = {"d": (0.1, 0.0, 0.0, 0.0, 0.0)}
    assert "distorts (plumb_bob)" in refused(driver, bent).message
    taken = shot(driver, bent, rectified=True)
    assert (taken.intrinsics.fx, taken.intrinsics.width) == (pytest.approx(LENS.fx), LENS.width)


def test_a_camera_that_is_not_the_one_of_the_cell_file_says_what_to_write_there(driver):
    error = refused(driver, {}, lens=WIDE)
    assert "320 x 240 pixels and sees 50.0° wide; the cell file says 1280 x 720 and 60°" in error.message
    assert error.remedy == "Write size_px: [320, 240] and view_deg: 50.0 there."


# ---- time ----------------------------------------------------------------------------------------------------------


def test_a_slow_driver_is_waited_for_until_a_picture_is_new(driver):
    assert shot(driver, {"behind_s": 0.8}).depth_m.any()  # which asserts that it was taken after it was asked for


def test_pictures_that_are_old_are_no_evidence(driver):
    error = refused(driver, {"behind_s": 4.0})
    assert error.code == "no_picture"
    assert "s old; none was taken within 1.5 s" in error.message

    async def body(rig: RosCameraRig) -> None:
        await rig.camera.shoot()
        driver.call("set", frozen=True)
        with pytest.raises(VisionError, match="old; none was taken"):
            await rig.camera.shoot()

    on_driver(driver, body)


def test_stamps_of_another_clock_are_refused_with_what_helps(driver):
    for flags in ({"stamp_s": 12.5}, {"behind_s": 90.0}, {"stamp_s": 0.0}, {"behind_s": -0.5}):
        error = refused(driver, flags)
        assert error.code == "other_clock", flags
    assert " ms ahead of this machine's clock" in error.message
    assert "Synchronise" in error.remedy


def test_a_simulators_time_is_followed_at_its_pace(driver):
    for pace in (0.25, 1.0, 4.0):
        assert shot(driver, {"simulated": (pace, 1000.0)}, use_sim_time=True).depth_m.any()
    assert shot(driver, {"simulated": (1.0, 0.0)}, use_sim_time=True).depth_m.any()  # it begins anew


def test_a_simulators_time_that_is_missing_or_not_the_cameras_is_refused(driver):
    error = refused(driver, {}, use_sim_time=True)
    assert (error.code, "/clock" in error.message) == ("other_clock", True)
    error = refused(driver, {"simulated": (1.0, 1000.0), "stamp_s": time.time()}, use_sim_time=True)
    assert "ahead of the simulator's clock" in error.message
    assert refused(driver, {"simulated": (1.0, 1000.0)}).code == "other_clock"  # a cell file without use_sim_time


# ---- where it sits -------------------------------------------------------------------------------------------------


def test_tf2_has_the_camera_where_its_transforms_do(driver):
    async def body(rig: RosCameraRig) -> None:
        driver.call("fix", "map", "mount", Pose((0.45, 0.0, 0.5)))
        driver.call("set", place=("mount", Pose((-0.45, 0.0, -0.5)) @ ABOVE @ OFF))
        taken = await rig.camera.shoot()
        there = ABOVE @ OFF
        assert taken.pose.p == pytest.approx(there.p, abs=1e-9)
        assert abs(sum(a * b for a, b in zip(taken.pose.q, there.q, strict=True))) == pytest.approx(1.0, abs=1e-9)

    on_driver(driver, body, tf="map")


def test_a_transform_that_never_changes_counts_at_any_time(driver):
    async def body(rig: RosCameraRig) -> None:
        driver.call("fix", "hall", "lens_of_top", ABOVE)
        assert (await rig.camera.shoot()).pose.p == pytest.approx(ABOVE.p)

    on_driver(driver, body, tf="hall", frame="lens_of_top")


def test_a_picture_without_a_transform_is_refused(driver):
    error = refused(driver, {}, tf="nowhere")
    assert error.code == "no_pose"
    assert f"tf2 knows no way from nowhere to {FRAME}" in error.message
    error = refused(driver, {"frame": "", "lens_frame": ""}, tf="nowhere")
    assert "name no frame" in error.message


def test_a_picture_whose_transform_has_become_stale_is_refused(driver):
    async def body(rig: RosCameraRig) -> None:
        driver.call("set", place=("base", ABOVE))
        await rig.camera.shoot()
        driver.call("set", place=None)
        with pytest.raises(VisionError, match=r"in base ends .* s before the picture") as no:
            await rig.camera.shoot()
        assert no.value.code == "no_pose"

    on_driver(driver, body, tf="base")


def test_a_transform_far_from_the_cell_files_place_is_refused(driver):
    off = ABOVE @ Pose.from_rpy((0.15, 0.0, 0.0), (0.0, 0.0, math.radians(20)))
    error = refused(driver, {"place": ("table", off)}, tf="table")
    assert "150 mm and 20° from where the cell file has it" in error.message


# ---- what it is for ------------------------------------------------------------------------------------------------


def test_a_part_is_found_in_its_place_and_missed_by_a_picture_from_another_process(driver, tmp_path):
    write_parts(tmp_path)
    table, pot = expected("table", Pose((0.45, 0.0, 0.05))), expected("pot", PLACE)
    ring = expected("ring", PLACE.shifted(z=0.03), 0, part="ring_47")
    asked = request(ring, [table, pot])

    async def body(rig: RosCameraRig) -> list[Any]:
        vision = VisionOpen3D(tmp_path)
        try:
            said = []
            for truth in ([table, pot, ring], [table, pot]):
                parts = tuple((part.mesh, part.pose) for part in truth)
                driver.call("see", parts, folder=str(tmp_path), pose=HIGH, lens=WIDE)
                said.append(await vision.check(asked, await rig.camera.shoot()))
            return said
        finally:
            await vision.close()

    there, gone = on_driver(driver, body, lens=WIDE, at=HIGH, wait_s=5.0)
    assert there.verdict == "ok", there.reason
    assert there.deviation.distance_m < 0.0004
    assert gone.verdict == "missing", gone.reason
