"""What ros2_control reads from a URDF beside the arm: the hardware, and what of each joint is commanded and told.

Formats: control.ros.org, ros2_control's hardware components and gz_ros2_control.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

Hardware = Literal["mock", "gazebo"]
PLUGINS: Mapping[Hardware, str] = {
    "mock": "mock_components/GenericSystem",
    "gazebo": "gz_ros2_control/GazeboSimSystem",
}
TOLD = ("position", "velocity")
GAZEBO = ("gz_ros2_control-system", "gz_ros2_control::GazeboSimROS2ControlPlugin")  # file, class
WHOLE = 1.0  # share of the way left that a joint in Gazebo makes in one of the controllers' periods


def control(hardware: Hardware, joints: Mapping[str, float], followers: Mapping[str, float]) -> ET.Element:
    """Return the element for joints that are commanded by position; each begins at its value, rad or m.

    `mock` is ros2_control's own hardware that is wherever it was told to be; it works out velocities, and what
    `followers` of other joints do. To `gazebo` a follower has to be named.
    """
    root = ET.Element("ros2_control", name=hardware, type="system")
    plugin = ET.SubElement(root, "hardware")
    ET.SubElement(plugin, "plugin").text = PLUGINS[hardware]
    if hardware == "mock":
        ET.SubElement(plugin, "param", name="calculate_dynamics").text = "true"
    for name, begins in joints.items():
        joint = ET.SubElement(root, "joint", name=name)
        ET.SubElement(joint, "command_interface", name="position")
        _tell(joint, begins)
    if hardware == "gazebo":
        for name, begins in followers.items():
            _tell(ET.SubElement(root, "joint", name=name), begins)
    return root


def in_gazebo(controllers: str) -> ET.Element:
    """Return the element that has Gazebo load a controller manager, which reads the file of `controllers`."""
    root = ET.Element("gazebo")
    plugin = ET.SubElement(root, "plugin", filename=GAZEBO[0], name=GAZEBO[1])
    ET.SubElement(plugin, "parameters").text = controllers
    ET.SubElement(plugin, "position_proportional_gain").text = repr(WHOLE)
    return root


def _tell(joint: ET.Element, begins: float) -> None:
    for told in TOLD:
        state = ET.SubElement(joint, "state_interface", name=told)
        ET.SubElement(state, "param", name="initial_value").text = repr(begins if told == "position" else 0.0)
