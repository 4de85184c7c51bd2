"""Safety data that has become old is noticed; a loop that was held up is no reason to believe so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Latest, RobotState, Safety
from orchestrator.engine.heartbeat import STALE_S, Heartbeat

BEAT_S = 0.1
READING = RobotState((0.0,) * 6, Pose(), 0.0, False, 1.0, True, False, 0.0)


class Speaker:
    """A robot that says how it is, as long as it beats."""

    def __init__(self, now: Any) -> None:
        self.state = Latest(READING)
        self.safety = Latest(Safety.NORMAL)
        self._now = now
        self._timer: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        self.state.put(replace(READING, stamp=self._now()))
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self.beat)

    def fall_silent(self) -> None:
        assert self._timer is not None
        self._timer.cancel()


@pytest.mark.parametrize("off_s", [4e9, -3600.0])
def test_a_clock_that_is_set_back_is_no_silence(off_s: float) -> None:
    async def main() -> None:
        said: list[Safety] = []
        robot: Any = Speaker(asyncio.get_running_loop().time)
        robot.state.put(replace(READING, stamp=off_s))
        heartbeat = Heartbeat(robot, said.append)
        if off_s > 0:
            robot.state.put(replace(READING, stamp=off_s + 1))
        robot.beat()
        await asyncio.sleep(20 * STALE_S)
        assert said == []
        robot.fall_silent()
        await asyncio.sleep(2 * STALE_S)
        assert said == [Safety.UNKNOWN]
        heartbeat.close()

    run_virtual(main)


def test_silence_is_unknown_and_ends_with_the_next_reading() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        said: list[tuple[float, Safety]] = []
        robot: Any = Speaker(loop.time)
        watch = Heartbeat(robot, lambda safety: said.append((loop.time(), safety)))
        robot.beat()
        await asyncio.sleep(3.0)
        assert said == []
        robot.fall_silent()
        last = robot.state.value.stamp
        await asyncio.sleep(2.0)
        ((t, safety),) = said
        assert safety == Safety.UNKNOWN
        assert STALE_S - 1e-6 <= t - last <= STALE_S + 1e-3
        robot.beat()
        assert [safety for _, safety in said] == [Safety.UNKNOWN, Safety.NORMAL]
        robot.fall_silent()
        watch.close()

    run_virtual(main)


class HeldUp(asyncio.SelectorEventLoop):
    """A loop whose time can be moved on within a callback, as by one that takes long."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s


def test_a_callback_that_holds_the_loop_up_is_no_silence() -> None:
    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        said: list[Safety] = []
        robot: Any = Speaker(loop.time)
        watch = Heartbeat(robot, said.append)
        robot.beat()
        for _ in range(3):
            done = loop.create_future()

            def long_work(done: Any = done) -> None:
                loop.ahead_s += 5 * STALE_S
                watch._check()  # the check that was due with it has its turn before the reading that is late
                loop.call_later(BEAT_S, done.set_result, None)

            loop.call_soon(long_work)
            await done
        assert said == []
        robot.fall_silent()
        watch.close()

    with asyncio.Runner(loop_factory=HeldUp) as runner:
        runner.run(main())
