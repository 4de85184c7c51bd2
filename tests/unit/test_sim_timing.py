from __future__ import annotations

import asyncio
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.drive import TICK_S
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.timing import Ride, straight, through
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import MoveJoints
from tests.unit.limits import at_ticks, hold_limits, looked_for

ANGLE = st.floats(-2.5, 2.5)
JOINTS = st.tuples(*[ANGLE] * 6)
ORDERS = st.lists(
    st.tuples(st.integers(1, 60), st.one_of(st.just(0.0), st.floats(0.05, 1.0), st.just("halt"))),
    min_size=0,
    max_size=8,
)


def ridden(ride: Ride, orders: list[tuple[int, float | str]]) -> list[tuple[float, ...]]:
    samples = [ride.curve.at(0.0)] * 4
    for ticks, order in orders:
        samples += [ride.advance(TICK_S) for _ in range(ticks)]
        if order == "halt":
            ride.halt()
        else:
            ride.scale(order)
    for _ in range(20000):
        if ride.standing:
            break
        samples.append(ride.advance(TICK_S))
    return [*samples, *[samples[-1]] * 4]


@given(JOINTS, JOINTS, ORDERS)
@looked_for(100)
def test_straight_rides_keep_every_limit_whatever_is_ordered(start, end, orders):
    ride = Ride(straight(start, end, UR5E))
    samples = ridden(ride, orders)
    hold_limits(samples, UR5E, TICK_S)
    assert ride.standing
    assert 0 <= ride.s <= ride.curve.length + 1e-9


@given(JOINTS, st.floats(0.02, 0.2), st.floats(-1, 1), st.floats(-1, 1), ORDERS, st.floats(0.01, 2.0))
@looked_for(50)
def test_lines_keep_every_limit_whatever_is_ordered(joints, length, x, y, orders, speed):
    arm = Kinematics(UR5E)
    begin = arm.flange(joints)
    points, distances = [joints], [0.0]
    for step in np.arange(0.005, length, 0.005):
        pose = Pose((begin.p[0] + x * step, begin.p[1] + y * step, begin.p[2] + step), begin.q)
        found = arm.nearest(pose, points[-1])
        if found is None or max(abs(a - b) for a, b in zip(found, points[-1], strict=True)) > 0.35:
            break
        points.append(found)
        distances.append(float(step))
    if len(points) < 3:
        return
    curve = through(points, distances, UR5E, speed)
    assert curve.speed <= speed
    for point, s in zip(points, distances, strict=True):
        assert curve.at(s) == pytest.approx(point, abs=1e-9)
    ride = Ride(curve)
    hold_limits(ridden(ride, orders), UR5E, TICK_S)


def test_an_undisturbed_ride_arrives_exactly_and_uses_its_limits():
    end = (2.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ride = Ride(straight((0.0,) * 6, end, UR5E))
    samples = ridden(ride, [])
    assert samples[-1] == pytest.approx(end, abs=1e-9)
    assert ride.arrived
    speed = np.abs(np.diff(np.array(samples), axis=0)).max() / TICK_S
    assert speed > 0.7 * UR5E.velocity_rad_s[0]


def test_zero_holds_the_place_and_one_goes_on():
    ride = Ride(straight((0.0,) * 6, (1.0,) * 6, UR5E))
    for _ in range(30):
        ride.advance(TICK_S)
    ride.scale(0.0)
    while not ride.standing:
        ride.advance(TICK_S)
    place = ride.s
    assert 0.0 < place < 1.0
    assert not ride.arrived
    ride.advance(1.0)
    assert ride.s == place
    ride.scale(1.0)
    while not ride.arrived:
        ride.advance(TICK_S)
    assert ride.s == pytest.approx(1.0)


def test_a_halted_ride_never_goes_on():
    ride = Ride(straight((0.0,) * 6, (1.0,) * 6, UR5E))
    for _ in range(30):
        ride.advance(TICK_S)
    ride.halt()
    while not ride.standing:
        ride.advance(TICK_S)
    place = ride.s
    ride.scale(0.5)
    ride.advance(1.0)
    assert ride.s == place
    assert not ride.arrived


@given(
    st.lists(JOINTS, min_size=1, max_size=3),
    st.lists(st.tuples(st.floats(0.01, 1.0), st.sampled_from([0.0, 0.1, 0.6, 1.0])), max_size=6),
    st.sampled_from(["run", "cancel", "trip"]),
)
@looked_for(20)
def test_the_robot_keeps_every_limit_through_speed_changes_and_stops(tmp_path, goals, changes, ending):
    async def main() -> None:
        robot = SimRobot(World(MeshStore(tmp_path)), VirtualClock(asyncio.get_running_loop()), seed=3)
        robot._planner._collision.hit = lambda joints, opening_m: None  # limits alone are looked at here
        robot._planner._collision.free = lambda joints, opening_m: True
        robot._planner._collision.enter = lambda *args, **more: None
        await robot.ready()
        seen = [(robot.state.value.stamp, robot.state.value.joints)]
        robot.state.listen(lambda state: seen.append((state.stamp, state.joints)))
        motion = robot.execute(await robot.plan([MoveJoints(goal) for goal in goals]))
        await motion.accepted()
        for wait, factor in changes:
            await asyncio.sleep(wait)
            await robot.cap_speed("test", factor)
        if ending == "cancel":
            await motion.cancel()
        elif ending == "trip":
            robot.trip()
        await robot.cap_speed("test", 1.0)
        outcome = await motion.result()
        assert outcome.kind in {"run": {"succeeded"}, "cancel": {"canceled", "succeeded"}}.get(
            ending, {"aborted", "succeeded"}
        )
        if outcome.ok:
            assert robot.state.value.joints == pytest.approx(goals[-1], abs=1e-9)
        hold_limits(at_ticks(seen, TICK_S), UR5E, TICK_S)
        await robot.close()

    run_virtual(main)


def test_a_line_keeps_its_speed(tmp_path):
    arm = Kinematics(UR5E)
    begin = arm.flange(UR5E.home_rad)
    points = [UR5E.home_rad]
    for step in range(1, 41):
        points.append(arm.nearest(Pose((begin.p[0], begin.p[1], begin.p[2] - 0.005 * step), begin.q), points[-1]))
    ride = Ride(through(points, [0.005 * k for k in range(41)], UR5E, 0.1))
    places = [arm.flange(q).p for q in ridden(ride, [])]
    speeds = [math.dist(a, b) / TICK_S for a, b in itertools.pairwise(places)]
    assert max(speeds) == pytest.approx(0.1, rel=1e-3)
    assert max(max(abs(p[0] - begin.p[0]), abs(p[1] - begin.p[1])) for p in places) < 2e-5
