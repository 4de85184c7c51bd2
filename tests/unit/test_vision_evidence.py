"""What is kept of a check can be judged anew, proves itself, and goes when it is old."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orchestrator.adapters.vision import archive, evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.picture import FARTHER, NEARER, lines, span_mm
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.plain import from_plain, to_plain
from orchestrator.adapters.vision.render import Solids, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import CheckRequest
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.vision.judge import Judged

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
BRACKET = expected("bracket", PLACE)
SETTINGS = VisionSettings()
ASKED = request(BRACKET, [TABLE], within_mm=1.0, look_alikes=[expected("plate", PLACE)])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def seen(parts: Path) -> tuple[Crop, Judged]:
    """A bracket 1.5 mm beside its place."""
    solids = Solids(parts, threads=1)
    shot = Photographer(parts, seed=3).shoot([TABLE, moved(BRACKET, 1.5)], stamp=1000.0)
    region = region_of(solids.get(BRACKET.mesh).corners, PLACE, shot.pose, shot.intrinsics, SETTINGS.margin_m)
    assert region is not None
    inside = region.inside(shot.intrinsics)
    depth = shot.depth_m[inside.top : inside.top + inside.height, inside.left : inside.left + inside.width]
    crop = Crop("top", np.ascontiguousarray(depth), inside, shot.intrinsics, shot.pose, shot.stamp)
    return crop, judge(ASKED, crop, solids, SETTINGS)


def kept(root: Path, parts: Path, seen: tuple[Crop, Judged], **more: str) -> Path:
    return root / evidence.keep(root, ASKED, *seen, SETTINGS, meshes=parts, **more)


def test_a_record_alone_gives_the_same_verdict_again(tmp_path: Path, parts: Path, seen: tuple[Crop, Judged]) -> None:
    read = evidence.read(kept(tmp_path, parts, seen, calibration="abc"))
    assert (read.request, read.settings, read.calibration) == (ASKED, SETTINGS, "abc")
    again = judge(read.request, read.crop, Solids(parts, threads=1), read.settings)
    assert again.check == read.check == seen[1].check
    assert read.check.verdict == "displaced"


def test_a_record_is_named_by_its_content_and_kept_once(tmp_path: Path, parts: Path, seen: tuple[Crop, Judged]) -> None:
    first, second = kept(tmp_path, parts, seen), kept(tmp_path, parts, seen)
    assert first == second
    assert first.name == hashlib.sha256((first / "record.json").read_bytes()).hexdigest()
    assert first != kept(tmp_path, parts, seen, calibration="other")
    meshes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "meshes").iterdir()}
    assert meshes == {f"{digest}.glb": digest for digest in meshes.values()}
    assert len(meshes) == 3  # part, neighbour, look-alike


@pytest.mark.parametrize("file", ["record.json", "depth.npz", "deviation.png"])
def test_a_file_that_was_changed_is_noticed(tmp_path: Path, parts: Path, seen: tuple[Crop, Judged], file: str) -> None:
    folder = kept(tmp_path, parts, seen)
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes(data)
    with pytest.raises(VisionError) as raised:
        evidence.read(folder)
    assert raised.value.code == "evidence_changed"
    assert [error.code for error in archive.damaged(tmp_path)] == ["evidence_changed"]


def test_pruning_takes_old_pictures_and_leaves_verdicts(tmp_path: Path, parts: Path, seen: tuple[Crop, Judged]) -> None:
    old = kept(tmp_path, parts, seen)
    crop, judged = seen
    needed = kept(tmp_path, parts, seen, calibration="needed")
    young = kept(tmp_path, parts, (dataclasses.replace(crop, stamp=5000.0), judged))
    before = archive.size(tmp_path)
    names = {needed.relative_to(tmp_path).as_posix()}
    assert archive.prune(tmp_path, 2000.0, names, try_only=True).records == 1
    assert archive.size(tmp_path) == before
    gone = archive.prune(tmp_path, 2000.0, names)
    after = archive.size(tmp_path)
    assert (gone.records, gone.needed) == (1, 1)
    assert (after.records, after.whole, before.whole) == (3, 2, 3)
    assert before.total_bytes - after.total_bytes == gone.bytes
    assert [p.name for p in old.iterdir()] == ["record.json"]
    assert (young / "depth.npz").is_file()
    assert list(archive.damaged(tmp_path)) == []
    with pytest.raises(VisionError, match="was removed") as raised:
        evidence.read(old)
    assert raised.value.code == "evidence_removed"
    assert kept(tmp_path, parts, seen) == old  # seen once more: whole again
    assert evidence.read(old).check.verdict == "displaced"


def test_the_picture_says_what_is_off(tmp_path: Path, parts: Path, seen: tuple[Crop, Judged]) -> None:
    said = lines(ASKED, seen[1])
    assert [off for _, off in said] == [True, False, False]
    assert re.match(r"x \+1\.[45]\d ± 0\.\d\d mm", said[0][0])
    assert "mm of 1.00 allowed OFF" in said[0][0]
    assert span_mm(ASKED) == 2.0
    with Image.open(kept(tmp_path, parts, seen) / "deviation.png") as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=int)
    for strong in (NEARER, FARTHER):
        assert int((np.abs(pixels - strong).max(axis=-1) < 12).sum()) > 100


def test_what_a_later_version_added_is_not_left_out_in_silence() -> None:
    plain, _ = to_plain(ASKED)
    assert from_plain(CheckRequest, json.loads(json.dumps(plain))) == ASKED
    with pytest.raises(VisionError) as raised:
        from_plain(CheckRequest, {**plain, "colour": "red"})
    assert raised.value.code == "bad_evidence"
