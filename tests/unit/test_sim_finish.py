"""How dark and shiny surfaces come back, and where their finish is read from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh

from orchestrator.adapters.sim.depth import STRUCTURED_LIGHT
from orchestrator.adapters.sim.finish import MATTE, Finish
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.app import shared
from orchestrator.core.ports import Box, Mesh
from tests.unit.mistakes.authored import box

if TYPE_CHECKING:
    from pathlib import Path

PAPER = Finish(luminance=1.0)
MIRROR = Finish(luminance=0.9, metallic=1.0, roughness=0.2)
RUBBER = Finish(luminance=0.02)


def at(degrees: float) -> np.ndarray:
    return np.array([math.cos(math.radians(degrees))], dtype=np.float32)


def plain(finish: Finish) -> bool:
    return finish.plain(STRUCTURED_LIGHT.dark, STRUCTURED_LIGHT.glare, STRUCTURED_LIGHT.grazing)


def test_white_paper_is_the_measure_and_falls_with_the_cosine() -> None:
    assert PAPER.light(at(0))[0] == pytest.approx(1.0, abs=0.05)
    assert PAPER.light(at(60))[0] == pytest.approx(0.5, abs=0.05)


def test_a_mirror_blinds_where_it_faces_the_camera_and_is_black_elsewhere() -> None:
    assert MIRROR.light(at(0))[0] > 10 * STRUCTURED_LIGHT.glare
    assert STRUCTURED_LIGHT.dark < MIRROR.light(at(10))[0] < STRUCTURED_LIGHT.glare
    assert MIRROR.light(at(40))[0] < STRUCTURED_LIGHT.dark / 4


def test_a_mirrored_lobe_keeps_the_light_that_falls_in() -> None:
    """The microfacets' projected areas add up to the surface's own: the integral of D cos over the half sphere is 1."""
    finish = Finish(luminance=1.0, metallic=1.0, roughness=0.6)
    theta = np.linspace(0, math.pi / 2, 20_001, dtype=np.float32)
    c = np.cos(theta)
    masked = c / (c + np.sqrt(0.6**4 + (1 - 0.6**4) * c**2)) ** 2
    lobe = finish.light(c) / np.maximum(masked, 1e-6)
    assert np.trapezoid(2 * lobe * c * np.sin(theta), theta) == pytest.approx(1.0, abs=0.01)


def test_rubber_is_dark_paint_paper_and_brushed_steel_are_not() -> None:
    assert [plain(f) for f in (RUBBER, MIRROR, MATTE, PAPER, Finish(0.8, 0.9, 0.5))] == [False, False, True, True, True]


def test_the_finish_is_the_materials_of_the_mesh() -> None:
    store = MeshStore(shared("instructions"))
    (finish, faces), *more = store.get(Mesh("gear_reducer/screw.glb")).painted
    assert not more
    assert faces == len(store.get(Mesh("gear_reducer/screw.glb")).faces)
    assert (finish.luminance, finish.metallic, finish.roughness) == pytest.approx((0.201, 0.8, 0.5), abs=0.002)


def test_each_solid_of_a_mesh_keeps_its_own(tmp_path: Path) -> None:
    save(tmp_path / "two.glb", RUBBER, MIRROR)
    found = MeshStore(tmp_path).get(Mesh("two.glb"))
    assert [faces for _, faces in found.painted] == [12, 12]
    assert sorted(round(finish.luminance, 2) for finish, _ in found.painted) == [0.02, 0.9]
    assert sum(faces for _, faces in found.painted) == len(found.faces)


def test_what_has_no_material_is_matte(tmp_path: Path) -> None:
    (tmp_path / "bare.glb").write_bytes(box((0.1, 0.1, 0.1)))
    store = MeshStore(tmp_path)
    assert store.get(Mesh("bare.glb")).painted == ((MATTE, 12),)
    assert store.get(Box((0.1, 0.1, 0.1))).painted == ((MATTE, 12),)


def save(path: Path, *finishes: Finish, size: tuple[float, float, float] = (0.1, 0.1, 0.01)) -> None:
    """Write a GLB with one box for each finish, side by side along y."""
    scene = trimesh.Scene()
    for number, finish in enumerate(finishes):
        solid = trimesh.creation.box(extents=size)
        solid.apply_translation((0.0, number * size[1] * 1.5, 0.0))
        solid.visual = trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(
                baseColorFactor=[finish.luminance] * 3 + [1.0],
                metallicFactor=finish.metallic,
                roughnessFactor=finish.roughness,
            )
        )
        scene.add_geometry(solid)
    path.write_bytes(bytes(trimesh.exchange.gltf.export_glb(scene)))
