"""`ros2 launch tandem_cell gazebo.launch.py`: the arm and its cell in Gazebo, for `cells/gazebo.yaml`.

The world is told by Tandem from the cell file, the arm as well; Gazebo moves it by physics, under the same controllers
as mock hardware. What Gazebo's releases call otherwise is in `Names`.
"""

import shutil
import subprocess
import tempfile
from os import environ
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.event_handlers import OnShutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = {
    "cell": ("gazebo", "the cell: a YAML file, or the name of one that ships with Tandem"),
    "controllers": (str(Path(__file__).parent / "controllers.yaml"), "what the controller manager reads"),
    "without": ("parts", "what of the cell Gazebo does not get: parts, cameras; none for neither"),
    "gui": ("false", "true: with Gazebo's window"),
    "names": ("auto", "Gazebo's release: gz for Garden and newer, ign for Fortress; auto: what is found"),
}
CONTROLLERS = ("joint_state_broadcaster", "joint_trajectory_controller", "gripper_controller")
ROOM, FAST = 1.0, 100.0  # what physics lets a joint have beyond its limits, and how fast it may be: m or rad
PACKAGES = {
    "ros_gz_sim": "ros-gz",
    "ros_gz_bridge": "ros-gz",
    "gz_ros2_control": "gz-ros2-control",
}  # by its Debian name


class Names(NamedTuple):
    """What a release of Gazebo calls things."""

    command: tuple[str, ...]  # that starts it
    messages: str  # what its message types begin with
    plugins: str  # the variable that says where plugins are


NAMES = {
    "gz": Names(("gz", "sim"), "gz.msgs", "GZ_SIM_SYSTEM_PLUGIN_PATH"),
    "ign": Names(("ign", "gazebo"), "ignition.msgs", "IGN_GAZEBO_SYSTEM_PLUGIN_PATH"),
}
SEEN = {  # what a camera tells on topics below its own: its type in ROS, and in Gazebo
    "image": ("sensor_msgs/msg/Image", "Image"),
    "depth_image": ("sensor_msgs/msg/Image", "Image"),
    "camera_info": ("sensor_msgs/msg/CameraInfo", "CameraInfo"),
    "points": ("sensor_msgs/msg/PointCloud2", "PointCloudPacked"),
}


def without_controllers(event, _context):
    """End the launch where the controllers could not be had. Called by launch when the spawner has ended."""
    return [Shutdown(reason="the controllers do not come up: see what was said above")] if event.returncode else []


def without_arm(event, _context):
    """End the launch where Gazebo did not take the arm. Called by launch when that was asked for."""
    return [Shutdown(reason="Gazebo does not take the arm: see what was said above")] if event.returncode else []


def prefix(package):
    """Return where a package is installed, None where it is not."""
    try:
        return get_package_prefix(package)
    except PackageNotFoundError:
        return None


def missing():
    """Return what of Gazebo is not to be had, and how to get it; "" where all is."""
    lacking = [package for package in PACKAGES if prefix(package) is None]
    if not lacking:
        return ""
    debian = sorted({f"ros-{environ.get('ROS_DISTRO', 'jazzy')}-{PACKAGES[package]}" for package in lacking})
    return f"Gazebo needs {', '.join(lacking)}. Install them and source ROS 2 anew: apt-get install {' '.join(debian)}"


def told(*arguments):
    """Return what a command of Tandem's prints. Raises RuntimeError with what it says where it fails."""
    command = [f"{get_package_prefix('tandem_cell')}/lib/tandem_cell/tandem", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Tandem itself
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def unlimited(arm):
    """Return an arm (URDF) as physics gets it: its limits are kept by the controllers alone.

    What DART has stopped at a limit stays there, and what has come to its limit of speed keeps that speed, whatever
    either is told (dartsim/dart issues 1683 and 2422).
    """
    root = ET.fromstring(arm)  # noqa: S314 - of Tandem's own making
    for limit in root.iter("limit"):
        lower, upper = (float(limit.get(end)) for end in ("lower", "upper"))
        limit.attrib.update(lower=repr(lower - ROOM), upper=repr(upper + ROOM), velocity=repr(FAST))
    return ET.tostring(root, encoding="unicode")


def bridged(world, names):
    """Return what is bridged from Gazebo to ROS 2: its clock, and what the cameras of a world (SDF) tell."""
    topics = [f"/clock@rosgraph_msgs/msg/Clock[{names.messages}.Clock"]
    for sensor in world.iter("sensor"):
        for name, (ros, gazebo) in SEEN.items():
            topics.append(f"/{sensor.findtext('topic')}/{name}@{ros}[{names.messages}.{gazebo}")
    return topics


def gazebo(context, *_args, **_keywords):
    """Return the processes. Called by launch once the arguments are known."""
    said = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    if words := missing():
        raise RuntimeError(words)
    release = said["names"]
    if release == "auto":
        release = "ign" if prefix("gz_sim_vendor") is None and shutil.which("ign") else "gz"
    names = NAMES[release]
    folder = Path(tempfile.mkdtemp(prefix="tandem-gazebo-"))
    aside = [part for name in said["without"].replace("none", "").split() for part in ("--without", name)]
    told("sdf", said["cell"], str(folder), "--gazebo", release, *aside)
    (file,) = folder.glob("*.sdf")
    world = ET.parse(file).getroot()  # noqa: S314 - of Tandem's own making
    arm = told("urdf", said["cell"], "--hardware", "gazebo", "--controllers", said["controllers"])
    body = folder / "arm.urdf"
    body.write_text(unlimited(arm), encoding="utf-8")
    simulated = {"use_sim_time": True}
    manager = {"package": "controller_manager", "output": "screen"}
    window = [] if said["gui"] == "true" else ["-s", "--headless-rendering"]
    found = environ.get(names.plugins, ""), environ.get("LD_LIBRARY_PATH", "")
    return [
        RegisterEventHandler(OnShutdown(on_shutdown=lambda *_: shutil.rmtree(folder, ignore_errors=True))),
        SetEnvironmentVariable(names.plugins, ":".join(path for path in found if path)),
        ExecuteProcess(  # not by ros_gz_sim's launch file: under its shell Gazebo outlives a launch that fails
            cmd=[*names.command, "-r", *window, str(file)],
            name="gazebo",
            output="screen",
            on_exit=Shutdown(reason="Gazebo has ended"),
        ),
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[{"robot_description": ParameterValue(arm, value_type=str), **simulated}],
        ),
        Node(
            package="ros_gz_bridge",
            executable="parameter_bridge",
            arguments=bridged(world, names),
            output="screen",
        ),
        Node(
            package="ros_gz_sim",
            executable="create",
            arguments=["-file", str(body), "-name", "arm"],
            output="screen",
            on_exit=without_arm,
        ),
        Node(
            **manager,
            executable="spawner",
            arguments=[*CONTROLLERS, "--param-file", said["controllers"], "--switch-timeout", "30"],
            on_exit=without_controllers,
        ),
    ]


def generate_launch_description():
    """Return what is launched. Called by launch."""
    choices = {"gui": ["true", "false"], "names": ["auto", *NAMES]}
    said = [
        DeclareLaunchArgument(name, default_value=it, description=words, choices=choices.get(name))
        for name, (it, words) in ARGUMENTS.items()
    ]
    return LaunchDescription([*said, OpaqueFunction(function=gazebo)])
