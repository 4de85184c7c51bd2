"""Expected depth, region of interest, shape of meshes, and the picture that evidence shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.vision.align import Scene, align
from orchestrator.adapters.vision.render import Region, Solid, Solids, View, region_of
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.ports import Intrinsics
from tests.depth_scenes import ABOVE, PLACE, WIDE, write_parts

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Intrinsics(200, 100, 200.0, 200.0, 99.5, 49.5)


@pytest.fixture(scope="module")
def solids(tmp_path_factory: pytest.TempPathFactory) -> Solids:
    folder = tmp_path_factory.mktemp("parts")
    write_parts(folder)
    return Solids(folder)


def test_depth_is_along_the_optical_axis_not_along_the_ray(solids: Solids) -> None:
    view = View.over(Region(0, 0, 200, 100), Pose(), SMALL)
    wall = Pose.from_rpy((0.0, 0.0, 1.01))  # the table's top faces away: its underside is 20 mm nearer
    depth = view.depth(solids.get("table.glb"), wall).reshape(100, 200)
    assert np.isfinite(depth[20:80, 60:140]).all()
    assert depth[20:80, 60:140] == pytest.approx(0.99, abs=1e-5)


def test_a_pixel_looks_along_its_whole_numbered_centre(solids: Solids) -> None:
    seen = View.over(Region(0, 0, 200, 100), Pose(), SMALL).depth(solids.get("ring_47.glb"), Pose((0.0, 0.0, 0.5)))
    rows, columns = np.nonzero(np.isfinite(seen.reshape(100, 200)))
    assert (rows.mean(), columns.mean()) == pytest.approx((49.5, 99.5), abs=0.05)


def test_casting_beside_the_part_is_left_out_without_changing_the_picture(solids: Solids) -> None:
    whole = View.over(Region(560, 280, 160, 140), ABOVE, WIDE)
    bracket, pose = solids.get("bracket.glb"), PLACE @ Pose.from_rpy((0.01, 0.0, 0.0), (0.1, 0.2, 0.3))
    every = whole.only(np.arange(160 * 140)).depth(bracket, pose)
    assert np.array_equal(whole.depth(bracket, pose), every)
    assert np.isfinite(every).any()


def test_a_region_holds_the_part_and_its_margin() -> None:
    corners = np.array([[x, y, 0.0] for x in (-0.05, 0.05) for y in (-0.05, 0.05)])
    region = region_of(corners, Pose((0.0, 0.0, 1.0)), Pose(), SMALL, 0.02)
    assert region is not None
    assert region.left == pytest.approx(99.5 - 14, abs=1)
    assert region.width == pytest.approx(28, abs=3)


def test_a_part_behind_the_camera_has_no_region() -> None:
    assert region_of(np.zeros((1, 3)), Pose((0.0, 0.0, -1.0)), Pose(), SMALL, 0.02) is None


def test_a_region_beyond_the_picture_is_cut() -> None:
    assert Region(-10, 90, 30, 30).inside(SMALL) == Region(0, 90, 20, 10)
    assert Region(300, 0, 5, 5).inside(SMALL).width == 0


@pytest.mark.parametrize(
    ("mesh", "turned_over", "any_angle"),
    [("ring_47", True, True), ("stepped", False, True), ("bracket", False, False), ("plate", True, False)],
)
def test_shapes_that_look_the_same_turned_are_known(
    solids: Solids, mesh: str, turned_over: bool, any_angle: bool
) -> None:
    solid = solids.get(f"{mesh}.glb")
    assert (solid.same_flipped, solid.round) == (turned_over, any_angle)


def test_a_mesh_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    write_parts(tmp_path)
    solids = Solids(tmp_path)
    before = solids.get("ring_47.glb")
    assert solids.get("ring_47.glb") is before
    (tmp_path / "ring_47.glb").write_bytes((tmp_path / "ring_42.glb").read_bytes())
    assert solids.get("ring_47.glb").high[0] == pytest.approx(0.021)


def test_a_mesh_without_faces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n")
    with pytest.raises(VisionError) as raised:
        Solids(tmp_path).get("empty.obj")
    assert raised.value.code == "bad_mesh"


def perfect(solid: Solid, truth: Pose, *, hide: float = 0.0) -> Scene:
    """Return what a camera without noise sees of a part 50 mm before a wall; some columns measured nothing."""
    view = View.over(Region(560, 280, 160, 140), ABOVE, WIDE)
    back = np.full(160 * 140, 1.1, dtype=np.float32)
    depth = np.minimum(view.depth(solid, truth), back)
    usable = (np.arange(160 * 140) % 160) >= hide * 160
    return Scene(view, (140, 160), depth, usable, back, np.full_like(back, 0.0002), 0.00095)


@pytest.mark.parametrize("change", [(2.0, 0, 0, 0), (0, -3.0, 0, 0), (0, 0, 2.5, 0), (1.0, 1.0, 0.5, 8.0)])
def test_alignment_finds_a_part_again(solids: Solids, change: tuple[float, float, float, float]) -> None:
    bracket = solids.get("bracket.glb")
    x, y, z, turn = change
    truth = PLACE @ Pose.from_rpy((x / 1000, y / 1000, z / 1000), (0.0, 0.0, math.radians(turn)))
    found = align(bracket, PLACE, perfect(bracket, truth))
    assert found.settled
    off = deviation(found.pose, truth)
    assert off.distance_m < 0.0002
    assert max(abs(v) for v in off.rot_rad) < 0.005


def test_what_a_view_can_not_tell_is_named(solids: Solids) -> None:
    table, plate = solids.get("table.glb"), solids.get("plate.glb")  # no edge of the table is in the region
    assert align(table, PLACE, perfect(table, PLACE)).observable == (False, False, True, True, True, False)
    assert all(align(plate, PLACE, perfect(plate, PLACE)).observable)


def test_hidden_pixels_make_a_pose_less_certain_but_not_unobservable(solids: Solids) -> None:
    plate = solids.get("plate.glb")
    clear, half = (align(plate, PLACE, perfect(plate, PLACE, hide=share)) for share in (0.0, 0.6))
    assert half.sigma[0] > clear.sigma[0]
    assert half.observable == clear.observable


def test_a_start_thought_near_that_is_far_still_ends_at_the_part(solids: Solids) -> None:
    plate = solids.get("plate.glb")  # turned by 10 degrees, nine tenths of its pixels agree with the start
    truth = PLACE @ Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, math.radians(10)))
    found = align(plate, PLACE, perfect(plate, truth), near=True)
    assert found.settled
    assert deviation(found.pose, truth).rot_rad[2] == pytest.approx(0.0, abs=0.005)
