"""Which camera looks at a result, and what is said when one, or none, can tell."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Check, Deviation
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.ports import CheckRequest, Shot
    from tests.unit.cell_bench import Bench

TOP = "top: {at: {xyz_mm: [450, 0, 1050], rpy_deg: [180, 0, 90]}, model: structured_light}"
ASIDE = "aside: {at: {xyz_mm: [450, -500, 1050], rpy_deg: [180, 0, 90]}, model: structured_light}"
AWAY = "away: {at: {xyz_mm: [450, -150, 1050], rpy_deg: [0, 0, 0]}, model: structured_light}"  # over it, looking up
NARROW = "narrow: {at: {xyz_mm: [450, 500, 1050], rpy_deg: [180, 0, 90]}, model: structured_light, view_deg: 5}"
WRIST = "wrist: {on: flange, at: {xyz_mm: [450, -150, 1050]}, model: structured_light}"  # as if it were over nest_1


class Recording(SimVision):
    """Vision that keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[CheckRequest] = []
        self.given: list[tuple[CheckRequest, str]] = []  # with the camera's name

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        self.asked.append(request)
        self.given.append((request, shot.camera))
        check = await super().check(request, shot)
        return replace(check, uncertainty_m=(0.0001, 0.0002, 0.0003), uncertainty_rad=(0.001, 0.002, 0.003))


class Told(SimVision):
    """Vision that says what it is told for each camera; `seen` are the cameras whose pictures it was given."""

    def __init__(self, **verdicts: Check) -> None:
        super().__init__()
        self.verdicts = verdicts
        self.seen: list[str] = []

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        self.seen.append(shot.camera)
        return self.verdicts.get(shot.camera) or Check("ok", visible=1.0, shot_stamp=shot.stamp)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


def cell_with(folder: Path, *cameras: str) -> Path:
    text = (folder / "cell.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("cameras:"))
    file = folder / "eyes.yaml"
    file.write_text(text.replace(line, f"cameras: {{{', '.join(cameras)}}}"), encoding="utf-8")
    return file


async def _no_picture() -> Shot:
    raise VisionError("The camera top gives no picture.", remedy="Check its cable and power.")


def looks(folder: Path, vision: Told, *cameras: str, broken: str = "", ends: StepStatus = StepStatus.DONE) -> Bench:
    """Let the robot load a base into nest_1 (x 450, y -150) and have it checked by these cameras."""

    async def main() -> Bench:
        async with bench(folder, vision=vision, cell_file=cell_with(folder, *cameras)) as cell:
            if broken:
                cell.cell.cameras[broken].shoot = _no_picture  # type: ignore[method-assign] # a camera that is broken
            await cell.begin(worker=False)
            await cell.step_is("load", ends)
            return cell

    return run_virtual(main)


def test_the_camera_that_faces_the_result_straightest_looks(folder: Path) -> None:
    vision = Told()
    looks(folder, vision, ASIDE, TOP)
    assert vision.seen[0] == "top"


@pytest.mark.parametrize("other", [AWAY, NARROW, WRIST])
def test_a_camera_that_has_it_not_in_the_picture_does_not_look(folder: Path, other: str) -> None:
    vision = Told(top=Check("cannot_see", reason="Nothing there."))
    cell = looks(folder, vision, other, TOP, ends=StepStatus.ATTENTION)
    assert set(vision.seen) == {"top"}
    assert cell.all("check_ended", step="load")[0].measured.reason == "Nothing there."


def test_where_the_nearest_view_is_blocked_the_next_camera_tells(folder: Path) -> None:
    vision = Told(top=Check("cannot_see", visible=0.1, reason="A lamp hides it."))
    cell = looks(folder, vision, TOP, ASIDE)
    assert vision.seen[:2] == ["top", "aside"]
    first, *_ = cell.all("check_ended", step="load")
    assert (first.measured.verdict, first.measured.reason) == ("ok", "")


def test_a_clear_verdict_is_not_asked_for_twice(folder: Path) -> None:
    vision = Told(top=Check("flipped", visible=1.0, reason="It lies upside down."))
    cell = looks(folder, vision, TOP, ASIDE, ends=StepStatus.ATTENTION)
    assert "aside" not in vision.seen
    assert cell.all("check_ended", step="load")[0].measured.verdict == "flipped"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (Check("ok", Deviation((0.5, 0.0, 0.0), (0.0, 0.0, 0.0)), visible=1.0), "along x"),
        (Check("ok", Deviation((0.0, 0.0, 0.0), (3.1, 0.0, 0.0)), visible=1.0), "about x"),
        (Check("ok", uncertainty_m=(-1.0, 0.0, 0.0), visible=1.0), "range"),
        (Check("ok", visible=-3.0), "range"),
        (Check("displaced", Deviation((math.nan, 0.0, 0.0), (0.0, 0.0, 0.0)), visible=1.0), "number"),
    ],
)
def test_a_verdict_that_contradicts_itself_is_none(folder: Path, told: Check, why: str) -> None:
    cell = looks(folder, Told(top=told), TOP, ends=StepStatus.ATTENTION)
    first = cell.all("check_ended", step="load")[0].measured
    assert (first.verdict, first.offset_mm, first.visible) == ("cannot_see", None, 0.0)
    assert "contradicts itself" in first.reason
    assert why in first.reason


