"""kill -9 of the vision process in the middle of a check, in a cell that builds: the unit is finished all the same."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.machine import StepStatus
from tests.contract.vision_hold import Hold
from tests.unit.cell_bench import bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.vision_open3d import VisionOpen3D
    from orchestrator.core.locating import Located, LocateRequest
    from orchestrator.core.ports import Check, CheckRequest, Shot

pytestmark = pytest.mark.slow


class Struck:
    """Open3D in its process, which is killed in the middle of some checks: those with these numbers, the first is 0."""

    def __init__(self, vision: VisionOpen3D, pipes: Path, strikes: set[int]) -> None:
        self._vision = vision
        self._pipes = pipes
        self._strikes = strikes
        self._checks = 0
        self.killed: list[int] = []

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        number, self._checks = self._checks, self._checks + 1
        if number not in self._strikes:
            return await self._vision.check(request, shot)
        victim = await self._vision.warm_up()
        hold = Hold(self._pipes / f"hold{number}")
        killer = threading.Thread(target=self._kill, args=(victim, hold))
        killer.start()
        try:
            return await self._vision.check(hold.held(request), shot)
        finally:
            killer.join()

    def _kill(self, victim: int, hold: Hold) -> None:
        with hold.looked():
            os.kill(victim, signal.SIGKILL)
            self.killed.append(victim)

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        return await self._vision.locate(request, shot)

    async def close(self) -> None:
        """The process is the fixture's to end."""


def test_a_unit_is_finished_though_the_vision_process_is_killed_in_a_check(
    folder: Path, vision: VisionOpen3D, tmp_path: Path
) -> None:
    async def main() -> None:
        struck = Struck(vision, tmp_path, {0, 2})
        async with bench(folder, vision=struck) as cell:
            await cell.begin()
            await cell.ended()
            assert cell.record()["state"] == "done"
            blind, again = cell.all("check_ended", step="load")[:2]
            assert blind.measured.verdict == "cannot_see"
            assert "The vision process was killed while it looked (signal 9)." in blind.measured.reason
            assert again.measured.verdict == "ok"
            assert not cell.all("step_failed", step="load")  # nothing is placed a second time
            assert len(set(struck.killed)) == 2

    run_virtual(main)


def test_a_check_that_takes_its_process_down_each_time_is_a_question(
    folder: Path, vision: VisionOpen3D, tmp_path: Path
) -> None:
    async def main() -> None:
        struck = Struck(vision, tmp_path, {0, 1})
        async with bench(folder, vision=struck) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").code == "cannot_see"
            assert "killed while it looked (signal 9)" in cell.step("load").message
            assert len(struck.killed) == 2
            cell.work()
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)
