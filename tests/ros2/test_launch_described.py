"""What the launch files would start, beside packages that stand in for those of Gazebo, ros2_control and a UR."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.core.ros2_spec import UR_JOINTS
from tests.ros2.found import why_not
from tests.ros2.launching import prefix
from tests.unit.cell_bench import ROOT

pytestmark = pytest.mark.ros2
FOLDER = ROOT / "launch"
FOREIGN = ("ros_gz_sim", "ros_gz_bridge", "gz_ros2_control", "gz_sim_vendor", "ur_robot_driver")
THERE = """
from launch import LaunchDescription
def generate_launch_description():
    return LaunchDescription([])
"""


@pytest.fixture(autouse=True)
def launchable():
    if reason := why_not() or ("" if find_spec("launch_ros") else "launch_ros is not installed"):
        pytest.skip(reason)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Have Tandem installed, the packages of `FOREIGN` nowhere; calling it installs an imitation of one."""

    def imitate(package, *commands, file=""):
        home = tmp_path / "install"
        marker = home / "share" / "ament_index" / "resource_index" / "packages" / package
        marker.touch()
        for command in commands:
            path = home / "lib" / package / command
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n", encoding="utf-8")
            path.chmod(0o755)
        if file:
            path = home / "share" / package / "launch" / file
            path.parent.mkdir(parents=True)
            path.write_text(THERE, encoding="utf-8")

    here = [Path(path) for path in os.environ["AMENT_PREFIX_PATH"].split(":")]
    index = Path("share") / "ament_index" / "resource_index" / "packages"
    bare = [str(path) for path in here if not any((path / index / name).exists() for name in FOREIGN)]
    monkeypatch.setenv("AMENT_PREFIX_PATH", ":".join([str(prefix(tmp_path / "install")), *bare]))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    return imitate


@pytest.fixture
def gazebo(install):
    install("ros_gz_sim", "create")
    install("ros_gz_bridge", "parameter_bridge")
    install("gz_ros2_control")
    install("robot_state_publisher", "robot_state_publisher")  # beside which nothing of ros2_control need be there
    install("controller_manager", "spawner")


class Described:
    """What a launch file starts with these arguments; what it makes is removed by `close`."""

    def __init__(self, file, **said):
        from launch import LaunchContext
        from launch.actions import ExecuteProcess, IncludeLaunchDescription, OpaqueFunction, RegisterEventHandler
        from launch.launch_description_sources import get_launch_description_from_python_launch_file
        from launch.utilities import perform_substitutions
        from launch_ros.actions import Node

        self.context = LaunchContext()
        self.context.launch_configurations.update(said)
        whole = get_launch_description_from_python_launch_file(str(FOLDER / file))
        self.actions = []
        for action in whole.entities:
            if isinstance(action, OpaqueFunction):
                self.actions += action.execute(self.context)
            else:
                action.execute(self.context)
        self.commands = {}
        self.handlers = [action.event_handler for action in self.actions if isinstance(action, RegisterEventHandler)]
        self.included = []
        for action in self.actions:
            if isinstance(action, ExecuteProcess):
                words = [perform_substitutions(self.context, part) for part in action.cmd]
                name = (
                    action.node_executable
                    if isinstance(action, Node)
                    else perform_substitutions(self.context, action.process_description.name)
                )
                self.commands[name] = words
            if isinstance(action, IncludeLaunchDescription):
                pairs = [(str(name), str(value)) for name, value in action.launch_arguments]
                path = action.launch_description_source.try_get_launch_description_without_context()
                self.included.append((path, dict(pairs)))


def world_of(described):
    return Path(described.commands["gazebo"][-1])


@pytest.fixture
def described():
    """Describe launch files, and remove the worlds that they made."""
    made = []

    def describe(file, **said):
        out = Described(file, **said)
        made.append(out)
        return out

    yield describe
    for out in made:
        if "gazebo" in out.commands:
            shutil.rmtree(world_of(out).parent)


def test_gazebo_gets_the_cell_as_a_world_and_its_arm_with_a_controller_manager(gazebo, described):
    out = described("gazebo.launch.py", names="gz")
    assert out.commands["gazebo"][:-1] == ["gz", "sim", "-r", "-s", "--headless-rendering"]
    world = ET.parse(world_of(out)).getroot().find("world")
    assert world.get("name") == "gazebo"
    assert world.find("plugin").get("filename") == "gz-sim-physics-system"
    assert {model.get("name").split("_")[0] for model in world.findall("model")} == {
        "table",
        "fixture",
        "bin",
        "camera",
    }
    assert out.commands["create"][1] == "-file"
    controllers = [word for word in out.commands["spawner"] if "controller" in word and "/" not in word]
    assert controllers == ["joint_trajectory_controller", "gripper_controller"]
    assert out.commands["spawner"][1] == "joint_state_broadcaster"


