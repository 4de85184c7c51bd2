"""A real browser at the demo's cell, for benches: a script under Node drives it and prints JSON."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.report import scratch
from tests.served import started

HERE = Path(__file__).parent
PATIENCE_S = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def seen(script: str) -> dict[str, Any]:
    """Run a script of this folder against a demo's cell in real time; return what it printed.

    Raises RuntimeError where there is no browser, or the script fails.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        message = "No Chromium: apt install chromium."
        raise RuntimeError(message)
    with scratch() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "orchestrator", "demo", "--units", "1", "--speed", "1"]
        demo = started([*command, "--port", str(port), "--data", str(folder / "data")], port)
        try:
            return _watch(script, f"http://127.0.0.1:{port}", browser)
        finally:
            demo.terminate()
            demo.communicate(timeout=30)


def _watch(script: str, url: str, browser: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(HERE / script)],
        env={**os.environ, "TANDEM_URL": url, "TANDEM_CHROMIUM": browser},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        message = f"{script} did not end well: {done.stderr[-500:]}"
        raise RuntimeError(message)
    said: dict[str, Any] = json.loads(done.stdout)
    return said
