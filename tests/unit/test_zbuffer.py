"""The depth buffer of `tandem check` shows what rays show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.adapters.vision.render import Region, Solid, View
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Pose
from orchestrator.engine.mesh import read_mesh
from orchestrator.engine.zbuffer import Window, draw, transformed

PARTS = Path(__file__).parents[2] / "instructions" / "gear_reducer"
LENS = intrinsics_for(640, 480, 60)
CAMERA = Pose.from_rpy((0.05, -0.05, 0.4), (3.0, 0.1, 0.4))


@pytest.mark.parametrize("part", ["housing", "gear_shaft_10", "screw"])
def test_depth_is_what_rays_meet(part: str) -> None:
    path = PARTS / f"{part}.glb"
    triangles = read_mesh(path.read_bytes(), path.name).triangles
    region = Region(0, 0, 600, 450)
    solid = Solid(triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3))
    cast = View.over(region, CAMERA, LENS).depth(solid, Pose()).reshape(region.height, region.width)
    window = Window(LENS, region.left, region.top, region.width, region.height)
    drawn, index = draw(transformed(CAMERA.inverse(), triangles), window)
    both = np.isfinite(cast) & np.isfinite(drawn)
    assert both.sum() > 100
    assert (np.isfinite(cast) != np.isfinite(drawn)).sum() <= 0.01 * both.sum()  # pixels that an edge just touches
    assert np.mean(np.abs(cast[both] - drawn[both]) < 2e-5) > 0.99
    assert ((index >= 0) == np.isfinite(drawn)).all()


def test_a_coarse_window_shows_the_same_in_fewer_pixels() -> None:
    triangles = np.array([[[-0.1, -0.1, 1.0], [0.1, -0.1, 1.0], [-0.1, 0.1, 1.0]]])
    fine, coarse = (Window(LENS, 200, 120, 240 // k, 240 // k, k) for k in (1, 4))
    areas = [np.isfinite(draw(triangles, window)[0]).sum() * window.stride**2 for window in (fine, coarse)]
    assert areas[1] == pytest.approx(areas[0], rel=0.1)  # it is some 30 of its pixels wide
    at = np.array([0.03, -0.02, 0.9])
    assert coarse.pixels(at) * 4 + 1.5 == pytest.approx(fine.pixels(at))


def test_what_is_behind_the_lens_or_seen_along_itself_is_not_drawn() -> None:
    window = Window(LENS, 0, 0, 640, 480)
    behind = np.array([[[-1, -1, -1.0], [1, -1, -1.0], [0, 1, -1.0]]])
    along = np.array([[[0.0, 0, 0.5], [0, 0, 1.5], [0, 0.0, 2.0]]])
    for triangles in (behind, along):
        assert np.isinf(draw(triangles, window)[0]).all()
