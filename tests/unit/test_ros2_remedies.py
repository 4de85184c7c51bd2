"""What helps where a ROS 2 robot or camera fails is said in German, too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from orchestrator.adapters.ros2 import executing, moveit, moveit_link
from orchestrator.engine import phrases

ROOM = Path(__file__).parents[2] / "orchestrator" / "adapters"
FILES = (
    "robot_ros2.py",
    "ros2/choosing.py",
    "ros2/drive.py",
    "ros2/run.py",
    "ros2/executing.py",
    "ros2/jogging.py",
    "ros2/spinning.py",
    "sim/refusal.py",
)
FILES += ("ros2/moveit_link.py", "ros2/moveit_messages.py", "ros2/moveit_planner.py")
FILES += ("camera_ros2.py", "ros2/cameras.py", "ros2/depth.py", "ros2/exposure.py", "ros2/flange.py", "ros2/lens.py")
AUTHORS = {"Call ready() first.", "See Twist.", "Give a number from 0 to 1."}  # of programs, not for the floor
AUTHORS |= {"Give a slice without a step.", "Give a slice inside them."}
AUTHORS |= {"Source a ROS 2 installation, Jazzy or newer, before Tandem is started."}  # of the command line
AT = {"Outcome": 3, "failed": 2, "_rejected": 2, "_refused": 1, "_other": 1}  # where a call has what helps


def remedies(file):
    tree = ast.parse((ROOM / file).read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        given = [word.value for word in call.keywords if word.arg == "remedy"]
        at = AT.get(getattr(call.func, "id", getattr(call.func, "attr", "")))
        given += call.args[at : at + 1] if at is not None else []
        yield from (text.value for text in given if isinstance(text, ast.Constant) and isinstance(text.value, str))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "remedy":
            assert isinstance(node.value, ast.Constant)
            yield node.value.value
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield from (text.value for text in node.value.elts[1:] if isinstance(text, ast.Constant) and text.value)


@pytest.mark.parametrize("file", FILES)
def test_what_helps_over_ros_2_is_said_in_german_too(file):
    said = set(remedies(file)) - AUTHORS
    assert said
    assert [text for text in sorted(said) if phrases.helps(text).get("de") == text] == []


def test_what_helps_where_moveit_finds_no_way_is_said_in_german_too():
    said = {moveit_link.RESTART, *(remedy for _, _, remedy in moveit.MEANINGS.values())}
    assert [text for text in sorted(said) if phrases.helps(text).get("de") == text] == []


def test_what_helps_where_moveit_did_not_execute_a_motion_is_said_in_german_too():
    said = {remedy for _, _, remedy in executing.EXECUTED.values()} | {executing.MOVED}
    said |= {words for by in executing.EXECUTORS.values() for words in (by.look, by.unwilling)} | {executing.INACTIVE}
    assert [text for text in sorted(said) if phrases.helps(text).get("de") == text] == []
