"""Golden samples: what good units teach, what they can't, and what checks make of it."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh

from orchestrator.adapters.camera_sim import SimCamera, setup_of
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.golden_store import GoldenStore
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.render import Solids
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision.study import cut
from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import Deviation, Pose, deviation
from orchestrator.core.golden import Golden, Lesson
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Check, CheckRequest, Expected, Mesh, Taught
from orchestrator.engine.eyes import Eyes
from orchestrator.engine.golden import Sample, learn, sample
from orchestrator.engine.library import Library
from orchestrator.engine.nominal import UNIT, Nobody, as_checked, nominal
from tests.unit.cell_bench import authored, bench
from tests.unit.test_cli import run
from tests.unit.test_eyes import Recording

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.vision.judge import Judged
    from orchestrator.adapters.vision.place import Crop

OF = Lesson(
    product="stack",
    step="load",
    kind="base",
    camera="top",
    mesh_sha256="m",
    procedure_sha256="p",
    calibration="c",
)
SIGMA = (0.0001,) * 3 + (0.002,) * 3
OFF_M = 0.0004


def shots(count: int, x: float = OFF_M, seed: int = 1) -> list[Sample]:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, 6)) * SIGMA + np.array([x, 0, 0, 0, 0, 0])
    return [Sample(f"s{i}", tuple(float(v) for v in row), SIGMA) for i, row in enumerate(rows)]


def test_good_units_teach_their_mean_and_their_scatter() -> None:
    golden = learn(OF, shots(40))
    assert golden.offset_m[0] == pytest.approx(OFF_M, abs=3 * SIGMA[0] / math.sqrt(40))
    assert golden.scatter_m == pytest.approx(SIGMA[:3], rel=0.3)
    assert golden.mean_rad == pytest.approx([v / math.sqrt(len(golden.shots)) for v in golden.scatter_rad], rel=0.01)
    assert golden.taught.id == golden.id
    assert len(golden.shots) + len(golden.left_out) == 40


def test_a_shot_apart_from_the_others_is_left_out_and_said() -> None:
    samples = shots(9)
    odd = Sample("odd", (0.003, *samples[0].values[1:]), SIGMA)
    golden = learn(OF, [*samples, odd])
    assert set(golden.left_out) == {"odd"}
    assert "mm along x from the others" in golden.left_out["odd"]
    assert golden.offset_m == learn(OF, samples).offset_m


@pytest.mark.parametrize(
    ("samples", "refused", "code", "says"),
    [
        (shots(4), {}, "too_few", "4 shots of 'load' by top count, and 5 are needed."),
        (shots(4), {"r9": "the verdict is missing"}, "too_few", "r9: the verdict is missing."),
        (shots(8), {f"r{i}": "the verdict is flipped" for i in range(3)}, "not_good", "3 of 11 shots of 'load' don't"),
        (shots(8, x=0.0014), {}, "too_far", "mm off along x; up to 1 mm can be a bias"),
        ([], {}, "too_few", "0 shots"),
    ],
)
def test_what_can_not_be_learned_from_is_refused_with_its_reason(
    samples: list[Sample], refused: dict[str, str], code: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says.replace(".", r"\.")) as caught:
        learn(OF, samples, refused)
    assert caught.value.code == code


def test_verdicts_that_speak_of_something_else_teach_nothing() -> None:
    asked = CheckRequest("e", Expected("p", "p.glb", Pose()), (), (0.001,) * 3, (0.03,) * 3)
    off = Deviation((0.0001, 0.0, 0.0), (0.0, 0.0, 0.1))
    assert sample("a", asked, Check("wrong", deviation=off)) == "the verdict is wrong"
    assert sample("a", asked, Check("cannot_see", reason="Too dark.")) == "no pose was found: Too dark."
    seen = sample("a", asked, Check("displaced", deviation=off, not_judged=("about z",)))
    assert isinstance(seen, Sample)
    assert seen.values == (0.0001, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_what_was_counted_from_a_lesson_is_counted_from_the_nominal_pose_again() -> None:
    before = Taught("x", Deviation((0.0004, 0.0, 0.0), (0.0, 0.0, 0.0)), (0.0,) * 3, (0.0,) * 3)
    asked = CheckRequest("e", Expected("p", "p.glb", Pose()), (), (0.001,) * 3, (0.03,) * 3, taught=before)
    seen = sample("a", asked, Check("ok", deviation=Deviation((0.0001, 0.0, 0.0), (0.0, 0.0, 0.0))))
    assert isinstance(seen, Sample)
    assert seen.values[0] == pytest.approx(0.0005)


def test_a_deviation_is_a_pose() -> None:
    off = Deviation((0.001, -0.002, 0.003), (0.02, -0.03, 0.1))
    back = deviation(Pose((1.0, 2.0, 3.0)) @ off.pose, Pose((1.0, 2.0, 3.0)))
    assert back.xyz_m == pytest.approx(off.xyz_m)
    assert back.rot_rad == pytest.approx(off.rot_rad)


# ---- kept beside the cell --------------------------------------------------------------------------------------


def test_a_lesson_counts_until_something_it_rests_on_changes(tmp_path: Path) -> None:
    store = GoldenStore(tmp_path)
    assert store.taught(OF) == (None, "")
    golden = learn(OF, shots(8))
    store.keep(golden)
    assert store.taught(OF) == (golden.taught, "")
    for field, words in (
        ("mesh_sha256", "the mesh"),
        ("procedure_sha256", "procedure"),
        ("calibration", "calibration"),
    ):
        held, why = store.taught(OF.model_copy(update={field: "other"}))
        assert held is None
        assert words in why
        assert "has changed since" in why
    newer = learn(OF, shots(8, seed=2))
    store.keep(newer)
    assert [one.id for one in store.all()] == [newer.id]
    assert store.forget(OF.key)
    assert not store.forget(OF.key)
    assert store.taught(OF) == (None, "")
    assert len(list(tmp_path.rglob("*.json"))) == 2  # what evidence names stays


def test_a_lesson_that_was_edited_is_not_used(tmp_path: Path) -> None:
    store = GoldenStore(tmp_path)
    store.keep(learn(OF, shots(8)))
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"by": ""', '"by": "x"'), encoding="utf-8")
    held, why = store.taught(OF)
    assert held is None
    assert "was changed after it was made" in why


# ---- a mesh that is 0.4 mm off ---------------------------------------------------------------------------------


class Stage:
    """The small product's first step; the base that is really there is drawn 0.4 mm beside its origin."""

    def __init__(self, folder: Path) -> None:
        self.folder = authored(folder)
        drawn = trimesh.load(folder / "stack" / "base.glb", force="mesh")
        drawn.apply_translation((OFF_M, 0.0, 0.0))
        drawn.export(folder / "true.glb")
        library = Library(folder, folder / "cell.yaml")
        assert library.cell is not None
        variant = library.variant("stack", {"pin": "steel"})
        step = variant.by_id["load"]
        eyes = Eyes(dict.fromkeys(library.cell.cameras, Nobody()), Nobody(), library.kinds)
        asked = eyes.request(as_checked(nominal(variant, step, library.cell), variant, step), UNIT, step)
        self.request = dataclasses.replace(asked, within_m=(0.00035,) * 3)
        self.setup = setup_of(library.cell, "top")
        self.settings = dataclasses.replace(VisionSettings(), noise_m=self.setup.noise.sigma_m)
        self.solids, self.meshes = Solids(folder), MeshStore(folder)

    def look(self, seed: int, taught: Taught | None = None, off_m: float = 0.0) -> tuple[CheckRequest, Crop, Judged]:
        world = World(self.meshes)
        world.add("true", Mesh("true.glb"), self.request.part.pose @ Pose((0.0, off_m, 0.0)))
        camera = SimCamera(self.setup, world, WallClock(), robot=None, seed=seed)
        crop = cut(asyncio.run(camera.shoot()), self.request.part, self.solids, self.settings.margin_m)
        asked = dataclasses.replace(self.request, taught=taught)
        return asked, crop, judge(asked, crop, self.solids, self.settings)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("golden"))


