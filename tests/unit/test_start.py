"""What a start loads before the server answers."""

from __future__ import annotations

import socket
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVES = """
import os, sys
from orchestrator.__main__ import main
from orchestrator.cli import serve

def served(*_, **__):
    print(*sys.modules, flush=True)
    os._exit(0)

serve.tell = served
main(["serve", "--data", sys.argv[1], "--port", sys.argv[2]])
"""
ASKS_FOR_HELP = """
import sys
from orchestrator.__main__ import main

try:
    main(["journal", "--help"])
finally:
    print(*sys.modules)
"""


def slow() -> set[str]:
    """Return the libraries that no module of ours imports at its top, by ruff's rule."""
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    return set(ruff["flake8-tidy-imports"]["banned-module-level-imports"])


def loaded_when_served(data: Path) -> set[str]:
    """Serve a cell until it answers, then kill it; returns which modules it had by then."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-c", SERVES, str(data), str(port)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(ran.stdout.splitlines()[-1].split())


def test_a_cell_that_is_new_or_comes_back_answers_before_slow_libraries_are_loaded(tmp_path: Path) -> None:
    assert {"scipy", "trimesh", "open3d"} <= slow()
    for _start in ("new", "back"):
        modules = loaded_when_served(tmp_path)
        assert "fastapi" in modules
        assert not slow() & modules


def test_a_command_loads_no_other_commands() -> None:
    ran = subprocess.run([sys.executable, "-c", ASKS_FOR_HELP], capture_output=True, text=True, check=True, cwd=ROOT)
    modules = ran.stdout.splitlines()[-1].split()
    assert "orchestrator.cli.journal" in modules
    assert "orchestrator.cli.serve" not in modules
    assert "fastapi" not in modules
