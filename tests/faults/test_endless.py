"""A skill that keeps its cancellation to itself holds up nobody: not the cell, not its step, not the server's end."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from tests.unit.cell_bench import ROOT, authored, bench

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = '''
import asyncio

from orchestrator.skill import Cell, Target, skill


async def deaf(seconds: float) -> None:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        pass


@skill("pick_place", timeout_s=240, leaves=("part_at",))
async def pick_place(cell: Cell, part: str, at: Target, approach_mm: float = 80) -> None:
    """Keep every cancellation to itself, and try to move all the same."""
    print("begun", flush=True)
    while not {end}:
        try:
            await cell.fetch(part, approach_mm=approach_mm)
        except (asyncio.CancelledError, Exception):
            pass
        await deaf(1)
'''


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    folder = tmp_path / "skills"
    shutil.copytree(ROOT / "skills", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_skill_that_swallows_its_cancellation_becomes_a_question_and_moves_nothing(
    tmp_path: Path, skills: Path
) -> None:
    end = tmp_path / "end"
    text = ENDLESS.replace("{end}", f"__import__('os').path.exists({str(end)!r})")
    (skills / "pick_place.py").write_text(text, encoding="utf-8")

    async def main() -> None:
        async with bench(authored(tmp_path / "authored"), skills=skills) as cell:
            await cell.change(CellVerb.START)
            await cell.order(1)
            await cell.event("motion_intended")
            await cell.do(cmd.ChangeCell(verb=CellVerb.HOLD))
            await cell.settled()
            assert cell.state.cell == CellState.HELD
            await cell.step_is("load", StepStatus.ATTENTION)
            assert cell.step("load").code == "endless"
            assert "mend the skill" in cell.step("load").remedy
            assert "skill" in cell.cell.runner.troubles.there
            moved = len(cell.all("motion_intended"))
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await asyncio.sleep(30)  # it tries again each second
            assert len(cell.all("motion_intended")) == moved
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.ABORT))
            assert not cell.state.ending
            end.touch()
            await asyncio.sleep(2)
            assert "skill" not in cell.cell.runner.troubles.there

    run_virtual(main)


@pytest.mark.slow
def test_a_server_with_such_a_skill_ends_when_it_is_told_to(tmp_path: Path, skills: Path) -> None:
    (skills / "pick_place.py").write_text(ENDLESS.replace("{end}", "False"), encoding="utf-8")
    folder = authored(tmp_path / "authored")
    command = [sys.executable, "-m", "orchestrator", "serve", "--port", "0", "--data", str(tmp_path / "cell")]
    command += ["--instructions", str(folder), "--cell", str(folder / "cell.yaml"), "--skills", str(skills)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        ready = next(found for line in server.stdout if (found := re.search(r"ready at (http\S+)", line)))
        with httpx.Client(base_url=f"{ready[1]}/api/v1", timeout=60) as client:
            client.post("/cell", json={"type": "change_cell", "verb": "start"}).raise_for_status()
            client.post(
                "/orders", json={"product": "stack", "options": {"pin": "steel"}, "start": True}
            ).raise_for_status()
        assert any("begun" in line for line in server.stdout)
        server.terminate()
        said = server.stdout.read()
        assert server.wait(timeout=120) == 1
    assert "does not end" in said
    assert "The cell has stopped; its journal is kept." in said
