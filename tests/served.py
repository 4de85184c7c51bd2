"""A server of the command line's own, in a process of its own."""

from __future__ import annotations

import os
import subprocess


def started(command: list[str], port: int, **environment: str) -> subprocess.Popen[str]:
    """Start a server and wait until it says that it serves at a port. Raises RuntimeError with what it said instead."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default", **environment}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if f":{port}" in line:
            return server
    message = "It did not start:\n" + "".join(said)
    raise RuntimeError(message)
