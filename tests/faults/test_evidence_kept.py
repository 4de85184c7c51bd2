"""Pictures that a run has written: of the part's region alone, gone when they are old or too many, and told so."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import trimesh

from orchestrator.adapters import evidence_retain as retain
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.journal_file import read
from orchestrator.adapters.photos.files import PhotoFiles, photos
from orchestrator.adapters.vision import archive
from orchestrator.adapters.vision.evidence import read as read_evidence
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.cell import EvidenceSpec
from orchestrator.core.events import EvidenceRemoved, decode
from orchestrator.http.server import create_app
from tests.unit.cell_bench import bench
from tests.unit.test_cli import run
from tests.unit.test_photos import picture

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from orchestrator.adapters.vision.evidence import Evidence
    from tests.unit.cell_bench import Bench

BESIDE_M = 0.05  # what is beside a part and still of it: its neighbour, the fixture that it is measured against
OTHERS = {"record.json", "depth.npz", "deviation.png"}


def test_a_run_keeps_no_more_than_its_parts_regions_and_lets_them_go_by_the_limits(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, data = tmp_path / "evidence", ("--data", str(tmp_path))
    eyes = VisionOpen3D(folder, evidence=root)

    async def main() -> None:
        async with bench(folder, vision=eyes, data=tmp_path) as cell:
            await cell.begin(2)
            await cell.ended()
            looks = [each for kind in retain.CHECKS for each in cell.all(kind)]
            kept = {each.measured.evidence for each in looks if each.measured is not None}
            assert len(kept) >= 4
            assert {path.relative_to(root).as_posix() for path in archive.records(root)} == kept
            for name in kept:
                assert {file.name for file in (root / name).iterdir()} == OTHERS
                assert_of_the_part(read_evidence(root / name), root / name, folder)
            await by_count(cell, root, kept)

    run_virtual(main)
    asyncio.run(eyes.close())
    worker = PhotoFiles(root).keep(picture())
    os.utime(root / worker.path, (1_000, 1_000))
    assert run(capsys, "evidence", "prune", "--older-than", "0", "--try", *data)[0] == 0
    assert not list((root / retain.NOTES).glob("*"))
    assert run(capsys, "evidence", "prune", "--older-than", "0", *data)[0] == 0
    assert (archive.size(root).whole, list(photos(root))) == (0, [])

    async def later() -> None:  # what was pruned while no server ran is told by the next one
        async with bench(folder, data=tmp_path) as cell:
            keeping = asyncio.create_task(keep(cell, root, EvidenceSpec()))
            told = await cell.event("evidence_removed")
            keeping.cancel()
            assert (told.why, told.photos) == ("asked", (worker.sha256,))
            assert told.checks
            transport = httpx.ASGITransport(create_app(cell.cell.desk))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
                gone = await browser.get(f"/api/v1/evidence/{told.checks[0]}/deviation.png")
                assert (gone.status_code, gone.json()["code"]) == (410, "removed")
                stays = await browser.get(f"/api/v1/evidence/{told.checks[0]}/record.json")
                assert stays.status_code == 200

    run_virtual(later)
    assert not list((root / retain.NOTES).glob("*"))
    assert run(capsys, "journal", "verify", str(tmp_path / "journal.db"))[0] == 0
    assert run(capsys, "evidence", "verify", *data)[0] == 0
    events = [decode(each.entry.payload) for each in read(tmp_path / "journal.db", None, kind="evidence_removed")]
    told = [name for each in events if isinstance(each, EvidenceRemoved) for name in each.checks]
    assert sorted(told) == sorted(path.relative_to(root).as_posix() for path in archive.records(root))


def assert_of_the_part(seen: Evidence, record: Path, folder: Path) -> None:
    """Fail where a record holds more of the picture than the part and what is beside it."""
    part, camera = seen.request.part, seen.crop.intrinsics
    low, high = trimesh.load_scene(folder / part.mesh).bounds
    corners = trimesh.bounds.corners(np.array([low - BESIDE_M, high + BESIDE_M]))
    to_camera = (seen.crop.pose.inverse() @ part.pose).matrix()
    at = corners @ to_camera[:3, :3].T + to_camera[:3, 3]
    pixels = at[:, :2] / at[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    region = seen.crop.region
    (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
    assert left <= region.left <= region.left + region.width <= right, part.id
    assert top <= region.top <= region.top + region.height <= bottom, part.id
    with np.load(record / "depth.npz") as arrays:
        biggest = max(arrays[name].size for name in arrays.files)
    assert biggest <= region.width * region.height < 0.1 * camera.width * camera.height, part.id


async def by_count(cell: Bench, root: Path, kept: set[str]) -> None:
    """Have all but the four newest removed, and the journal told, by what a server does every hour."""
    stamps = sorted(stamp for _, stamp in archive.whole(root))
    keeping = asyncio.create_task(keep(cell, root, EvidenceSpec(most=4)))
    told: Any = await cell.event("evidence_removed")
    keeping.cancel()
    assert (told.why, told.photos) == ("count", ())
    left = sorted(stamp for _, stamp in archive.whole(root))
    assert 0 < len(left) <= 4 < len(stamps)
    assert left == [stamp for stamp in stamps if stamp >= told.before_t], "the newest"
    assert len(told.checks) == len(stamps) - len(left)
    assert {path.relative_to(root).as_posix() for path in archive.records(root)} == kept, "verdicts stay"


async def keep(cell: Bench, root: Path, limits: EvidenceSpec) -> None:
    desk = cell.cell.desk
    await retain.keep_evidence(root, limits, desk.journal, lambda: cell.state.units, desk.submit, desk.now)