def test_physics_keeps_none_of_the_limits_that_controllers_keep(gazebo, described):
    body = ET.parse(described("gazebo.launch.py", names="gz").commands["create"][2]).getroot()
    assert body.find("gazebo/plugin") is not None
    limits = {joint.get("name"): joint.find("limit") for joint in body.findall("joint") if joint.get("type") != "fixed"}
    half_m, speed_m_s = UR5E.gripper.stroke_m / 2, UR5E.gripper.speed_m_s / 2
    fingers = dict.fromkeys(("finger_joint", "finger_right_joint"), (0.0, half_m, speed_m_s))
    arm = zip(UR5E.lower_rad, UR5E.upper_rad, UR5E.velocity_rad_s, strict=True)
    kept = {**dict(zip(UR_JOINTS, arm, strict=True)), **fingers}
    assert limits.keys() == kept.keys()
    for name, (lower, upper, velocity) in kept.items():
        told = {key: float(limits[name].get(key)) for key in ("lower", "upper", "velocity")}
        assert told["lower"] < lower - half_m
        assert told["upper"] > upper + half_m
        assert told["velocity"] > 10 * velocity


def test_clock_and_what_cameras_see_is_bridged(gazebo, described):
    told = set(described("gazebo.launch.py", names="gz").commands["parameter_bridge"])
    assert "/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock" in told
    for camera in ("top", "press_cam"):
        assert f"/cameras/{camera}/depth_image@sensor_msgs/msg/Image[gz.msgs.Image" in told
        assert f"/cameras/{camera}/camera_info@sensor_msgs/msg/CameraInfo[gz.msgs.CameraInfo" in told
        assert f"/cameras/{camera}/points@sensor_msgs/msg/PointCloud2[gz.msgs.PointCloudPacked" in told
    blind = described("gazebo.launch.py", names="gz", without="parts cameras").commands["parameter_bridge"]
    assert [word for word in blind if "@" in word] == ["/clock@rosgraph_msgs/msg/Clock[gz.msgs.Clock"]


def test_fortress_gets_its_own_names(gazebo, described, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere/lib")
    out = described("gazebo.launch.py", names="ign", without="none", gui="true")
    assert out.commands["gazebo"][:-1] == ["ign", "gazebo", "-r"]
    world = ET.parse(world_of(out)).getroot().find("world")
    assert world.find("plugin").get("name") == "ignition::gazebo::systems::Physics"
    assert any(model.find("static").text == "false" for model in world.findall("model"))
    assert "/clock@rosgraph_msgs/msg/Clock[ignition.msgs.Clock" in out.commands["parameter_bridge"]


def test_what_of_gazebo_is_missing_is_named_with_what_to_install(install, described):
    install("ros_gz_sim", "create")
    with pytest.raises(
        RuntimeError, match=r"needs ros_gz_bridge, gz_ros2_control.*ros-jazzy-gz-ros2-control ros-jazzy-"
    ):
        described("gazebo.launch.py")


def test_a_cell_that_is_not_there_is_said_in_tandems_words(gazebo, described):
    with pytest.raises(RuntimeError, match="There is no cell 'nowhere'"):
        described("gazebo.launch.py", cell="nowhere")


def test_a_urs_driver_gets_what_was_said(install, described):
    install("ur_robot_driver", file="ur_control.launch.py")
    ((_, said),) = described("ur.launch.py", robot_ip="10.0.0.2", ur_type="ur10e").included
    assert (said["robot_ip"], said["ur_type"], said["launch_rviz"]) == ("10.0.0.2", "ur10e", "false")
    assert "use_mock_hardware" not in said  # it has neither a safety mode nor a gripper: Tandem would not come up
    with pytest.raises(RuntimeError, match="robot_ip:=ADDRESS; robot:=mock"):
        described("ur.launch.py")


def test_a_ur_without_its_driver_is_said_with_what_to_install(install, described):
    with pytest.raises(RuntimeError, match=r"needs ur_robot_driver.*apt-get install ros-jazzy-ur"):
        described("ur.launch.py", robot_ip="10.0.0.2")


@pytest.mark.parametrize("robot", ["mock", "gazebo", "ur"])
def test_tandem_comes_up_once_the_controllers_of_its_robot_have(install, described, robot):
    from launch.events.process import ProcessExited
    from launch_ros.actions import Node

    out = described("cell.launch.py", robot=robot, port="8081")
    ((_, said),) = out.included
    assert said == {"cell": robot}
    (handler,) = out.handlers

    def ended(executable):
        action = Node(package="controller_manager", executable=executable)
        keywords = {"name": "n", "cmd": [], "cwd": None, "env": None, "pid": 1, "returncode": 0}
        return ProcessExited(action=action, **keywords)

    assert handler.matches(ended("spawner"))
    assert not handler.matches(ended("robot_state_publisher"))
    assert handler.handle_once


def test_beside_a_driver_of_its_own_tandem_starts_at_once(install, described):
    out = described("cell.launch.py")
    assert not out.included
    assert not out.handlers
    assert len(out.actions) == 1


def test_rviz_comes_beside_it_where_it_is_wanted(install, described):
    install("rviz2", "rviz2")
    command = described("cell.launch.py", rviz="true").commands["rviz2"]
    assert command[1] == "-d"
    assert Path(command[2]).is_file()
