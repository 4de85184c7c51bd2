from __future__ import annotations

import math

import numpy as np
import pytest
import trimesh

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.contact import Fit, between_fingers
from orchestrator.adapters.sim.feeler import Feeler
from orchestrator.adapters.sim.hands import SimHands, Slip
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.errors import BadInput, NotFound
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.ports import Box, Mesh

POT = Mesh("pot.glb")  # 100 mm wide, 60 mm high, its well 50 mm wide and 50 mm deep; frame at the bottom
PEG = Mesh("peg.glb")  # 40 mm thick, 80 mm long; frame at the bottom
CUBE = Box((0.04, 0.04, 0.04))
DOWN = (0.0, 0.0, -1.0)


@pytest.fixture
def world(tmp_path):
    outer = trimesh.creation.annulus(r_min=0.025, r_max=0.05, height=0.05, sections=48)
    outer.apply_translation((0, 0, 0.035))
    floor = trimesh.creation.cylinder(radius=0.05, height=0.01, sections=48)
    floor.apply_translation((0, 0, 0.005))
    trimesh.util.concatenate([outer, floor]).export(tmp_path / "pot.glb")
    peg = trimesh.creation.cylinder(radius=0.02, height=0.08, sections=48)
    peg.apply_translation((0, 0, 0.04))
    peg.export(tmp_path / "peg.glb")
    (tmp_path / "bad.glb").write_bytes(b"not a mesh")
    return World(MeshStore(tmp_path))


def in_pot(world):
    pot = world.add("pot", POT, Pose((0.4, 0.0, 0.0)))
    peg = world.add("peg", PEG, Pose((0.4, 0.0, 0.01)))
    world.settle(peg)
    return pot, peg


def ahead(world, body_id, reach_m, fits=(), seed=1):
    """What a held body, or with none the finger tips, meet below."""
    if body_id:
        world.grasp(body_id)
    feeler = Feeler(world, UR5E.gripper, 0.0, DOWN, reach_m, fits, random=np.random.default_rng(seed))
    met = feeler.look()
    feeler.close()
    return met


def test_a_bin_is_filled_with_bodies_of_their_own_names(world):
    ids = world.fill("tray", [("cube", CUBE, Pose((0.1 * i, 0.0, 0.02))) for i in range(3)])
    assert len(set(ids)) == 3
    assert [world.body(i).source for i in ids] == ["tray"] * 3
    assert world.pose(ids[2]).p == (0.2, 0.0, 0.02)
    with pytest.raises(NotFound, match="cube~9"):
        world.pose("cube~9")


def test_a_missing_or_broken_mesh_and_a_way_out_of_the_folder_are_refused(world):
    for path in ("none.glb", "../pot.glb"):
        with pytest.raises(NotFound, match="mesh"):
            world.add("x", Mesh(path), Pose())
    assert list(world) == []
    broken = world.add("x", Mesh("bad.glb"), Pose())
    with pytest.raises(BadInput, match="mesh"):
        world.triangles(broken)


def test_contents_travel_with_what_they_sit_in(world):
    pot, peg = in_pot(world)
    assert world.body(peg).parent == pot
    world.tcp = Pose((0.4, 0.0, 0.05))
    world.grasp(pot)
    world.tcp = Pose((0.1, 0.2, 0.35))
    assert world.held == pot
    assert world.pose(peg).p == pytest.approx((0.1, 0.2, 0.31))
    assert world.with_contents(pot) == [pot, peg]
    world.release()
    assert world.held is None
    world.tcp = Pose()
    assert world.pose(peg).p == pytest.approx((0.1, 0.2, 0.31))


def test_taking_the_contents_leaves_the_pot(world):
    pot, peg = in_pot(world)
    world.tcp = Pose((0.4, 0.0, 0.09))
    world.grasp(peg)
    world.tcp = Pose((0.4, 0.0, 0.29))
    assert world.pose(pot).p == (0.4, 0.0, 0.0)
    assert world.pose(peg).p == pytest.approx((0.4, 0.0, 0.21))


def test_side_by_side_is_not_on_top(world):
    a = world.add("cube", CUBE, Pose((0.0, 0.0, 0.02)))
    b = world.add("cube", CUBE, Pose((0.04, 0.0, 0.02)))
    on_b = world.add("cube", CUBE, Pose((0.05, 0.0, 0.06)))
    for body in (a, b, on_b):
        world.settle(body)
    assert (world.body(a).parent, world.body(b).parent, world.body(on_b).parent) == ("", "", b)


def test_what_happens_behind_everybodys_back(world):
    pot, peg = in_pot(world)
    heard = []
    world.listen(lambda: heard.append(1))
    world.displace(pot, Pose((0.01, 0.0, 0.0)))
    assert world.pose(peg).p == pytest.approx((0.41, 0.0, 0.01))
    new = world.swap(pot, "cube", CUBE)
    assert world.body(new).kind == "cube"
    assert world.body(peg).parent == new
    world.remove(new)
    assert list(world) == []
    assert heard