def test_a_mesh_that_is_off_rejects_good_units_until_it_was_taught(stage: Stage) -> None:
    before = [stage.look(seed)[2].check for seed in range(8)]
    assert all(check.verdict != "ok" for check in before)
    seen = [sample(f"s{number}", stage.request, check) for number, check in enumerate(before)]
    golden = learn(OF, [one for one in seen if isinstance(one, Sample)])
    print(f"\ntaught x {golden.offset_m[0] * 1000:+.3f} mm ± {golden.mean_m[0] * 1000:.3f}")
    assert golden.offset_m[0] == pytest.approx(OFF_M, abs=0.00015)  # its pixels are 0.9 mm
    after = [stage.look(seed, golden.taught)[2].check for seed in range(20, 30)]
    print("before", [check.verdict for check in before], "after", [check.verdict for check in after])
    assert sum(check.verdict == "ok" for check in after) >= 9
    off = [stage.look(seed, golden.taught, off_m=0.001)[2].check for seed in range(40, 45)]
    assert [check.verdict for check in off] == ["displaced"] * 5


def test_no_less_uncertainty_is_claimed_than_was_seen(stage: Stage) -> None:
    rough = Taught("x", Deviation((0.0,) * 3, (0.0,) * 3), (0.0007,) * 3, (0.05,) * 3)
    check = stage.look(1, rough)[2].check
    assert check.uncertainty_m == (0.0007,) * 3
    assert check.uncertainty_rad == (0.05,) * 3
    assert check.verdict == "cannot_see"


