from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orchestrator.adapters.calibration import board as sheets
from orchestrator.adapters.calibration.detect import detect
from orchestrator.adapters.calibration.extrinsics import find_pose, touched
from orchestrator.adapters.calibration.fit import apart, project
from orchestrator.adapters.calibration.hand_eye import find_hand_eye
from orchestrator.adapters.calibration.intrinsics import find_intrinsics
from orchestrator.adapters.calibration.store import CalibrationStore
from orchestrator.core.calibration import BoardSpec, Calibration, CalibrationCheck
from orchestrator.core.errors import SetupError, VisionError
from orchestrator.core.geometry import IDENTITY, Pose
from tests.unit.calibration_scenes import BOARD, HELD, LAID, OFF, TOP, WRONG, pictures

if TYPE_CHECKING:
    from orchestrator.adapters.camera_sim import CameraSetup


@pytest.fixture(scope="module")
def held():
    return [detect(BOARD, shot.colour) for shot in pictures(WRONG, HELD)]


@pytest.fixture(scope="module")
def laid():
    return [detect(BOARD, shot.colour) for shot in pictures(WRONG, LAID)]


def test_lens_and_place_of_a_camera_that_is_wrong_by_3_mm_half_a_degree_and_1_percent_are_found(held, laid):
    lens = find_intrinsics(held)
    true = WRONG.true_intrinsics
    assert abs(lens.intrinsics.fx / true.fx - 1) < 0.001
    assert abs(lens.intrinsics.fy / true.fy - 1) < 0.001
    assert math.hypot(lens.intrinsics.cx - true.cx, lens.intrinsics.cy - true.cy) < 0.5
    assert lens.rms_px < 0.1
    place = find_pose(list(zip(laid, LAID, strict=True)), lens.intrinsics)
    believed_mm, believed_deg = apart(TOP.pose, TOP.pose @ OFF)
    assert (believed_mm, believed_deg) == (pytest.approx(3.0, abs=0.01), pytest.approx(0.5, abs=0.01))
    off_mm, off_deg = apart(place.pose, TOP.pose @ OFF)
    assert off_mm < 0.3
    assert off_deg < 0.05
    assert 0 < place.sigma_mm < 0.3


def test_corners_are_found_to_a_twentieth_of_a_pixel_and_by_their_ids(held):
    shots = pictures(TOP, HELD[:4])
    for shot, place in zip(shots, HELD, strict=False):
        seen = detect(BOARD, shot.colour)
        ideal = project(seen.points, (TOP.pose.inverse() @ place).matrix(), TOP.intrinsics)
        assert np.sqrt(np.mean((seen.pixels - ideal) ** 2)) < 0.06
    rgb = np.repeat(shots[0].colour[:, :, None], 3, axis=2)
    assert np.array_equal(detect(BOARD, rgb).ids, detect(BOARD, shots[0].colour).ids)


