"""What really moves: the arm along its curves and the fingers, tick by tick, at the speed that is allowed now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.timing import Curve, Ride

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.jog import Jog
    from orchestrator.adapters.sim.motion import SimMotion

TICK_S = 0.008  # 125 Hz
LATE_S = 0.1  # when a tick comes later than this, lost time is not caught up


class Drive:
    """Joints and gripper of one arm. `changed` is called whenever they, or whether they move, have changed."""

    def __init__(self, arm: ArmModel, changed: Callable[[], None]) -> None:
        self.joints = arm.home_rad
        self.opening_m = arm.gripper.stroke_m
        self.moving = False
        self._fingers_m_s = arm.gripper.speed_m_s
        self._changed = changed
        self._caps: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._next_tick_s = 0.0

    @property
    def factor(self) -> float:
        """The lowest of all named speed caps, 0 to 1."""
        return min(self._caps.values(), default=1.0)

    def cap(self, who: str, factor: float) -> None:
        """Cap the speed under a name."""
        self._caps[who] = factor
        self.wake()

    def wake(self) -> None:
        """Let a resting motion look again at its speed and at whether it shall stop."""
        self._wake.set()

    def stand(self) -> None:
        """Say that the arm stands."""
        self.moving = False
        self._changed()

    async def ride(self, curve: Curve, motion: SimMotion, *, begin: float, share: float) -> bool:
        """Ride to a curve's end and tell whether it was reached; False when the motion was to stop on the way.

        `begin` and `share` place it in the motion's progress.
        """
        ride = Ride(curve, self.factor)
        self._start_ticking()
        while not ride.arrived:
            if motion.stop_as is not None:
                ride.halt()
            ride.scale(self.factor)
            if ride.standing:
                if motion.stop_as is not None:
                    return False
                if not ride.arrived:
                    await self._rest()
                continue
            await self._tick()
            self.joints = ride.advance(TICK_S)
            self.moving = not ride.standing
            self._changed()
            motion.tell(begin + share * ride.share)
        return True

    async def fingers(self, opening_m: float, motion: SimMotion) -> bool:
        """Bring the fingers to an opening and tell whether they got there; False when the motion was to stop."""
        self._start_ticking()
        while self.opening_m != opening_m:
            if motion.stop_as is not None:
                return False
            if self.factor <= 0:
                await self._rest()
                continue
            await self._tick()
            step = self._fingers_m_s * TICK_S
            left = opening_m - self.opening_m
            self.opening_m = opening_m if abs(left) <= step else self.opening_m + (step if left > 0 else -step)
            self._changed()
        return True

    async def jog(self, jog: Jog, motion: SimMotion) -> None:
        """Jog until it has ended, or the motion was to stop, and the arm stands. It ticks at speed zero too."""
        loop = asyncio.get_running_loop()
        self._start_ticking()
        while not (jog.halting and jog.standing):
            await self._tick()
            if motion.stop_as is not None:
                jog.halt(motion.stop_as)
            joints = jog.advance(TICK_S, loop.time(), self.factor)
            moves = not jog.standing
            if joints != self.joints or moves != self.moving:
                self.joints, self.moving = joints, moves
                self._changed()
            motion.tell(0.0)

    def _start_ticking(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._next_tick_s > TICK_S / 2:
            self._next_tick_s = now

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_tick_s += TICK_S
        if loop.time() - self._next_tick_s > LATE_S:
            self._next_tick_s = loop.time() + TICK_S
        await asyncio.sleep(max(0.0, self._next_tick_s - loop.time()))

    async def _rest(self) -> None:
        """Wait at speed zero until speed or motion are told otherwise."""
        self.stand()
        self._wake.clear()
        await self._wake.wait()
        self._start_ticking()
