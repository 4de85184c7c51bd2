"""A cell file with a ROS 2 robot: what it must say, and what `tandem check` says of it without ROS 2."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.app import check_arms, embedded
from orchestrator.cli import doctor
from orchestrator.core.errors import AuthoringError, SetupError
from orchestrator.core.settings import Settings
from orchestrator.engine.library import read_cell
from tests.unit.cell_bench import ROOT
from tests.unit.test_cli import run

ROBOT = "robot: {model: ur5e, adapter: ros2, payload_kg: 5}\n"
SAFETY = "{source: topic, state: /safety_state, release: release_stop}"
GOOD = f"adapters: {{robot_ros2: {{safety: {SAFETY}, wrench: ft/wrench}}}}\n"


def cell(tmp_path, text):
    path = tmp_path / "arm.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistake(tmp_path, text):
    with pytest.raises(AuthoringError) as refused:
        read_cell(cell(tmp_path, text))
    (problem,) = refused.value.problems
    assert problem.remedy
    return problem


def test_settings_are_read_with_usual_names_for_what_is_not_said(tmp_path):
    settings = read_cell(cell(tmp_path, ROBOT + GOOD)).adapters.robot_ros2
    assert settings.controller == ("joint_trajectory_controller",)
    assert settings.joints[0] == "shoulder_pan_joint"
    assert (settings.safety.source, settings.safety.state) == ("topic", "/safety_state")
    assert settings.feels
    assert not settings.rehearsal
    assert settings.others == "look"  # what makes it move has to be said


def test_who_tells_the_safety_state_must_be_said(tmp_path):
    assert "robot_ros2" in mistake(tmp_path, ROBOT).message
    assert "safety" in mistake(tmp_path, ROBOT + "adapters: {robot_ros2: {}}\n").message
    words = mistake(tmp_path, ROBOT + "adapters: {robot_ros2: {safety: somebody}}\n")
    assert "topic" in f"{words.message} {words.remedy}"


def test_settings_of_a_robot_that_is_simulated_are_refused(tmp_path):
    assert "not ros2" in mistake(tmp_path, "robot: {model: ur5e, payload_kg: 5}\n" + GOOD).message
    assert "Known: ros2, sim" in str(mistake(tmp_path, ROBOT.replace("ros2", "ros1") + GOOD))


MOVEIT = GOOD.replace("wrench: ft/wrench", "planner: {moveit: SETTINGS}")


def test_moveit_plans_where_the_cell_file_names_its_group(tmp_path):
    text = ROBOT + MOVEIT.replace("SETTINGS", "{group: manipulator, pipeline: ompl, planner: RRTConnect, time_s: 2}")
    planner = read_cell(cell(tmp_path, text)).adapters.robot_ros2.planner
    assert (planner.moveit.group, planner.moveit.planner, planner.moveit.time_s) == ("manipulator", "RRTConnect", 2.0)
    assert (planner.moveit.tip, planner.moveit.frame, planner.moveit.attempts) == ("tool0", "world", 1)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("{pipeline: ompl}", "group"),
        ("{group: ''}", "no name"),
        ("{group: arm, time_s: 0}", "time_s"),
        ("{group: arm, attempts: 0}", "attempts"),
        ("{group: arm, tip: palm, hand: [palm]}", "twice"),
        ("{group: arm, speed: 1}", "speed"),
    ],
)
def test_a_mistake_in_moveits_settings_is_named_with_its_line(tmp_path, settings, words):
    problem = mistake(tmp_path, ROBOT + MOVEIT.replace("SETTINGS", settings))
    assert words in f"{problem.message} {problem.remedy}"
    assert problem.line


def test_who_executes_motions_is_the_controller_unless_the_cell_file_says_moveit(tmp_path):
    assert read_cell(cell(tmp_path, ROBOT + GOOD)).adapters.robot_ros2.execute == "controller"
    text = ROBOT + GOOD.replace("wrench:", "execute: moveit, wrench:")
    assert read_cell(cell(tmp_path, text)).adapters.robot_ros2.execute == "moveit"
    problem = mistake(tmp_path, text.replace("execute: moveit", "execute: somebody"))
    assert "execute" in problem.message
    assert problem.line


@pytest.mark.parametrize("name", ["two words", "a//b", "ends/", "ümlaut"])
def test_names_that_no_graph_has_are_refused(tmp_path, name):
    text = ROBOT + f"adapters: {{robot_ros2: {{safety: none, controller: '{name}'}}}}\n"
    assert name in mistake(tmp_path, text).message


def test_a_gripper_that_does_not_travel_and_a_joint_named_twice_are_refused(tmp_path):
    text = ROBOT + "adapters: {robot_ros2: {safety: none, gripper: {open: 0.8}}}\n"
    assert "same place" in mistake(tmp_path, text).message
    text = ROBOT + "adapters: {robot_ros2: {safety: none, gripper: {joint: elbow_joint}}}\n"
    assert "twice" in mistake(tmp_path, text).message


def test_joints_that_the_arm_does_not_have_are_named_with_their_line(tmp_path):
    text = ROBOT + "adapters:\n  robot_ros2:\n    safety: none\n    joints: [a, b]\n"
    (problem,) = check_arms(cell(tmp_path, text))
    assert (problem.line, problem.severity) == (5, "error")
    assert "names 2 joints; the arm has 6" in problem.message


def test_a_cell_in_which_nobody_tells_the_safety_state_is_said_to_be_for_supervised_use(tmp_path, capsys):
    demo = (ROOT / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    demo = demo.replace("robot: {model: ur5e,", "robot: {model: ur5e, adapter: ros2,")
    told = demo.replace("adapters: {robot_sim: {seed: 1}}", "adapters: {robot_ros2: {safety: none}}")
    assert told != demo
    code, said, _ = run(capsys, "check", str(ROOT / "instructions"), "--cell", str(cell(tmp_path, told)))
    assert code == 0
    line = next(line for line in said.splitlines() if "supervised use" in line)
    assert "warning" in line
    for knows in (GOOD, "adapters: {robot_ros2: {safety: {source: none, supervised: true}}}"):
        told = demo.replace("adapters: {robot_sim: {seed: 1}}", knows)
        code, said, _ = run(capsys, "check", str(ROOT / "instructions"), "--cell", str(cell(tmp_path, told)))
        assert code == 0
        assert "supervised" not in said


def test_the_doctor_says_what_of_ros_2_is_missing(monkeypatch):
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    ros, messages, tf2, moveit = doctor._ros2()
    assert not any(found.ok or found.needed for found in (ros, messages, tf2, moveit))
    assert "source" in ros.mend.lower()
    present = {"rclpy", *doctor.MESSAGES} - {"control_msgs"}
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: object() if name in present else None)
    ros, messages, tf2, moveit = doctor._ros2()
    assert ros.ok
    assert moveit.mend == "apt-get install ros-jazzy-moveit-msgs"
    assert tf2.mend == "apt-get install ros-jazzy-tf2-ros-py"
    assert "jazzy" in ros.found
    assert messages.mend == "apt-get install ros-jazzy-control-msgs"


def test_a_ros_2_cell_starts_as_a_rehearsal_in_real_time_alone(tmp_path):
    async def begin(text, **more):
        demo = (ROOT / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
        demo = demo.replace("robot: {model: ur5e,", "robot: {model: ur5e, adapter: ros2,")
        path = cell(tmp_path, demo.replace("adapters: {robot_sim: {seed: 1}}", text))
        base = Settings(instructions=ROOT / "instructions", cell=path, skills=ROOT / "skills", **more)
        async with embedded(base, VirtualClock(asyncio.get_running_loop()), vision=SimVision()):
            pass

    with pytest.raises(SetupError, match="top, press_cam, scale, screw_level, driver would be simulated") as refused:
        run_virtual(lambda: begin(GOOD))
    assert "rehearsal: true" in refused.value.remedy
    with pytest.raises(SetupError, match="real time"):
        run_virtual(lambda: begin(GOOD, speed=20.0))


def test_what_would_be_simulated_around_a_real_robot_is_warned_of(tmp_path, capsys):
    demo = (ROOT / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    demo = demo.replace("robot: {model: ur5e,", "robot: {model: ur5e, adapter: ros2,")
    real = demo.replace("adapters: {robot_sim: {seed: 1}}", GOOD)
    for text, said in ((real, True), (real.replace("wrench:", "rehearsal: true, wrench:"), False)):
        code, out, _ = run(capsys, "check", str(ROOT / "instructions"), "--cell", str(cell(tmp_path, text)))
        assert code == 0
        assert ("would be simulated" in out) is said
    spec = read_cell(cell(tmp_path, real))
    assert (spec.real, spec.rehearsal) == (True, False)
    bare = ROBOT + GOOD + "tools: {caliper: {for: [human]}}\n"
    assert read_cell(cell(tmp_path, bare)).pretended == ()
    assert read_cell(cell(tmp_path, bare.replace("[human]", "[human, robot]"))).pretended == ("caliper",)


def test_a_ur_tells_its_own_safety_state_by_its_drivers_names(tmp_path):
    safety = read_cell(cell(tmp_path, ROBOT + "adapters: {robot_ros2: {safety: ur}}\n")).adapters.robot_ros2.safety
    assert (safety.source, safety.status, safety.dashboard) == ("ur", "io_and_status_controller", "dashboard_client")
