"""A check that takes too much memory can't see, and says why; a leak shows in the bench; what was lost is kept."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.vision import work
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.geometry import Pose
from tests import leaky_vision
from tests.bench import bench_vision_memory
from tests.contract.vision_hold import Hold
from tests.depth_scenes import PLACE, Photographer, expected, request, write_parts

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import Check, Shot

pytestmark = pytest.mark.slow

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
BRACKET = expected("bracket", PLACE)
ASKED = request(BRACKET, [TABLE])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def shot(parts: Path) -> Shot:
    return Photographer(parts, seed=5).shoot([TABLE, BRACKET], stamp=7.5)


def kept(folder: Path, answer: Check) -> tuple[str, str]:
    """Return verdict and reason of an answer's evidence."""
    check = json.loads((folder / answer.evidence / "record.json").read_text())["check"]
    return check["verdict"], check["reason"]


def test_a_check_that_needs_too_much_memory_can_not_see(
    parts: Path, shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = work.check

    async def run() -> tuple[Check, Check]:
        vision = VisionOpen3D(parts, evidence=tmp_path, most_mb=600)
        try:
            monkeypatch.setattr(work, "check", leaky_vision.greedy)
            greedy = await vision.check(ASKED, shot)
            monkeypatch.setattr(work, "check", usual)
            return greedy, await vision.check(ASKED, shot)
        finally:
            await vision.close()

    greedy, following = asyncio.run(run())
    assert (greedy.verdict, greedy.shot_stamp, following.verdict) == ("cannot_see", 7.5, "ok")
    assert "needed more than the 600 MB" in greedy.reason
    assert kept(tmp_path, greedy) == ("cannot_see", greedy.reason)


def test_the_picture_that_a_lost_process_looked_at_is_kept_with_the_reason(
    parts: Path, shot: Shot, tmp_path: Path
) -> None:
    (tmp_path / "evidence").mkdir()
    hold = Hold(tmp_path / "hold")

    async def run() -> Check:
        vision = VisionOpen3D(parts, evidence=tmp_path / "evidence")
        victim = await vision.warm_up()
        struck = asyncio.create_task(vision.check(hold.held(ASKED), shot))
        with await asyncio.to_thread(hold.looked):
            os.kill(victim, signal.SIGKILL)
        try:
            return await struck
        finally:
            await vision.close()

    answer = asyncio.run(run())
    assert "was killed while it looked (signal 9)" in answer.reason
    assert kept(tmp_path / "evidence", answer) == ("cannot_see", answer.reason)


def test_the_bench_of_memory_would_see_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 kB a check stand out clearly after 60 checks."""
    monkeypatch.setattr(work, "check", leaky_vision.drips)
    monkeypatch.setattr(bench_vision_memory, "CHECKS", 60)
    monkeypatch.setattr(bench_vision_memory, "SETTLED", 40)
    figure = bench_vision_memory.slope()
    assert figure.value > 50  # type: ignore[union-attr] # it returns one Figure