def test_fingers_find_the_body_between_them_and_its_width(world):
    cube = world.add("cube", CUBE, Pose((0.4, 0.0, 0.02)))
    world.add("cube", CUBE, Pose((0.4, 0.08, 0.02)))
    world.tcp = Pose.from_rpy((0.4, 0.0, 0.02), (math.pi, 0, 0))
    assert between_fingers(world, UR5E.gripper, 0.085) == (cube, pytest.approx(0.04))
    world.tcp = Pose.from_rpy((0.4, 0.0, 0.1), (math.pi, 0, 0))
    assert between_fingers(world, UR5E.gripper, 0.085) is None
    world.tcp = Pose.from_rpy((0.4, 0.04, 0.02), (math.pi, 0, 0))
    assert between_fingers(world, UR5E.gripper, 0.03) is None


def test_fingers_in_the_well_of_a_pot_do_not_grasp_the_pot(world):
    _, peg = in_pot(world)
    world.tcp = Pose.from_rpy((0.4, 0.0, 0.085), (math.pi, 0, 0))
    assert between_fingers(world, UR5E.gripper, 0.085)[0] == peg


def fit(clearance_m):
    return Fit("peg", "pot", Pose((0.0, 0.0, 0.01)), depth_m=0.05, clearance_m=clearance_m)


@pytest.mark.parametrize(("off_m", "jams"), [(0.0, False), (0.0004, False), (0.0006, True), (0.003, True)])
def test_a_peg_goes_in_only_when_its_true_error_is_within_the_clearance(world, off_m, jams):
    pot = world.add("pot", POT, Pose((0.4, 0.0, 0.0)))
    peg = world.add("peg", PEG, Pose((0.4 + off_m, 0.0, 0.08)))
    contact = ahead(world, peg, 0.1, [fit(0.0005)])
    assert (contact.with_id, contact.jammed) == (pot, jams)
    if jams:
        assert 0.02 < contact.after_m < 0.04
    else:
        assert contact.after_m == pytest.approx(0.07)


@pytest.mark.parametrize(("off_m", "blocked"), [(0.0, False), (0.0008, False), (0.0012, True)])
def test_what_is_behind_a_seat_lets_a_part_in_that_is_out_of_line_by_its_clearance(world, off_m, blocked):
    """A screw goes through a cover into the thread below; a shrunk part alone would forgive half a millimetre."""
    cover = world.add("cover", Box((0.1, 0.1, 0.01)), Pose((0.4, 0.0, 0.055)))
    cheeks = [world.add("cheek", CUBE, Pose((0.4 + off_m + x, 0.0, 0.02))) for x in (-0.04, 0.04)]
    into = Fit("cube", "cover", Pose((0.0, 0.0, -0.015)), depth_m=0.04, clearance_m=0.0005)
    contact = ahead(world, world.add("cube", CUBE, Pose((0.4, 0.0, 0.1))), 0.1, [into])
    assert contact.with_id == (cheeks[1 - (off_m > 0)] if blocked else cover)
    assert contact.after_m == pytest.approx(0.04 if blocked else 0.06, abs=1e-6)


def test_a_tilted_peg_jams(world):
    world.add("pot", POT, Pose((0.4, 0.0, 0.0)))
    peg = world.add("peg", PEG, Pose.from_rpy((0.4, 0.0, 0.08), (math.radians(2), 0, 0)))
    assert ahead(world, peg, 0.1, [fit(0.0005)]).jammed


def test_without_a_fit_surfaces_meet(world):
    world.add("pot", POT, Pose((0.4, 0.0, 0.0)))
    into_well = world.add("peg", PEG, Pose((0.4, 0.0, 0.08)))
    assert ahead(world, into_well, 0.1).after_m == pytest.approx(0.07, abs=1e-3)
    world.remove(into_well)
    onto_rim = world.add("peg", PEG, Pose((0.43, 0.0, 0.08)))
    assert ahead(world, onto_rim, 0.1).after_m == pytest.approx(0.02, abs=1e-3)
    world.remove(onto_rim)
    beside = world.add("peg", PEG, Pose((0.6, 0.0, 0.08)))
    met = ahead(world, beside, 0.1)
    assert (met.with_id, met.after_m) == ("table", pytest.approx(0.08, abs=1e-3))
    assert ahead(world, beside, 0.05) is None


def test_what_sits_on_a_pushed_body_can_meet_something_first(world):
    cube = world.add("cube", CUBE, Pose((0.4, 0.0, 0.12)))
    plate = world.add("plate", Box((0.2, 0.04, 0.01)), Pose((0.4, 0.0, 0.145)))
    world.settle(plate)
    post = world.add("post", Box((0.02, 0.02, 0.1)), Pose((0.47, 0.0, 0.05)))
    met = ahead(world, cube, 0.2)
    assert (met.with_id, met.after_m) == (post, pytest.approx(0.04, abs=1e-3))


