"""Saved shots against other thresholds, as a quality engineer asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Solids, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.geometry import Pose
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
BRACKET = expected("bracket", PLACE)
OFF_MM = (0.0, 0.8, 1.5, 2.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parts, and evidence of four brackets, ever further off, each checked to 1 mm."""
    root = tmp_path_factory.mktemp("shots")
    (root / "parts").mkdir()
    write_parts(root / "parts")
    solids, settings = Solids(root / "parts", threads=1), VisionSettings()
    asked = request(BRACKET, [TABLE])
    photographer = Photographer(root / "parts", seed=3)
    for mm in OFF_MM:
        shot = photographer.shoot([TABLE, moved(BRACKET, mm)])
        region = region_of(solids.get(BRACKET.mesh).corners, PLACE, shot.pose, shot.intrinsics, settings.margin_m)
        assert region is not None
        inside = region.inside(shot.intrinsics)
        depth = shot.depth_m[inside.top : inside.top + inside.height, inside.left : inside.left + inside.width]
        crop = Crop("top", np.ascontiguousarray(depth), inside, shot.intrinsics, shot.pose, shot.stamp)
        seen = judge(asked, crop, solids, settings)
        evidence.keep(root / "evidence", asked, crop, seen, settings, meshes=root / "parts")
    return root


def asked(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> list[dict]:
    code, out, err = run(capsys, "check-shot", str(folder / "evidence"), "--json", *arguments)
    assert code == 0, err
    return json.loads(out)


def test_the_same_thresholds_give_the_same_verdicts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shots = asked(capsys, folder)
    assert [shot["now"] for shot in shots] == [shot["then"] for shot in shots]
    assert sorted(shot["now"]["verdict"] for shot in shots) == ["displaced", "displaced", "ok", "ok"]


def test_a_wider_tolerance_passes_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = [shot["now"]["verdict"] for shot in asked(capsys, folder, "--within-mm", "2")]
    assert sorted(verdicts) == ["displaced", "ok", "ok", "ok"]
    verdicts = [shot["now"]["verdict"] for shot in asked(capsys, folder, "--within-mm", "4,0.5,0.5")]
    assert verdicts == ["ok"] * 4


def test_another_setting_is_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shots = asked(capsys, folder, "--set", "floor_m=0.0004")
    measured = [shot["now"]["uncertainty_m"] for shot in shots if shot["now"]["deviation"]]
    assert measured
    assert all(min(sigmas) >= 0.0004 for sigmas in measured)


def test_varying_a_tolerance_counts_verdicts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = asked(capsys, folder, "--vary", "within_mm=0.5:3:6")
    assert [count["within_mm"] for count in counts] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    ok = [count.get("ok", 0) for count in counts]
    assert ok == sorted(ok)
    assert (ok[0], ok[-1]) == (1, 4)
    assert all(sum(v for k, v in count.items() if k != "within_mm") == 4 for count in counts)


def test_the_table_names_what_became_of_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check-shot", str(folder / "evidence"), "--within-mm", "2")
    assert code == 0
    assert "4 shots, 1 with another verdict than then." in out
    assert "ok (!)" in out


def test_a_mesh_that_has_changed_is_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_parts(tmp_path)
    (tmp_path / "bracket.glb").write_bytes((tmp_path / "plate.glb").read_bytes())
    shots = asked(capsys, folder, "--instructions", str(tmp_path))
    notes = {note for shot in shots for note in shot["notes"]}
    assert notes == {"bracket.glb has changed since; judged with the mesh as it was."}
    assert [shot["now"] for shot in shots] == [shot["then"] for shot in shots]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--set", "floor_mm=0.4"), "There is no threshold 'floor_mm'. Did you mean floor_m?"),
        (("--set", "floor_m"), "Write it as name=value"),
        (("--set", "floor_m=small"), "'small' is no number."),
        (("--within-mm", "0"), "A tolerance must be more than 0."),
        (("--within-mm", "1,2"), "within_mm takes no '1,2'."),
        (("--vary", "within_mm=3:1"), "'3:1' is no row of values."),
        (("--vary", "within=1:3"), "There is no threshold 'within'. Did you mean within_mm?"),
    ],
)
def test_what_can_not_be_is_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, _, err = run(capsys, "check-shot", str(folder / "evidence"), *arguments)
    assert code == 1
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_what_is_not_there_is_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "check-shot", str(tmp_path / "nothing"))
    assert code == 1
    assert "There is no record" in err
    code, _, err = run(capsys, "check-shot", "--data", str(folder), "--unit", "u9")
    assert code == 1
    assert "No evidence of unit 'u9'." in err
