"""No trajectory breaks a limit, whatever is ordered on the way: looked for by hypothesis, tick by tick and between."""

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
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.timing import Ride, straight, through
from orchestrator.adapters.sim.world import World
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Move, MoveJoints
from tests.unit.limits import at_ticks, hold_limits, looked_for

FINE_S = 0.001
ARM = Kinematics(UR5E)
JOINTS = st.tuples(*[st.floats(low, high) for low, high in zip(UR5E.lower_rad, UR5E.upper_rad, strict=True)])
NEAR = st.tuples(*[st.floats(-0.6, 0.6)] * 6)
FACTOR = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.01, 1.0))
ORDERS = st.lists(st.tuples(st.integers(0, 400), st.one_of(FACTOR, FACTOR, FACTOR, st.just("halt"))), max_size=10)


def ridden(ride: Ride, orders: list[tuple[int, float | str]]) -> list[tuple[float, ...]]:
    """Ride at fine steps, orders coming between any two of them; a pause at the end is ended."""
    samples = [ride.curve.at(0.0)] * 4
    for steps, order in [*orders, (0, 1.0)]:
        samples += [ride.advance(FINE_S) for _ in range(steps)]
        if order == "halt":
            ride.halt()
        else:
            ride.scale(order)
    while not ride.standing:
        samples.append(ride.advance(FINE_S))
    return [*samples, *[samples[-1]] * 4]


@given(JOINTS, JOINTS, ORDERS)
@looked_for(120)
def test_rides_between_any_joints_keep_every_limit_between_ticks_too(start, end, orders):
    ride = Ride(straight(start, end, UR5E))
    hold_limits(ridden(ride, orders), UR5E, FINE_S)
    assert ride.arrived == ("halt" not in [order for _, order in orders])


@given(st.lists(NEAR, min_size=3, max_size=12), st.lists(st.floats(0.002, 0.02), min_size=12), ORDERS)
@looked_for(60)
def test_rides_along_any_spline_keep_every_limit_between_ticks_too(corners, gaps, orders):
    points = [tuple(a + 0.05 * b for a, b in zip(UR5E.home_rad, corner, strict=True)) for corner in corners]
    distances = [0.0, *itertools.accumulate(gaps[: len(points) - 1])]
    try:
        curve = through(points, distances, UR5E, 0.25)
    except PlanError:
        return
    hold_limits(ridden(Ride(curve), orders), UR5E, FINE_S)


LEG = st.one_of(
    st.tuples(st.just("joints"), JOINTS),
    st.tuples(st.just("move"), NEAR, st.sampled_from([None, 0.05, 0.25])),
    st.tuples(
        st.just("line"),
        st.tuples(*[st.floats(-0.15, 0.15)] * 3),
        st.floats(-0.5, 0.5),
        st.sampled_from([None, 0.03, 0.3]),
    ),
)
CHANGES = st.lists(st.tuples(st.floats(0.0, 1.5), FACTOR), max_size=6)


@given(
    st.lists(LEG, min_size=1, max_size=4),
    CHANGES,
    st.sampled_from(["run", "cancel", "stop", "trip"]),
    st.sampled_from([125, 500]),
)
@looked_for(40)
def test_the_robot_keeps_the_limits_of_joints_and_tcp_whatever_is_ordered(tmp_path, legs, changes, ending, rate_hz):
    async def main() -> None:
        robot = SimRobot(World(MeshStore(tmp_path)), VirtualClock(asyncio.get_running_loop()), seed=3, rate_hz=rate_hz)
        collision = robot._planner._collision  # limits alone are looked at here
        collision.hit = lambda joints, opening_m: None
        collision.free = lambda joints, opening_m: True
        collision.enter = lambda *args, **more: None
        await robot.ready()
        seen = [(robot.state.value.stamp, robot.state.value.joints)]
        robot.state.listen(lambda state: seen.append((state.stamp, state.joints)))
        ran = 0
        for leg in legs:
            segment, speed = asked(robot.state.value.tcp, robot.state.value.joints, leg)
            try:
                plan = await robot.plan([segment])
            except PlanError:
                continue
            ran += 1
            del seen[:-1]
            motion = robot.execute(plan)
            await motion.accepted()
            for wait, factor in changes:
                await asyncio.sleep(wait)
                await robot.cap_speed("test", factor)
            last = ran == len(legs)
            if last and ending == "cancel":
                await motion.cancel()
            elif last and ending == "stop":
                await robot.stop()
            elif last and ending == "trip":
                robot.trip()
            await robot.cap_speed("test", 1.0)
            outcome = await motion.result()
            assert outcome.ok or last, outcome
            samples = at_ticks(seen, 1 / rate_hz)
            hold_limits(samples, UR5E, 1 / rate_hz)
            hold_tcp_speed(samples, speed, 1 / rate_hz)
        await robot.close()

    run_virtual(main)


def asked(tcp: Pose, joints: tuple[float, ...], leg) -> tuple[Move | MoveJoints, float]:
    """Turn a drawn leg into a segment, with the TCP's speed limit in m/s."""
    if leg[0] == "joints":
        return MoveJoints(leg[1]), UR5E.tcp_speed_m_s
    speed = min(leg[-1] or math.inf, UR5E.tcp_speed_m_s)
    if leg[0] == "move":
        there = tuple(a + b for a, b in zip(joints, leg[1], strict=True))
        return Move(ARM.flange(there) @ UR5E.gripper.tcp, speed_m_s=leg[2]), speed
    turned = Pose.from_rpy(tcp.p, (0.0, 0.0, leg[2])) @ Pose((0.0, 0.0, 0.0), tcp.q)
    x, y, z = (a + b for a, b in zip(tcp.p, leg[1], strict=True))
    return Move(Pose((x, y, z), turned.q), line=True, speed_m_s=leg[3]), speed


def hold_tcp_speed(samples: list[tuple[float, ...]], limit_m_s: float, dt_s: float) -> None:
    """Assert the TCP's speed: chords are never longer than the way between two ticks."""
    places = np.array([(ARM.flange(q) @ UR5E.gripper.tcp).p for q in samples])
    fastest = np.linalg.norm(np.diff(places, axis=0), axis=1).max() / dt_s
    assert fastest <= limit_m_s * (1 + 1e-3), fastest


@pytest.mark.parametrize("rate_hz", [50, 125, 500])
def test_the_tick_rate_changes_how_often_not_where(tmp_path, rate_hz):
    async def main() -> tuple[float, tuple[float, ...], int]:
        clock = VirtualClock(asyncio.get_running_loop())
        robot = SimRobot(World(MeshStore(tmp_path)), clock, seed=3, rate_hz=rate_hz)
        await robot.ready()
        seen = []
        plan = await robot.plan([MoveJoints((0.5, -1.2, 1.2, -1.5, -1.5, 0.3))])
        began = clock.now()
        leave = robot.state.listen(lambda state: seen.append(state.joints))
        assert (await robot.execute(plan).result()).ok
        leave()
        took_s, end = clock.now() - began, robot.state.value.joints
        await robot.close()
        assert took_s == pytest.approx(plan.duration_s, abs=2 / rate_hz)
        return took_s, end, len(set(seen))

    took_s, end, samples = run_virtual(main)
    assert end == pytest.approx((0.5, -1.2, 1.2, -1.5, -1.5, 0.3), abs=1e-9)
    assert samples == pytest.approx(took_s * rate_hz, abs=3)