def test_an_axis_that_a_verdict_leaves_open_may_be_anywhere(folder: Path) -> None:
    turned = Check("ok", Deviation((0.0, 0.0, 0.0), (0.0, 0.0, 3.1)), visible=1.0, not_judged=("about z",))
    looks(folder, Told(top=turned), TOP)


def test_a_picture_is_no_newer_than_the_camera_says(folder: Path) -> None:
    cell = looks(folder, Told(top=Check("ok", visible=1.0, shot_stamp=4e9)), TOP)
    ended = cell.all("check_ended", step="load")[0]
    assert ended.measured.shot_t <= cell.now


def test_where_none_can_tell_it_says_what_each_of_them_lacks(folder: Path) -> None:
    vision = Told(
        top=Check("cannot_see", visible=0.1, reason="A lamp hides it.", evidence="a"),
        aside=Check("cannot_see", visible=0.2, reason="It is too small.", evidence="b"),
    )
    cell = looks(folder, vision, TOP, ASIDE, ends=StepStatus.ATTENTION)
    measured = cell.all("check_ended", step="load")[0].measured
    assert measured.verdict == "cannot_see"
    assert measured.reason == "top: A lamp hides it. aside: It is too small."
    assert (measured.visible, measured.evidence) == (0.2, "b")  # of the one that saw most
    assert cell.step("load").code == "cannot_see"


def test_a_camera_without_a_picture_leaves_it_to_the_next(folder: Path) -> None:
    vision = Told()
    looks(folder, vision, TOP, ASIDE, broken="top")
    assert vision.seen[0] == "aside"


def test_a_camera_that_is_broken_is_named_beside_one_that_can_not_tell(folder: Path) -> None:
    vision = Told(aside=Check("cannot_see", reason="It is too small."))
    cell = looks(folder, vision, TOP, ASIDE, broken="top", ends=StepStatus.ATTENTION)
    said = cell.all("check_ended", step="load")[0].measured.reason
    assert said == "aside: It is too small. The camera top gives no picture."


def test_without_any_picture_a_person_is_asked(folder: Path) -> None:
    vision = Told()
    cell = looks(folder, vision, TOP, broken="top", ends=StepStatus.ATTENTION)
    assert vision.seen == []
    assert "no picture" in cell.step("load").message
    asked = cell.cell.desk.screen.topics["question/u1/load"]
    assert asked.reason["en"] == "The camera top gives no picture."  # type: ignore[union-attr] # that topic asks
    assert asked.reason["de"] == "Die Kamera top gibt kein Bild."  # type: ignore[union-attr]
    assert asked.remedy["en"] == "Check its cable and power."  # type: ignore[union-attr]


def test_a_camera_on_the_wrist_alone_checks_nothing(folder: Path) -> None:
    vision = Told()

    async def main() -> None:
        async with bench(folder, vision=vision, cell_file=cell_with(folder, WRIST)) as cell:
            await cell.begin()
            await cell.ended()
            assert cell.record()["state"] == "done"  # by a person's eyes

    run_virtual(main)
    assert vision.seen == []


def test_a_board_that_was_moved_takes_the_camera_out_of_the_checks(folder: Path) -> None:
    vision = Told()
    file = cell_with(folder, TOP)
    boards = "boards: {fixture: {squares: [8, 5], square_mm: 20, marker_mm: 15, at: nest_2}}\n"
    file.write_text(boards + file.read_text(encoding="utf-8"), encoding="utf-8")

    async def main(by: Pose, ends: StepStatus) -> Bench:
        async with bench(folder, vision=vision, cell_file=file) as cell:
            cameras: dict[str, Any] = cell.cell.cameras  # type: ignore[assignment] # the bench put a blind one in
            cameras["top"] = cameras["top"]._camera
            cell.cell.boards.knock("fixture", by)
            await cell.begin(worker=False)
            await cell.step_is("load", ends)
            return cell

    cell = run_virtual(lambda: main(Pose((0.02, 0.0, 0.0)), StepStatus.ATTENTION))
    said = cell.all("check_ended", step="load")[0].measured
    assert said.verdict == "cannot_see"
    assert said.reason.startswith("The board fixture seems 20.")
    assert "tandem calibrate top extrinsics" in said.reason
    assert vision.seen == []
    run_virtual(lambda: main(Pose(), StepStatus.DONE))
    assert vision.seen == ["top"]


