"""Tandem as a package of a ROS 2 workspace: what package.xml and setup.py tell colcon and rosdep."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from catkin_pkg.package import parse_package

from orchestrator.cli import doctor

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASK = """
import json, runpy, setuptools
told = {}
setuptools.setup = lambda **keywords: told.update(keywords)
runpy.run_path("setup.py")
keys = ("name", "version", "packages", "package_dir", "data_files", "entry_points")
print(json.dumps({key: told[key] for key in keys}))
"""


@pytest.fixture(scope="module")
def package():
    return parse_package(str(ROOT / "package.xml"))


@pytest.fixture(scope="module")
def setup():
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_it_is_valid_and_says_what_pyproject_says(package):
    package.validate()
    assert package.package_format == 3
    assert package.get_build_type() == "ament_python"
    assert package.version == PROJECT["version"]
    assert package.licenses == [PROJECT["license"]]
    assert package.description == PROJECT["description"]


def test_every_ros_package_that_is_imported_is_depended_on(package):
    ours = {*sys.stdlib_module_names, "orchestrator", "numpy", "pydantic"}
    foreign = set()
    for path in (*(ROOT / "orchestrator" / "adapters" / "ros2").glob("*.py"), *(ROOT / "launch").glob("*.launch.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        foreign |= {name.split(".")[0] for name in imported} - ours
    assert {"rclpy", "launch"} <= foreign
    depends = {depend.name for depend in package.exec_depends}
    depends |= {"tf2_ros"} if "tf2_ros_py" in depends else set()  # whose module has another name
    assert foreign <= depends
    assert set(doctor.MESSAGES) <= depends


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # catkin_pkg is behind its parser
def test_gazebo_rviz_moveit_and_a_urs_driver_are_brought_where_they_are_wanted():
    asked = {}
    for name, environment in (
        ("none", {}),
        ("gazebo", {"TANDEM_GAZEBO": "1"}),
        ("ur", {"TANDEM_UR": "1"}),
        ("moveit", {"TANDEM_MOVEIT": "1"}),
        ("rviz", {"TANDEM_RVIZ": "1"}),
    ):
        package = parse_package(str(ROOT / "package.xml"))
        package.evaluate_conditions(environment)
        asked[name] = {depend.name for depend in package.exec_depends if depend.evaluated_condition}
    assert asked["gazebo"] - asked["none"] == {"ros_gz_sim", "ros_gz_bridge", "gz_ros2_control"}
    assert asked["moveit"] - asked["none"] == {"moveit_msgs", "moveit_ros_move_group", "shape_msgs"}
    assert asked["ur"] - asked["none"] == {"ur_msgs", "ur_robot_driver"}
    assert asked["rviz"] - asked["none"] == {"rviz2"}


def test_setup_tells_the_same_package_with_its_marker_its_command_and_its_data(package, setup):
    assert (setup["name"], setup["version"]) == (package.name, package.version)
    assert setup["entry_points"] == {"console_scripts": ["tandem=orchestrator.__main__:main"]}
    files = dict(setup["data_files"])
    assert files["share/ament_index/resource_index/packages"] == [f"resource/{package.name}"]
    assert (ROOT / "resource" / package.name).is_file()
    assert files[f"share/{package.name}"] == ["package.xml"]
    launched = {str(path.relative_to(ROOT)) for path in (ROOT / "launch").glob("*.launch.py")}
    assert set(files[f"share/{package.name}/launch"]) == {
        *launched,
        "launch/controllers.yaml",
        "launch/tandem.rviz",
    }
    assert {"orchestrator", "orchestrator.adapters.ros2"} <= set(setup["packages"])
    for name in ("skills", "instructions", "launch"):
        assert setup["package_dir"][f"orchestrator._share.{name}"] == name
        assert f"orchestrator._share.{name}" in setup["packages"]
