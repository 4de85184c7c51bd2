"""The ROS 2 camera without ROS 2: what counts as a picture, where it was taken from, and what the cell file says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.flange import FlangeLog
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.core.errors import AuthoringError, VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Latest, RobotState
from orchestrator.engine.library import read_cell
from tests.contract.camera_rigs import ABOVE, LENS
from tests.ros2.camera_rig import LATENCY_S, DoubleCameraRig

ROBOT = "robot: {model: ur5e, adapter: ros2, payload_kg: 5}\nadapters: {robot_ros2: {safety: none}}\n"
AT = "at: {xyz_mm: [450, 0, 1050], rpy_deg: [180, 0, 90]}, model: structured_light"
HAND = Pose((0.08, 0.0, 0.02))


def on_double(tmp_path, body, *given, **spec):
    async def whole():
        return await body(DoubleCameraRig(tmp_path, *given, **spec))

    return run_virtual(whole)


def refused(tmp_path, **flags):
    async def body(rig):
        for name, value in flags.items():
            setattr(rig.feed, name, value)
        with pytest.raises(VisionError) as no:
            await rig.camera.shoot()
        assert no.value.remedy
        return no.value

    return on_double(tmp_path, body)


def test_a_picture_that_was_taken_before_it_was_asked_for_is_waited_past(tmp_path):
    async def body(rig):
        rig.feed.behind_s = 0.35
        asked = rig.clock.now()
        shot = await rig.camera.shoot()
        assert asked <= shot.stamp < asked + 0.11  # at 10 Hz, the first that is new enough
        assert rig.clock.now() - asked > 0.35

    on_double(tmp_path, body)


def test_what_does_not_come_in_time_is_said_with_its_reason(tmp_path):
    assert (error := refused(tmp_path, behind_s=10.0)).code == "no_picture"
    assert "10.0 s old; none was taken within 1.5 s" in error.message
    assert (error := refused(tmp_path, silent=True)).code == "no_picture"
    assert "Nobody publishes top/depth" in error.message
    assert (error := refused(tmp_path, told=None)).code == "no_lens"
    assert "Nobody publishes top/camera_info" in error.message
    assert refused(tmp_path, behind_s=-1.0).code == "other_clock"


def test_the_lens_of_another_picture_is_refused(tmp_path):
    assert "its lens is told for 320 x 200" in refused(tmp_path, told=replace(LENS, height=200, cy=99.5)).message
    assert "its lens of right" in refused(tmp_path, lens_frame="right").message
    assert "sees 34.5° wide; the cell file says" in refused(tmp_path, told=replace(LENS, fx=1.5 * LENS.fx)).message


def test_a_camera_on_the_flange_sits_where_the_arm_held_it_when_it_took_the_picture(tmp_path):
    asked_for = []

    def flange(stamp):
        asked_for.append(stamp)
        return Pose((0.4, 0.1, 0.6))

    async def body(rig):
        shot = await rig.camera.shoot()
        assert asked_for == [shot.stamp]
        assert shot.pose == Pose((0.4, 0.1, 0.6)) @ HAND
        assert rig.clock.now() - shot.stamp == pytest.approx(LATENCY_S, abs=1e-6)

    on_double(tmp_path, body, flange, on="flange", at=HAND)


def state(stamp, x):
    links = tuple(Pose((x, 0.0, 0.0)) for _ in range(9))
    return RobotState(UR5E.home_rad, Pose(), 0.08, False, 1.0, True, False, stamp, links, since=0.0)


def test_where_the_flange_was_is_told_by_the_reading_nearest_to_the_picture():
    arm = Latest(state(100.0, 0.0))
    log = FlangeLog(arm, 6)
    for i in range(1, 200):
        arm.put(state(100.0 + 0.01 * i, 0.001 * i))
    assert log.at(100.504).p[0] == pytest.approx(0.050)
    assert log.at(102.03).p[0] == pytest.approx(0.199)  # the last one, a moment ago
    for stamp in (99.9, 102.1):
        with pytest.raises(VisionError) as no:
            log.at(stamp)
        assert no.value.code == "no_pose"
    log.close()
    arm.put(state(103.0, 9.0))
    assert log.at(102.0).p[0] == pytest.approx(0.199)


def test_tf2_places_a_camera_but_not_far_from_where_the_cell_file_has_it(tmp_path):
    async def body(rig):
        with pytest.raises(VisionError, match="knows no way from world to top_optical_frame"):
            await rig.camera.shoot()
        rig.feed.places["world", "top_optical_frame"] = there = ABOVE @ Pose((0.01, 0.0, 0.0))
        assert (await rig.camera.shoot()).pose == there
        rig.feed.frame = "/top_optical_frame"  # as ROS 1 has written it
        rig.feed.lens_frame = ""
        assert (await rig.camera.shoot()).pose == there
        rig.feed.places["world", "top_optical_frame"] = ABOVE @ Pose((0.2, 0.0, 0.0))
        with pytest.raises(VisionError, match="200 mm and 0° from where the cell file has it"):
            await rig.camera.shoot()

    on_double(tmp_path, body, tf="world")


# ---- the cell file -------------------------------------------------------------------------------------------------


def mistake(tmp_path, ros2, more="", robot=ROBOT):
    path = tmp_path / "arm.yaml"
    path.write_text(f"{robot}cameras:\n  top: {{{AT}{more}, ros2: {ros2}}}\n", encoding="utf-8")
    try:
        return read_cell(path).cameras["top"].ros2
    except AuthoringError as error:
        (problem,) = error.problems
        assert problem.remedy
        return problem.message


def test_a_cameras_topics_are_read_and_its_lens_is_beside_its_pictures(tmp_path):
    spec = mistake(tmp_path, "{depth: cam/depth/image_rect_raw}")
    assert (spec.topic, spec.lens) == ("cam/depth/image_rect_raw", "cam/depth/camera_info")
    assert (spec.wait_s, spec.reliable, spec.rectified, spec.tf) == (5.0, False, False, None)
    assert mistake(tmp_path, "{points: /points}").lens == "/camera_info"
    assert mistake(tmp_path, "{depth: depth}").lens == "camera_info"
    assert mistake(tmp_path, "{depth: a/b, info: c/d}").lens == "c/d"


@pytest.mark.parametrize(
    ("ros2", "words"),
    [
        ("{}", "one topic, depth or points"),
        ("{depth: a, points: b}", "one topic, depth or points"),
        ("{depth: 'two words'}", "no name in a ROS graph"),
        ("{depth: a, frame: lens}", "frame is for a camera that tf2 places"),
        ("{depth: a, tf: /world}", "'/world' is no frame"),
        ("{depth: a, wait_s: 60}", "15"),
    ],
)
def test_mistakes_in_a_cameras_topics_are_named(tmp_path, ros2, words):
    assert words in mistake(tmp_path, ros2)


def test_what_a_camera_over_ros_2_can_not_be_is_named(tmp_path):
    assert "A camera on the flange sits where" in mistake(tmp_path, "{depth: a, tf: world}", ", on: flange")
    simulated = "robot: {model: ur5e, payload_kg: 5}\n"
    assert "the robot's adapter is not ros2" in mistake(tmp_path, "{depth: a}", robot=simulated)
    erring = ROBOT.replace("{robot_ros2:", "{camera_sim: {top: {focal: 0.01}}, robot_ros2:")
    assert "it is a real camera" in mistake(tmp_path, "{depth: a}", robot=erring)
