"""The promise against a power cut, as far as software can keep it: nothing is answered before the system has synced it.

Seen from outside, by strace; skipped where there is none or it may not trace.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVENTS = 5
PROGRAM = """
import asyncio, os, sys
from pathlib import Path
from orchestrator.adapters.journal_sqlite import SqliteJournal
from orchestrator.core.ports import Entry

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    for n in range(int(sys.argv[2])):
        await journal.append([Entry(float(n), "acknowledged", "", b"{}")])
        os.write(1, b"answered\\n")
    await journal.close()

asyncio.run(main())
"""
CALL = re.compile(r"(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)")


def traced(folder: Path) -> list[str]:
    """Return what the journal's program did, in order: written (to journal or log), synced, answered."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace")
    trace = folder / "trace"
    command = [strace, "-f", "-y", "-e", "trace=fdatasync,fsync,write,pwrite64", "-o", str(trace)]
    command += [sys.executable, "-c", PROGRAM, str(folder / "journal.db"), str(EVENTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0 and ("ptrace" in done.stderr or "not permitted" in done.stderr):
        pytest.skip("this system lets nobody trace")
    assert done.returncode == 0, done.stderr
    out = []
    for call in filter(None, map(CALL.search, trace.read_text(errors="replace").splitlines())):
        file = Path(call["file"]).name
        if file.startswith("journal.db") and not file.endswith(("-head", "-lock", "-shm")):
            out.append("synced" if "sync" in call["name"] else "written")
        elif call["name"] == "write" and "answered" in call["rest"]:
            out.append("answered")
    return out


def unsynced(calls: list[str]) -> int:
    """Count the answers that were given while something written was not synced yet, or nothing had been written."""
    state, wrong = "answered", 0
    for call in calls:
        wrong += call == "answered" and state != "synced"
        state = call
    return wrong


def test_every_event_is_synced_before_it_is_answered(tmp_path: Path) -> None:
    calls = traced(tmp_path)
    assert calls.count("answered") == EVENTS
    assert unsynced(calls) == 0


def test_an_answer_that_came_too_early_would_be_seen() -> None:
    good = ["written", "written", "synced", "answered"]
    assert unsynced([*good, *good]) == 0
    assert unsynced([*good, "answered"]) == 1
    assert unsynced([*good, "written", "answered", "synced"]) == 1
