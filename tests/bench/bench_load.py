"""Many devices on the network: a served cell at work with 500 idle and 50 busy clients by TLS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.lan_cell import lan_cell
from tests.bench.report import ROOT, Figure, bench, percentile, scratch
from tests.bench.tls_clients import BUSY_EVERY_S

IDLE, BUSY = 500, 50
SECONDS = 120.0 if os.environ.get("TANDEM_SOAK") else 15.0
LATE_MS = 250.0  # a press that takes as long is not yet felt to hang
GROWN_MB = 165.0  # 0.3 MB for each client


@bench("load.lost", "clients", hold=0)
def load() -> list[Figure]:
    with scratch() as folder:
        said, mb = _loaded(folder)
    alone, with_all = said["alone_ms"], said["with_all_ms"]
    clients = f"{IDLE} idle and {BUSY} busy TLS clients for {SECONDS:.0f} s"
    note = f"{clients}, there within {said['there_s']:.0f} s; {said['heard_per_s']:.0f} messages/s to all of them"
    beside = (
        f"p99 of a command to its durable answer beside {clients}, a command of each busy one every "
        f"{BUSY_EVERY_S:.0f} s, while a unit is built; p50 {percentile(with_all, 0.5):.1f} ms; "
        f"alone p50 {percentile(alone, 0.5):.1f}, p99 {percentile(alone, 0.99):.1f} ms"
    )
    memory = (
        f"resident memory of the server with all clients at the end, {mb[1]:.0f} MB, over that with one, {mb[0]:.0f} MB"
    )
    return [
        Figure(said["lost"], IDLE + BUSY, note),
        Figure(percentile(with_all, 0.99), len(with_all), beside, "load.p99_ms", "ms", LATE_MS),
        Figure(mb[1] - mb[0], IDLE + BUSY, memory, "load.grown_mb", "MB", GROWN_MB),
    ]


def _loaded(folder: Path) -> tuple[dict[str, Any], tuple[float, float]]:
    with lan_cell(folder) as cell:
        arguments = (cell.url.replace("https", "wss") + "/ws", cell.ca, str(IDLE), str(BUSY), str(SECONDS))
        clients = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.tls_clients", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TANDEM_KEY": cell.key},
            cwd=ROOT,
        )
        assert clients.stdout is not None
        said: dict[str, Any] = {}
        memory = []
        for line in clients.stdout:
            said |= json.loads(line)
            memory.append(_resident_mb(cell.pid))
        if clients.wait() != 0 or "lost" not in said:
            raise RuntimeError(f"The clients ended with {clients.returncode}.")
        return said, (memory[0], memory[-1])


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