def test_finger_tips_feel_a_surface(world):
    cube = world.add("cube", CUBE, Pose((0.4, 0.0, 0.02)))
    world.tcp = Pose.from_rpy((0.4, 0.0, 0.1), (math.pi, 0, 0))
    met = ahead(world, None, 0.2)
    assert (met.with_id, met.after_m) == (cube, pytest.approx(0.06 - UR5E.gripper.tip_m, abs=1e-4))


# ---- hands -----------------------------------------------------------------------------------------------------


def test_hands_take_the_nearest_of_the_kind_and_place_it_a_little_off(world):
    near, far = world.fill("tray", [("peg", PEG, Pose((x, 0.3, 0.0))) for x in (0.1, 0.2)])
    pot = world.add("pot", POT, Pose((0.4, 0.0, 0.0)))
    target = Pose((0.4, 0.0, 0.01))
    assert SimHands(world, 1).place("peg", target, expected_from=Pose((0.21, 0.3, 0.0))) == far
    off = deviation(world.pose(far), target)
    assert 0 < off.distance_m <= 0.0003
    assert world.body(far).parent == pot
    assert world.body(near).source == "tray"


def test_hands_place_what_they_took_from_the_gripper_first(world):
    world.fill("tray", [("peg", PEG, Pose((0.1, 0.3, 0.0)))])
    held = world.add("peg", PEG, Pose((0.5, 0.5, 0.3)))
    world.grasp(held)
    hands = SimHands(world, 1)
    assert hands.take_from_gripper() == held
    assert world.held is None
    assert held not in world.visible()
    assert hands.place("peg", Pose((0.4, 0.0, 0.0)), expected_from=Pose((0.1, 0.3, 0.0))) == held
    assert hands.take_from_gripper() is None


def test_what_a_hand_pulls_at_is_the_hands_once_the_gripper_lets_go(world):
    held = world.add("peg", PEG, Pose((0.5, 0.5, 0.3)))
    hands = SimHands(world, 1)
    hands.pull()
    assert world.pull_N == 0  # there is nothing to pull at
    world.grasp(held)
    assert world.pull_N == 0
    hands.pull()
    assert world.pull_N > 0
    assert world.held == held
    assert world.release() == held
    assert world.body(held).parent == "hands"
    assert world.pull_N == 0


def test_what_a_hand_has_let_go_of_again_is_set_down_where_it_is(world):
    held = world.add("peg", PEG, Pose((0.5, 0.5, 0.3)))
    world.grasp(held)
    hands = SimHands(world, 1)
    hands.pull()
    hands.let_go()
    assert world.pull_N == 0
    world.release()
    assert world.body(held).parent == ""
    assert world.pose(held).p == pytest.approx((0.5, 0.5, 0.3))


def test_hands_make_a_part_only_when_told_its_shape(world):
    hands = SimHands(world, 1)
    assert hands.place("plate", Pose((0.4, 0.0, 0.0))) is None
    made = hands.place("plate", Pose((0.4, 0.0, 0.0)), shape=Box((0.05, 0.02, 0.001)))
    assert world.body(made).kind == "plate"


def test_slips_are_what_they_are_called(world):
    world.fill("tray", [("peg", PEG, Pose((0.1 * i, 0.3, 0.0))) for i in range(3)])
    cube = world.fill("box", [("cube", CUBE, Pose((0.1, -0.3, 0.02)))])[0]
    hands, target = SimHands(world, 1), Pose((0.4, 0.0, 0.0))
    off = hands.place("peg", target, slip=Slip.OFF)
    assert deviation(world.pose(off), target).distance_m == pytest.approx(0.002, abs=0.0003)
    flipped = hands.place("peg", target, slip=Slip.UPSIDE_DOWN)
    assert world.pose(flipped).z_axis[2] == pytest.approx(-1.0)
    assert world.bounds(flipped)[0][2] == pytest.approx(0.0, abs=1e-6)
    before = {body.id: world.pose(body.id) for body in world}
    assert hands.place("peg", target, slip=Slip.FORGOT) is None
    assert before == {body.id: world.pose(body.id) for body in world}
    assert hands.place("peg", target, slip=Slip.WRONG_PART) == cube


def test_the_same_seed_places_alike(world):
    ids = world.fill("tray", [("peg", PEG, Pose((0.1 * i, 0.3, 0.0))) for i in range(3)])
    poses = []
    for body, seed in zip(ids, (7, 7, 8), strict=True):
        SimHands(world, seed).place("peg", Pose((0.4, 0.0, 0.0)), expected_from=world.pose(body))
        poses.append(world.pose(body))
        world.remove(body)
    assert poses[0] == poses[1] != poses[2]
