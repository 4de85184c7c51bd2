"""What a verdict rests on: the datum, the guard band, what is free, what is around, what differs in a corner only."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh

from orchestrator.adapters.vision.grain import grain
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Region, Solids
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Deviation, Pose
from orchestrator.core.ports import Taught
from tests.depth_scenes import ABOVE, PLACE, WIDE, Photographer, expected, moved, request, write_parts
from tests.trial_parts import TUNING, write_trial_parts
from tests.trials import LIGHT_KIND, STEREO_KIND, Stage, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.core.ports import Check, CheckRequest, Expected, Shot

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
POT = expected("pot", PLACE)
RING = expected("ring", PLACE.shifted(z=0.03), 0, part="ring_47")
BRACKET = expected("bracket", PLACE)
SIDEWAYS = Pose((0.45, 0.0, 1.05), (0.0, math.sqrt(0.5), math.sqrt(0.5), 0.0))
SEEDS_OF_STUBS = (1, 21, 22, 27, 29, 30)  # at which one of the two fits ends beside the other
BUSH, ANGLE, _, LID, HEX, *_ = TUNING


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("parts")
    write_parts(out)
    write_trial_parts(out)
    rod = trimesh.creation.cylinder(0.008, 0.06, sections=64)
    rod.apply_transform(trimesh.transformations.rotation_matrix(math.pi / 2, (0, 1, 0)))
    rod.export(out / "rod.glb")
    return out


@pytest.fixture(scope="module")
def solids(folder: Path) -> Solids:
    return Solids(folder)


@pytest.fixture
def camera(folder: Path) -> Photographer:
    return Photographer(folder, seed=3)


def checked(asked: CheckRequest, shot: Shot, solids: Solids, *, seems: Pose | None = None) -> Check:
    """The verdict on a whole picture, whose camera everybody takes to be where it `seems`."""
    whole = Region(0, 0, shot.intrinsics.width, shot.intrinsics.height)
    crop = Crop(shot.camera, shot.depth_m, whole, shot.intrinsics, seems or shot.pose, shot.stamp)
    return judge(asked, crop, solids, VisionSettings()).check


def with_datum(asked: CheckRequest, *datum: Expected) -> CheckRequest:
    return dataclasses.replace(asked, datum=datum)


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_an_error_of_the_camera_s_pose_cancels_by_the_datum(solids: Solids, seed: int) -> None:
    def seen(*, datum: bool, off: Pose) -> tuple[float, float, float]:
        trial = Stage(solids, calibration=0.0).trial(ANGLE, LIGHT_KIND, "ok", seed, datum=datum)
        crop = dataclasses.replace(trial.crop, pose=trial.crop.pose @ off)
        around = trial.asked.around if datum else ()  # which would be seen to be off, too
        asked = dataclasses.replace(trial.asked, around=around, within_m=(0.005,) * 3, within_rad=(0.1,) * 3)
        check = run(dataclasses.replace(trial, asked=asked, crop=crop), solids).check
        assert check.deviation is not None, check.reason
        return check.deviation.xyz_m

    off = Pose.from_rpy((0.0005, -0.0005, 0.0005), [math.radians(0.1)] * 3)
    assert math.dist(seen(datum=False, off=off), seen(datum=False, off=Pose())) > 0.0007
    assert math.dist(seen(datum=True, off=off), seen(datum=True, off=Pose())) < 0.0001


def test_the_datum_is_named_and_what_was_taken_out(solids: Solids) -> None:
    trial = Stage(solids, calibration=0.0).trial(ANGLE, LIGHT_KIND, "ok", 12)
    crop = dataclasses.replace(trial.crop, pose=trial.crop.pose @ Pose((0.0, 0.0, 0.002)))
    check = run(dataclasses.replace(trial, crop=crop), solids).check
    assert check.verdict == "ok", check.reason
    assert check.datum == ("base",)
    assert check.datum_offset is not None
    assert check.datum_offset.distance_m == pytest.approx(0.002, abs=0.0002)


def test_a_datum_that_is_far_off_leaves_nothing_to_judge(solids: Solids) -> None:
    trial = Stage(solids, calibration=0.0).trial(ANGLE, LIGHT_KIND, "ok", 12)
    crop = dataclasses.replace(trial.crop, pose=trial.crop.pose @ Pose((0.0, 0.0, 0.012)))
    check = run(dataclasses.replace(trial, crop=crop), solids).check
    assert check.verdict == "cannot_see"
    assert "calibration is off" in check.reason


def test_without_a_datum_a_wrong_calibration_is_told_from_a_displaced_part(
    camera: Photographer, solids: Solids
) -> None:
    shot = camera.shoot([TABLE, POT, RING])
    seems = Pose((0.0, 0.0, 0.003)) @ shot.pose
    check = checked(request(RING, [TABLE, POT]), shot, solids, seems=seems)
    assert check.verdict == "cannot_see"
    assert "the camera's calibration is off" in check.reason
    shot = camera.shoot([TABLE, POT, moved(RING, 3)])
    assert checked(request(RING, [TABLE, POT]), shot, solids).verdict == "displaced"


def test_where_a_datum_is_asked_for_and_not_seen_the_camera_s_own_error_counts(
    camera: Photographer, solids: Solids
) -> None:
    shot = camera.shoot([TABLE, POT, moved(RING, 1.3)])
    beside = expected("block", Pose((0.45, 2.0, 0.05)), part="pot")  # out of the picture
    alone = checked(request(RING, [TABLE, POT]), shot, solids)
    named = checked(with_datum(request(RING, [TABLE, POT]), beside), shot, solids)
    assert alone.verdict == "displaced"
    assert (named.verdict, named.datum) == ("cannot_see", ())
    assert all(sigma > VisionSettings().extrinsic_m for sigma in named.uncertainty_m)
    assert "Too little of block is seen" in named.reason
    far = checked(with_datum(request(RING, [TABLE, POT]), beside), camera.shoot([TABLE, POT, moved(RING, 4)]), solids)
    assert far.verdict == "displaced"


def test_a_datum_that_this_camera_has_measured_before_need_not_be_seen(camera: Photographer, solids: Solids) -> None:
    shot = camera.shoot([TABLE, POT, moved(RING, 1.3)])
    known = dataclasses.replace(
        expected("block", Pose((0.45, 2.0, 0.05)), part="pot"), sigma=(0.0001,) * 3 + (0.0,) * 3
    )
    alone = checked(request(RING, [TABLE, POT]), shot, solids)
    named = checked(with_datum(request(RING, [TABLE, POT]), known), shot, solids)
    assert (named.verdict, named.datum) == ("displaced", ())
    assert "Too little" not in named.reason
    for before, with_it in zip(alone.uncertainty_m, named.uncertainty_m, strict=True):
        assert with_it == pytest.approx(math.hypot(before, 0.0001), abs=2e-6)
    twice = checked(with_datum(request(RING, [TABLE, POT]), known, known), shot, solids)
    assert twice.uncertainty_m[2] == pytest.approx(math.hypot(alone.uncertainty_m[2], 0.0001, 0.0001), abs=2e-6)
    tilted = dataclasses.replace(known, pose=Pose((0.45, 0.0, 0.0)), sigma=(0.0,) * 3 + (0.001, 0.001, 0.0))
    ahead = dataclasses.replace(known, pose=Pose((0.45, 2.0, 0.0)), sigma=(0.0,) * 3 + (0.001, 0.001, 0.0))
    assert checked(with_datum(request(RING, [TABLE, POT]), tilted), shot, solids).uncertainty_m[2] < 0.0002
    assert checked(with_datum(request(RING, [TABLE, POT]), ahead), shot, solids).uncertainty_m[2] > 0.0019


def test_a_datum_that_was_knocked_since_vouches_for_nothing_where_its_rest_shows_it(
    solids: Solids, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, off = Stage._seen, [0.006]

    def knocked(self: Stage, things: Sequence[Expected], *args: Any, **more: Any) -> Any:
        base, *rest = things  # alone in the first picture, and where it was to be
        base = dataclasses.replace(base, pose=Pose((off[0] if rest else 0.0, 0.0, 0.0)) @ base.pose)
        return seen(self, [base, *rest], *args, **more)

    monkeypatch.setattr(Stage, "_seen", knocked)
    for seed in (905, 911, 912, 915):
        off[0] = 0.006
        check = run(Stage(solids).trial(LID, LIGHT_KIND, "ok", seed), solids).check
        assert check.verdict != "ok", (seed, check)
        off[0] = 0.0
        assert run(Stage(solids).trial(LID, LIGHT_KIND, "ok", seed), solids).check.verdict == "ok"


def test_where_good_units_have_taught_where_it_is_found_a_hidden_datum_adds_nothing(
    camera: Photographer, solids: Solids
) -> None:
    beside = expected("block", Pose((0.45, 2.0, 0.05)), part="pot")  # out of the picture
    lesson = Taught("lesson", Deviation((0.001, 0.0, 0.0), (0.0, 0.0, 0.0)), (0.0001,) * 3, (0.001,) * 3)
    asked = dataclasses.replace(with_datum(request(RING, [TABLE, POT]), beside), taught=lesson)
    check = checked(asked, camera.shoot([TABLE, POT, moved(RING, 1.3)]), solids)
    assert check.verdict == "ok"
    assert max(check.uncertainty_m) < 0.0002


def test_between_surely_in_and_surely_out_is_cannot_see(camera: Photographer, solids: Solids) -> None:
    for mm, verdict in ((0.7, "ok"), (1.0, "cannot_see"), (1.3, "displaced")):
        check = checked(request(RING, [TABLE, POT]), camera.shoot([TABLE, POT, moved(RING, mm)]), solids)
        assert check.verdict == verdict, (mm, check)
    assert all(sigma > 0 for sigma in (*check.uncertainty_m, *check.uncertainty_rad))


def test_what_a_shape_is_free_about_is_not_judged_and_said(camera: Photographer, solids: Solids) -> None:
    assert solids.get("rod.glb").free_axes == (True, False, False)
    assert solids.get("ring_47.glb").free_axes == (False, False, True)
    rod = expected("rod", PLACE.shifted(z=0.008))
    check = checked(request(rod, [TABLE]), camera.shoot([TABLE, moved(rod, rpy_deg=(40, 0, 0))]), solids)
    assert check.verdict == "ok", check.reason
    assert "about x" in check.not_judged


def test_a_look_alike_that_would_have_to_stand_out_of_its_place_too_is_said_and_no_doubt(solids: Solids) -> None:
    stage = Stage(solids)
    checks = [run(stage.trial(HEX, STEREO_KIND, "ok", seed), solids).check for seed in range(6)]
    assert [check.verdict for check in checks] == ["ok"] * 6, checks
    assert any("Out of its place, other would look the same" in check.reason for check in checks)
    for seed in range(6):
        for case in ("wrong", "moved", "flipped", "missing"):
            assert run(stage.trial(HEX, STEREO_KIND, case, seed), solids).check.verdict != "ok", (case, seed)


def test_a_look_alike_that_would_stand_in_its_place_is_a_doubt(solids: Solids) -> None:
    trial = Stage(solids).trial(HEX, LIGHT_KIND, "ok", 3)
    twin = dataclasses.replace(trial.asked.part, id="twin")
    asked = dataclasses.replace(trial.asked, look_alikes=(twin,))
    check = run(dataclasses.replace(trial, asked=asked), solids).check
    assert check.verdict == "cannot_see"
    assert "look the same" in check.reason


@pytest.mark.parametrize("tilt", [0.5, 0.8])
def test_a_model_that_closes_an_opening_is_not_called_ok_and_the_opening_is_named(
    camera: Photographer, solids: Solids, folder: Path, tilt: float
) -> None:
    can = trimesh.creation.cylinder(0.03, 0.08, sections=64)
    bottom = trimesh.creation.cylinder(0.03, 0.002, sections=64)
    wall = trimesh.creation.annulus(0.028, 0.03, 0.08, sections=64)
    for body, height in ((can, 0.04), (wall, 0.04), (bottom, 0.001)):
        body.apply_translation((0, 0, height))
    can.export(folder / "can.glb")
    trimesh.util.concatenate([wall, bottom]).export(folder / "open_can.glb")
    aslant = Pose.from_rpy((0.45, -0.7 * math.sin(tilt), 0.1 + 0.7 * math.cos(tilt)), (math.pi + tilt, 0, 0))
    asked = request(expected("can", PLACE, 0), [TABLE])
    assert checked(asked, camera.shoot([TABLE, expected("can", PLACE)], camera=aslant), solids).verdict == "ok"
    check = checked(asked, camera.shoot([TABLE, expected("open_can", PLACE)], camera=aslant), solids)
    assert check.verdict == "cannot_see"
    assert "an opening that the model closes, or a piece that is missing" in check.reason


def test_a_look_alike_that_differs_in_a_corner_only_is_told(solids: Solids) -> None:
    stage = Stage(solids)
    for kind in (LIGHT_KIND, STEREO_KIND):
        for seed in range(3):
            assert run(stage.trial(LID, kind, "wrong", seed), solids).check.verdict == "wrong"
            assert run(stage.trial(LID, kind, "ok", seed), solids).check.verdict == "ok"


def test_a_claimed_uncertainty_covers_the_error(solids: Solids) -> None:
    stage = Stage(solids)
    for kind in (LIGHT_KIND, STEREO_KIND):
        shares = []
        for case in ("ok", "moved"):
            for seed in range(6):
                trial = stage.trial(ANGLE, kind, case, seed)  # type: ignore[arg-type]
                check = run(trial, solids).check
                assert trial.truth is not None
                if check.deviation is not None:
                    true = (trial.asked.part.pose.inverse() @ trial.truth).p
                    shares += list(np.subtract(check.deviation.xyz_m, true) / check.uncertainty_m)
        assert len(shares) >= 24
        assert np.sqrt(np.mean(np.square(shares))) < 2.0


@pytest.mark.parametrize("tilt_deg", [0, 35, 50])
@pytest.mark.parametrize("away_m", [0.4, 1.5])
def test_a_part_on_a_table_that_nobody_has_modelled_is_judged(
    camera: Photographer, solids: Solids, tilt_deg: float, away_m: float
) -> None:
    view = BRACKET.pose @ Pose.from_rpy((0, 0, 0.01), (math.pi - math.radians(tilt_deg), 0.0, 0.4))
    above = view @ Pose((0.0, 0.0, -away_m))
    for truth, verdict in ((BRACKET, "ok"), (moved(BRACKET, 6), "displaced"), (None, "missing")):
        things: Iterable[Expected] = [TABLE] if truth is None else [TABLE, truth]
        shot = camera.shoot(things, camera=above, intrinsics=intrinsics_for(1280, 720))
        check = checked(request(BRACKET, within_mm=3, within_deg=5), shot, solids)
        assert check.verdict == verdict, (verdict, check)


def test_grain_is_measured_in_the_picture() -> None:
    random = np.random.default_rng(4)
    usable = np.ones((120, 120), dtype=bool)
    white = random.normal(0, 0.001, (126, 126)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(white, (7, 7)).mean(axis=(2, 3)) * 7
    assert grain(white[:120, :120], usable, 0.001) == pytest.approx(1.0, abs=0.1)
    assert grain(windows.astype(np.float32), usable, 0.001) == pytest.approx(7.0, abs=1.0)


def test_a_picture_from_where_nothing_can_be_seen_has_no_verdict(camera: Photographer, solids: Solids) -> None:
    shot = camera.shoot([TABLE, BRACKET], camera=ABOVE, intrinsics=WIDE)
    away = Pose((0.0, 0.0, 3.0)) @ ABOVE @ Pose.from_rpy((0, 0, 0), (math.pi, 0, 0))
    assert checked(with_datum(request(BRACKET), TABLE), shot, solids, seems=away).verdict == "cannot_see"


GEARS = Path(__file__).parents[2] / "instructions" / "gear_reducer"
NEST = Pose((0.45, -0.15, 0.02))


@pytest.mark.parametrize("seed", SEEDS_OF_STUBS)
def test_what_shows_of_two_parts_alike_is_never_called_the_wrong_one(seed: int) -> None:
    """Both pinions end in the same stub, which is all that the cover leaves in view; their teeth are below it."""
    seat = NEST @ Pose((0.028, 0.0, 0.026))
    housing, cover = expected("housing", NEST), expected("cover", NEST.shifted(z=0.063), part="cover_blind")
    pinion, other = (expected(name, seat, 0, part=f"pinion_{name}") for name in ("5", "10"))
    asked = request(pinion, [housing, cover], within_mm=1.5, within_deg=5, look_alikes=[other])
    slanted = dataclasses.replace(pinion, pose=seat @ Pose.from_rpy((0.0002, -0.0001, 0.0), (0.003, -0.002, 0.4)))
    shot = Photographer(GEARS, seed=seed).shoot([housing, cover, slanted], camera=SIDEWAYS)
    assert checked(asked, shot, Solids(GEARS)).verdict == "cannot_see"
