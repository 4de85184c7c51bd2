"""`tandem vision check` judges shapes alone: a GLB of several nodes, primitives and materials is the part it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.unit.test_vision_check import _logs_as_before, around, bop, files, judged

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["_logs_as_before", "bop"]  # fixtures


@pytest.mark.parametrize("distort", ["as it is", "its texture a mirror image", "one node moved"])
def test_a_textured_model_of_several_nodes_is_the_part_it_draws(
    bop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], distort: str
) -> None:
    body = trimesh.load_mesh(bop / "models" / "obj_000005.ply", process=False)
    model = tmp_path / "assembled.glb"
    drawn(body, mirrored=distort == "its texture a mirror image", moved=distort == "one node moved").export(model)
    pose = f"{bop}/test/000001/scene_gt.json#0/1"
    said = judged(capsys, *files(bop, 0, 5, model=str(model), pose=pose), *around(bop, "table"))
    plain = judged(capsys, *files(bop, 0, 5), *around(bop, "table"))
    assert plain["verdict"] == "ok"
    if distort == "one node moved":
        assert said["verdict"] != "ok"
        return
    assert said["verdict"] == "ok", said
    assert said["deviation_mm"] == pytest.approx(plain["deviation_mm"], abs=0.05)
    assert said["visible"] == pytest.approx(plain["visible"], abs=0.01)


def drawn(body: trimesh.Trimesh, *, mirrored: bool, moved: bool) -> trimesh.Scene:
    """Return a model in millimetres: a scaled and turned node that carries three, of other materials, each turned."""
    scene = trimesh.Scene()
    carrier = trimesh.transformations.rotation_matrix(0.7, (0, 0, 1), (10, 20, 30)) @ np.diag((10.0, 10.0, 10.0, 1.0))
    scene.graph.update(frame_from="world", frame_to="carrier", matrix=carrier)
    pieces = np.array_split(np.arange(len(body.faces)), 3)
    for k, faces in enumerate(pieces):
        piece = body.submesh([faces], append=True)
        shift = trimesh.transformations.translation_matrix((0, -12 if moved and k == 0 else 0, 0))  # to the camera
        turned = trimesh.transformations.rotation_matrix(1.1 * k, (1, 0, 0))
        piece.apply_transform(turned)
        at = np.linalg.inv(carrier) @ shift @ np.linalg.inv(turned)
        piece.visual = _looks(piece, k, mirrored=mirrored)
        scene.add_geometry(piece, transform=at, parent_node_name="carrier")
    return scene


def _looks(piece: trimesh.Trimesh, k: int, *, mirrored: bool) -> Any:
    if k == 0:
        return trimesh.visual.ColorVisuals(piece, face_colors=np.tile((200, 30, 30, 255), (len(piece.faces), 1)))
    chequer = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((8, 8)))[:, :: -1 if mirrored else 1]
    picture = Image.fromarray((255 * chequer).astype(np.uint8)).convert("RGB")
    uv = np.random.default_rng(k).random((len(piece.vertices), 2))
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=picture, metallicFactor=0.9, alphaMode="BLEND", doubleSided=False
    )
    return trimesh.visual.TextureVisuals(uv=uv, material=material)
