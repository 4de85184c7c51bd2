"""The arm as URDF, read by code that shares nothing with what wrote it."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import trimesh
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.urdf_arm import load_arm
from orchestrator.adapters.sim.urdf_told import urdf
from orchestrator.core.cell import RobotSpec
from orchestrator.core.geometry import Pose
from tests.unit.own_arms import own_arm
from tests.unit.test_cli import run

ROOT = Path(__file__).parents[2]
ARMS = {"ur5e": UR5E, "six_axis": own_arm("six_axis"), "seven_axis": own_arm("seven_axis")}
BASE = Pose.from_rpy((0.1, -0.2, 0.3), (0.4, 0.5, -0.6))
each_arm = pytest.mark.parametrize("name", ARMS)


def turn(axis: str, angle: float) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    rows = {
        "x": ((1, 0, 0), (0, c, -s), (0, s, c)),
        "y": ((c, 0, s), (0, 1, 0), (-s, 0, c)),
        "z": ((c, -s, 0), (s, c, 0), (0, 0, 1)),
    }
    out = np.eye(4)
    out[:3, :3] = rows[axis]
    return out


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def origin(element: ET.Element) -> np.ndarray:
    at = element.find("origin")
    roll, pitch, yaw = numbers(at.get("rpy"))
    out = turn("z", yaw) @ turn("y", pitch) @ turn("x", roll)
    out[:3, 3] = numbers(at.get("xyz"))
    return out


def links_of(text: str, joints: list[float], opening_m: float) -> dict[str, np.ndarray]:
    """Return where every link of a URDF is in `world`: its turning joints, in the file's order, at these angles."""
    root = ET.fromstring(text)
    angles = iter(joints)
    out = {"world": np.eye(4)}
    for joint in root.findall("joint"):
        at = out[joint.find("parent").get("link")] @ origin(joint)
        if joint.get("type") == "revolute":
            assert numbers(joint.find("axis").get("xyz")) == [0, 0, 1]
            at = at @ turn("z", next(angles))
        if joint.get("type") == "prismatic":
            moved = np.eye(4)
            moved[:3, 3] = np.array(numbers(joint.find("axis").get("xyz"))) * opening_m / 2
            at = at @ moved
        out[joint.find("child").get("link")] = at
    return out


def off(matrix: np.ndarray, pose: Pose) -> float:
    return float(np.abs(matrix - pose.matrix()).max())


@each_arm
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_told_as_urdf_every_arm_is_where_plans_have_it(name, data):
    arm = ARMS[name]
    joints = data.draw(st.tuples(*[st.floats(-math.tau, math.tau)] * len(arm.home_rad)))
    opening = data.draw(st.floats(0.0, arm.gripper.stroke_m))
    text = urdf(arm, name="cell", base=BASE)
    told = links_of(text, joints, opening)
    kinematics = Kinematics(arm, BASE)
    flange = kinematics.flange(joints)
    assert off(told["flange"], flange) < 1e-6
    assert off(told["tcp"], flange @ arm.gripper.tcp) < 1e-6
    links = dict(zip(arm.drawn, kinematics.links(joints, opening), strict=True))
    root = ET.fromstring(text)
    drawn = {part.link: [p for p in arm.visual() if p.link == part.link] for part in arm.visual()}
    for link in root.findall("link"):
        parts = drawn.get(link.get("name"), [])
        for kind in ("visual", "collision"):
            shapes = link.findall(kind)
            assert len(shapes) == len(parts)
            for shape, part in zip(shapes, parts, strict=True):
                at = told[link.get("name")] @ origin(shape)
                assert off(at, links[part.link] @ part.pose) < 1e-6
                told_size = [v for text in shape.find("geometry")[0].attrib.values() for v in numbers(text)]
                assert told_size == pytest.approx(part.size_m)


@each_arm
def test_limits_are_the_arms_and_names_are_those_asked_for(name):
    arm = ARMS[name]
    names = [f"axis_{k}" for k in range(len(arm.home_rad))]
    root = ET.fromstring(urdf(arm, name="cell", joints=names))
    turning = [joint for joint in root.findall("joint") if joint.get("type") == "revolute"]
    assert [joint.get("name") for joint in turning] == names
    for key, values in (("lower", arm.lower_rad), ("upper", arm.upper_rad), ("velocity", arm.velocity_rad_s)):
        assert [float(joint.find("limit").get(key)) for joint in turning] == pytest.approx(list(values))


