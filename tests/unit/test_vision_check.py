"""`tandem vision check` on files as others lay them out: a BOP-like folder of our own parts, and plain files."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import structlog
import trimesh
from PIL import Image

from orchestrator.__main__ import main
from orchestrator.adapters.vision.shot_file import noise_of
from orchestrator.core.geometry import Pose
from tests.depth_scenes import FOCAL, PLACE, WIDE, Photographer, expected, moved, write_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CAMERA = Pose.from_rpy((0.45, -0.35, 0.75), (math.pi + 0.5, 0.0, 0.0))  # from the side, as such pictures are taken
TABLE, BRACKET, POT = expected("table", Pose((0.45, 0, 0.05))), expected("bracket", PLACE), expected("pot", PLACE)
RING = expected("ring", PLACE.shifted(z=0.03), 0, part="ring_47")
NUMBERS = {"pot": 1, "ring_47": 2, "bracket": 5, "table": 9, "ring_42": 12}


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def bop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures, 0.1 mm a unit; models in mm, one inside out, one with a texture, one in 8,000 faces."""
    root = tmp_path_factory.mktemp("bop")
    glb = root / "glb"
    glb.mkdir()
    write_parts(glb)
    photographer = Photographer(glb, seed=7)
    scene = root / "test" / "000001"
    (scene / "depth").mkdir(parents=True)
    (root / "models").mkdir()
    for name, number in NUMBERS.items():
        body = trimesh.load_scene(glb / f"{name}.glb").to_mesh()
        body.apply_scale(1000)
        if name == "bracket":
            body = trimesh.Trimesh(body.vertices, body.faces[:, ::-1], process=False)
        if name == "pot":
            for _ in range(2):
                body = body.subdivide()
        if name == "ring_47":
            picture = Image.fromarray(np.full((8, 8, 3), 128, np.uint8))
            body.visual = trimesh.visual.TextureVisuals(uv=np.zeros((len(body.vertices), 2)), image=picture)
        body.export(root / "models" / f"obj_{number:06}.ply")
    symmetric = {"symmetries_continuous": [{"axis": [0, 0, 1], "offset": [0, 0, 0]}], "diameter": 49.0}
    (root / "models" / "models_info.json").write_text(json.dumps({"2": symmetric, "5": {"diameter": 75.0}}))
    lens = {"cam_K": [FOCAL, 0, 639.5, 0, FOCAL, 359.5, 0, 0, 1], "depth_scale": 0.1}
    to_camera = CAMERA.inverse().matrix()
    lens |= {"cam_R_w2c": to_camera[:3, :3].ravel().tolist(), "cam_t_w2c": (to_camera[:3, 3] * 1000).tolist()}
    truth = {0: [TABLE, BRACKET], 3: [TABLE, POT, RING]}
    for image, things in truth.items():
        shot = photographer.shoot(things, camera=CAMERA)
        Image.fromarray(np.round(shot.depth_m * 10000).astype(np.uint16)).save(scene / "depth" / f"{image:06}.png")
    (scene / "scene_camera.json").write_text(json.dumps({str(n): lens for n in truth}))
    (scene / "scene_gt.json").write_text(
        json.dumps({str(n): [annotation(thing.mesh, thing.pose) for thing in things] for n, things in truth.items()})
    )
    return root


def annotation(mesh: str, pose: Pose) -> dict[str, Any]:
    seen = (CAMERA.inverse() @ pose).matrix()
    turn, shift = seen[:3, :3].ravel().tolist(), (seen[:3, 3] * 1000).tolist()
    return {"cam_R_m2c": turn, "cam_t_m2c": shift, "obj_id": NUMBERS[mesh.removesuffix(".glb")]}


def files(root: Path, image: int, number: int, **changed: str) -> list[str]:
    scene = root / "test" / "000001"
    options = {
        "depth": str(scene / "depth" / f"{image:06}.png"),
        "camera": str(scene / "scene_camera.json"),
        "model": str(root / "models" / f"obj_{number:06}.ply"),
        "pose": str(scene / "scene_gt.json"),
        "unit": "mm",
    } | changed
    return [word for name, value in options.items() if value for word in (f"--{name.replace('_', '-')}", value)]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_:
        main(["vision", "check", *arguments])
    said = capsys.readouterr()
    code = exit_.value.code
    return (code if isinstance(code, int) else 0), said.out, said.err


