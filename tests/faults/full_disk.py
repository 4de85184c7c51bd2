"""A cell on a small disk that fills up while a unit is built; in a process of its own, for the disk is one.

`python -m tests.faults.full_disk WHAT FOLDER DISK` with WHAT `journal` (journal and simulated cell are on the disk),
`signing` (signed heads are) or `evidence` (the pictures of checks are); exits 0 when all went as it should.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_signed import HeadSigner, heads_of, keep_signed, verify_heads
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb, StepStatus
from tests.unit.cell_bench import Bench, bench


def fill(disk: Path) -> Path:
    """Take all the space that a disk has left; returns the file to remove."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


def shown(cell: Bench) -> set[str]:
    """The troubles that every page shows."""
    return {name for name in cell.cell.desk.screen.topics if name.startswith("trouble/")}


async def journal(folder: Path, disk: Path) -> None:
    """Fill the disk that journal and world are on in the middle of a motion."""
    async with bench(folder, data=disk) as cell:
        await cell.begin()
        await cell.in_motion("bring base")
        filler = fill(disk)
        answer = await cell.ask(cmd.RefillBin(bin="caps", count=6))
        tried = 0
        while answer.ok and tried < 500:  # what the log had room for
            tried += 1
            answer = await cell.ask(cmd.RefillBin(bin="caps", count=6 - tried % 2))
        assert (answer.ok, answer.code) == (False, "journal"), answer
        await asyncio.sleep(3)
        robot, durable = cell.cell.robot.state.value, cell.state.seq
        assert not robot.moving
        assert "trouble/journal" in shown(cell), shown(cell)
        assert "full" in cell.cell.desk.screen.topics["trouble/journal"].detail  # type: ignore[union-attr] # that topic
        assert any("full" in why for why in cell.cell.desk.not_ready())
        await asyncio.sleep(30)
        assert cell.cell.robot.state.value.joints == robot.joints
        assert cell.state.seq == durable
        filler.unlink()
        await cell.until(lambda state: state.cell == CellState.HELD, timeout_s=30)
        assert cell.state.cell_reason == "the journal could not be written"
        assert "trouble/journal" not in shown(cell)
        joints = cell.cell.robot.state.value.joints
        await asyncio.sleep(10)
        assert cell.cell.robot.state.value.joints == joints
        if not cell.state.acknowledged:
            await cell.do(cmd.Acknowledge())
        await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
        await cell.ended()
        assert cell.record()["state"] == "done"
        assert shown(cell) == set()


async def signing(folder: Path, disk: Path) -> None:
    """Fill the disk that the signed heads are on, the journal being on another, while a unit is built."""
    path = disk / "journal.db"
    data = folder.parent / "data"
    signer = HeadSigner(path)
    async with bench(folder, data=data) as cell:
        desk, troubles = cell.cell.desk, cell.cell.runner.troubles
        task = asyncio.create_task(
            keep_signed(desk.journal, desk.screen, signer, desk.now, lambda detail: troubles.note("signing", detail))
        )
        await cell.begin()
        await cell.until(lambda _state: heads_of(path).exists())
        filler = fill(disk)
        seq = 0
        while True:  # until the page that the file has is full, in the middle of a line
            seq += 1
            try:
                signer.sign(*desk.journal.head, desk.now())
            except OSError:
                break
            await cell.do(cmd.RefillBin(bin="caps", count=6 - seq % 2))
        assert heads_of(path).read_bytes().endswith(b"\n")
        await cell.ended()
        assert cell.record()["state"] == "done"
        await asyncio.sleep(30)
        assert shown(cell) == {"trouble/signing"}
        filler.unlink()
        await asyncio.sleep(30)
        assert shown(cell) == set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        last = desk.journal.head[0]
    assert verify_heads(data / "journal.db", heads_of(path)).seq == last


async def evidence(folder: Path, disk: Path) -> None:
    """Fill the disk that evidence is on: verdicts count, and say that their pictures are missing."""
    told: list[str] = []
    vision = VisionOpen3D(folder, evidence=disk / "evidence", kept=told.append)
    (disk / "evidence").mkdir()
    filler = fill(disk)
    try:
        async with bench(folder, vision=vision) as cell:
            await cell.begin()
            await cell.step_is("load", StepStatus.DONE)
            (seen,) = [event.measured for event in cell.all("check_ended", step="load")]
            assert seen.verdict == "ok", seen
            assert "could not be kept: No space left on device." in seen.reason, seen
            assert "No space left" in told[-1], told
            left: list[Any] = [p for p in (disk / "evidence").rglob("*") if p.is_file()]
            assert left == [], left
            filler.unlink()
            await cell.ended()
            kept = [event.measured.evidence for event in cell.all("check_ended", step="pin")]
            assert kept
            assert all(kept), kept
            assert told[-1] == ""
    finally:
        await vision.close()


if __name__ == "__main__":
    what, folder, disk = sys.argv[1:]
    scenario = {"journal": journal, "signing": signing, "evidence": evidence}[what]
    run_virtual(lambda: scenario(Path(folder), Path(disk)))
