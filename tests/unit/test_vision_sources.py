"""Depth, cameras, clouds and poses from files of any maker: read right, or refused with a remedy."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
import yaml
from PIL import Image

from orchestrator.adapters.vision.shot_file import read_shot
from orchestrator.adapters.vision.sources import camera_of, pose_of, read_camera, read_cloud, read_depth, read_pose
from orchestrator.core.errors import BadInput, NotFound
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Intrinsics

if TYPE_CHECKING:
    from pathlib import Path

LENS = Intrinsics(8, 6, 10.0, 11.0, 3.5, 2.5)
K = [10.0, 0.0, 3.5, 0.0, 11.0, 2.5, 0.0, 0.0, 1.0]
SIZE = (8, 6)
CAMERA = Pose.from_rpy((0.4, -0.2, 1.1), (math.pi - 0.2, 0.1, 0.3))


def near(one: Pose, other: Pose) -> bool:
    return bool(np.allclose(one.matrix(), other.matrix(), atol=1e-9))


def said(error: pytest.ExceptionInfo[Any]) -> str:
    assert error.value.remedy
    return str(error.value)


def json_file(folder: Path, tree: Any, name: str = "camera.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(tree))
    return path


# ---- depth -----------------------------------------------------------------------------------------------------


def depth_file(folder: Path, name: str, values: np.ndarray[Any, Any]) -> Path:
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, values)
    elif path.suffix == ".npz":
        np.savez(path, depth=values, other=np.zeros(3))
    else:
        Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "values", "scale"),
    [
        ("d.png", np.array([[500, 0], [750, 1000]], np.uint16), None),
        ("d.png", np.array([[5000, 0], [7500, 10000]], np.uint16), 0.1),
        ("d.tiff", np.array([[500, 0], [750, 1000]], np.uint16), None),
        ("d.npy", np.array([[0.5, np.nan], [0.75, 1.0]]), None),
        ("d.npy", np.array([[0.5, -1], [0.75, 1.0]], np.float32), None),
        ("d.npz", np.array([[500, 0], [750, 1000]], np.int32), None),
        ("d.npz", np.array([[[500], [0]], [[750], [1000]]], np.float64), 1.0),
        ("d.png", np.array([[500, 65535], [750, 1000]], np.uint16), None),
        ("d.npz", np.array([[0.5, 65.535], [0.75, 1.0]], np.float32), None),
    ],
)
def test_depth_is_read_in_metres(tmp_path: Path, name: str, values: np.ndarray[Any, Any], scale: float | None) -> None:
    depth = read_depth(depth_file(tmp_path, name, values), scale=scale)
    assert depth.dtype == np.float32
    assert depth == pytest.approx(np.array([[0.5, 0.0], [0.75, 1.0]]), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "scale", "words"),
    [
        ("d.png", np.zeros((4, 4), np.uint8) + 9, None, "picture for people"),
        ("d.png", np.zeros((4, 4, 3), np.uint8), None, "picture for people"),
        ("d.npy", np.full((4, 4), 700.0), None, "--depth-scale"),
        ("d.png", np.full((4, 4), 7, np.uint16), None, "--depth-scale"),
        ("d.npy", np.zeros((4, 4, 3)), None, "no depth picture: 4 x 4 x 3"),
        ("d.npy", np.zeros((4, 4), np.uint8), None, "8 bits a pixel"),
        ("d.npy", np.zeros((0, 4)), None, "no depth picture"),
        ("d.png", np.full((4, 4), 700, np.uint16), -1.0, "no scale"),
    ],
)
def test_what_is_no_depth_is_refused(
    tmp_path: Path, name: str, values: np.ndarray[Any, Any], scale: float | None, words: str
) -> None:
    with pytest.raises(BadInput) as error:
        read_depth(depth_file(tmp_path, name, values), scale=scale)
    assert words in said(error)


@pytest.mark.parametrize(("name", "content"), [("d.png", b"no png"), ("d.npy", b"\x93NUMPY"), ("d.jpg", b"x")])
def test_a_damaged_depth_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as error:
        read_depth(tmp_path / name)
    assert name in said(error)


def test_a_picture_that_mostly_saw_nothing_and_says_so_by_its_largest_number_is_read(tmp_path: Path) -> None:
    values = np.full((4, 4), 65535, np.uint16)
    values[1, 1] = 700
    depth = read_depth(depth_file(tmp_path, "d.png", values))
    assert np.flatnonzero(depth).tolist() == [5]


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "d.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput):
        read_depth(tmp_path / "d.npy")


def test_a_picture_without_a_single_depth_is_still_a_picture(tmp_path: Path) -> None:
    assert not read_depth(depth_file(tmp_path, "d.png", np.zeros((4, 4), np.uint16))).any()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for reader in (read_depth, read_camera, read_pose):
        with pytest.raises(NotFound, match="nowhere") as error:
            reader(tmp_path / "nowhere.json" if reader is not read_depth else tmp_path / "nowhere.png")
        assert said(error)


# ---- cameras ---------------------------------------------------------------------------------------------------

WORLD_TO_CAMERA = CAMERA.inverse().matrix()
FORMS: dict[str, dict[str, Any]] = {
    "ours": {"width": 8, "height": 6, "fx": 10, "fy": 11, "cx": 3.5, "cy": 2.5},
    "K in rows": {"width": 8, "height": 6, "K": [K[0:3], K[3:6], K[6:9]]},
    "bop camera.json": {"width": 8, "height": 6, "fx": 10, "fy": 11, "cx": 3.5, "cy": 2.5, "depth_scale": 0.1},
    "realsense": {"width": 8, "height": 6, "fx": 10, "fy": 11, "ppx": 3.5, "ppy": 2.5, "coeffs": [0.0] * 5},
    "open3d intrinsics": {"width": 8, "height": 6, "intrinsic_matrix": [10, 0, 0, 0, 11, 0, 3.5, 2.5, 1]},
    "matrix by rows": {"width": 8, "height": 6, "intrinsic_matrix": K},
    "camera info": {"width": 8, "height": 6, "distortion_model": "plumb_bob", "d": [0.0] * 5, "k": K},
    "camera info yaml": {
        "image_width": 8,
        "image_height": 6,
        "camera_matrix": {"rows": 3, "cols": 3, "data": K},
        "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0, 0, 0, 0, 0]},
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_cameras_of_many_makers_are_the_same_camera(tmp_path: Path, form: str, kind: str) -> None:
    path = tmp_path / f"camera.{kind}"
    path.write_text(json.dumps(FORMS[form]) if kind == "json" else yaml.safe_dump(FORMS[form]))
    assert read_camera(path) == (LENS, IDENTITY)
    assert not camera_of(path).posed


MATRIX = "10.0 0.0 3.5\n0.0 11.0 2.5\n0.0 0.0 1.0\n"
HOMOGENEOUS = "10 0 3.5 0\n0 11 2.5 0\n0 0 1 0\n0 0 0 1\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cam_K.txt", MATRIX),
        ("cam_K.txt", MATRIX.replace(" ", ",")),
        ("intrinsic.txt", HOMOGENEOUS),
        ("K.json", json.dumps([K[0:3], K[3:6], K[6:9]])),
        ("K.json", json.dumps(K)),
    ],
)
def test_a_matrix_alone_is_a_camera_of_the_depth_s_size(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    depth_file(tmp_path, "d.png", np.full(SIZE[::-1], 700, np.uint16))
    loaded = read_shot(tmp_path / "d.png", str(tmp_path / name))
    assert loaded.shot.intrinsics == LENS
    assert not loaded.posed


def test_a_text_that_is_no_matrix_is_no_camera(tmp_path: Path) -> None:
    (tmp_path / "cam_K.txt").write_text("fx 10")
    with pytest.raises(BadInput, match="more than numbers") as error:
        read_camera(tmp_path / "cam_K.txt", size=SIZE)
    assert said(error)
    (tmp_path / "cam_K.txt").write_text("10 11 3.5 2.5")
    with pytest.raises(BadInput, match="9 or 16 numbers"):
        read_camera(tmp_path / "cam_K.txt", size=SIZE)


def test_a_realsense_lens_that_distorts_is_not_taken_for_a_straight_one(tmp_path: Path) -> None:
    bent = {**FORMS["realsense"], "coeffs": [9.0, 0.0, 0.0, 0.0, 0.0]}
    with pytest.raises(BadInput, match="distorts"):
        read_camera(json_file(tmp_path, bent))


@pytest.mark.parametrize(
    "pose",
    [
        {"camera_to_world": CAMERA.matrix().tolist()},
        {"world_to_camera": WORLD_TO_CAMERA.tolist()},
        {
            "world_to_camera": [[*row[:3], row[3] * 1000] for row in WORLD_TO_CAMERA.tolist()[:3]] + [[0, 0, 0, 1]],
            "unit": "mm",
        },
        {"extrinsic": WORLD_TO_CAMERA.T.ravel().tolist()},
        {
            "cam_R_w2c": WORLD_TO_CAMERA[:3, :3].ravel().tolist(),
            "cam_t_w2c": (WORLD_TO_CAMERA[:3, 3] * 1000).tolist(),
        },
    ],
)
def test_the_camera_s_pose_is_brought_to_the_world(tmp_path: Path, pose: dict[str, Any]) -> None:
    found = camera_of(json_file(tmp_path, {**FORMS["ours"], **pose}))
    assert found.posed
    assert near(found.pose, CAMERA)


def test_an_open3d_camera_with_its_extrinsic_is_read(tmp_path: Path) -> None:
    tree = {
        "class_name": "PinholeCameraParameters",
        "extrinsic": WORLD_TO_CAMERA.T.ravel().tolist(),
        "intrinsic": FORMS["open3d intrinsics"],
    }
    lens, pose = read_camera(json_file(tmp_path, tree))
    assert lens == LENS
    assert near(pose, CAMERA)


def scene_camera(folder: Path) -> Path:
    tree = {str(n): {"cam_K": [10.0 + n, *K[1:]], "depth_scale": 0.1 * n} for n in (1, 2, 12)}
    return json_file(folder, tree, "scene_camera.json")


def test_of_bop_s_scene_the_image_is_taken_that_is_told_or_has_the_depth_s_name(tmp_path: Path) -> None:
    path = scene_camera(tmp_path)
    told = camera_of(f"{path}#12", size=SIZE)
    assert (told.intrinsics.fx, told.notes) == (22.0, ())
    assert told.depth_scale == pytest.approx(1.2)
    after_name = camera_of(path, size=SIZE, image=2)
    assert after_name.intrinsics.fx == 12.0
    assert "entry 2" in after_name.notes[0]


@pytest.mark.parametrize(
    ("name", "image", "words"),
    [("", None, "#1"), ("", 7, "Say which"), ("#7", None, "no entry 7"), ("#x", 1, "no entry x")],
)
def test_of_bop_s_scene_no_image_is_guessed(tmp_path: Path, name: str, image: int | None, words: str) -> None:
    with pytest.raises((BadInput, NotFound)) as error:
        camera_of(f"{scene_camera(tmp_path)}{name}", size=SIZE, image=image)
    assert words in said(error)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"width": 8, "height": 6}, "no intrinsics"),
        ({"fx": 10, "fy": 11, "cx": 3.5, "cy": 2.5}, "how large"),
        ({**FORMS["ours"], "fx": 0}, "focal lengths"),
        ({**FORMS["ours"], "fx": "wide"}, "fx is not 1 numbers"),
        ({**FORMS["ours"], "cx": 300}, "principal point"),
        ({"width": 8, "height": 6, "K": [1, 2, 3]}, "K is not 9 numbers"),
        ({"width": 8, "height": 6, "K": [10, 0, 3.5, 5, 11, 2.5, 0, 0, 1]}, "no camera matrix"),
        ({"width": 8, "height": 6, "K": [10, 5, 3.5, 0, 11, 2.5, 0, 0, 1]}, "skew"),
        ({**FORMS["camera info"], "d": [-2.4, 0.1, 0, 0, 0]}, "--rectified"),
        ({**FORMS["camera info"], "distortion_model": "equidistant", "d": [0.01, 0, 0, 0]}, "equidistant"),
        ({**FORMS["ours"], "camera_to_world": [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]}, "scales by 2"),
        ({**FORMS["ours"], "camera_to_world": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]]}, "mirrors"),
        ({**FORMS["ours"], "camera_to_world": CAMERA.matrix().T.tolist()}, "transposed"),
        ({**FORMS["ours"], "camera_to_world": CAMERA.matrix().tolist(), "unit": "yard"}, "no unit"),
        ([1, 2], "no keys"),
    ],
)
def test_a_camera_that_makes_no_sense_is_refused(tmp_path: Path, tree: Any, words: str) -> None:
    with pytest.raises(BadInput) as error:
        read_camera(json_file(tmp_path, tree))
    assert words in said(error)


def test_a_camera_of_another_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"16 x 12, the camera of .* 8 x 6") as error:
        read_camera(json_file(tmp_path, FORMS["ours"]), size=(16, 12))
    assert said(error)


def test_a_rectified_picture_has_the_projection_s_lens(tmp_path: Path) -> None:
    tree = {**FORMS["camera info"], "d": [-2.4, 0.1, 0, 0, 0], "p": [9, 0, 3, 0, 0, 9.5, 2, 0, 0, 0, 1, 0]}
    assert camera_of(json_file(tmp_path, tree), rectified=True).intrinsics == Intrinsics(8, 6, 9, 9.5, 3, 2)


def test_a_camera_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "camera.json").write_text("{")
    with pytest.raises(BadInput) as error:
        read_camera(tmp_path / "camera.json")
    assert "can't be understood" in said(error)


# ---- poses -----------------------------------------------------------------------------------------------------

PART = Pose.from_rpy((0.01, 0.02, 0.7), (0.1, -0.2, 0.3))
TYPED = f"10 20 700 {math.degrees(0.1)} {math.degrees(-0.2)} {math.degrees(0.3)}"
BOP = {"cam_R_m2c": PART.matrix()[:3, :3].ravel().tolist(), "cam_t_m2c": [10.0, 20.0, 700.0]}


@pytest.mark.parametrize(
    "tree",
    [
        PART.matrix().tolist(),
        PART.matrix().ravel().tolist(),
        {"matrix": PART.matrix().tolist()},
        {"pose": {"p": list(PART.p), "q": list(PART.q)}},
        {"xyz_mm": [10, 20, 700], "rpy_deg": [math.degrees(v) for v in (0.1, -0.2, 0.3)]},
        BOP,
    ],
)
def test_poses_in_many_forms_are_the_same_pose(tmp_path: Path, tree: Any) -> None:
    assert near(read_pose(json_file(tmp_path, tree)), PART)
    assert near(read_pose(json.dumps(tree)), PART)


def test_a_typed_pose_is_in_millimetres_and_degrees() -> None:
    assert near(read_pose(TYPED), PART)
    assert near(read_pose(TYPED.replace(" ", ", ")), PART)


def test_bop_s_pose_is_in_the_camera_s_frame_and_others_in_the_world_s() -> None:
    assert near(read_pose(json.dumps(BOP), camera=CAMERA), CAMERA @ PART)
    assert near(read_pose(json.dumps(PART.matrix().tolist()), camera=CAMERA), PART)


def scene_gt(folder: Path) -> Path:
    def at(x_mm: float, object_id: int) -> dict[str, Any]:
        return {**BOP, "cam_t_m2c": [x_mm, 0, 700], "obj_id": object_id}

    return json_file(folder, {"2": [at(1, 5), at(2, 8), at(3, 5)], "3": [at(4, 5)]}, "scene_gt.json")


@pytest.mark.parametrize(
    ("name", "image", "object_id", "x_mm", "noted"),
    [("#2/2", None, None, 3, ""), ("#3", None, None, 4, ""), ("", 2, 8, 2, "object 8"), ("", 3, None, 4, "entry 3")],
)
def test_of_bop_s_scene_one_object_is_taken(
    tmp_path: Path, name: str, image: int | None, object_id: int | None, x_mm: float, noted: str
) -> None:
    found = pose_of(f"{scene_gt(tmp_path)}{name}", image=image, object_id=object_id)
    assert found.pose.p[0] == pytest.approx(x_mm / 1000)
    assert noted in " ".join(found.notes)


@pytest.mark.parametrize(
    ("name", "object_id", "words"),
    [("#2", None, "/1 is object 8"), ("#2", 5, "2 times object 5"), ("#2/9", None, "3 objects"), ("", 5, "2 entries")],
)
def test_of_bop_s_scene_no_object_is_guessed(tmp_path: Path, name: str, object_id: int | None, words: str) -> None:
    with pytest.raises(BadInput) as error:
        pose_of(f"{scene_gt(tmp_path)}{name}", object_id=object_id)
    assert words in said(error)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1 2 3", "not 6 numbers"),
        ("somewhere", "no pose"),
        ("[[1, 0], [0, 1]]", "not 16 numbers"),
        ('{"x": 1}', "has no pose"),
        ('{"p": [0, 0, 1], "q": [2, 0, 0, 0]}', "length 2"),
        ("[1, 2", "no JSON"),
        ('{"cam_R_m2c": [1, 0, 0, 0, 1, 0, 0, 0, 1]}', "cam_t_m2c is not 3 numbers"),
    ],
)
def test_what_is_no_pose_is_refused(typed: str, words: str) -> None:
    with pytest.raises(BadInput) as error:
        read_pose(typed)
    assert words in said(error)


# ---- clouds ----------------------------------------------------------------------------------------------------

PICTURE = np.where(np.arange(48).reshape(6, 8) % 7 == 0, 0.0, 0.6 + np.arange(48).reshape(6, 8) / 1000)


def points() -> np.ndarray[Any, Any]:
    v, u = np.mgrid[0:6, 0:8]
    out = np.stack([(u - LENS.cx) / LENS.fx * PICTURE, (v - LENS.cy) / LENS.fy * PICTURE, PICTURE], axis=-1)
    out[PICTURE == 0] = np.nan
    return out.reshape(-1, 3).astype(np.float32)


def literals(raw: bytes) -> bytes:
    """LZF that only holds literal runs."""
    return b"".join(bytes([len(raw[i : i + 32]) - 1]) + raw[i : i + 32] for i in range(0, len(raw), 32))


def pcd(folder: Path, form: str, width: int = 8, height: int = 6, scale: float = 1.0) -> Path:
    xyz = points() * scale
    rows = np.concatenate([xyz, np.ones((48, 1), np.float32)], axis=1).astype("<f4")
    head = (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\n"
        f"WIDTH {width}\nHEIGHT {height}\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 48\nDATA {form}\n"
    ).encode()
    if form == "ascii":
        body = "\n".join(" ".join(f"{v:.7g}" for v in row) for row in rows).encode()
    elif form == "binary":
        body = rows.tobytes()
    else:
        plain = rows.T.tobytes()
        packed = literals(plain)
        body = struct.pack("<II", len(packed), len(plain)) + packed
    path = folder / "cloud.pcd"
    path.write_bytes(head + body)
    return path


@pytest.mark.parametrize("form", ["ascii", "binary", "binary_compressed"])
def test_an_organised_cloud_keeps_its_grid(tmp_path: Path, form: str) -> None:
    assert read_cloud(pcd(tmp_path, form), LENS) == pytest.approx(PICTURE, abs=1e-6)


def test_a_compressed_cloud_with_references_is_unpacked() -> None:
    from orchestrator.adapters.vision.cloud_file import _lzf

    packed = bytes([2]) + b"abc" + bytes([(7 << 5), 9, 2])  # abc, then 18 bytes from three back, overlapping
    assert _lzf(packed, 21) == b"abc" * 7


@pytest.mark.parametrize("kind", ["pcd", "ply"])
def test_other_clouds_are_projected(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "cloud.ply"
    if kind == "ply":
        trimesh.PointCloud(points()[np.isfinite(points()[:, 0])]).export(path)
    else:
        path = pcd(tmp_path, "binary", width=48, height=1)
    assert read_cloud(path, LENS) == pytest.approx(PICTURE, abs=1e-6)


def test_the_nearest_point_of_a_pixel_counts(tmp_path: Path) -> None:
    trimesh.PointCloud([[0, 0, 0.9], [0, 0, 0.5], [0, 0, 0.7]]).export(tmp_path / "cloud.ply")
    depth = read_cloud(tmp_path / "cloud.ply", Intrinsics(8, 6, 10, 11, 3, 2))
    assert depth[2, 3] == pytest.approx(0.5)


def test_a_cloud_in_millimetres_is_named_and_taken_when_told(tmp_path: Path) -> None:
    path = pcd(tmp_path, "binary", scale=1000)
    with pytest.raises(BadInput) as error:
        read_cloud(path, LENS)
    assert "--depth-scale" in said(error)
    assert read_cloud(path, LENS, unit="mm") == pytest.approx(PICTURE, abs=1e-6)


def test_a_cloud_of_another_camera_is_refused(tmp_path: Path) -> None:
    path = pcd(tmp_path, "binary")
    for lens in (Intrinsics(16, 12, 10, 11, 3.5, 2.5), Intrinsics(8, 6, 20, 20, 3.5, 2.5)):
        with pytest.raises(BadInput) as error:
            read_cloud(path, lens)
        assert "intrinsics" in said(error)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"VERSION 0.7\n", "no DATA line"),
        (b"FIELDS a b\nSIZE 4 4\nTYPE F F\nWIDTH 1\nHEIGHT 1\nDATA ascii\n1 2\n", "needs x, y and z"),
        (b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 9\nHEIGHT 9\nDATA binary\n1", "can't be read"),
        (b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nDATA ascii\n0 0 -1\n", "in front of the camera"),
        (b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nDATA zip\n0", "binary_compressed"),
        (
            b"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 1\nHEIGHT 1\nDATA binary_compressed\n"
            + struct.pack("<II", 3, 12)
            + b"\x20\xff\x00",
            "damaged",
        ),
    ],
)
def test_a_damaged_cloud_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "cloud.pcd").write_bytes(content)
    with pytest.raises(BadInput) as error:
        read_cloud(tmp_path / "cloud.pcd", LENS)
    assert words in said(error)
