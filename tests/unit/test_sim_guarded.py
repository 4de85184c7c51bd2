"""Guarded moves while the world changes around them: met is what is there when the arm gets there."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.contact import Fit
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Grip, GuardedMove, Move, Outcome, Safety, Scene, SceneObject
from tests.unit.limits import at_ticks, hold_limits, looked_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TICK_S = 0.008
STOP_S = 0.105  # times the speed asked for: the farthest that an arm goes on, which may still be speeding up
BY = (math.pi, 0.0, 0.0)
DOWN = (0.0, 0.0, -1.0)
X, Y, Z = -0.45, -0.15, 0.25  # where the empty gripper begins
TIP_M = UR5E.gripper.tip_m
BLOCK = Box((0.2, 0.2, 0.01))
CUBE, SEAT = Box((0.04, 0.04, 0.04)), Box((0.12, 0.12, 0.02))
NEST = Pose((-0.4, 0.3, 0.02))
FIT = Fit("cube", "seat", Pose((0.0, 0.0, 0.01)), Pose((0.0, 0.0, -0.02)), depth_m=0.005, clearance_m=0.0005)


class Cell:
    """A robot in a world of its own, whose joints are sampled tick by tick."""

    def __init__(self, folder: Path, seed: int = 5) -> None:
        self.asked: list[int] = []  # the threads in which the robot asked what goes into what
        self.world = World(MeshStore(folder))
        self.robot = SimRobot(self.world, VirtualClock(asyncio.get_running_loop()), seed=seed, fits=self.fits)
        self.seen: list[tuple[float, tuple[float, ...]]] = []

    def fits(self) -> list[Fit]:
        self.asked.append(threading.get_ident())
        return [FIT]

    def block(self, depth_m: float) -> str:
        """Put a block where the tips, from the beginning, meet it after a depth."""
        return self.world.add("block", BLOCK, Pose((X, Y, Z - TIP_M - depth_m - BLOCK.size_m[2] / 2)), source="rack")

    async def above(self) -> None:
        """Bring the empty gripper to where it begins."""
        await self.run([Move(Pose.from_rpy((X, Y, Z), BY))])

    async def holding(self) -> tuple[str, str]:
        """Hold a cube 30 mm above its seat in a block; returns the ids of both."""
        world = self.world
        cube, seat = world.add("cube", CUBE, Pose((-0.5, -0.2, 0.02))), world.add("seat", SEAT, NEST)
        await self.robot.sync_scene(Scene(tuple(SceneObject(b.id, b.shape, world.pose(b.id)) for b in world)))
        touch = frozenset({cube})
        high, low = (Pose.from_rpy((-0.5, -0.2, z), BY) for z in (0.12, 0.02))
        over = Pose.from_rpy((NEST.p[0], NEST.p[1], NEST.p[2] + 0.01 + 0.02 + 0.03), BY)
        await self.run(
            [
                Grip(close=False, opening_m=0.06),
                Move(high),
                Move(low, line=True, touching=touch),
                Grip(close=True, opening_m=0.04, attach=cube, mass_kg=0.2),
                Move(high, line=True, touching=touch),
                Move(over),
            ]
        )
        return cube, seat

    async def run(self, segments: list[Any]) -> None:
        assert (await self.robot.execute(await self.robot.plan(segments)).result()).ok

    async def press(
        self,
        changes: list[tuple[float, Callable[[], Any]]],
        *,
        reach_m: float = 0.06,
        speed_m_s: float = 0.02,
        window_m: tuple[float, float] = (0.0, 0.06),
        touching: frozenset[str] = frozenset(),
    ) -> Outcome:
        """Press down while things happen, each after a time (s) from acceptance; joints' limits are held throughout."""
        self.seen = [(self.robot.state.value.stamp, self.robot.state.value.joints)]
        leave = self.robot.state.listen(lambda state: self.seen.append((state.stamp, state.joints)))
        motion = self.robot.guarded_move(GuardedMove(DOWN, reach_m, speed_m_s, 15.0, window_m, touching))
        assert await motion.accepted()
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(after_s, change) for after_s, change in changes]
        outcome = await motion.result()
        for timer in timers:
            timer.cancel()
        leave()
        hold_limits(at_ticks(self.seen, TICK_S), UR5E, TICK_S)
        return outcome

    @property
    def depth_m(self) -> float:
        return Z - self.robot.state.value.tcp.p[2]


def in_cell(folder: Path, body: Callable[[Cell], Any], seed: int = 5) -> Any:
    async def main() -> Any:
        cell = Cell(folder, seed)
        await cell.robot.ready()
        try:
            return await body(cell)
        finally:
            await cell.robot.close()

    return run_virtual(main)


# ---- empty fingers ---------------------------------------------------------------------------------------------


