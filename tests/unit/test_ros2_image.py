"""The image, the workflow and RViz's configuration: each names what there is."""

from __future__ import annotations

import shlex
import stat
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from orchestrator.adapters.sim.sdf_told import gazebo_world
from orchestrator.app import stocked

ROOT = Path(__file__).parents[2]
SEEN = ("image", "depth_image", "camera_info", "points")  # what is bridged of a camera (launch/gazebo.launch.py)


@pytest.fixture(scope="module")
def image():
    """The image's instructions, each with its words; lines that go on are one."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def copied(image):
    """Return what each COPY takes from the sources, and where to: those from another stage are left out."""
    for name, said in image:
        words = shlex.split(said)
        if name == "COPY" and not words[0].startswith("--from"):
            yield words[:-1], words[-1]


def test_it_is_built_on_ros_2s_own_image_of_the_distribution_that_was_asked_for(image):
    assert image[0] == ("ARG", "DISTRO=jazzy")
    assert [said for name, said in image if name == "FROM"] == ["node:24-slim AS web", "ros:${DISTRO}"]
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "SHELL", "CMD"}
    assert {name for name, _ in image} <= known


def test_everything_that_it_copies_is_there_and_under_version_control(image):
    sources = [source for group, _ in copied(image) for source in group]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        listed = subprocess.run(["git", "ls-files", source], cwd=ROOT, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            assert listed.stdout, source


def test_it_has_all_that_the_package_is_made_of(image):
    into = {source for group, _ in copied(image) for source in group}
    folders = {"orchestrator", "skills", "instructions", "launch", "tests", "resource"}
    assert folders | {"package.xml", "setup.py", "setup.cfg", "pyproject.toml", "constraints.txt"} <= into
    web = {source.removeprefix("web/") for source in into if source.startswith("web/")}
    assert {"src", "build.mjs", "package.json", "package-lock.json"} <= web


def test_its_steps_are_shell(image):
    for name, said in image:
        if name == "RUN":
            subprocess.run(["bash", "-n", "-c", said], check=True)


def test_its_tests_are_those_of_ros_2(image):
    (command,) = [yaml.safe_load(said) for name, said in image if name == "CMD"]
    assert command == ["python3", "-m", "pytest", "-m", "ros2", "tests/ros2"]
    assert "TANDEM_GAZEBO=1" in [said for name, said in image if name == "ENV"]


def test_ci_runs_it_for_both_distributions():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ros.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["tests"]
    assert job["strategy"]["matrix"]["distro"] == ["jazzy", "lyrical"]
    (run,) = [step["run"] for step in job["steps"] if "run" in step]
    script = ROOT / run.split()[0]
    assert run.split()[1:] == ["${{", "matrix.distro", "}}"]
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "docker build" in script.read_text(encoding="utf-8")


def test_rviz_shows_topics_that_there_are():
    rviz = yaml.safe_load((ROOT / "launch" / "tandem.rviz").read_text(encoding="utf-8"))["Visualization Manager"]
    spec, world, masses = stocked(ROOT / "launch" / "cells" / "gazebo.yaml", ROOT / "instructions")
    sensors = ET.fromstring(gazebo_world(spec, world, masses).sdf).iter("sensor")
    there = {f"/{sensor.findtext('topic')}/{name}" for sensor in sensors for name in SEEN} | {"/robot_description"}
    shown = [display[key]["Value"] for display in rviz["Displays"] for key in display if key.endswith("Topic")]
    assert "/robot_description" in shown
    assert len(shown) > 1
    assert set(shown) <= there
    assert rviz["Global Options"]["Fixed Frame"] == "world"
    classes = [thing["Class"] for key in ("Displays", "Tools") for thing in rviz[key]]
    assert {name.split("/")[0] for name in classes} == {"rviz_default_plugins"}