@each_arm
def test_what_was_told_is_the_same_arm_when_it_is_read(name, tmp_path):
    arm = ARMS[name]
    (tmp_path / "told.urdf").write_text(urdf(arm, name="cell", base=BASE, gripper=False), encoding="utf-8")
    home = [math.degrees(angle) for angle in arm.home_rad]
    spec = {"model": "told.urdf", "base": arm.links[0], "tip": "flange", "payload_kg": 5, "home_deg": home}
    read = load_arm(tmp_path / "told.urdf", RobotSpec.model_validate(spec))
    assert read.links == arm.links
    assert [(p.link, p.shape) for p in read.parts] == [(p.link, p.shape) for p in arm.parts]
    joints = tuple(0.3 + 0.1 * k for k in range(len(arm.home_rad)))
    for a, b in zip(Kinematics(read).frames(joints), Kinematics(arm).frames(joints), strict=True):
        assert off(a.matrix(), b) < 1e-9
    for a, b in zip(read.parts, arm.parts, strict=True):
        assert off(a.pose.matrix(), b.pose) < 1e-9


def test_a_link_that_has_the_name_of_an_end_keeps_it():
    arm = replace(UR5E, links=(*UR5E.links[:-1], "flange"), parts=())
    root = ET.fromstring(urdf(arm, name="cell"))
    names = [link.get("name") for link in root.findall("link")]
    assert len(names) == len(set(names))
    assert {"flange", "tool_flange", "tcp"} <= set(names)


