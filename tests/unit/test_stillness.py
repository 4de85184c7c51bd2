"""Whether an arm stands is judged by its readings' own time, however late they are heard."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.errors import RobotError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Latest, RobotState
from orchestrator.engine.stillness import MOVES_ON, STANDS_S, stands


def reading(stamp: float, angle: float = 0.0, *, moving: bool = False) -> RobotState:
    return RobotState(
        joints=(angle,),
        tcp=Pose(),
        opening_m=0.0,
        holding=False,
        speed_factor=1.0,
        program_running=True,
        moving=moving,
        stamp=stamp,
    )


async def told(*readings: tuple[float, RobotState]) -> None:
    """Judge an arm by readings that come after so many seconds each."""
    latest = Latest(reading(0.0))
    judging = asyncio.create_task(stands(latest))
    await asyncio.sleep(0)
    for after_s, each in readings:
        await asyncio.sleep(after_s)
        latest.put(each)
    await judging


def test_an_arm_that_brakes_has_stopped_once_two_readings_say_so_even_if_they_are_heard_late() -> None:
    braking, stood, still = reading(0.1, 0.1, moving=True), reading(0.3, 0.2), reading(0.4, 0.2)
    run_virtual(lambda: told((0.1, braking), (0.7, stood), (0.7, still)))


def test_readings_that_come_in_a_heap_after_a_lag_tell_of_an_arm_that_stood() -> None:
    heap = [(0.0, reading(5.0 + n / 100, 0.3)) for n in range(10)]
    run_virtual(lambda: told((0.1, reading(0.1, 0.1, moving=True)), (0.7, reading(4.99, 0.3)), *heap))


@pytest.mark.parametrize("says_moving", [True, False])
def test_an_arm_that_goes_on_is_found_out_whatever_it_says(says_moving: bool) -> None:
    count = round(STANDS_S * 10) + 2
    on = [(0.1, reading(n / 10, n / 100, moving=says_moving)) for n in range(1, count)]
    with pytest.raises(RobotError) as found:
        run_virtual(lambda: told(*on))
    assert found.value.code == MOVES_ON


@pytest.mark.parametrize("heard", [(), ((0.1, reading(0.1, moving=True)),)])
def test_silence_tells_of_no_motion(heard: tuple[tuple[float, RobotState], ...]) -> None:
    run_virtual(lambda: told(*heard))
