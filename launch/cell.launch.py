"""`ros2 launch tandem_cell cell.launch.py cell:=my_cell.yaml`: a cell with its pages, beside its robot's driver.

The driver is started by its maker's own launch file; Tandem waits some seconds for it and says what it misses. With
`robot:=mock` a mock arm is started beside it, by mock.launch.py.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction, Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import FindPackagePrefix

STOPS_S = "30"  # how long Tandem may take to end: what moves comes to a stand first
ARGUMENTS = {
    "robot": ("driver", "driver: its own, started apart; mock: an arm of ros2_control's mock hardware"),
    "cell": ("", "the cell: a YAML file, or the name of one that ships with Tandem; empty: demo, for a mock arm mock"),
    "port": ("8080", "the port of the pages, on this machine"),
    "data": ("", "the folder for journal and evidence; empty: in the user's own"),
    "worker": ("none", "who works at the places: none (people) or sim"),
}
CELLS = {"driver": "demo", "mock": "mock"}


def tandem(context, *_args, **_keywords):
    """Return the process. Called by launch once the arguments are known."""
    said = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    robot = said.pop("robot")
    said["cell"] = said["cell"] or CELLS[robot]
    command = f"{FindPackagePrefix('tandem_cell').perform(context)}/lib/tandem_cell/tandem"
    options = [part for name, value in said.items() if value for part in (f"--{name}", value)]
    return [
        *beside(robot, said["cell"]),
        ExecuteProcess(
            cmd=[command, "serve", *options],
            name="tandem",
            output="screen",
            sigterm_timeout=STOPS_S,
            on_exit=Shutdown(reason="Tandem has ended"),
        ),
    ]


def beside(robot, cell):
    """Return what is started for the robot."""
    if robot == "driver":
        return []
    source = PythonLaunchDescriptionSource(str(Path(__file__).parent / f"{robot}.launch.py"))
    return [IncludeLaunchDescription(source, launch_arguments=[("cell", cell)])]


def generate_launch_description():
    """Return what is launched. Called by launch."""
    choices = {"robot": list(CELLS)}
    said = [
        DeclareLaunchArgument(name, default_value=it, description=words, choices=choices.get(name))
        for name, (it, words) in ARGUMENTS.items()
    ]
    return LaunchDescription([*said, OpaqueFunction(function=tandem)])
