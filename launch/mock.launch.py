"""`ros2 launch tandem_cell mock.launch.py`: a mock arm under ros2_control, for `cells/mock.yaml`.

ros2_control's mock hardware is wherever it was told to be; its controllers are the real ones. The arm's URDF is told
by Tandem from the cell file, so that planner and controllers have the same arm.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, Shutdown
from launch.substitutions import Command, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackagePrefix

ARGUMENTS = {
    "cell": ("mock", "the cell whose arm it is: a YAML file, or the name of one that ships with Tandem"),
    "controllers": (str(Path(__file__).parent / "controllers.yaml"), "what the controller manager reads"),
}
CONTROLLERS = ("joint_state_broadcaster", "joint_trajectory_controller", "gripper_controller")


def without_controllers(event, _context):
    """End the launch where the controllers could not be had. Called by launch when the spawner has ended."""
    return [Shutdown(reason="the controllers do not come up: see what was said above")] if event.returncode else []


def generate_launch_description():
    """Return what is launched. Called by launch."""
    said = [DeclareLaunchArgument(name, default_value=it, description=words) for name, (it, words) in ARGUMENTS.items()]
    controllers = LaunchConfiguration("controllers")
    tandem = PathJoinSubstitution([FindPackagePrefix("tandem_cell"), "lib", "tandem_cell", "tandem"])
    told = Command([tandem, " urdf ", LaunchConfiguration("cell"), " --hardware mock"])
    described = {"robot_description": ParameterValue(told, value_type=str)}
    manager = {"package": "controller_manager", "output": "screen"}
    return LaunchDescription(
        [
            *said,
            Node(package="robot_state_publisher", executable="robot_state_publisher", parameters=[described]),
            Node(
                **manager,
                executable="ros2_control_node",
                parameters=[controllers],
                remappings=[("~/robot_description", "/robot_description")],
            ),
            Node(
                **manager,
                executable="spawner",
                arguments=[*CONTROLLERS, "--param-file", controllers],
                on_exit=without_controllers,
            ),
        ]
    )