def test_what_carries_a_part_and_was_measured_is_its_datum(folder: Path) -> None:
    vision = Recording()

    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            await cell.begin()
            await cell.ended()

    run_virtual(main)
    asked = {request.part.id: request for request in vision.asked}
    assert asked["u1/base"].datum == ()
    later = [request for part, request in asked.items() if part != "u1/base"]
    assert later
    for request in later:
        assert "u1/base" in [datum.id for datum in request.datum]
        assert {datum.id for datum in request.datum} <= {thing.id for thing in request.around}


class Shortsighted(Recording):
    """Vision to which the camera `top` tells of bases alone."""

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        check = await super().check(request, shot)
        return check if shot.camera != "top" or request.part.id.endswith("base") else Check("cannot_see")


def test_what_a_camera_has_left_unknown_of_a_datum_is_known_to_it_alone(folder: Path) -> None:
    vision = Shortsighted()

    async def main() -> Bench:
        async with bench(folder, vision=vision, cell_file=cell_with(folder, TOP, ASIDE)) as cell:
            await cell.begin()
            await cell.ended()
            return cell

    cell = run_virtual(main)
    (first,) = (event for event in cell.all("part_moved", part="u1/base") if event.sighting is not None)
    (said,) = (event.measured for event in cell.all("check_ended", step="load"))
    assert first.what == "seen"
    assert (first.sighting.camera, first.sighting.calibration) == (said.camera, said.calibration)
    assert first.sighting.sigma_m == (0.0001, 0.0002, 0.0003)
    assert first.sighting.sigma_rad == pytest.approx((0.001, 0.002, 0.003), abs=1e-5)
    later = [(request, camera) for request, camera in vision.given if request.part.id != "u1/base"]
    assert {camera == said.camera for _, camera in later} == {True, False}
    for request, camera in later:
        known = {datum.id: datum.sigma for datum in request.datum}["u1/base"]
        by_it = (*first.sighting.sigma_m, *first.sighting.sigma_rad)
        assert known == (by_it if camera == said.camera else None)


class Late:
    """A camera whose first pictures are from before everything; `late` are how many."""

    def __init__(self, camera: Any, late: int) -> None:
        self._camera = camera
        self.late = late
        self.shots = 0

    async def shoot(self) -> Shot:
        self.shots += 1
        shot: Shot = await self._camera.shoot()
        return replace(shot, stamp=shot.stamp - 60.0) if self.shots <= self.late else shot


def late_looks(folder: Path, late: int, ends: StepStatus) -> tuple[Bench, Late]:
    async def main() -> tuple[Bench, Late]:
        async with bench(folder, vision=Told(), cell_file=cell_with(folder, TOP)) as cell:
            cameras: dict[str, Any] = cell.cell.cameras  # type: ignore[assignment] # a camera that lags
            camera = cameras["top"] = Late(cameras["top"], late)
            await cell.begin(worker=False)
            await cell.step_is("load", ends)
            return cell, camera

    return run_virtual(main)


def test_a_picture_from_before_the_arm_stood_is_taken_again(folder: Path) -> None:
    cell, camera = late_looks(folder, 2, StepStatus.DONE)
    assert camera.shots == 3
    (ended,) = cell.all("check_ended", step="load")
    motions = [item.t for item in cell.fresh if item.event.type == "motion_ended"]
    assert ended.measured.shot_t >= motions[-1]
    assert cell.all("outcome_ignored") == []


def test_a_camera_whose_pictures_are_always_from_before_sees_nothing(folder: Path) -> None:
    cell, _ = late_looks(folder, 1000, StepStatus.ATTENTION)
    assert cell.step("load").code == "cannot_see"
    assert "none of them from after the arm and the scene last changed" in cell.step("load").message


def with_look(folder: Path, tmp_path: Path, look: str) -> Path:
    """Return a copy of the authored folder whose first step is looked at from somewhere."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    assert "robot: pick_place, time_s: 10}" in text
    file.write_text(text.replace("robot: pick_place, time_s: 10}", f"robot: pick_place, look: {look}, time_s: 10}}"))
    return tmp_path


def test_a_step_that_names_its_camera_is_looked_at_by_that_one_alone(folder: Path, tmp_path: Path) -> None:
    vision = Told(aside=Check("cannot_see", reason="It is too small."))
    mine = with_look(folder, tmp_path, "aside")
    cell = looks(mine, vision, TOP, ASIDE, ends=StepStatus.ATTENTION)
    assert set(vision.seen) == {"aside"}
    assert cell.step("load").message == "The camera can't see it: It is too small."


def test_a_named_camera_that_the_cell_has_no_more_is_said(folder: Path, tmp_path: Path) -> None:
    vision = Told()
    cell = looks(with_look(folder, tmp_path, "aside"), vision, TOP, ends=StepStatus.ATTENTION)
    assert vision.seen == []
    assert "The cell has no camera 'aside'." in cell.step("load").message
