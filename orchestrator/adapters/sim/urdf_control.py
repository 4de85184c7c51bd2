"""What ros2_control reads from a URDF beside the arm: the hardware, and what of each joint is commanded and told.

Format: control.ros.org, ros2_control's hardware components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

Hardware = Literal["mock"]
PLUGINS: Mapping[Hardware, str] = {"mock": "mock_components/GenericSystem"}
TOLD = ("position", "velocity")


def control(hardware: Hardware, joints: Mapping[str, float]) -> ET.Element:
    """Return the element for joints that are commanded by position; each begins at its value, rad or m.

    `mock` is ros2_control's own hardware that is wherever it was told to be; it works out velocities.
    """
    root = ET.Element("ros2_control", name=hardware, type="system")
    plugin = ET.SubElement(root, "hardware")
    ET.SubElement(plugin, "plugin").text = PLUGINS[hardware]
    ET.SubElement(plugin, "param", name="calculate_dynamics").text = "true"
    for name, begins in joints.items():
        joint = ET.SubElement(root, "joint", name=name)
        ET.SubElement(joint, "command_interface", name="position")
        for told in TOLD:
            state = ET.SubElement(joint, "state_interface", name=told)
            ET.SubElement(state, "param", name="initial_value").text = repr(begins if told == "position" else 0.0)
    return root