def test_a_body_put_underneath_on_the_way_is_met(tmp_path):
    async def body(cell):
        await cell.above()
        outcome = await cell.press([(1.0, lambda: cell.block(0.03))])
        assert outcome.ok
        assert (outcome.depth_m, outcome.force_N) == (pytest.approx(0.03, abs=1e-5), 15.0)
        assert cell.depth_m == pytest.approx(0.03, abs=1e-5)

    in_cell(tmp_path, body)


def test_a_press_that_begins_in_contact_presses_nothing_through(tmp_path):
    async def body(cell):
        await cell.above()
        cell.block(0.01)
        first, again = await cell.press([]), await cell.press([])
        assert first.depth_m == pytest.approx(0.01, abs=1e-5)
        assert again.ok
        assert again.depth_m == pytest.approx(0.0, abs=1e-5)
        assert cell.depth_m == pytest.approx(0.01, abs=1e-5)

    in_cell(tmp_path, body)


@pytest.mark.parametrize("across_m", [0.0, 0.003, 0.007])
def test_a_thin_bar_below_a_finger_is_felt(tmp_path, across_m):
    async def body(cell):
        await cell.above()
        half_m = cell.robot.state.value.opening_m / 2
        at = Pose((X + across_m, Y + half_m + 0.005, Z - TIP_M - 0.02 - 0.0015))
        cell.world.add("bar", Box((0.003, 0.2, 0.003)), at, source="rack")
        assert (await cell.press([])).depth_m == pytest.approx(0.02, abs=1e-4)

    in_cell(tmp_path, body)


@pytest.mark.parametrize("at_s", [None, 0.5])
def test_a_bar_across_a_part_on_its_way_is_met_edge_to_edge(tmp_path, at_s):
    async def body(cell):
        cube, seat = await cell.holding()
        bar = Box((0.2, 0.01, 0.01))

        def slide_in():
            cell.world.add("bar", bar, Pose((NEST.p[0], NEST.p[1], NEST.p[2] + 0.025)), source="rack")

        if at_s is None:
            slide_in()
        changes = [] if at_s is None else [(at_s, slide_in)]
        outcome = await cell.press(changes, touching=frozenset({cube, seat}))
        assert outcome.depth_m == pytest.approx(0.01, abs=1e-3)

    in_cell(tmp_path, body)


def test_a_body_put_above_another_one_is_met_first(tmp_path):
    async def body(cell):
        await cell.above()
        cell.block(0.05)
        outcome = await cell.press([(1.0, lambda: cell.block(0.03))], window_m=(0.04, 0.06))
        assert (outcome.code, outcome.depth_m) == ("jammed", pytest.approx(0.03, abs=1e-5))

    in_cell(tmp_path, body)


def test_a_body_taken_away_is_not_met(tmp_path):
    async def body(cell):
        await cell.above()
        block = cell.block(0.03)
        outcome = await cell.press([(1.0, lambda: cell.world.remove(block))])
        assert (outcome.code, outcome.depth_m, outcome.force_N) == ("no_contact", pytest.approx(0.06), 0.0)
        assert cell.depth_m == pytest.approx(0.06, abs=1e-6)

    in_cell(tmp_path, body)


def test_a_body_lowered_twice_is_met_where_it_is_at_last(tmp_path):
    async def body(cell):
        await cell.above()
        block = cell.block(0.02)
        sink = [(at, lambda: cell.world.displace(block, Pose((0.0, 0.0, -0.01)))) for at in (0.8, 1.6)]
        outcome = await cell.press(sink)
        assert outcome.ok
        assert outcome.depth_m == pytest.approx(0.04, abs=1e-5)

    in_cell(tmp_path, body)


@pytest.mark.parametrize("into_m", [0.03, None])
def test_what_changes_while_the_arm_pauses_counts_when_it_goes_on(tmp_path, into_m):
    async def body(cell):
        await cell.above()
        block = cell.block(0.04)

        def swapped() -> None:
            cell.world.remove(block)
            if into_m is not None:
                cell.block(into_m)

        robot, loop = cell.robot, asyncio.get_running_loop()
        changes = [
            (1.0, lambda: loop.create_task(robot.cap_speed("pause", 0.0))),
            (3.0, swapped),
            (4.0, lambda: loop.create_task(robot.cap_speed("pause", 1.0))),
        ]
        outcome = await cell.press(changes)
        assert outcome.depth_m == pytest.approx(into_m or 0.06, abs=1e-5)
        assert outcome.ok == (into_m is not None)

    in_cell(tmp_path, body)