def test_the_same_seed_gives_the_same_picture_and_a_board_takes_nothing_from_the_depth():
    one, two, other = (pictures(TOP, LAID[:1], seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one.colour, two.colour)
    assert not np.array_equal(one.colour, other.colour)
    assert one.colour.shape == one.depth_m.shape
    assert pictures(TOP, [Pose((5.0, 5.0, 0.0))])[0].depth_m.shape == one.depth_m.shape


FLAT = [
    TOP.pose @ Pose.from_rpy((x, y, 0.6), (math.pi, 0, 0)) for x in (-0.15, -0.05, 0.05, 0.15) for y in (-0.08, 0.08)
]


@pytest.mark.parametrize(
    ("places", "code", "words"),
    [
        (HELD[:5], "too_few", "5 pictures are too few"),
        ([HELD[0].shifted(x=0.005 * i) for i in range(8)], "coverage", "of the picture only"),
        (FLAT, "tilt", "nearly square to the camera"),
    ],
)  # fmt: skip
def test_a_lens_is_refused_where_the_pictures_cannot_tell_it(places, code, words):
    views = [detect(BOARD, shot.colour) for shot in pictures(TOP, places)]
    with pytest.raises(VisionError, match=words) as error:
        find_intrinsics(views)
    assert (error.value.code, bool(error.value.remedy)) == (code, True)


def test_a_picture_that_does_not_fit_is_named(held):
    spoilt = replace(held[3], pixels=held[3].pixels + np.random.default_rng(1).normal(0, 6, held[3].pixels.shape))
    with pytest.raises(VisionError, match=r"Leave out picture 4 ") as error:
        find_intrinsics([*held[:3], spoilt, *held[4:]])
    assert error.value.code == "residual"


def test_a_lens_that_bends_lines_is_refused_with_its_remedy(held):
    lens = WRONG.true_intrinsics
    bent = []
    for view in held:
        ray = (view.pixels - [lens.cx, lens.cy]) / [lens.fx, lens.fy]
        ray *= 1 + 0.05 * np.sum(ray**2, axis=1, keepdims=True)
        bent.append(replace(view, pixels=ray * [lens.fx, lens.fy] + [lens.cx, lens.cy]))
    with pytest.raises(VisionError, match="bends straight lines") as error:
        find_intrinsics(bent)
    assert "rectification" in error.value.remedy


def test_a_board_that_was_not_where_its_frame_says_is_noticed(laid):
    wrong = [(laid[0], LAID[0].shifted(x=0.02)), *zip(laid[1:], LAID[1:], strict=True)]
    with pytest.raises(VisionError, match="beside the boards' places") as error:
        find_pose(wrong, WRONG.true_intrinsics)
    assert error.value.code == "residual"
    with pytest.raises(VisionError, match="2 pictures are too few"):
        find_pose(list(zip(laid, LAID, strict=True))[:2], WRONG.true_intrinsics)


def test_no_board_in_the_picture_is_said():
    (far,) = pictures(TOP, [Pose((3.0, 0.0, 0.0))])
    with pytest.raises(VisionError, match="not clearly in the picture") as error:
        detect(BOARD, far.colour)
    assert error.value.code == "no_board"
    (backwards,) = pictures(TOP, [LAID[4] @ Pose.from_rpy((0, 0, 0), (math.pi, 0, 0))])
    with pytest.raises(VisionError, match="not clearly"):
        detect(BOARD, backwards.colour)


def flange_views(camera: CameraSetup, on_flange: bool, turns, noise_px: float = 0.03):
    """Project a board through known poses; nothing is rendered."""
    random = np.random.default_rng(1)
    at, fixed = Pose.from_rpy((0.05, 0.02, 0.06), (0.02, 0.03, 1.5)), Pose.from_rpy((0.5, 0.1, 0.0), (0, 0, 0.3))
    out = []
    seen = detect(BOARD, pictures(TOP, LAID[-1:])[0].colour)
    for i, (a, b, c) in enumerate(turns):
        sight = Pose.from_rpy(
            (0.02 * i - 0.06, 0.015 * (i % 3), 0.5 + 0.02 * i), (math.pi + a, b, c)
        )  # board in camera
        flange = fixed @ sight.inverse() @ at.inverse() if on_flange else fixed @ sight @ at.inverse()
        pixels = project(seen.points, sight.matrix(), camera.intrinsics)
        out.append((flange, replace(seen, pixels=pixels + random.normal(0, noise_px, pixels.shape))))
    return out, (at if on_flange else fixed)


TURNS = [
    (0.4, 0, 0),
    (-0.4, 0, 0.3),
    (0, 0.4, -0.3),
    (0, -0.4, 0.5),
    (0.3, 0.3, 1.0),
    (-0.3, 0.3, -1.0),
    (0.3, -0.3, 0.0),
]


@pytest.mark.parametrize("on_flange", [True, False])
def test_hand_and_eye_are_found(on_flange):
    views, truth = flange_views(TOP, on_flange, TURNS)
    found = find_hand_eye(views, TOP.intrinsics, on_flange=on_flange)
    off_mm, off_deg = apart(found.camera, truth)
    assert off_mm < 0.3
    assert off_deg < 0.05
    assert 0 < found.sigma_mm < 0.6
    assert found.off_mm < 1.0
    assert found.rms_px < 0.1


@pytest.mark.parametrize(
    ("turns", "code"),
    [
        (TURNS[:5], "too_few"),
        ([(0.01 * i, 0, 0) for i in range(7)], "no_turn"),
        ([(0, 0, 0.3 * i) for i in range(7)], "one_axis"),
    ],
)
def test_poses_that_do_not_turn_enough_are_refused(turns, code):
    views, _ = flange_views(TOP, True, turns)
    with pytest.raises(VisionError) as error:
        find_hand_eye(views, TOP.intrinsics, on_flange=True)
    assert (error.value.code, bool(error.value.remedy)) == (code, True)


def test_a_touched_board_is_where_it_was_touched():
    place = Pose.from_rpy((0.4, -0.1, 0.02), (0.1, -0.05, 0.7))
    width, height = BOARD.size_m
    spots = [place.apply((x * width / 2, y * height / 2, 0)) for x, y in ((-1, -1), (1, -1), (-1, 1))]
    found, off_mm = touched(BOARD, *spots)
    assert apart(found, place)[0] < 1e-3
    assert off_mm < 1e-3
    with pytest.raises(VisionError, match="outer corners"):
        touched(BOARD, spots[1], spots[0], (spots[2][0] + 0.01, *spots[2][1:]))


def test_the_printed_sheet_is_exact_and_is_what_the_detector_knows():
    board = BoardSpec(squares=(8, 5), square_m=0.02, marker_m=0.015)
    width, height = sheets.sheet_mm(board)
    page = Image.open(io.BytesIO(sheets.png(board, dpi=254)))  # 10 dots a millimetre
    assert page.size == (round(width * 10), round(height * 10))
    assert page.info["dpi"] == pytest.approx((254, 254), abs=0.1)
    seen = detect(board, np.asarray(page))
    assert len(seen.ids) == board.corners
    middle = np.array([width * 5, (sheets.MARGIN_MM + 500 * board.size_m[1]) * 10]) - 0.5
    ideal = middle + seen.points[:, :2] * [10_000, -10_000]
    assert np.abs(seen.pixels - ideal).max() < 0.3
    ruler = np.flatnonzero((np.asarray(page)[-105:-100] < 128).any(axis=0))
    assert (ruler[-1] - ruler[0] + 1) / 10 == pytest.approx(sheets.RULER_MM, abs=0.2)


def test_the_pdf_draws_the_same_rectangles_in_true_size():
    board = BoardSpec(squares=(8, 5), square_m=0.02, marker_m=0.015)
    text = sheets.pdf(board).decode("latin-1")
    box = [float(value) for value in re.search(r"MediaBox\[(.*?)\]", text).group(1).split()]
    assert (box[2] * 25.4 / 72, box[3] * 25.4 / 72) == pytest.approx(sheets.sheet_mm(board), abs=1e-3)
    drawn = [[float(v) * 25.4 / 72 for v in line.split()[:4]] for line in text.splitlines() if line.endswith(" re")]
    assert sum(abs(w - 20) < 1e-3 and abs(h - 20) < 1e-3 for _, _, w, h in drawn) == 20
    assert any(abs(w - sheets.RULER_MM) < 1e-3 for _, _, w, _ in drawn)
    area = sum(w * h for _, _, w, h in sheets.rectangles(board))
    w, h = board.size_m
    grid = np.stack(
        np.meshgrid((np.arange(1600) + 0.5) / 1600 * w - w / 2, (np.arange(1000) + 0.5) / 1000 * h - h / 2), axis=2
    )
    assert sheets.dark(board, grid).mean() * w * h == pytest.approx(area, rel=0.01)
    assert int(re.search(r"startxref\n(\d+)", text).group(1)) == text.index("xref\n0 ")


def test_calibrations_are_kept_for_ever_and_one_counts(tmp_path):
    store = CalibrationStore(tmp_path)
    assert store.current("top") is None
    one = Calibration(camera="top", parts=("intrinsics",), intrinsics=TOP.intrinsics, pose=TOP.pose, made_t=1.0)
    two = one.model_copy(update={"made_t": 2.0, "pose": IDENTITY})
    assert store.keep(one) != store.keep(two)
    assert store.current("top") is None, "kept is not accepted"
    store.accept("top", one.id)
    store.accept("top", two.id)
    again = CalibrationStore(tmp_path)
    assert again.current("top") == two
    assert again.all("top") == [one, two]
    check = CalibrationCheck(
        camera="top", calibration=two.id, t=3.0, off_mm=0.1, off_deg=0.0, rms_px=0.1, pictures=3, ok=True
    )
    store.note(check)
    assert again.last_check("top") == check
    store.accept("top", one.id)
    assert again.last_check("top") is None, "it was about another calibration"
    with pytest.raises(SetupError, match="no calibration"):
        store.accept("top", "nowhere")


def test_a_calibration_that_was_changed_by_hand_is_refused(tmp_path):
    store = CalibrationStore(tmp_path)
    one = Calibration(camera="top", parts=("intrinsics",), intrinsics=TOP.intrinsics, made_t=1.0)
    store.accept("top", store.keep(one))
    path = tmp_path / "top" / f"{one.id}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"made_t": 1.0', '"made_t": 9.0'), encoding="utf-8")
    with pytest.raises(SetupError, match="was changed after it was made"):
        CalibrationStore(tmp_path).current("top")


def test_ids_are_digests_of_the_content():
    one = Calibration(camera="top", parts=(), intrinsics=TOP.intrinsics)
    assert one.id == one.model_copy().id
    assert one.id != one.model_copy(update={"by": "kim"}).id
