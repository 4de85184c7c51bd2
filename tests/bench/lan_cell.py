"""A cell that is served to the network by a process of its own, with a unit in work."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.lan import ACCOUNTS, TLS
from tests.bench.cells import OPTIONS, PRODUCT
from tests.bench.report import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class LanCell:
    """Where it is served, whom its clients trust, a supervisor's key, and the token of a joined device."""

    url: str
    ca: str
    key: str
    device: str
    pid: int


@contextmanager
def lan_cell(folder: Path, quantity: int = 2) -> Iterator[LanCell]:
    """Serve it, and have units built. Raises AssertionError where it does not start."""
    accounts = AccountsFile(folder / ACCOUNTS)
    people.add(accounts, "Berta", "supervisor", "271828", pseudonym="berta")
    _, key = people.add_key(accounts, "bench", "supervisor", now_t())
    joined = accounts.join(accounts.invite(now_t())[0], "tablet", now_t())
    accounts.close()
    assert joined is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "orchestrator", "serve", "--lan", "--host", "127.0.0.1", "--worker", "sim"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
    )
    try:
        assert server.stdout is not None
        assert any(f":{port}" in line for line in server.stdout), "the server did not start"
        cell = LanCell(f"https://127.0.0.1:{port}", str(folder / TLS / "ca.crt"), key, joined[1], server.pid)
        _begin(cell, quantity)
        yield cell
    finally:
        server.terminate()
        server.communicate()


def _begin(cell: LanCell, quantity: int) -> None:
    trusted = ssl.create_default_context(cafile=cell.ca)
    headers = {"authorization": f"Bearer {cell.key}"}
    with httpx.Client(base_url=cell.url, verify=trusted, headers=headers, trust_env=False, timeout=30.0) as office:
        order = {"product": PRODUCT, "options": OPTIONS, "quantity": quantity, "id": "load"}
        office.post("/api/v1/orders", json=order).raise_for_status()
        office.post("/api/v1/orders/load/start", json={}).raise_for_status()