def test_a_body_pushed_against_a_pausing_arm_ends_the_move_there(tmp_path):
    async def body(cell):
        await cell.above()
        robot, loop = cell.robot, asyncio.get_running_loop()
        changes = [
            (1.0, lambda: loop.create_task(robot.cap_speed("pause", 0.0))),
            (3.0, lambda: cell.block(0.01)),
            (4.0, lambda: loop.create_task(robot.cap_speed("pause", 1.0))),
        ]
        outcome = await cell.press(changes)
        assert outcome.ok
        assert 0.015 < outcome.depth_m < 0.021
        assert outcome.force_N == 15.0
        assert cell.depth_m == pytest.approx(outcome.depth_m, abs=1e-5)

    in_cell(tmp_path, body)


def test_too_near_to_stop_the_arm_presses_on_and_says_how_hard(tmp_path):
    async def body(cell):
        await cell.above()
        outcome = await cell.press([(1.0, lambda: cell.block(cell.depth_m + 1e-4))], window_m=(0.04, 0.06))
        assert (outcome.kind, outcome.code) == ("aborted", "jammed")
        assert 15.5 < outcome.force_N < 60.0
        assert f"{outcome.force_N:g} N" in outcome.message
        assert cell.depth_m == pytest.approx(outcome.depth_m, abs=1e-5)
        assert cell.robot.safety.value == Safety.NORMAL

    in_cell(tmp_path, body)


def test_pressed_on_too_hard_the_arm_goes_into_a_protective_stop(tmp_path):
    async def body(cell):
        await cell.above()
        outcome = await cell.press([(0.15, lambda: cell.block(cell.depth_m + 1e-4))], speed_m_s=0.25)
        assert (outcome.kind, outcome.code) == ("aborted", "protective_stop")
        assert "nearer than it could stop" in outcome.message
        assert outcome.force_N > 150.0
        assert cell.depth_m == pytest.approx(outcome.depth_m, abs=1e-5)
        assert cell.robot.safety.value == Safety.PROTECTIVE_STOP

    in_cell(tmp_path, body)


def test_what_moves_elsewhere_and_what_is_only_believed_changes_nothing(tmp_path):
    async def run(cell: Cell, changes: Callable[[Cell], list[Any]]) -> tuple[Any, ...]:
        await cell.above()
        cell.block(0.03)
        far = cell.world.add("block", BLOCK, Pose((0.6, 0.4, 0.1)))
        outcome = await cell.press(
            [] if changes is None else [(0.5, lambda: cell.world.displace(far, Pose((0.01, 0.0, 0.0)))), *changes(cell)]
        )
        return outcome, at_ticks(cell.seen, TICK_S)

    def believed(cell: Cell) -> list[Any]:
        thing = SceneObject("ghost", BLOCK, Pose((X, Y, 0.21)))
        return [(0.7, lambda: asyncio.get_running_loop().create_task(cell.robot.sync_scene(Scene((thing,)))))]

    alone = in_cell(tmp_path, lambda cell: run(cell, None))
    assert alone[0].ok
    assert in_cell(tmp_path, lambda cell: run(cell, believed)) == alone


MOMENT = st.floats(0.0, 2.5)
HEIGHT = st.one_of(st.none(), st.floats(-0.01, 0.07))


@given(HEIGHT, st.lists(st.tuples(MOMENT, HEIGHT), min_size=1, max_size=4), st.sampled_from([0.02, 0.03, 0.06]))
@looked_for(60)
def test_whenever_and_wherever_a_surface_comes_the_arm_ends_on_it(tmp_path, first_m, changes, speed_m_s):
    """A body comes, goes and moves: never is the arm deeper in it than it needs to stop, never does it end above it."""

    async def body(cell):
        await cell.above()
        there: list[str] = [] if first_m is None else [cell.block(max(first_m, 0.001))]
        deepest = [math.inf if first_m is None else max(first_m, 0.001)]

        def change(to_m: float | None) -> None:
            if cell.depth_m > deepest[0] - 2e-5:  # it was felt: the move is ending
                return
            for gone in there:
                cell.world.remove(gone)
            there[:] = [] if to_m is None else [cell.block(to_m)]
            behind = to_m is not None and cell.depth_m > to_m + BLOCK.size_m[2]  # the tips have passed it
            deepest[0] = math.inf if to_m is None or behind else max(to_m, cell.depth_m)

        outcome = await cell.press([(at, lambda to_m=to_m: change(to_m)) for at, to_m in changes], speed_m_s=speed_m_s)
        stands_m = cell.depth_m
        assert outcome.depth_m == pytest.approx(stands_m, abs=1e-5)
        assert stands_m <= 0.06 + 1e-6
        assert stands_m <= deepest[0] + speed_m_s * STOP_S
        if outcome.ok and outcome.force_N == 15.0:
            assert stands_m >= min(deepest[0], 0.06) - 1e-4
        if outcome.force_N == 0.0:
            assert deepest[0] > 0.06 - 1e-4
            assert stands_m == pytest.approx(0.06, abs=1e-6)

    in_cell(tmp_path, body)


