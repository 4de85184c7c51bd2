"""How often a headset gets a new picture where nothing but the processor draws."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.report import Figure, bench, percentile, scratch

HERE = Path(__file__).parent
PATIENCE_S = 180
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@bench("ar.frames_s_12", "1/s", better="more")
def frames() -> list[Figure]:
    """Wear an emulated headset before the demo's cell with 12 parts."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        message = "No Chromium: apt install chromium."
        raise RuntimeError(message)
    with scratch() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        demo = _demo(folder, port)
        try:
            seen = _watch(f"http://127.0.0.1:{port}", browser)
        finally:
            demo.terminate()
            demo.communicate(timeout=30)
    gaps: list[float] = seen["gaps_ms"]
    width, height = max(seen["sizes"], key=lambda size: size[0] * size[1])
    note = f"model of the cell, robot, 12 parts, ghost and card at {width} x {height}, drawn by the processor; "
    return [
        Figure(
            1000 * len(gaps) / sum(gaps),
            len(gaps),
            f"{note}between two pictures p50 {percentile(gaps, 0.5):.0f} ms, p95 {percentile(gaps, 0.95):.0f} ms",
        )
    ]


def _demo(folder: Path, port: int) -> subprocess.Popen[str]:
    """Start the demo's cell and wait until it serves."""
    command = [sys.executable, "-m", "orchestrator", "demo", "--units", "1", "--speed", "1", "--port", str(port)]
    demo = subprocess.Popen(
        [*command, "--data", str(folder / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert demo.stdout is not None
    said = []
    for line in demo.stdout:
        said.append(line)
        if f":{port}" in line:
            return demo
    message = "The demo did not start: " + "".join(said)
    raise RuntimeError(message)


def _watch(url: str, browser: str) -> dict[str, Any]:
    """Return the gaps between two pictures (ms) and the sizes of what was drawn (px)."""
    done = subprocess.run(
        ["node", str(HERE / "frames.mjs")],
        env={**os.environ, "TANDEM_URL": url, "TANDEM_CHROMIUM": browser},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode:
        message = f"The page was not seen in a headset: {done.stderr[-500:]}"
        raise RuntimeError(message)
    return json.loads(done.stdout)  # type: ignore[no-any-return] # the script prints it so