def test_evidence_names_what_was_taught_and_teaches_again(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = Taught("abc", Deviation((0.0002, 0.0, 0.0), (0.0, 0.0, 0.0)), (0.00001,) * 3, (0.0001,) * 3)
    for seed in range(6):
        asked, crop, judged = stage.look(seed, lesson)
        asked = dataclasses.replace(asked, effect=f"u{seed}/load/1/check")
        name = evidence.keep(tmp_path / "evidence", asked, crop, judged, stage.settings, meshes=stage.folder)
    assert evidence.read(tmp_path / "evidence" / name).request.taught == lesson
    place = ("--product", "stack", "--cell", str(stage.folder / "cell.yaml"), "--data", str(tmp_path / "data"))
    place = (*place, "--instructions", str(stage.folder))
    code, out, err = run(capsys, "vision", "teach", "load", "--from", str(tmp_path / "evidence"), *place)
    assert code == 0, err
    assert "top on load (base): 6 shots count, 0 don't." in out
    (golden,) = GoldenStore(tmp_path / "data" / "golden").all()
    assert golden.offset_m[0] == pytest.approx(OFF_M, abs=0.00015)  # its pixels are 0.9 mm
    shutil.rmtree(tmp_path / "evidence" / name)
    shutil.rmtree(tmp_path / "evidence" / evidence_of(tmp_path))
    code, out, err = run(capsys, "vision", "teach", "load", "--from", str(tmp_path / "evidence"), *place)
    assert code == 1
    assert "4 shots of 'load' by top count, and 5 are needed." in err


def evidence_of(folder: Path) -> str:
    record = next((folder / "evidence").rglob("record.json"))
    return record.parent.relative_to(folder / "evidence").as_posix()


# ---- in a cell -------------------------------------------------------------------------------------------------


def test_the_simulated_camera_teaches_shows_and_forgets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = authored(tmp_path / "authored")
    place = ("--product", "stack", "--cell", str(folder / "cell.yaml"), "--data", str(tmp_path / "data"))
    place = (*place, "--instructions", str(folder))
    options = ("--option", "pin=steel")
    code, out, err = run(capsys, "vision", "teach", "load", "--simulate", "6", *options, *place)
    assert code == 0, err
    assert "good units lie at" in out
    assert "of load by top counts from now on." in out
    code, out, _ = run(capsys, "vision", "taught", *place)
    assert code == 0
    assert "not used" not in out
    procedure = folder / "stack" / "procedure.yaml"
    procedure.write_text(procedure.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    code, out, _ = run(capsys, "vision", "taught", *place)
    assert "It is not used: the procedure has changed since. Teach again." in out
    forget = [word for word in place if word not in ("--instructions", str(folder))]
    code, out, err = run(capsys, "vision", "forget", "load", *forget)
    assert code == 0, err
    code, _, err = run(capsys, "vision", "taught", *place)
    assert code == 1
    assert "Nothing was taught of stack." in err


@pytest.mark.parametrize("stale", [False, True])
def test_the_cells_checks_use_what_was_taught(tmp_path: Path, stale: bool) -> None:
    folder = authored(tmp_path / "authored")
    library = Library(folder, folder / "cell.yaml")
    assert library.cell is not None
    variant = library.variant("stack", {"pin": "steel"})
    of = OF.model_copy(
        update={
            "mesh_sha256": "another" if stale else variant.parts["base"].mesh_sha256,
            "procedure_sha256": variant.procedure_sha256,
            "calibration": library.cell.sha256,
        }
    )
    golden: Golden = learn(of, shots(8))
    data, vision = tmp_path / "data", Recording()
    GoldenStore(data / "golden").keep(golden)

    async def main() -> str:
        async with bench(folder, vision=vision, data=data) as cell:
            await cell.begin(worker=False)
            await cell.step_is("load", StepStatus.DONE)
            return cell.all("check_ended", step="load")[0].measured.reason

    reason = run_virtual(main)
    assert vision.asked[0].taught == (None if stale else golden.taught)
    assert ("the mesh has changed since. Teach again." in reason) == stale