@each_arm
def test_its_own_parser_takes_it(name, tmp_path):
    checker = shutil.which("check_urdf")
    if checker is None:
        pytest.skip("there is no check_urdf (Debian package liburdfdom-tools)")
    (tmp_path / "told.urdf").write_text(urdf(ARMS[name], name="cell"), encoding="utf-8")
    said = subprocess.run([checker, str(tmp_path / "told.urdf")], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "Successfully Parsed XML" in said.stdout
    assert said.stdout.count("  child(") == len(ARMS[name].drawn) + 2  # flange and tool centre point besides
    assert "error" not in said.stderr.lower()


def test_a_cells_arm_is_printed_and_written(capsys, tmp_path):
    code, said, _ = run(capsys, "urdf", "demo")
    assert code == 0
    root = ET.fromstring(said)
    assert root.get("name") == "demo"
    code, nothing, _ = run(capsys, "urdf", "demo", "--out", str(tmp_path / "arm.urdf"))
    assert (code, nothing) == (0, "")
    assert (tmp_path / "arm.urdf").read_text(encoding="utf-8") == said
    code, bare, _ = run(capsys, "urdf", "demo", "--no-gripper")
    assert "finger" in said
    assert "finger" not in bare


@each_arm
def test_ros2_control_is_told_what_moves_the_joints_and_where_they_begin(name):
    arm = ARMS[name]
    root = ET.fromstring(urdf(arm, name="cell", hardware="mock"))
    moved = {joint.get("name"): joint for joint in root.findall("joint") if joint.get("type") != "fixed"}
    followers = {key for key, joint in moved.items() if joint.find("mimic") is not None}
    (system,) = root.findall("ros2_control")
    assert system.findtext("hardware/plugin") == "mock_components/GenericSystem"
    commanded = {joint.get("name"): joint for joint in system.findall("joint")}
    assert set(commanded) == set(moved) - followers
    for key, joint in commanded.items():
        assert [item.get("name") for item in joint.findall("command_interface")] == ["position"]
        begins = float(joint.findtext("state_interface[@name='position']/param", ""))
        limit = moved[key].find("limit")
        assert float(limit.get("lower")) <= begins <= float(limit.get("upper"))
    told = [float(joint.findtext("state_interface[@name='position']/param", "")) for joint in commanded.values()]
    assert told == [*arm.home_rad, arm.gripper.stroke_m / 2]
    assert ET.fromstring(urdf(arm, name="cell")).find("ros2_control") is None


def test_gazebo_gets_masses_drives_and_a_controller_manager():
    text = urdf(UR5E, name="cell", hardware="gazebo", controllers="/here/controllers.yaml")
    root = ET.fromstring(text)
    (system,) = root.findall("ros2_control")
    assert system.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
    joints = {joint.get("name"): joint for joint in system.findall("joint")}
    moved = {joint.get("name") for joint in root.findall("joint") if joint.get("type") != "fixed"}
    assert set(joints) == moved
    assert joints["finger_right_joint"].find("command_interface") is None
    assert joints["finger_joint"].find("command_interface") is not None
    for joint in root.findall("joint/limit"):
        assert float(joint.get("effort")) > 500
    begins = float(joints["finger_joint"].findtext("state_interface[@name='position']/param"))
    fingers = root.find("joint[@name='finger_joint']/limit")
    assert float(fingers.get("lower")) < 0 < begins < float(fingers.get("upper"))
    plugin = root.find("gazebo/plugin")
    assert plugin.get("filename") == "gz_ros2_control-system"
    assert plugin.findtext("parameters") == "/here/controllers.yaml"
    light = {link.get("name") for link in root.findall("link") if link.find("inertial") is None}
    assert light == {"world", "flange", "tcp"}  # each fixed to a link that is heavy, or to the world
    mock = ET.fromstring(urdf(UR5E, name="cell", hardware="mock"))
    assert mock.find("link/inertial") is None
    assert mock.find("gazebo") is None


@each_arm
def test_an_arm_for_gazebo_weighs_what_its_shapes_weigh(name):
    arm = ARMS[name]
    root = ET.fromstring(urdf(arm, name="cell", base=BASE, hardware="gazebo"))
    for link in root.findall("link[inertial]"):
        inertial = link.find("inertial")
        mass = float(inertial.find("mass").get("value"))
        one = {key: float(value) for key, value in inertial.find("inertia").attrib.items()}
        axes = [[one["ixx"], one["ixy"], one["ixz"]], [one["ixy"], one["iyy"], one["iyz"]]]
        moments = np.linalg.eigvalsh(np.array([*axes, [one["ixz"], one["iyz"], one["izz"]]]))
        assert moments[0] > 0
        assert moments[2] <= moments[0] + moments[1] + 1e-12  # as of any body
        solids = [solid(shape) for shape in link.findall("collision")]
        if solids:
            assert mass == pytest.approx(sum(1000 * body.volume for body in solids), rel=2e-3)
            centre = sum(body.volume * body.center_mass for body in solids) / sum(body.volume for body in solids)
            assert origin(inertial)[:3, 3] == pytest.approx(centre, abs=1e-4)
            about = [steiner(body, centre) for body in solids]
            assert sum(about)[0, 0] == pytest.approx(one["ixx"], rel=5e-3, abs=1e-7)
            assert sum(about)[1, 2] == pytest.approx(one["iyz"], rel=5e-3, abs=1e-7)


def solid(collision: ET.Element) -> trimesh.Trimesh:
    """Return a collision's shape as a fine mesh, where it is in the link."""
    shape = collision.find("geometry")[0]
    if shape.tag == "box":
        mesh = trimesh.creation.box(numbers(shape.get("size")))
    elif shape.tag == "cylinder":
        sizes = float(shape.get("radius")), float(shape.get("length"))
        mesh = trimesh.creation.cylinder(*sizes, sections=256)
    else:
        mesh = trimesh.creation.icosphere(5, float(shape.get("radius")))
    return mesh.apply_transform(origin(collision))


def steiner(body: trimesh.Trimesh, centre: np.ndarray) -> np.ndarray:
    off = body.center_mass - centre
    return 1000 * (body.moment_inertia + body.volume * (off @ off * np.eye(3) - np.outer(off, off)))


def test_a_ros_2_cells_joints_are_named_as_its_controller_has_them(capsys):
    code, said, _ = run(capsys, "urdf", "mock", "--hardware", "mock")
    assert code == 0
    controllers = yaml.safe_load((ROOT / "launch" / "controllers.yaml").read_text(encoding="utf-8"))
    arm, fingers = (
        controllers[name]["ros__parameters"] for name in ("joint_trajectory_controller", "gripper_controller")
    )
    commanded = [joint.get("name") for joint in ET.fromstring(said).findall("ros2_control/joint")]
    assert commanded == [*arm["joints"], fingers["joint"]]
    code, _, wrong = run(capsys, "urdf", "mock", "--hardware", "steam")
    assert code != 0
    assert "Take one of: mock, gazebo" in wrong
    code, said, _ = run(capsys, "urdf", "gazebo", "--hardware", "gazebo")
    assert ET.fromstring(said).findtext("gazebo/plugin/parameters") == str(ROOT / "launch" / "controllers.yaml")
    _, said, _ = run(capsys, "urdf", "gazebo", "--hardware", "gazebo", "--controllers", "mine.yaml")
    assert ET.fromstring(said).findtext("gazebo/plugin/parameters") == str(Path.cwd() / "mine.yaml")


@pytest.mark.parametrize("name", ["mock", "gazebo", "ur"])
def test_a_ros_2_cell_is_the_demos_but_for_its_arm(name):
    demo, other = (
        yaml.safe_load((ROOT / "launch" / "cells" / f"{cell}.yaml").read_text(encoding="utf-8"))
        for cell in ("demo", name)
    )
    settings = other.pop("adapters")["robot_ros2"]
    assert settings["rehearsal"] is True
    assert settings.get("use_sim_time", False) is (name == "gazebo")
    assert settings["safety"]["source"] == ("ur" if name == "ur" else "none")
    assert other["robot"].pop("adapter") == "ros2"
    del demo["adapters"]
    assert other == demo