def judged(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    return answer


def around(root: Path, *names: str) -> list[str]:
    scene = root / "test" / "000001"
    return [
        word
        for name in names
        for word in ("--around", f"{root}/models/obj_{NUMBERS[name]:06}.ply@{scene}/scene_gt.json")
    ]


def test_a_bop_folder_is_checked_as_it_is(bop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = judged(capsys, *files(bop, 0, 5), *around(bop, "table"))
    assert answer["verdict"] == "ok", answer
    assert np.abs(answer["deviation_mm"]).max() < 0.5
    assert any("object 5 of scene_gt.json" in note for note in answer["notes"])
    assert any("entry 0 of scene_camera.json" in note for note in answer["notes"])
    assert any("depth scale 0.1 mm" in note for note in answer["notes"])


def test_the_picture_of_a_part_in_another_with_evidence(
    bop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = [*files(bop, 3, 2), *around(bop, "table", "pot"), "--look-alike", f"{bop}/models/obj_000012.ply"]
    answer = judged(capsys, *options, "--within-deg", "5", "--out", str(tmp_path / "kept"))
    assert answer["verdict"] == "ok", answer
    assert set(answer["scores"]) >= {"part", "obj_000012"}
    assert "round about z, of models_info.json" in answer["notes"]
    assert list((tmp_path / "kept").glob("*/*/deviation.png"))
    assert len(list((tmp_path / "kept" / "models").iterdir())) == 4


def test_a_pose_beside_the_part_is_displaced(bop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pose = json.dumps((moved(BRACKET, x_mm=-3).pose).matrix().tolist())
    answer = judged(capsys, *files(bop, 0, 5, pose=pose), *around(bop, "table"))
    assert answer["verdict"] == "displaced", answer
    assert answer["deviation_mm"] == pytest.approx([3, 0, 0], abs=0.5)


def test_another_model_is_wrong_or_not_told(bop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pose = json.dumps(annotation("ring_47.glb", RING.pose))
    options = [*files(bop, 3, 12, pose=pose), *around(bop, "table", "pot"), "--within-deg", "5"]
    answer = judged(capsys, *options, "--look-alike", f"{bop}/models/obj_000002.ply", "--symmetry", "any")
    assert (answer["verdict"], answer["wrong_part"]) == ("wrong", "obj_000002"), answer


def test_people_read_a_verdict_and_what_was_taken(bop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *files(bop, 0, 5), *around(bop, "table"))
    assert code == 0
    assert out.startswith("obj_000005: ok\n")
    assert "(allowed 1)" in out
    assert "visible: " in out
    assert "scores: part +" in out
    assert "note: noise 0." in out


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"unit": ""}, "--unit mm"),
        ({"unit": "yard"}, "no unit 'yard'"),
        ({"pose": '{"cam_R_m2c": [1, 0, 0, 0, 1, 0, 0, 0, 1], "cam_t_m2c": [0, 0, 0.5]}'}, "Matrices are in metres"),
        ({"pose": "450 0 2000 0 0 0"}, "behind the camera"),
        ({"pose": "somewhere"}, "no pose"),
        ({"camera": "nowhere.json"}, "nowhere.json"),
        ({"model": "nowhere.ply"}, "nowhere.ply"),
        ({"depth_scale": "100"}, "--depth-scale"),
        ({"symmetry": "twice"}, "no symmetry"),
        ({"around": "table.glb"}, "MODEL@POSE"),
    ],
)
def test_every_mistake_is_one_line_with_a_remedy(
    bop: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], words: str
) -> None:
    code, out, err = run(capsys, *files(bop, 0, 5, **changed))
    assert code == 1
    assert not out
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_cloud_is_checked_like_a_picture(bop: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with Image.open(bop / "test" / "000001" / "depth" / "000000.png") as picture:
        depth = np.asarray(picture).astype(float) / 10  # mm
    v, u = np.nonzero(depth)
    z = depth[v, u]
    points = np.stack([(u - WIDE.cx) / WIDE.fx * z, (v - WIDE.cy) / WIDE.fy * z, z], axis=1)
    trimesh.PointCloud(points).export(tmp_path / "cloud.ply")
    own = {"width": 1280, "height": 720, "fx": FOCAL, "fy": FOCAL, "cx": WIDE.cx, "cy": WIDE.cy}
    (tmp_path / "camera.json").write_text(json.dumps(own))
    pose = json.dumps((CAMERA.inverse() @ PLACE).matrix().tolist())
    table = json.dumps((CAMERA.inverse() @ TABLE.pose).matrix().tolist())
    answer = judged(
        capsys,
        *files(bop, 0, 5, depth=str(tmp_path / "cloud.ply"), camera=str(tmp_path / "camera.json"), pose=pose),
        *("--depth-scale", "1", "--around", f"{bop}/models/obj_000009.ply@{table}"),
    )
    assert answer["verdict"] == "ok", answer
    assert any("camera's frame" in note for note in answer["notes"])


@pytest.mark.parametrize("sigma_m", [0.00014, 0.0006, 0.0025])
def test_noise_is_measured_in_the_picture(bop: Path, sigma_m: float) -> None:
    shot = Photographer(bop / "glb", seed=1).shoot([TABLE, POT], camera=CAMERA, sigma_m=sigma_m)
    assert noise_of(shot.depth_m) == pytest.approx(sigma_m, rel=0.3)
