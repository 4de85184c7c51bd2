"""The trail: what the arm's readings say of its way, thinned, begun anew where it means nothing, and gone back."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

from orchestrator.core.geometry import IDENTITY
from orchestrator.core.ports import Capabilities, Joints, Latest, RobotState
from orchestrator.core.state import Trail
from orchestrator.engine.trail import EXACT_RAD, TrailKeeper

HOME: Joints = (0.0,) * 6


def reading(
    joints: Joints, *, moving: bool = True, opening_m: float = 0.05, holding: bool = False, stamp: float = 7.0
) -> RobotState:
    return RobotState(
        joints=joints,
        tcp=IDENTITY,
        opening_m=opening_m,
        holding=holding,
        speed_factor=1.0,
        program_running=True,
        moving=moving,
        stamp=stamp,
    )


@dataclass
class Arm:
    """All that a keeper asks of a robot."""

    state: Latest[RobotState] = field(default_factory=lambda: Latest(reading(HOME, moving=False)))
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(home=HOME))

    def goes(self, *corners: Joints, step: float = 0.01) -> None:
        """Move straight from corner to corner, and stand at the last."""
        here = self.state.value
        for corner in corners:
            begin = self.state.value.joints
            count = max(1, math.ceil(max(abs(a - b) for a, b in zip(begin, corner, strict=True)) / step))
            for n in range(1, count + 1):
                share = n / count
                joints = tuple(a + share * (b - a) for a, b in zip(begin, corner, strict=True))
                self.state.put(reading(joints, opening_m=here.opening_m, holding=here.holding))
        self.state.put(reading(corners[-1], moving=False, opening_m=here.opening_m, holding=here.holding))


def at(*first: float) -> Joints:
    return (*first, *HOME[len(first) :])


def test_a_way_is_its_corners_and_the_stands_between() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type] # all that it asks
    arm.goes(at(0.5), at(0.5, 0.5))
    arm.goes(at(1.0, 0.5))
    trail = keeper.trail()
    for corner in (HOME, at(0.5), at(0.5, 0.5), at(1.0, 0.5)):
        assert min(max(abs(a - b) for a, b in zip(p, corner, strict=True)) for p in trail.points) < 0.01
    assert len(trail.points) <= 6
    stands = [trail.points[index] for index in trail.stands]
    assert stands[0] == HOME
    assert stands[-1] == at(1.0, 0.5)
    assert any(max(abs(a - b) for a, b in zip(p, at(0.5, 0.5), strict=True)) < 0.01 for p in stands)


def test_a_curve_keeps_as_many_points_as_it_needs() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    curve = [at(math.sin(n / 50), 1 - math.cos(n / 50)) for n in range(1, 80)]
    arm.goes(*curve)
    points = keeper.trail().points
    assert 5 < len(points) < 60
    for p in curve:
        nearest = min(_off(p, a, b) for a, b in itertools.pairwise(points))
        assert nearest <= 2 * EXACT_RAD + 0.002


def _off(q: Joints, a: Joints, b: Joints) -> float:
    line = [y - x for x, y in zip(a, b, strict=True)]
    share = sum((x - y) * z for x, y, z in zip(q, a, line, strict=True)) / max(sum(x * x for x in line), 1e-12)
    share = min(1.0, max(0.0, share))
    return max(abs(x - y - share * z) for x, y, z in zip(q, a, line, strict=True))


def test_it_begins_anew_at_home_at_a_grip_and_where_readings_were_missed() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    arm.goes(at(1.0))
    arm.state.put(reading(at(1.0), moving=False, opening_m=0.02, holding=True))
    assert len(keeper.trail().points) == 1
    arm.goes(at(1.0, 0.4))
    assert keeper.trail().points[0] == at(1.0)
    arm.state.put(reading(at(2.0, 0.4), opening_m=0.02, holding=True))  # a whole radian in one reading
    assert len(keeper.trail().points) == 1
    arm.goes(at(0.5), HOME)
    assert keeper.trail().points == (HOME,)


def test_what_moved_while_nothing_was_heard_may_have_gone_any_way() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    arm.goes(at(0.5))
    arm.state.put(reading(at(0.5), moving=False, stamp=60.0))  # it has stood all the while
    assert len(keeper.trail().points) > 1
    arm.state.put(reading(at(0.6), moving=False, stamp=120.0))  # and has not, this time
    assert keeper.trail().points == (at(0.6),)
    assert not keeper.take_up(Trail((HOME, at(0.5)), (0, 1), 5.0))


def test_going_back_takes_up_the_trail_and_leaving_it_ends_it() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    arm.goes(at(0.5), at(0.5, 0.5))
    keeper.back = True
    arm.goes(at(0.5, 0.25))
    keeper.arrived()
    rest = keeper.trail().points
    assert rest[-1] == at(0.5, 0.25)
    assert all(point[1] <= 0.26 for point in rest)
    keeper.back = True
    arm.goes(at(0.5, 0.25, 0.3))  # another way out than it came
    keeper.arrived()
    assert keeper.trail().points == (at(0.5, 0.25, 0.3),)


def test_a_noted_trail_is_taken_up_only_where_the_arm_stands_at_its_end() -> None:
    arm = Arm()
    arm.state.put(reading(at(0.5), moving=False))
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    assert not keeper.take_up(None)
    assert not keeper.take_up(Trail((HOME, at(0.6)), (0, 1), 5.0))
    assert len(keeper.trail().points) == 1
    assert keeper.take_up(Trail((HOME, at(0.5)), (0, 1), 5.0))
    assert keeper.trail().points == (HOME, at(0.5))
    assert keeper.trail().since == 5.0


def test_a_keeper_that_is_closed_hears_nothing() -> None:
    arm = Arm()
    keeper = TrailKeeper(arm)  # type: ignore[arg-type]
    keeper.close()
    arm.goes(at(0.5))
    assert keeper.trail().points == (at(0.5),)  # where it stands now: nobody knows how it came there
