"""`ros2 launch tandem_cell ur.launch.py robot_ip:=192.168.0.10`: a UR under its maker's driver, for `cells/ur.yaml`.

The driver is `ur_robot_driver`; arguments are passed on to its ur_control.launch.py by the names that they have there.
"""

from os import environ

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

ARGUMENTS = {
    "robot_ip": ("", "the robot's address"),
    "ur_type": ("ur5e", "which UR it is: ur3e, ur5e, ur10e, ..."),
    "headless_mode": (
        "false",
        "true: the driver sends its program itself, to a robot in Remote Control; else press Play",
    ),
    "launch_rviz": ("false", "true: with the driver's own RViz"),
}


def driver(context, *_args, **_keywords):
    """Return the driver's own launch. Called by launch once the arguments are known."""
    said = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    try:
        home = get_package_share_directory("ur_robot_driver")
    except PackageNotFoundError:
        debian = f"ros-{environ.get('ROS_DISTRO', 'jazzy')}-ur"
        words = f"A UR needs ur_robot_driver. Install it and source ROS 2 anew: apt-get install {debian}"
        raise RuntimeError(words) from None
    if not said["robot_ip"]:
        raise RuntimeError("Nobody said where the robot is. Write robot_ip:=ADDRESS; robot:=mock needs none.")
    source = PythonLaunchDescriptionSource(f"{home}/launch/ur_control.launch.py")
    return [IncludeLaunchDescription(source, launch_arguments=list(said.items()))]


def generate_launch_description():
    """Return what is launched. Called by launch."""
    said = [DeclareLaunchArgument(name, default_value=it, description=words) for name, (it, words) in ARGUMENTS.items()]
    return LaunchDescription([*said, OpaqueFunction(function=driver)])
