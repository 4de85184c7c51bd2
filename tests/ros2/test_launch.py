"""The launch file brings a cell up beside a robot that runs, and down again on Ctrl+C."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from importlib.util import find_spec

import pytest

from orchestrator.cli import client
from tests.ros2 import launching
from tests.ros2.building import cell_file
from tests.ros2.found import why_not
from tests.ros2.mock_rig import why_not_gazebo, why_not_mock
from tests.ros2.rig import apart
from tests.unit.cell_bench import ROOT

pytestmark = pytest.mark.ros2
LIMIT_S = 400.0
SKILL_S = 200.0  # for the first skill of an order
ORDER = {
    "order": "o-1",
    "product": "gear_reducer",
    "options": {"ratio": "5", "cover": "blind", "plate": "en"},
    "quantity": 1,
    "start": True,
}
FOLDER = ROOT / "launch"


@pytest.fixture(autouse=True)
def launchable():
    if reason := why_not() or ("" if find_spec("launch_ros") else "launch_ros is not installed"):
        pytest.skip(reason)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("cell", {"robot", "cell", "port", "data", "worker", "rviz"}),
        ("mock", {"cell", "controllers"}),
        ("gazebo", {"cell", "controllers", "without", "gui", "names"}),
        ("ur", {"robot_ip", "ur_type", "headless_mode", "launch_rviz"}),
    ],
)
def test_it_says_what_may_be_said(file, names):
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    described = get_launch_description_from_python_launch_file(str(FOLDER / f"{file}.launch.py"))
    said = {argument.name: argument.description for argument in described.get_launch_arguments()}
    assert set(said) == names
    assert all(said.values())


def comes_up_and_ends(tmp_path, name, *said, does=None):
    """Hold `cell.launch.py` to showing a cell of this name in the graph, idle, and to ending cleanly on Ctrl+C.

    In between it `does` something with the peer that has seen it, and with the address of its pages.
    """
    from tests.ros2.peer import Peer

    port = free_port()
    own = f"port:={port}", f"data:={tmp_path / 'data'}"
    launched = launching.launched(tmp_path / "install", "cell.launch.py", *own, *said)
    timer = threading.Timer(LIMIT_S, launching.signalled, (launched, signal.SIGKILL))
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
                state = await peer.state(cell="idle")
                if does is not None:
                    await does(peer, f"http://127.0.0.1:{port}")
                return state
            finally:
                await peer.close()

        rest = threading.Thread(target=lambda: lines.extend(launched.stdout))  # so that nobody waits to be read
        rest.start()
        assert asyncio.run(seen())["name"] == name, "".join(lines)
        launching.signalled(launched, signal.SIGINT)
        rest.join()
        assert launched.wait() == 0, "".join(lines)
        assert "The cell has stopped" in "".join(lines)
    finally:
        timer.cancel()
        launching.signalled(launched, signal.SIGKILL)
        launched.wait()
        launched.stdout.close()


def test_a_cell_comes_up_in_the_graph_and_ends_cleanly(request, tmp_path):
    request.getfixturevalue("servers").start()
    comes_up_and_ends(tmp_path, "demo", f"cell:={cell_file(tmp_path)}")


@pytest.mark.slow
@pytest.mark.parametrize(("robot", "why_not"), [("mock", why_not_mock), ("gazebo", why_not_gazebo)])
def test_a_cell_comes_up_with_its_robot_runs_a_skill_for_an_order_and_both_end_cleanly(tmp_path, robot, why_not):
    if reason := why_not():
        pytest.skip(reason)
    path = tmp_path / f"{robot}.yaml"
    text = (FOLDER / "cells" / path.name).read_text(encoding="utf-8")
    assert text.count("rehearsal: true") == 1
    path.write_text(text.replace("rehearsal: true", "rehearsal: true\n    others: ask"), encoding="utf-8")

    async def ordered(peer, url):
        answer = await peer.order(json.dumps(ORDER))
        assert answer["ok"], answer
        (order,) = (await peer.state(cell="execute"))["orders"]
        assert order["order"] == ORDER["order"]
        ends_s = time.monotonic() + SKILL_S
        while not (skills := client.call("GET", url, "/events?type=skill_ended")["events"]):
            assert time.monotonic() < ends_s, peer.states[-1]
            await asyncio.sleep(1.0)
        assert skills[0]["payload"]["outcome"] == "succeeded", skills

    with apart(75):
        more = f"robot:={robot}", f"cell:={path}", "worker:=sim", "without:=parts cameras"
        comes_up_and_ends(tmp_path, robot, *more, does=ordered)
