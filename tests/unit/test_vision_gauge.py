"""A gauge study of a camera: from the embedded cell's, and from what was saved."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.camera_sim import setup_of
from orchestrator.adapters.sim.depth import STEREO
from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.render import Solids
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision.study import Series, cut, shoot_units, together
from orchestrator.core.errors import BadInput
from orchestrator.engine.library import Library
from orchestrator.engine.nominal import UNIT, nominal
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts
from tests.unit.cell_bench import authored
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.variant import Variant


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.fixture(scope="module")
def stack(folder: Path) -> tuple[Variant, CellSpec]:
    library = Library(folder, folder / "cell.yaml")
    assert library.cell is not None
    return library.variant("stack", {"pin": "steel"}), library.cell


@pytest.mark.parametrize("nest", [0, 1])
def test_a_unit_stands_as_the_procedure_says(stack: tuple[Variant, CellSpec], nest: int) -> None:
    variant, spec = stack
    state = nominal(variant, variant.by_id["cap"], spec, nest)
    frames = spec.nests["nest"]
    x, y, z = spec.frames[frames[nest % len(frames)]].p
    assert set(state.world.facts) == {"u1/base", "u1/pin_steel"}
    pin = state.world.pose("u1/pin_steel")
    assert pin is not None
    assert pin.p == pytest.approx((x, y, z + 0.018))
    cap = state.result_pose(UNIT, variant.by_id["cap"])
    assert cap is not None
    assert cap.p == pytest.approx((x, y, z + 0.018 + 0.04))


def test_the_same_seed_measures_the_same_and_a_noisier_camera_worse(
    folder: Path, stack: tuple[Variant, CellSpec]
) -> None:
    variant, spec = stack
    base = variant.by_id["load"]
    pose = nominal(variant, base, spec).result_pose(UNIT, base)
    assert pose is not None
    asked = request(expected("u1/base", pose, part="stack/base"))
    setup = setup_of(spec, next(iter(spec.fixed_cameras)))
    noisy = dataclasses.replace(setup, noise=STEREO)
    once, again, worse = (
        shoot_units(one, asked, folder, VisionSettings(), units=3, shots=3, seed=5) for one in (setup, setup, noisy)
    )
    assert np.array_equal(once.values, again.values)
    spread = [float(one.values[..., 2].std(axis=1).mean()) for one in (once, worse)]
    assert spread[1] > 3 * spread[0]
    assert once.values[:, :, 1].mean(axis=1).std() > 0.0003  # units are not placed alike


def test_saved_evidence_makes_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_parts(tmp_path)
    table, settings, solids = expected("table", PLACE.shifted(z=0.0)), VisionSettings(), Solids(tmp_path, threads=1)
    photographer = Photographer(tmp_path, seed=4)
    for unit, mm in enumerate((-0.6, 0.0, 0.5)):
        part = expected(f"u{unit}/bracket", PLACE, part="bracket")
        asked = request(part, [table])
        for _ in range(3):
            shot = photographer.shoot([table, moved(part, mm)])
            crop = cut(shot, part, solids, settings.margin_m)
            evidence.keep(
                tmp_path / "evidence", asked, crop, judge(asked, crop, solids, settings), settings, meshes=tmp_path
            )
    code, out, err = run(capsys, "vision", "gauge", "--from", str(tmp_path / "evidence"), "--json")
    assert code == 0, err
    rows = {row["axis"]: row for row in json.loads(out)}
    assert set(rows) == {"x", "y", "z", "about x", "about y", "about z"}
    assert rows["x"]["pv"] == pytest.approx(np.std([-0.6e-3, 0, 0.5e-3], ddof=1), rel=0.15)
    assert rows["x"]["ev"] < 0.00015
    assert rows["x"]["av"] == 0
    assert rows["z"]["band"] == "good"
    code, out, _ = run(capsys, "vision", "gauge", "--from", str(tmp_path / "evidence"))
    assert code == 0
    assert "3 units x 3 shots" in out


def test_cameras_are_compared_on_the_same_units() -> None:
    def seen(camera: str, *units: int) -> Series:
        values = np.array([[[float(unit)] * 6] * 2 for unit in units])
        return Series(camera, tuple(f"unit {unit}" for unit in units), values, (0.0, 0.0, 0.0), 1.0)

    both = together({"a": seen("a", 1, 2, 3, 5), "b": seen("b", 5, 3, 1)})
    assert both.shape == (3, 2, 2, 6)
    assert both[:, :, 0, 0].tolist() == [[1, 1], [3, 3], [5, 5]]
    with pytest.raises(BadInput, match="no two units in common"):
        together({"a": seen("a", 1, 2), "b": seen("b", 2, 3)})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gauge",), "A step or saved evidence is needed."),
        (("gauge", "beering"), "There is no step 'beering'. Did you mean bearing?"),
        (("gauge", "bearing", "--model", "stero"), "There is no camera model 'stero'. Did you mean stereo?"),
        (("gauge", "tighten"), "There is nothing to look at for tighten"),
        (("gauge", "--from", "nowhere"), "There is no record 'nowhere'."),
        (("gauge", "bearing", "--option", "ratio"), "Write it as name=value"),
    ],
)
def test_what_can_not_be_studied_is_said_in_one_line(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "vision", *arguments)
    assert code == 1
    assert says in err
    assert len(err.strip().splitlines()) == 1
