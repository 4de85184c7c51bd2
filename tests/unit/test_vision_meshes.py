"""Meshes of any maker: what a ray can meet is kept, what would lead astray is refused by name."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from orchestrator.adapters.vision import mesh_file
from orchestrator.adapters.vision.render import Solid, Solids
from orchestrator.adapters.vision.sources import read_model
from orchestrator.core.errors import NotFound, TandemError, VisionError

if TYPE_CHECKING:
    from pathlib import Path

BOX = (0.06, 0.04, 0.02)


def bracket() -> trimesh.Trimesh:
    """An L, so that every side looks different."""
    foot = trimesh.creation.box(BOX)
    wall = trimesh.creation.box((0.01, 0.04, 0.05))
    wall.apply_translation((-0.025, 0, 0.025))
    return trimesh.util.concatenate([foot, wall])


def depths(vertices: np.ndarray[Any, Any], faces: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What a camera above sees of it."""
    v, u = np.mgrid[-0.05:0.05:40j, -0.05:0.05:40j]
    directions = np.stack([u, v, np.full_like(u, -1.0)], axis=-1).reshape(-1, 3)
    return Solid(vertices, faces).cast(np.array([0.0, 0.0, 0.5]), directions)


def seen(path: Path, **told: Any) -> np.ndarray[Any, Any]:
    model = read_model(path, **told)
    return depths(model.vertices, model.faces)


@pytest.fixture
def right() -> np.ndarray[Any, Any]:
    body = bracket()
    return depths(np.asarray(body.vertices), np.asarray(body.faces))


def same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two pictures agree but for pixels on an edge."""
    hit = np.isfinite(one) & np.isfinite(other)
    return bool((np.isfinite(one) != np.isfinite(other)).mean() < 0.01 and np.abs(one[hit] - other[hit]).max() < 1e-4)


@pytest.mark.parametrize("kind", ["glb", "ply", "obj", "stl", "off"])
@pytest.mark.parametrize(("unit", "scale"), [(None, 1), ("mm", 1000), ("inch", 1 / 0.0254)])
def test_every_kind_and_unit_is_the_same_part(
    tmp_path: Path, right: np.ndarray[Any, Any], kind: str, unit: str | None, scale: float
) -> None:
    body = bracket()
    body.apply_scale(scale)
    body.export(tmp_path / f"part.{kind}")
    assert same(seen(tmp_path / f"part.{kind}", unit=unit), right)


def polygon_ply(path: Path, order: str, polygons: list[list[int]]) -> None:
    """Write the bracket's wall as modellers do: colours, lists of texture coordinates, polygons of any size."""
    form = "binary_little_endian" if order == "<" else "binary_big_endian"
    corners = trimesh.creation.box((0.01, 0.04, 0.05)).vertices
    lines = ["ply", f"format {form} 1.0", "comment a modeller", f"element vertex {len(corners)}"]
    lines += [f"property float {axis}" for axis in "xyz"] + ["property uchar red"]
    lines += [f"element face {len(polygons)}", "property list uchar uint vertex_indices"]
    lines += ["property list uchar float texcoord", "property uchar flags", "end_header", ""]
    rows = b"".join(struct.pack(f"{order}3fB", *corner, 7) for corner in corners)
    for each in polygons:
        rows += struct.pack(f"{order}B{len(each)}I", len(each), *each)
        rows += struct.pack(f"{order}B{2 * len(each)}fB", 2 * len(each), *([0.5] * 2 * len(each)), 1)
    path.write_bytes("\n".join(lines).encode() + rows)


def quads(box: trimesh.Trimesh) -> list[list[int]]:
    """The sides of a box, each in one piece but for one that is cut in two."""
    pairs = [list(pair) for pair in box.facets]
    out = []
    for first, second in pairs:
        a, b, c = box.faces[first].tolist()
        (d,) = set(box.faces[second].tolist()) - {a, b, c}
        x, y, z = next(turned for turned in ((a, b, c), (b, c, a), (c, a, b)) if turned[0] not in box.faces[second])
        out.append([x, y, d, z])
    (x, y, d, z), *rest = out
    return [[x, y, d], [x, d, z], *rest]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_ply_of_polygons_of_several_sizes_is_cut_into_triangles(tmp_path: Path, order: str) -> None:
    wall = trimesh.creation.box((0.01, 0.04, 0.05))
    polygon_ply(tmp_path / "wall.ply", order, quads(wall))
    model = read_model(tmp_path / "wall.ply")
    assert len(model.faces) == 12
    cut = trimesh.Trimesh(model.vertices, model.faces)
    assert cut.is_watertight
    assert cut.volume == pytest.approx(wall.volume, rel=1e-6)


