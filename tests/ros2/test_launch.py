"""The launch file brings a cell up beside a robot that runs, and down again on Ctrl+C."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec

import pytest

from tests.ros2.building import cell_file
from tests.ros2.found import why_not
from tests.unit.cell_bench import ROOT

pytestmark = pytest.mark.ros2
LIMIT_S = 300.0
FILE = ROOT / "launch" / "cell.launch.py"
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *said = sys.argv[1:]
arguments = [tuple(pair.split(":=")) for pair in said]
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=arguments)])
)
sys.exit(service.run())
"""


@pytest.fixture(autouse=True)
def launchable():
    if reason := why_not() or ("" if find_spec("launch_ros") else "launch_ros is not installed"):
        pytest.skip(reason)


def prefix(folder):
    """Make an installed package as colcon does: a marker in the index, and the command."""
    marker = folder / "share" / "ament_index" / "resource_index" / "packages" / "tandem_cell"
    command = folder / "lib" / "tandem_cell" / "tandem"
    for path in (marker, command):
        path.parent.mkdir(parents=True)
    marker.touch()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orchestrator "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_it_says_what_may_be_said():
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    described = get_launch_description_from_python_launch_file(str(FILE))
    said = {argument.name: argument.description for argument in described.get_launch_arguments()}
    assert set(said) == {"cell", "port", "data", "worker"}
    assert all(said.values())


def test_a_cell_comes_up_in_the_graph_and_ends_cleanly(request, tmp_path):
    from tests.ros2.peer import Peer

    request.getfixturevalue("servers").start()
    index = f"{prefix(tmp_path / 'install')}:{os.environ['AMENT_PREFIX_PATH']}"
    said = [f"cell:={cell_file(tmp_path)}", f"port:={free_port()}", f"data:={tmp_path / 'data'}"]
    launched = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(FILE), *said],
        cwd=ROOT,
        env={**os.environ, "AMENT_PREFIX_PATH": index},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    timer = threading.Timer(LIMIT_S, launched.kill)
    timer.start()
    assert launched.stdout is not None
    lines = []
    try:
        for line in launched.stdout:
            lines.append(line)
            if "Tandem is ready" in line:
                break

        async def seen():
            peer = Peer()
            try:
                return await peer.state(cell="idle")
            finally:
                await peer.close()

        assert asyncio.run(seen())["name"] == "demo", "".join(lines)
        launched.send_signal(signal.SIGINT)
        lines += launched.stdout.readlines()
        assert launched.wait() == 0, "".join(lines)
        assert "The cell has stopped" in "".join(lines)
    finally:
        timer.cancel()
        launched.kill()
        launched.stdout.close()
        launched.wait()
