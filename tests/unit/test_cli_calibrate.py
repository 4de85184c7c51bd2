"""`tandem calibrate` as it is typed."""

from __future__ import annotations

import json
import math

import pytest
from PIL import Image

from orchestrator.__main__ import main
from orchestrator.adapters.calibration.fit import apart
from orchestrator.adapters.calibration.store import CalibrationStore
from orchestrator.adapters.camera_sim import setup_of
from orchestrator.engine.library import read_cell
from tests.unit.calibration_scenes import HELD, TOP, pictures

CELL = """
robot: {model: ur5e, at: {xyz_mm: [0, 0, 0]}, gripper: parallel_85, payload_kg: 5}
frames:
  a: {xyz_mm: [350, -200, 10]}
  b: {xyz_mm: [350, 200, 10]}
  c: {xyz_mm: [560, -250, 10]}
  d: {xyz_mm: [560, 250, 10]}
  e: {xyz_mm: [340, 0, 10]}
  high: {xyz_mm: [560, 0, 100], rpy_deg: [17, 0, 0]}
boards:
  chart: {squares: [9, 6], square_mm: 30, marker_mm: 22, dictionary: 4x4_50}
  fixture: {squares: [9, 6], square_mm: 30, marker_mm: 22, at: a}
cameras:
  top: {at: {xyz_mm: [450, 0, 1050], rpy_deg: [180, 0, 90]}, model: structured_light, calibration: {max_age_h: 8}}
  wrist: {on: flange, at: {xyz_mm: [80, 0, 20]}, model: structured_light}
adapters: {camera_sim: {top: {xyz_mm: [2, -2, 1], rpy_deg: [0.3, -0.3, 0.2646], focal: 0.01, centre_px: [2, -1.5]}}}
"""


@pytest.fixture
def cell(tmp_path):
    path = tmp_path / "cell.yaml"
    path.write_text(CELL, encoding="utf-8")
    return path


def tandem(*arguments):
    """Return the exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code or 0


def test_lens_then_place_then_check_find_the_simulated_cameras_errors(cell, tmp_path, capsys):
    data = tmp_path / "data"
    assert tandem("calibrate", "top", "check", "--cell", cell, "--data", data) == 1
    assert "is off" in capsys.readouterr().err
    for what in ("intrinsics", "extrinsics"):
        assert tandem("calibrate", "top", what, "--cell", cell, "--data", data, "--by", "kim") == 0
    said = capsys.readouterr().out
    assert "Residuals: rms_px" in said
    found = CalibrationStore(data / "calibration").current("top")
    true = setup_of(read_cell(cell), "top")
    assert found.parts == ("intrinsics", "extrinsics")
    assert found.by == "kim"
    off_mm, off_deg = apart(found.pose, true.pose @ true.calibration_error)
    assert (off_mm < 0.3, off_deg < 0.05) == (True, True), (off_mm, off_deg)
    assert abs(found.intrinsics.fx / true.true_intrinsics.fx - 1) < 0.001
    assert tandem("calibrate", "top", "check", "--cell", cell, "--data", data) == 0
    assert "Its checks count." in capsys.readouterr().out
    assert CalibrationStore(data / "calibration").last_check("top").ok


def test_a_folder_of_pictures_calibrates_a_real_camera(cell, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, shot in enumerate(pictures(TOP, HELD)):
        Image.fromarray(shot.colour).save(folder / f"{number:02}.png")
    Image.new("L", (1280, 720)).save(folder / "99.png")
    where = ("--cell", cell, "--data", tmp_path / "data", "--pictures", folder, "--board", "fixture")
    assert tandem("calibrate", "wrist", "intrinsics", *where) == 0
    assert "99.png: left out." in capsys.readouterr().out
    assert tandem("calibrate", "wrist", "hand-eye", *where) == 1
    assert "It is not said where the flange was at 00.png." in capsys.readouterr().err
    for number, held in enumerate(HELD):  # the board stood still, so the flange moved the other way
        flange = (TOP.pose.inverse() @ held).inverse()
        w, x, y, z = flange.q
        rpy = (
            math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
            math.asin(2 * (w * y - z * x)),
            math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
        )
        said = {"xyz_mm": [1000 * v for v in flange.p], "rpy_deg": [math.degrees(v) for v in rpy]}
        (folder / f"{number:02}.json").write_text(json.dumps({"flange": said}), encoding="utf-8")
    (folder / "99.png").unlink()
    assert tandem("calibrate", "wrist", "hand-eye", *where, "--no-accept") == 0
    assert "the one before still counts" in capsys.readouterr().out
    store = CalibrationStore(tmp_path / "data" / "calibration")
    assert store.current("wrist").parts == ("intrinsics",)
    found = store.all("wrist")[-1]
    assert math.hypot(*found.pose.p) < 0.001, "the camera is the flange"


def test_the_sheet_is_written_and_wrong_words_are_refused(cell, tmp_path, capsys):
    sheet = tmp_path / "board.pdf"
    assert tandem("calibrate", "top", "board", "--cell", cell, "--out", sheet) == 0
    assert sheet.read_bytes().startswith(b"%PDF-")
    assert "measure the ruler: 100 mm" in capsys.readouterr().out
    for arguments, words in (
        (("topp", "check"), "There is no camera 'topp'. Did you mean top?"),
        (("top", "intrinsics", "--board", "chat"), "There is no board 'chat'. Did you mean chart?"),
        (("top", "board", "--out", "board.txt"), "neither .pdf nor .png"),
        (("wrist", "extrinsics"), "Run hand-eye"),
        (("wrist", "hand-eye"), "Give --pictures"),
    ):
        assert tandem("calibrate", *arguments, "--cell", cell, "--data", tmp_path / "data") == 1
        assert words in " ".join(capsys.readouterr().err.split())
