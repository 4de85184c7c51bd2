"""A real cell for the browser: the command line's own demo, in a process of its own, sped up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SPEED = "5"
OWN_CELL = dict.fromkeys(
    ("calibrate", "hand_eye"), HERE / "calibrate_cell.yaml"
)  # suites that need another cell than the demo's, at rest
REAL_TIME = ("jog",)  # suites in which a person's hand keeps the robot moving: it is not sped up


@pytest.fixture
def tandem_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Start `tandem demo`, or a suite's own cell, on a free port of the loopback; yields its URL and ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    callspec = getattr(request.node, "callspec", None)
    suite = callspec.params.get("suite") if callspec is not None else None
    command = [sys.executable, "-m", "orchestrator"]
    if suite in OWN_CELL:
        command += ["serve", "--cell", str(OWN_CELL[suite])]
    else:
        command += ["demo", "--units", "1", "--speed", "1" if suite in REAL_TIME else SPEED]
    command += ["--port", str(port), "--data", str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if f":{port}" in line:
                break
        else:
            pytest.fail("The demo did not start:\n" + "".join(said))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=30)
