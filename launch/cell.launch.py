"""`ros2 launch tandem_cell cell.launch.py cell:=my_cell.yaml`: a cell with its pages, beside its robot's driver.

The driver is started by its maker's own launch file; Tandem waits for it and says what it misses. With `robot:=mock`,
`gazebo` or `ur` it is started beside Tandem, by the launch file of that name; their arguments can be said here.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackagePrefix

HERE = Path(__file__).parent
STOPS_S = "30"  # how long Tandem may take to end: what moves comes to a stand first
ARGUMENTS = {
    "robot": ("driver", "driver: its own, started apart; mock: mock hardware; gazebo: Gazebo's; ur: Universal Robots'"),
    "cell": (
        "",
        "the cell: a YAML file, or the name of one that ships with Tandem; empty: demo, else the robot's name",
    ),
    "port": ("8080", "the port of the pages, on this machine"),
    "data": ("", "the folder for journal and evidence; empty: in the user's own"),
    "worker": ("none", "who works at the places: none (people) or sim"),
    "rviz": ("false", "true: with RViz, to see the arm where ROS 2 has it"),
}
CELLS = {"driver": "demo", "mock": "mock", "gazebo": "gazebo", "ur": "ur"}


def cell(context, *_args, **_keywords):
    """Return what is started. Called by launch once the arguments are known."""
    said = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    robot, rviz = said.pop("robot"), said.pop("rviz")
    said["cell"] = said["cell"] or CELLS[robot]
    command = f"{FindPackagePrefix('tandem_cell').perform(context)}/lib/tandem_cell/tandem"
    options = [part for name, value in said.items() if value for part in (f"--{name}", value)]
    tandem = ExecuteProcess(
        cmd=[command, "serve", *options],
        name="tandem",
        output="screen",
        sigterm_timeout=STOPS_S,
        on_exit=Shutdown(reason="Tandem has ended"),
    )
    view = Node(package="rviz2", executable="rviz2", arguments=["-d", str(HERE / "tandem.rviz")])
    beside = [view] if rviz == "true" else []
    if robot == "driver":
        return [tandem, *beside]
    source = PythonLaunchDescriptionSource(str(HERE / f"{robot}.launch.py"))
    return [
        *beside,
        RegisterEventHandler(OnProcessExit(target_action=spawns, on_exit=[tandem], handle_once=True)),
        IncludeLaunchDescription(source, launch_arguments=[("cell", said["cell"])]),
    ]


def spawns(action):
    """Tell whether a process brings controllers up: once the first has ended, the arm can be heard of."""
    return isinstance(action, Node) and action.node_executable == "spawner"


def generate_launch_description():
    """Return what is launched. Called by launch."""
    choices = {"robot": list(CELLS), "rviz": ["true", "false"]}
    said = [
        DeclareLaunchArgument(name, default_value=it, description=words, choices=choices.get(name))
        for name, (it, words) in ARGUMENTS.items()
    ]
    return LaunchDescription([*said, OpaqueFunction(function=cell)])
