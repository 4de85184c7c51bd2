"""Many devices on the network: a served cell at work with 500 idle and 50 busy clients by TLS."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.lan import ACCOUNTS, TLS
from tests.bench.cells import OPTIONS, PRODUCT
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
    accounts = AccountsFile(folder / ACCOUNTS)
    people.add(accounts, "Berta", "supervisor", "271828", pseudonym="berta")
    _, key = people.add_key(accounts, "bench", "supervisor", now_t())
    accounts.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "serve", "--lan", "--host", "127.0.0.1", "--worker", "sim"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TANDEM_KEY": key}
    server = subprocess.Popen(
        [*command, "--port", str(port), "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    try:
        assert server.stdout is not None
        assert any(f":{port}" in line for line in server.stdout), "the server did not start"
        ca = str(folder / TLS / "ca.crt")
        _begin(f"https://127.0.0.1:{port}", ca, key)
        arguments = (f"wss://127.0.0.1:{port}/ws", ca, str(IDLE), str(BUSY), str(SECONDS))
        clients = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.tls_clients", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        assert clients.stdout is not None
        said: dict[str, Any] = {}
        memory = []
        for line in clients.stdout:
            said |= json.loads(line)
            memory.append(_resident_mb(server.pid))
        if clients.wait() != 0 or "lost" not in said:
            raise RuntimeError(f"The clients ended with {clients.returncode}.")
        return said, (memory[0], memory[-1])
    finally:
        server.terminate()
        server.communicate()


def _begin(url: str, ca: str, key: str) -> None:
    """Have a unit built, so that there is something to tell."""
    trusted = ssl.create_default_context(cafile=ca)
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, verify=trusted, headers=headers, trust_env=False, timeout=30.0) as office:
        order = {"product": PRODUCT, "options": OPTIONS, "quantity": 2, "id": "load"}
        office.post("/api/v1/orders", json=order).raise_for_status()
        office.post("/api/v1/orders/load/start", json={}).raise_for_status()


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
