"""The vision process dies, hangs or grows: a check in flight can't see and says why, and the unit is finished."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision import work
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Kind, LocateRequest
from orchestrator.core.machine import StepStatus
from tests import struck_vision
from tests.bench.bench_vision_memory import HOLD_KB, SETTLE, memory_over, slope_kb
from tests.depth_scenes import PLACE, Photographer, expected, request, write_parts
from tests.struck_vision import Blow
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import Check, Shot

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
BRACKET = expected("bracket", PLACE)
ASKED = request(BRACKET, [TABLE])
KILLED = "The vision process was killed while it looked (signal 9, Killed). Look again."


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def shot(parts: Path) -> Shot:
    return Photographer(parts, seed=5).shoot([TABLE, BRACKET], stamp=7.5)


@pytest.fixture
def pipes(tmp_path: Path) -> Path:
    (tmp_path / "pipes").mkdir()
    return tmp_path / "pipes"


def checks(vision: VisionOpen3D, shot: Shot, times: int = 1) -> list[tuple[Check, int | None]]:
    """Check so many times in one loop, and close; each answer with the id of the process that is there after it."""

    async def run() -> list[tuple[Check, int | None]]:
        try:
            return [(await vision.check(ASKED, shot), vision.process_id) for _ in range(times)]
        finally:
            await vision.close()

    return asyncio.run(run())


def test_a_kill_in_the_middle_of_a_check_is_said_and_kept_as_evidence(
    parts: Path, shot: Shot, tmp_path: Path, pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blow = Blow(pipes, monkeypatch, signal.SIGKILL)
    (struck, _), (next_one, pid) = checks(VisionOpen3D(parts, evidence=tmp_path), shot, 2)
    assert (struck.verdict, struck.reason, struck.shot_stamp) == ("cannot_see", KILLED, 7.5)
    assert next_one.verdict == "ok"
    assert pid not in (None, *blow.join())
    record = json.loads((tmp_path / struck.evidence / "record.json").read_text())
    assert record["check"]["reason"] == KILLED
    assert record["request"]["part"]["id"] == "bracket"


def test_a_process_that_is_stopped_in_a_check_is_ended_after_the_limit(
    parts: Path, shot: Shot, pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blow = Blow(pipes, monkeypatch, signal.SIGSTOP)
    (struck, _), (next_one, pid) = checks(VisionOpen3D(parts, settings=VisionSettings(seconds=8)), shot, 2)
    assert (struck.verdict, next_one.verdict) == ("cannot_see", "ok")
    assert struck.reason == "The vision process gave no answer for 8 s while it looked and was ended. Look again."
    (stopped,) = blow.join()
    assert pid not in (None, stopped)
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


def test_a_kill_while_nobody_asks_costs_no_check(parts: Path, shot: Shot) -> None:
    vision = VisionOpen3D(parts)

    async def run() -> None:
        victim = await vision.warm_up()
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(os.waitid, os.P_PID, victim, os.WEXITED | os.WNOWAIT)  # dead, and still in the table
        assert (await vision.check(ASKED, shot)).verdict == "ok"
        assert vision.process_id != victim
        await vision.close()

    asyncio.run(run())


def test_a_check_that_needs_too_much_memory_can_not_see(
    parts: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = work.check
    monkeypatch.setattr(work, "check", struck_vision.greedy)
    vision = VisionOpen3D(parts, settings=VisionSettings(memory_mb=600))

    async def run() -> tuple[Check, Check]:
        try:
            greedy = await vision.check(ASKED, shot)
            monkeypatch.setattr(work, "check", usual)
            return greedy, await vision.check(ASKED, shot)
        finally:
            await vision.close()

    greedy, next_one = asyncio.run(run())
    assert (greedy.verdict, next_one.verdict) == ("cannot_see", "ok")
    assert greedy.reason.startswith("The vision process needed more memory than its limit of 600 MB.")


def test_a_process_that_has_grown_is_replaced_between_checks(
    parts: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "check", struck_vision.leaky)
    vision = VisionOpen3D(parts, settings=VisionSettings(memory_mb=900))

    async def run() -> list[int]:
        pids = []
        for _ in range(5):  # 0.1 GB are kept of each, half of the limit is 0.45 GB
            pids.append(await vision.warm_up())
            assert (await vision.check(ASKED, shot)).verdict == "ok"
        await vision.close()
        return pids

    pids = asyncio.run(run())
    assert pids[0] == pids[1]
    assert pids[-1] != pids[0]


def test_locate_says_what_became_of_the_process(parts: Path, shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "locate", struck_vision.dies)
    vision = VisionOpen3D(parts)

    async def run() -> None:
        try:
            await vision.locate(LocateRequest("e1", Kind("bracket", "bracket.glb")), shot)
        finally:
            await vision.close()

    with pytest.raises(VisionError) as raised:
        asyncio.run(run())
    assert (raised.value.code, raised.value.remedy) == ("vision_crashed", "Look again.")
    assert "signal 9" in raised.value.message


def test_close_ends_a_stopped_process(parts: Path) -> None:
    async def run() -> int:
        vision = VisionOpen3D(parts)
        pid = await vision.warm_up()
        os.kill(pid, signal.SIGSTOP)
        await vision.close()
        return pid

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(run()), 0)


def test_a_program_that_ends_without_closing_leaves_no_stopped_process(parts: Path) -> None:
    program = (
        "import asyncio, os, signal, sys, pathlib\n"
        "from orchestrator.adapters.vision_open3d import VisionOpen3D\n"
        "vision = VisionOpen3D(pathlib.Path(sys.argv[1]))\n"
        "pid = asyncio.run(vision.warm_up())\n"
        "os.kill(pid, signal.SIGSTOP)\n"
        "print(pid)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(parts)], capture_output=True, text=True, check=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ended.stdout), 0)


@pytest.mark.slow
def test_a_unit_is_finished_though_the_process_is_killed_in_a_check(
    tmp_path: Path, pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = authored(tmp_path / "authored")
    vision = VisionOpen3D(folder)
    blow = Blow(pipes, monkeypatch, signal.SIGKILL)

    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            await cell.begin()
            await cell.ended()
            first, second = cell.all("check_ended")[:2]
            assert (first.measured.verdict, first.measured.reason) == ("cannot_see", KILLED)
            assert (second.step, second.measured.verdict) == (first.step, "ok")
            assert not cell.all("step_failed")
            assert all(step["status"] in (StepStatus.DONE, StepStatus.SKIPPED) for step in cell.record()["steps"])
        await vision.close()

    run_virtual(main)
    assert len(blow.join()) == 1


def test_the_bench_of_memory_would_see_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 kB a check stand out clearly after 80 checks, of which 60 count as settling."""
    monkeypatch.setattr(work, "check", struck_vision.drips)
    used_mb = asyncio.run(memory_over(SETTLE + 20))
    assert slope_kb(used_mb[SETTLE:]) > 20 * HOLD_KB