# ---- a held part -----------------------------------------------------------------------------------------------


WINDOW = (0.0295, 0.0305)


@pytest.mark.parametrize("at_s", [0.5, 1.2, 1.4])
@pytest.mark.parametrize("off_m", [0.0003, 0.002])
def test_a_seat_that_is_knocked_during_an_insert_still_takes_the_part_within_its_clearance(tmp_path, off_m, at_s):
    async def body(cell):
        cube, seat = await cell.holding()
        knock = (at_s, lambda: cell.world.displace(seat, Pose((off_m, 0.0, 0.0))))
        return await cell.press([knock], reach_m=0.033, window_m=WINDOW, touching=frozenset({cube, seat}))

    outcome = in_cell(tmp_path, body)
    if off_m < FIT.clearance_m:
        assert outcome.ok
        assert outcome.depth_m == pytest.approx(0.03, abs=1e-5)
    else:
        assert (outcome.kind, outcome.code) == ("aborted", "jammed")
        assert 0.025 < outcome.depth_m < 0.029


def test_a_seat_that_is_raised_is_reached_earlier(tmp_path):
    async def body(cell):
        cube, seat = await cell.holding()
        lift = (0.5, lambda: cell.world.displace(seat, Pose((0.0, 0.0, 0.01))))
        return await cell.press([lift], reach_m=0.033, window_m=WINDOW, touching=frozenset({cube, seat}))

    outcome = in_cell(tmp_path, body)
    assert (outcome.code, outcome.depth_m) == ("jammed", pytest.approx(0.02, abs=1e-5))


def test_what_goes_into_what_is_worked_out_beside_the_event_loop(tmp_path):
    async def body(cell):
        cube, seat = await cell.holding()
        await cell.press([], reach_m=0.033, window_m=WINDOW, touching=frozenset({cube, seat}))
        return cell.asked

    asked = in_cell(tmp_path, body)
    assert asked
    assert threading.get_ident() not in asked


def test_a_part_that_slipped_in_the_gripper_on_the_way_jams(tmp_path):
    async def body(cell):
        cube, seat = await cell.holding()
        slip = (0.5, lambda: cell.world.displace(cube, Pose((0.003, 0.0, 0.0))))
        return await cell.press([slip], reach_m=0.033, window_m=WINDOW, touching=frozenset({cube, seat}))

    assert in_cell(tmp_path, body).code == "jammed"


def test_with_the_part_lost_on_the_way_the_fingers_meet_what_is_below_them(tmp_path):
    async def body(cell):
        cube, seat = await cell.holding()
        begun = cell.robot.state.value.tcp.p[2]

        def lose() -> None:
            cell.world.fall(cube)
            cell.world.displace(cube, Pose((0.3, 0.0, 0.0)))

        outcome = await cell.press([(0.5, lose)], reach_m=0.055, touching=frozenset({cube, seat}))
        assert not cell.robot.state.value.holding
        assert outcome.ok
        top = NEST.p[2] + 0.01
        assert cell.robot.state.value.tcp.p[2] - TIP_M == pytest.approx(top, abs=1e-4)
        assert begun - cell.robot.state.value.tcp.p[2] == pytest.approx(outcome.depth_m, abs=1e-5)

    in_cell(tmp_path, body)


def test_fingers_slide_down_along_a_part_that_they_have_let_slip(tmp_path):
    async def body(cell):
        cube, seat = await cell.holding()
        lose = (0.5, lambda: cell.world.fall(cube))
        outcome = await cell.press([lose], reach_m=0.035, touching=frozenset({cube, seat}))
        assert not cell.robot.state.value.holding
        assert (outcome.code, outcome.depth_m) == ("no_contact", pytest.approx(0.035))

    in_cell(tmp_path, body)


@pytest.mark.parametrize("knocks", [0, 1, 3])
def test_a_move_draws_once_how_it_jams_however_often_things_change(tmp_path, knocks):
    """And one that seats draws nothing, so that later moves jam as they would have."""

    async def body(cell):
        cube, seat = await cell.holding()
        touching = frozenset({cube, seat})
        cell.world.displace(seat, Pose((0.002, 0.0, 0.0)))
        knock = [(0.3 + 0.1 * n, lambda: cell.world.displace(seat, Pose((0.0, 0.0005, 0.0)))) for n in range(knocks)]
        outcome = await cell.press(knock, reach_m=0.033, window_m=WINDOW, touching=touching)
        return outcome.depth_m, cell.robot._random.uniform()

    share = np.random.default_rng((5, 1)).uniform(0.05, 0.3)
    after = np.random.default_rng((5, 1))
    after.uniform()
    assert in_cell(tmp_path, body) == (pytest.approx(0.03 - (1 - share) * 0.005, abs=1e-5), after.uniform())
