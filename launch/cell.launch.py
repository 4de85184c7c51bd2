"""`ros2 launch tandem_cell cell.launch.py cell:=my_cell.yaml`: a cell with its pages, beside its robot's driver.

The driver is started by its maker's own launch file; Tandem waits some seconds for it and says what it misses.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import FindPackagePrefix

STOPS_S = "30"  # how long Tandem may take to end: what moves comes to a stand first
ARGUMENTS = {
    "cell": ("demo", "the cell: a YAML file, or the name of one that ships with Tandem"),
    "port": ("8080", "the port of the pages, on this machine"),
    "data": ("", "the folder for journal and evidence; empty: in the user's own"),
    "worker": ("none", "who works at the places: none (people) or sim"),
}


def tandem(context, *_args, **_keywords):
    """Return the process. Called by launch once the arguments are known."""
    said = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    command = f"{FindPackagePrefix('tandem_cell').perform(context)}/lib/tandem_cell/tandem"
    options = [part for name, value in said.items() if value for part in (f"--{name}", value)]
    return [
        ExecuteProcess(
            cmd=[command, "serve", *options],
            name="tandem",
            output="screen",
            sigterm_timeout=STOPS_S,
            on_exit=Shutdown(reason="Tandem has ended"),
        )
    ]


def generate_launch_description():
    """Return what is launched. Called by launch."""
    said = [DeclareLaunchArgument(name, default_value=it, description=words) for name, (it, words) in ARGUMENTS.items()]
    return LaunchDescription([*said, OpaqueFunction(function=tandem)])
