"""A real cell for the browser: the command line's own demo, in a process of its own, sped up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED = "5"


@pytest.fixture
def tandem_url(tmp_path: Path) -> Iterator[str]:
    """Start `tandem demo` on a free port of the loopback; yields its URL, and ends it by its own signal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "demo", "--units", "1", "--speed", SPEED]
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
