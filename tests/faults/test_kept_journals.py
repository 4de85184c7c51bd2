"""Journals that earlier versions wrote are read, and gone on with: one file is kept for each format there was.

Each is the small product built twice; the events that it must hold stand below.
"""

from __future__ import annotations

import lzma
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_file import FORMAT, verified
from orchestrator.core.events import decode
from orchestrator.core.machine import CellVerb, OrderState
from tests.unit.cell_bench import Bench, authored, bench

KEPT = Path(__file__).parent / "kept"
LATER = 1_800_000_000.0
HEADS = {
    "format_1.db.xz": (165, "da06921b19866a2d3125b7557d12cfad2f01e84a9a85e89fb0e0dc1fdfb34215"),
    "format_2.db.xz": (165, "0a0a65b4156b9f5fc0303c1eeccfb1f05af98ea124eab98eec1280453aec866d"),
}
FOUND = {"order_stored": 1, "unit_started": 2, "step_done": 10, "unit_ended": 2}


def unpacked(name: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.db"
    path.write_bytes(lzma.decompress((KEPT / name).read_bytes()))
    return path


def test_a_file_is_kept_of_every_format() -> None:
    assert {file.name for file in KEPT.glob("*.xz")} == HEADS.keys()
    assert f"format_{FORMAT}.db.xz" in HEADS


@pytest.mark.parametrize("name", HEADS)
def test_every_event_of_an_earlier_version_is_read(name: str, tmp_path: Path) -> None:
    events = list(verified(unpacked(name, tmp_path)))
    assert (len(events), events[-1].sha256) == HEADS[name]
    kinds = Counter(decode(at.entry.payload, at.seq).type for at in events)
    assert {kind: kinds[kind] for kind in FOUND} == FOUND


@pytest.mark.parametrize("name", HEADS)
def test_a_cell_goes_on_over_the_journal_of_an_earlier_version(name: str, tmp_path: Path) -> None:
    unpacked(name, tmp_path / "data")
    folder = authored(tmp_path / "authored")

    async def main() -> None:
        async with bench(folder, data=tmp_path / "data") as cell:
            assert cell.state.orders["o"].state == OrderState.ENDED
            for unit in ("u1", "u2"):
                assert cell.record(unit)["state"] == "done"
            await _another(cell)
            assert cell.record("u3")["state"] == "done"

    run_virtual(main, start_utc=LATER)


async def _another(cell: Bench) -> None:
    cell.work(tends=True)
    if cell.state.cell == "idle":
        await cell.change(CellVerb.START)
    await cell.order(1, "later")
    await cell.ended("later")