def test_a_ply_of_polygons_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wall.ply"
    polygon_ply(path, "<", quads(trimesh.creation.box((0.01, 0.04, 0.05))))
    for left in (200, len(path.read_bytes()) - 3):
        (tmp_path / "cut.ply").write_bytes(path.read_bytes()[:left])
        with pytest.raises(VisionError) as error:
            read_model(tmp_path / "cut.ply")
        assert error.value.code == "bad_mesh"


def test_flipped_and_mixed_faces_are_cast_the_same(tmp_path: Path, right: np.ndarray[Any, Any]) -> None:
    body = bracket()
    for name, which in (("inside out", slice(None)), ("mixed", slice(None, None, 2))):
        faces = np.array(body.faces)
        faces[which] = faces[which][:, ::-1]
        trimesh.Trimesh(body.vertices, faces, process=False).export(tmp_path / f"{name}.ply")
        assert same(seen(tmp_path / f"{name}.ply"), right), name


def test_a_mesh_with_holes_is_cast(tmp_path: Path, right: np.ndarray[Any, Any]) -> None:
    body = bracket()
    below = body.triangles_center[:, 2] < -0.0099  # what the camera above can't see anyway
    open_body = trimesh.Trimesh(body.vertices, body.faces[~below], process=False)
    assert not open_body.is_watertight
    open_body.export(tmp_path / "open.ply")
    assert same(seen(tmp_path / "open.ply"), right)


def test_doubled_and_degenerate_faces_and_stray_corners_are_left_out(
    tmp_path: Path, right: np.ndarray[Any, Any]
) -> None:
    body = bracket()
    vertices = np.concatenate([body.vertices, [[9.0, 9.0, 9.0], [np.nan, 0, 0]]])  # corners of no face
    faces = np.concatenate([body.faces, body.faces[:5, ::-1], [[0, 0, 1], [2, 2, 2]]])
    write_ply(tmp_path / "messy.ply", vertices, faces)
    model = read_model(tmp_path / "messy.ply")
    assert len(model.faces) == len(body.faces)
    assert model.size_m == pytest.approx(body.extents)
    assert model.notes == ("2 faces without area left out", "5 faces given twice left out")
    assert same(depths(model.vertices, model.faces), right)


def write_ply(path: Path, vertices: np.ndarray[Any, Any], faces: np.ndarray[Any, Any]) -> None:
    """As it is: exporters mend what is to be tested."""
    head = (
        f"ply\nformat ascii 1.0\nelement vertex {len(vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = [" ".join(f"{v:.9g}" for v in vertex) for vertex in vertices]
    path.write_text(head + "\n".join([*rows, *(f"3 {a} {b} {c}" for a, b, c in faces)]) + "\n")


TRIANGLE = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])


@pytest.mark.parametrize(
    ("vertices", "faces", "words"),
    [
        (TRIANGLE, np.empty((0, 3), int), "no faces, points only"),
        (TRIANGLE, np.array([[0, 1, 7]]), "corners don't exist"),
        (TRIANGLE, np.array([[0, 1, -1]]), "corners don't exist"),
        (np.array([[0, 0, 0], [0.1, 0, 0], [0, np.nan, 0]]), np.array([[0, 1, 2]]), "not numbers"),
        (np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0]]), np.array([[0, 1, 2]]), "no face with an area"),
    ],
)
def test_a_mesh_that_no_ray_can_meet_is_refused(
    tmp_path: Path, vertices: np.ndarray[Any, Any], faces: np.ndarray[Any, Any], words: str
) -> None:
    write_ply(tmp_path / "bad.ply", vertices, faces)
    with pytest.raises(VisionError) as error:
        read_model(tmp_path / "bad.ply")
    assert error.value.code == "bad_mesh"
    assert "bad.ply" in error.value.message
    assert words in error.value.message
    assert error.value.remedy


@pytest.mark.parametrize(("name", "content"), [("part.glb", b"junk"), ("part.ply", b"ply\n"), ("part.step", b"ISO")])
def test_a_file_that_is_no_mesh_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VisionError) as error:
        read_model(tmp_path / name)
    assert error.value.code == "bad_mesh"


def test_a_mesh_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        read_model(tmp_path / "nowhere.glb")


@pytest.mark.parametrize(
    ("scale", "told", "distance_m", "remedy"),
    [
        (1000, None, None, "--unit mm"),
        (1000, None, 0.5, "--unit mm"),
        (40, None, 0.5, "--unit"),
        (1, "mm", None, "--unit m,"),
        (1, "furlong", None, "mm"),
    ],
)
def test_a_wrong_unit_is_named(
    tmp_path: Path, scale: float, told: str | None, distance_m: float | None, remedy: str
) -> None:
    body = bracket()
    body.apply_scale(scale)
    body.export(tmp_path / "part.ply")
    with pytest.raises(VisionError) as error:
        read_model(tmp_path / "part.ply", unit=told, distance_m=distance_m)
    assert error.value.code == "bad_unit"
    assert remedy in error.value.remedy


