"""`tandem check` counts with what good units taught and with gauge studies, kept below the cell's data folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.gauge_store import GaugeStore
from orchestrator.adapters.golden_store import GoldenStore
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.cli.vision_gauge import _Bench
from orchestrator.core.gauged import view_of
from orchestrator.core.geometry import Pose
from orchestrator.core.golden import Golden, Lesson
from orchestrator.core.ports import CheckRequest, Expected
from orchestrator.engine.gauge import Gauge
from orchestrator.engine.library import Library
from tests.unit.cell_bench import authored, bench
from tests.unit.test_cli import run

if TYPE_CHECKING:
    from pathlib import Path

LOAD = "{id: load, after: [], result: {part: base, at: nest}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return authored(tmp_path / "authored")


def edited(folder: Path, old: str, new: str) -> None:
    procedure = folder / "stack" / "procedure.yaml"
    text = procedure.read_text(encoding="utf-8")
    assert text.count(old) == 1
    procedure.write_text(text.replace(old, new), encoding="utf-8")


def place(folder: Path, data: Path) -> tuple[str, ...]:
    return ("--cell", str(folder / "cell.yaml"), "--data", str(data))


def gauge(
    folder: Path, data: Path, capsys: pytest.CaptureFixture[str], step: str, *more: str
) -> list[dict[str, float]]:
    where = ("--product", "stack", "--instructions", str(folder), "--units", "3", "--shots", "2", *place(folder, data))
    code, out, err = run(capsys, "vision", "gauge", step, *where, "--json", *more)
    assert code == 0, err
    rows: list[dict[str, float]] = json.loads(out)
    return rows


def warned(folder: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    code, out, err = run(capsys, "check", str(folder), *place(folder, data))
    assert code == 0, out + err
    return [line for line in out.splitlines() if "procedure.yaml" in line and "warning" in line]


def test_a_study_that_finds_a_tolerance_unfit_is_what_check_says(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    rows = gauge(folder, data, capsys, "load", "--units", "4", "--shots", "3")
    assert not [line for line in warned(folder, data, capsys) if "'load': within_mm" in line]
    worst = max(row["grr"] for row in rows[:3])
    asked = f"at: nest, within_deg: 20, within_mm: {worst * 1000 * 4:.4f}"  # measuring takes six of eight sigma
    edited(folder, LOAD, LOAD.replace("at: nest", asked))
    (said,) = [line for line in warned(folder, data, capsys) if "'load'" in line]
    assert "procedure.yaml:25" in said
    assert "a gauge study of 4 units x 3 shots found that measuring takes 75 % of it" in said
    assert "(AIAG: 30 % at most)" in said


def test_a_study_of_another_camera_model_or_cell_file_does_not_count(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    gauge(folder, data, capsys, "load", "--model", "stereo")
    gauge(folder, data, capsys, "load", "--no-keep")
    assert GaugeStore(data / "gauge").all() == []
    gauge(folder, data, capsys, "load")
    (study,) = GaugeStore(data / "gauge").all()
    assert Gauge(study.ev[2], study.av[2], study.pv[2], 0.002).band == "good"
    unfit = study.model_copy(update={"ev": (0.001,) * 6})
    GaugeStore(data / "gauge").keep(unfit)
    assert "(AIAG: 30 % at most)" in "".join(warned(folder, data, capsys))
    cell = folder / "cell.yaml"
    cell.write_text(cell.read_text(encoding="utf-8") + "# moved\n", encoding="utf-8")
    assert "AIAG" not in "".join(warned(folder, data, capsys))


def test_a_study_looks_as_the_check_does_at_what_carries_the_part(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = _Bench.of("pin", "stack", [], str(folder / "cell.yaml"), 0, instructions=folder).request
    assert [thing.id for thing in asked.datum] == ["u1/base"]
    rows = gauge(folder, tmp_path / "data", capsys, "pin")
    assert {row["axis"] for row in rows} == {"x", "y", "z", "about x", "about y"}
    assert all(0 < row["ev"] < 0.0005 for row in rows[:3])


def taught(folder: Path, **changed: object) -> Golden:
    library = Library(folder, folder / "cell.yaml")
    assert library.cell is not None
    variant = library.variant("stack", {"pin": "steel"})
    of = Lesson(
        product="stack",
        step="load",
        kind="base",
        camera="top",
        mesh_sha256=variant.parts["base"].mesh_sha256,
        procedure_sha256=variant.procedure_sha256,
        calibration=library.cell.sha256,
    )
    rough = Golden(
        of=of,
        offset_m=(0.0002, 0.0, 0.0),
        offset_rad=(0.0, 0.0, 0.0),
        scatter_m=(0.0007, 0.0001, 0.0001),
        scatter_rad=(0.001, 0.001, 0.001),
        mean_m=(0.0002, 0.0, 0.0),
        mean_rad=(0.0, 0.0, 0.0),
        shots=tuple("abcdefgh"),
    )
    return rough.model_copy(update=changed)


def test_the_scatter_of_good_units_is_what_check_counts_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    assert not [line for line in warned(folder, data, capsys) if "'load'" in line]
    GoldenStore(data / "golden").keep(taught(folder))
    (said,) = [line for line in warned(folder, data, capsys) if "'load'" in line]
    assert "as 8 shots of good units taught, along x is 1.5 mm (k = 2)" in said
    edited(folder, LOAD, LOAD.replace("at: nest", "at: nest, within_mm: 4"))
    (said,) = [line for line in warned(folder, data, capsys) if "'load'" in line]
    assert "What good units taught top of step 'load' is not used: the procedure has changed since." in said
    assert "tandem vision teach load" in said


def test_what_good_units_taught_takes_the_error_of_the_cameras_place_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    edited(folder, LOAD, LOAD.replace("at: nest", "at: nest, within_mm: 0.6"))
    assert [line for line in warned(folder, data, capsys) if "'load'" in line]
    fine = {"scatter_m": (0.00003,) * 3, "mean_m": (0.00001,) * 3, "scatter_rad": (0.0005,) * 3}
    GoldenStore(data / "golden").keep(taught(folder, **fine))
    assert not [line for line in warned(folder, data, capsys) if "'load'" in line]


def test_a_damaged_file_is_named_and_left_out(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    GoldenStore(data / "golden").keep(taught(folder))
    for file in data.rglob("*.json"):
        file.write_text("{}", encoding="utf-8")
    code, out, err = run(capsys, "check", str(folder), *place(folder, data))
    assert code == 0, out + err
    assert "is no golden sample. Teach again" in out
    code, _, err = run(capsys, "check", str(folder), "--data", str(data))
    assert code == 1
    assert "--data is of one cell. Name it with --cell." in err


def test_a_view_is_the_same_whatever_the_tolerance() -> None:
    def asked(**changed: object) -> CheckRequest:
        given: dict[str, object] = {
            "effect": "e",
            "part": Expected("u1/a", "a.glb", pose(0.0)),
            "around": (Expected("u1/b", "b.glb", pose(0.1)),),
            "within_m": (0.001,) * 3,
            "within_rad": (0.02,) * 3,
        }
        return CheckRequest(**{**given, **changed})  # type: ignore[arg-type]

    meshes = {"a.glb": "one", "b.glb": "two"}
    same = view_of(asked(), meshes)
    assert view_of(asked(within_m=(0.5,) * 3, effect="f"), meshes) == same
    others = [
        view_of(asked(), {**meshes, "b.glb": "three"}),
        view_of(asked(around=()), meshes),
        view_of(asked(datum=asked().around), meshes),
        view_of(asked(part=Expected("u1/a", "a.glb", pose(0.001))), meshes),
    ]
    assert len({same, *others}) == 5


def pose(x: float) -> Pose:
    return Pose((x, 0.0, 0.0))


UNITS = 5


def test_the_shots_in_a_journal_teach(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of five units leaves evidence; `vision teach` learns from it, and the next run's checks count with it."""
    data = tmp_path / "data"

    def build(units: int, order: str) -> None:
        async def main() -> None:
            vision = VisionOpen3D(folder, evidence=data / "evidence", noise_m={"top": 0.00014})
            async with bench(folder, vision=vision, data=data) as cell:
                try:
                    if order == "o":
                        await cell.begin(units)
                    else:
                        cell.work(tends=True)
                        await cell.order(units, order)
                    await cell.ended(order, timeout_s=4 * 3600)
                finally:
                    await vision.close()

        run_virtual(main)

    build(UNITS, "o")
    where = ("--product", "stack", "--instructions", str(folder), *place(folder, data))
    code, out, err = run(capsys, "vision", "teach", "load", *where)
    assert code == 0, err
    print(out)
    assert "top on load (base): 5 shots count, 0 don't." in out
    (golden,) = GoldenStore(data / "golden").all()
    assert max(abs(v) for v in golden.offset_m) < 0.0003
    build(1, "again")
    records = [json.loads(path.read_text(encoding="utf-8")) for path in (data / "evidence").rglob("record.json")]
    of = [
        r["request"] for r in records if r["request"]["effect"].split("/")[1] == "load" and r["request"].get("taught")
    ]
    assert {request["taught"]["id"] for request in of} == {golden.id}
