"""Jobs for the vision process that let a test strike it in the middle of a check, or that go wrong by themselves.

Each takes the place of `work.check` in the caller and is run by the real process. What they are to do stands in the
environment, which the process inherits.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import work

if TYPE_CHECKING:
    import pytest

    from orchestrator.adapters.vision.place import Crop
    from orchestrator.core.ports import Check, CheckRequest

FOLDER = "TANDEM_TEST_STRUCK"  # with the two pipes below
SAYS, WAITS = "says", "waits"
LEAK = 100_000_000
_held: list[bytes] = []


class Blow:
    """Strikes the process with a signal when a check of a part is under way there: `times` times, then no more."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, blow: signal.Signals, times: int = 1) -> None:
        self.struck: list[int] = []
        for name in (SAYS, WAITS):
            os.mkfifo(folder / name)
        (folder / "left").write_text(str(times))
        monkeypatch.setenv(FOLDER, str(folder))
        monkeypatch.setattr(work, "check", check)
        self._folder, self._blow, self._times = folder, blow, times
        self._thread = threading.Thread(target=self._strike, daemon=True)
        self._thread.start()

    def _strike(self) -> None:
        for _ in range(self._times):
            pid = int((self._folder / SAYS).read_text())  # returns when the process is in the check
            self.struck.append(pid)
            os.kill(pid, self._blow)

    def join(self) -> list[int]:
        """Return the ids of the processes that were struck, once all were."""
        self._thread.join(60)
        assert len(self.struck) == self._times
        return self.struck


_check = work.check


def check(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Say that a check is under way, then never end; once nobody is to be struck any more, judge as ever."""
    folder = Path(os.environ[FOLDER])
    left = int((folder / "left").read_text())
    if left:
        (folder / "left").write_text(str(left - 1))
        (folder / SAYS).write_text(str(os.getpid()))
        (folder / WAITS).read_text()  # nobody ever writes there
    return _check(request, crop, calibration)


def leaky(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Judge, and keep 100 MB."""
    _held.append(b"1" * LEAK)
    return _check(request, crop, calibration)


def drips(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Judge, and keep 200 kB."""
    _held.append(b"1" * 200_000)
    return _check(request, crop, calibration)


def greedy(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Take memory until there is no more."""
    taken = []
    while True:
        taken.append(np.ones(10_000_000))


def dies(*_args: object) -> None:
    """Kill the process that runs this."""
    os.kill(os.getpid(), signal.SIGKILL)