def test_nodes_keep_their_transforms(tmp_path: Path, right: np.ndarray[Any, Any]) -> None:
    scene = trimesh.Scene()
    inner = trimesh.transformations.translation_matrix((0, 0, 0.05)) @ trimesh.transformations.rotation_matrix(
        0.5, (0, 0, 1)
    )
    scene.graph.update(frame_from="world", frame_to="carrier", matrix=inner)
    half = [trimesh.creation.box(BOX), trimesh.creation.box((0.01, 0.04, 0.05))]
    for body, shift in zip(half, ((0, 0, 0), (-0.025, 0, 0.025)), strict=True):
        at = np.linalg.inv(inner) @ trimesh.transformations.translation_matrix(shift)
        scene.add_geometry(body, transform=at, parent_node_name="carrier")
    scene.export(tmp_path / "nodes.glb")
    assert same(seen(tmp_path / "nodes.glb"), right)


@pytest.mark.parametrize("kind", ["ply", "obj", "glb"])
def test_textures_and_colours_do_no_harm(tmp_path: Path, right: np.ndarray[Any, Any], kind: str) -> None:
    body = bracket()
    picture = Image.fromarray(np.full((4, 4, 3), 200, np.uint8))
    uv = np.random.default_rng(0).random((len(body.vertices), 2))
    body.visual = trimesh.visual.TextureVisuals(uv=uv, image=picture)
    body.export(tmp_path / f"part.{kind}")
    for beside in tmp_path.glob("*.png"):
        beside.unlink()  # of a texture that was not delivered no ray needs anything
    assert same(seen(tmp_path / f"part.{kind}"), right)
    body.visual = trimesh.visual.ColorVisuals(body, vertex_colors=np.full((len(body.vertices), 4), 99, np.uint8))
    body.export(tmp_path / "coloured.ply")
    assert same(seen(tmp_path / "coloured.ply"), right)


def test_a_mesh_finer_than_needed_is_thinned_out_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = trimesh.creation.icosphere(subdivisions=6, radius=0.01)  # 81,920 faces
    fine.export(tmp_path / "fine.ply")
    monkeypatch.setattr(mesh_file, "CAST_FACES", 20_000)
    model = read_model(tmp_path / "fine.ply")
    assert 1_000 < len(model.faces) <= 20_000
    assert model.notes[0].startswith("81,920 faces thinned out to")
    whole = depths(np.asarray(fine.vertices), np.asarray(fine.faces))
    thin = depths(model.vertices, model.faces)
    both = np.isfinite(whole) & np.isfinite(thin)
    assert np.abs(whole[both] - thin[both]).max() < 0.0005


def test_a_mesh_beyond_all_measure_is_refused_before_it_is_worked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trimesh.creation.icosphere(subdivisions=3, radius=0.01).export(tmp_path / "fine.ply")
    monkeypatch.setattr(mesh_file, "MOST_FACES", 1000)
    with pytest.raises(VisionError, match="1,280 faces") as error:
        read_model(tmp_path / "fine.ply")
    assert "Simplify" in error.value.remedy
    monkeypatch.setattr(mesh_file, "MOST_BYTES", 1000)
    with pytest.raises(VisionError, match="larger than") as error:
        read_model(tmp_path / "fine.ply")


def test_a_cell_s_mesh_in_millimetres_is_named_by_its_path(tmp_path: Path) -> None:
    body = bracket()
    body.apply_scale(1000)
    (tmp_path / "valve").mkdir()
    body.export(tmp_path / "valve" / "cover.glb")
    with pytest.raises(TandemError) as error:
        Solids(tmp_path).get("valve/cover.glb")
    assert "valve/cover.glb" in error.value.message
    assert "millimetres" in error.value.remedy


@pytest.mark.skipif("TANDEM_SOAK" not in os.environ, reason="a mesh of millions of faces takes its time")
def test_millions_of_faces_are_cast_in_bounded_time(tmp_path: Path) -> None:
    body = trimesh.creation.icosphere(subdivisions=9, radius=0.03)  # 5.2 million faces
    body.export(tmp_path / "fine.ply")
    model = read_model(tmp_path / "fine.ply")
    assert len(model.faces) <= mesh_file.CAST_FACES
    assert np.isfinite(depths(model.vertices, model.faces)).any()
