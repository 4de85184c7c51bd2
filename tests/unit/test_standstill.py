"""Pictures are taken while the arm stands, and motions wait a moment for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Latest, RobotState
from orchestrator.core.state import MotionState, State, initial
from orchestrator.engine.bus import Bus
from orchestrator.engine.standstill import GIVES_S, WAITS_S, Standstill
from tests.unit.core_builders import cell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STANDING = RobotState((0.0,) * 6, Pose(), 0.0, False, 1.0, True, False, 10.0, since=5.0)
MOVING = replace(STANDING, moving=True, stamp=12.0, since=11.0)
MOTION = MotionState("m", "u1/s/1/skill", "place", 1.0, (), 9.0, approved=True)


class Arm:
    """An arm by hand: its readings, and the motions that the journal knows."""

    def __init__(self, reading: RobotState = STANDING) -> None:
        self.reading = Latest(reading)
        self.state: State = initial(cell())
        self.bus = Bus()
        self.still = Standstill(self.reading, lambda: self.state, self.bus)

    def motions(self, *motions: MotionState) -> None:
        before, self.state = self.state, replace(self.state, motions={motion.id: motion for motion in motions})
        self.bus.publish(before, self.state, ())


def run(test: Callable[[Arm], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(Arm())

    run_virtual(main)


async def moment() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_arm_that_stands_is_not_waited_for() -> None:
    async def test(arm: Arm) -> None:
        assert await arm.still.reached() == 5.0

    run(test)


def test_an_arm_that_moves_is_waited_for_until_it_stands() -> None:
    async def test(arm: Arm) -> None:
        arm.reading.put(MOVING)
        waiting = asyncio.ensure_future(arm.still.reached())
        await moment()
        assert not waiting.done()
        arm.reading.put(replace(STANDING, stamp=14.0, since=14.0))
        assert await waiting == 14.0

    run(test)


def test_a_motion_counts_until_its_end_is_durable() -> None:
    async def test(arm: Arm) -> None:
        arm.motions(MOTION)  # the fingers close
        waiting = asyncio.ensure_future(arm.still.reached())
        await moment()
        assert not waiting.done()
        arm.motions()
        assert await waiting == 5.0

    run(test)


@pytest.mark.parametrize("motion", [replace(MOTION, approved=False), None])
def test_what_is_only_proposed_does_not_move(motion: MotionState | None) -> None:
    async def test(arm: Arm) -> None:
        arm.motions(*([motion] if motion else []))
        assert await arm.still.reached() == 5.0

    run(test)


def test_an_arm_at_speed_zero_stands_in_the_middle_of_its_motion() -> None:
    async def test(arm: Arm) -> None:
        arm.motions(MOTION)
        arm.reading.put(replace(STANDING, speed_factor=0.0))
        assert await arm.still.reached() == 5.0

    run(test)


def test_an_arm_that_does_not_come_to_a_stand_is_given_up() -> None:
    async def test(arm: Arm) -> None:
        arm.reading.put(MOVING)
        began = asyncio.get_running_loop().time()
        with pytest.raises(VisionError, match="not come to a stand for 30 s") as refused:
            await arm.still.reached()
        assert refused.value.code == "arm_moves"
        assert asyncio.get_running_loop().time() - began == pytest.approx(WAITS_S)

    run(test)


def test_an_arm_that_stands_in_the_way_is_waited_for_while_it_has_something_to_do() -> None:
    async def test(arm: Arm) -> None:
        reason, idle = "The arm is in the way.", False
        waiting = asyncio.ensure_future(arm.still.reached(lambda: reason, idle=lambda: idle))
        await asyncio.sleep(10.0)
        assert not waiting.done()
        idle = True
        arm.motions()
        with pytest.raises(VisionError, match="in the way") as refused:
            await waiting
        assert refused.value.code == "arm_idle"

    run(test)


def test_while_the_arm_is_in_the_way_its_motions_do_not_wait() -> None:
    async def test(arm: Arm) -> None:
        began = asyncio.get_running_loop().time()
        with arm.still.picture():
            waiting = asyncio.ensure_future(arm.still.reached(lambda: "The arm is in the way."))
            await moment()
            await arm.still.turn()
            assert asyncio.get_running_loop().time() == began
            waiting.cancel()

    run(test)


def test_a_motion_waits_for_the_picture_and_no_longer() -> None:
    async def test(arm: Arm) -> None:
        await arm.still.turn()
        with arm.still.picture():
            turn = asyncio.ensure_future(arm.still.turn())
            with arm.still.picture():
                await moment()
            await moment()
            assert not turn.done()  # the other picture is not taken yet
        await turn

    run(test)


def test_a_camera_that_takes_its_time_does_not_keep_the_arm() -> None:
    async def test(arm: Arm) -> None:
        began = asyncio.get_running_loop().time()
        with arm.still.picture():
            await arm.still.turn()
        assert asyncio.get_running_loop().time() - began == pytest.approx(GIVES_S)

    run(test)


@pytest.mark.parametrize(
    ("stamp", "since", "reading", "good"),
    [
        (6.0, 5.0, STANDING, True),
        (5.0, 5.0, STANDING, True),
        (4.9, 5.0, STANDING, False),  # exposed before it stood
        (10.5, 5.0, MOVING, True),  # it moved on after the exposure
        (11.5, 5.0, MOVING, False),  # it moved during the exposure
        (4.0, 5.0, MOVING, False),
        (13.0, 5.0, replace(STANDING, since=12.5), True),
        (10.5, 5.0, replace(STANDING, since=12.5), False),  # it has moved and stands again since
    ],
)
def test_a_picture_counts_that_was_taken_while_the_arm_stood(
    stamp: float, since: float, reading: RobotState, good: bool
) -> None:
    arm = Arm(reading)
    assert arm.still.stood(stamp, since) is good
