"""The shipped product from load to unload, and that the same seed always gives the same journal."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, OrderVerb, StepStatus
from tests.unit.cell_bench import ROOT, authored, bench, shipped

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = {"ratio": "5", "cover": "blind", "plate": "en"}
ALONE = """
import json, sys
from pathlib import Path
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision_open3d import VisionOpen3D
from tests.unit.cell_bench import bench

async def main():
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    vision = VisionOpen3D(folder)
    async with bench(folder, vision=vision, seed=seed) as cell:
        await cell.begin(1, seed=seed, slips=0.2)
        await cell.ended()
        print(json.dumps(cell.cell.desk.journal.head))
    await vision.close()

if __name__ == "__main__":
    run_virtual(main)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def head_of_a_process(folder: Path, script: Path, seed: int) -> tuple[int, str]:
    """Build a unit in a process of its own, with the vision's process below it; returns the journal's head."""
    done = subprocess.run(
        [sys.executable, str(script), str(folder), str(seed)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "random"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seq, sha256 = json.loads(done.stdout.splitlines()[-1])
    return seq, sha256


def test_the_same_seed_gives_the_same_journal_in_any_process_and_another_seed_another(
    folder: Path, tmp_path: Path
) -> None:
    script = tmp_path / "alone.py"
    script.write_text(ALONE, encoding="utf-8")
    first, second, other = (head_of_a_process(folder, script, seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other
    assert first[0] > 50


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_worker_who_slips_often_ends_every_unit_for_a_named_reason(folder: Path, seed: int) -> None:
    async def main() -> None:
        async with bench(folder, seed=seed) as cell:
            await cell.begin(2, slips=0.3, seed=seed)
            await cell.until(lambda state: state.cell == CellState.COMPLETED, 4 * 3600)
            records = [cell.record(unit["unit"]) for unit in cell.cell.desk.units()]
            assert len(records) == 2
            for event in cell.all("unit_ended"):
                assert event.state == "done" or event.reason
            for record in records:
                if record["state"] == "done":
                    assert {entry["status"] for entry in record["steps"]} <= {StepStatus.DONE, StepStatus.SKIPPED}
            assert cell.state.units == {}
            assert cell.state.world.held() is None
            assert cell.cell.world.held is None

    run_virtual(main)


def test_the_gear_reducer_is_built_whole() -> None:
    """Every step of the shipped product with the shipped skills; vision knows the truth here, to be quick."""

    async def main() -> None:
        async with shipped() as cell:
            cell.work()
            answer = await cell.cell.desk.store_order("o", "gear_reducer", OPTIONS, 2, None, cmd.Who())
            assert answer.ok, answer.message
            await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
            await cell.change(CellVerb.START)
            await cell.ended(timeout_s=3600)
            for unit in ("u1", "u2"):
                record = cell.record(unit)
                assert record["state"] == "done"
                assert len(record["steps"]) == 24
                assert all(entry["attempts"] for entry in record["steps"])
                torques = [
                    entry["attempts"][-1]["values"]["torque_Nm"]
                    for entry in record["steps"]
                    if entry["step"].startswith("tighten@20")
                ]
                assert torques == pytest.approx([20] * 4, abs=1.5)
            assert not [e for e in cell.all("step_failed") if e.answer != "again"]

    run_virtual(main)
