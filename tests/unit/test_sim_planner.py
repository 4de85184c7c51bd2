from __future__ import annotations

import math

import pytest

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.collision import Collision
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.planner import Planner
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, Move, MoveJoints, Scene, SceneObject

DOWN = (math.pi, 0.0, 0.0)
ARM = Kinematics(UR5E)
TCP = UR5E.gripper.tcp
LEFT, RIGHT = Pose.from_rpy((-0.5, -0.3, 0.15), DOWN), Pose.from_rpy((-0.5, 0.3, 0.15), DOWN)
EMPTY = Scene()
WALL = SceneObject("wall", Box((0.4, 0.02, 0.4)), Pose((-0.6, 0.0, 0.2)))


def planned(tmp_path, segments, scene=EMPTY, start=None, opening_m=0.085, seed=1):
    planner = Planner(ARM, MeshStore(tmp_path), seed)
    return planner.plan(segments, start=start or UR5E.home_rad, opening_m=opening_m, scene=scene, tcp=TCP)


def touches(tmp_path, legs, scene, opening_m=0.085):
    """Look along the way at four times the planner's fineness; returns what touches first."""
    collision = Collision(UR5E, Pose(), MeshStore(tmp_path))
    collision.enter(scene, tcp=TCP)
    for leg in legs:
        for curve in leg.curves:
            for k in range(801):
                if hit := collision.hit(curve.at(curve.length * k / 800), opening_m):
                    return str(hit)
    return None


def at_left(tmp_path):
    return planned(tmp_path, [Move(LEFT)])[-1].end


def test_a_wall_between_is_gone_around(tmp_path):
    start, scene = at_left(tmp_path), Scene((WALL,))
    direct = planned(tmp_path, [Move(RIGHT)], start=start)
    assert "wall" in touches(tmp_path, direct, scene)
    around = planned(tmp_path, [Move(RIGHT)], scene, start)
    assert len(around[0].curves) > 1
    assert touches(tmp_path, around, scene) is None
    assert math.dist((ARM.flange(around[-1].end) @ TCP).p, RIGHT.p) < 1e-9


def test_the_same_question_has_the_same_answer(tmp_path):
    start, scene = at_left(tmp_path), Scene((WALL,))
    first, second, other = (planned(tmp_path, [Move(RIGHT)], scene, start, seed=seed)[0] for seed in (1, 1, 2))
    ways = [[curve.at(curve.length) for curve in leg.curves] for leg in (first, second, other)]
    assert ways[0] == ways[1] != ways[2]


def test_a_line_through_the_wall_is_refused_with_what_and_where(tmp_path):
    with pytest.raises(PlanError, match=r"Segment 1 of 1 \(line to \(-500, 300, 150\) mm\): .* and wall would collide"):
        planned(tmp_path, [Move(RIGHT, line=True)], Scene((WALL,)), at_left(tmp_path))


def test_what_is_held_has_to_fit_too(tmp_path):
    part = SceneObject("beam", Box((0.03, 0.03, 0.2)), Pose((-0.5, -0.3, 0.1)))
    bar = SceneObject("bar", Box((0.1, 0.1, 0.1)), Pose((-0.5, 0.0, 0.05)))
    scene = Scene((part, bar))
    touch = frozenset({"beam"})
    over = Pose.from_rpy((-0.5, 0.3, 0.19), DOWN)
    begin = [Move(LEFT.shifted(z=-0.1)), Move(LEFT.shifted(z=-0.04), line=True, touching=touch)]
    across = [Move(over, line=True, touching=touch)]
    close = Grip(close=True, opening_m=0.03, attach="beam")
    assert planned(tmp_path, [*begin, *across], scene)
    with pytest.raises(PlanError, match=r"Segment 4 of 4 .*ba(r and beam|r)"):
        planned(tmp_path, [*begin, close, *across], scene)
    lifted = planned(tmp_path, [*begin, close, Move(LEFT.shifted(z=-0.3), line=True, touching=touch)], scene)
    assert [thing.id for thing in lifted[-1].after.attached] == ["beam"]
    assert [thing.id for thing in lifted[0].before.attached] == []


def test_touching_holds_for_its_segment_alone(tmp_path):
    part = SceneObject("part", Box((0.1, 0.1, 0.1)), Pose((-0.5, -0.3, 0.1)))
    scene, touch = Scene((part,)), frozenset({"part"})
    approach = Move(LEFT.shifted(z=-0.1))
    assert planned(tmp_path, [approach, Move(LEFT, line=True, touching=touch)], scene)
    with pytest.raises(PlanError, match="part"):
        planned(tmp_path, [approach, Move(LEFT, line=True)], scene)
    with pytest.raises(PlanError, match="already at its start") as error:
        planned(tmp_path, [approach, Move(LEFT, line=True, touching=touch), Move(RIGHT)], scene)
    assert "touching" in error.value.remedy


def test_pairs_that_the_scene_allows_may_touch(tmp_path):
    part = SceneObject("part", Box((0.1, 0.1, 0.1)), Pose((-0.5, -0.3, 0.1)))
    line = [Move(LEFT.shifted(z=-0.1)), Move(LEFT, line=True)]
    assert planned(tmp_path, line, Scene((part,), allowed=frozenset({frozenset({"gripper", "part"})})))
    with pytest.raises(PlanError, match="part"):
        planned(tmp_path, line, Scene((part,), allowed=frozenset({frozenset({"arm", "part"})})))


def test_the_arm_does_not_hit_the_table_or_itself(tmp_path):
    with pytest.raises(PlanError, match="table"):
        planned(tmp_path, [Move(Pose.from_rpy((-0.5, 0.2, -0.03), DOWN))])
    with pytest.raises(PlanError, match="would collide at its end"):
        planned(tmp_path, [MoveJoints((0.0, -math.pi / 2, 2.9, 0.0, 0.0, 0.0))])


def test_a_held_load_is_left_where_the_gripper_opens(tmp_path):
    part = SceneObject("part", Box((0.03, 0.03, 0.03)), Pose.from_rpy((-0.5, -0.3, 0.15)))
    touch = frozenset({"part"})
    legs = planned(
        tmp_path,
        [
            Move(LEFT.shifted(z=-0.1), touching=touch),
            Move(LEFT, line=True, touching=touch),
            Grip(close=True, opening_m=0.03, attach="part"),
            Move(RIGHT),
            Grip(close=False, opening_m=0.06),
        ],
        Scene((part,)),
    )
    (left,) = legs[-1].after.objects
    assert left.pose.p == pytest.approx(RIGHT.p, abs=1e-6)
    assert legs[-1].after.attached == ()
    assert legs[-1].opening_m == 0.06
