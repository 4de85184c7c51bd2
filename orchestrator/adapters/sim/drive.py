"""What really moves: the arm along its curves and the fingers, tick by tick, at the speed that is allowed now."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.timing import Curve, Ride
from orchestrator.core.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.jog import Jog
    from orchestrator.adapters.sim.motion import SimMotion
    from orchestrator.adapters.sim.physics import Physics
    from orchestrator.core.ports import Joints

TICK_S = 0.008  # 125 Hz, unless told otherwise
BLOCKED_RAD = 1e-3  # a servo that is this far from its curve's end is held up by something
LAG_S = 0.48  # how long a servo may take to stand where its curve has ended
LATE_S = 1.0  # when a tick comes later than this, lost time is not caught up


class Drive:
    """Joints and gripper of one arm. `changed` is called whenever they, or whether they move, have changed.

    With `physics` the joints are where a servo brings them; without they are exactly where they shall be.
    """

    def __init__(
        self, arm: ArmModel, changed: Callable[[], None], tick_s: float = TICK_S, physics: Physics | None = None
    ) -> None:
        self.joints = self._wanted = arm.home_rad
        self._physics = physics
        if physics is not None:
            physics.told = self._fell
        self.opening_m = arm.gripper.stroke_m
        self.moving = False
        self.watch: Callable[[Ride], None] = lambda _ride: None  # called at every tick, before the arm moves on
        self.watch_jog: Callable[[], None] = lambda: None  # the same for a jog
        self.held_up: Callable[[float], None] = lambda _s: None  # told how much time is not caught up
        self._fingers_m_s = arm.gripper.speed_m_s
        self._changed = changed
        self._caps: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._tick_s = tick_s
        self._next_tick_s = 0.0

    @property
    def factor(self) -> float:
        """The lowest of all named speed caps, 0 to 1."""
        return min(self._caps.values(), default=1.0)

    @property
    def now(self) -> float:
        """The loop's time (s) that the arm has come to: behind the clock while ticks that are late are caught up."""
        return self._next_tick_s

    def cap(self, who: str, factor: float) -> None:
        """Cap the speed under a name."""
        self._caps[who] = factor
        self.wake()

    def wake(self) -> None:
        """Let a resting motion look again at its speed and at whether it shall stop."""
        self._wake.set()

    def stand_at(self, joints: Joints, opening_m: float) -> None:
        """Stand there from the beginning."""
        self.joints = self._wanted = joints
        self.opening_m = opening_m
        if self._physics is not None:
            self._physics.stand_at(joints, opening_m)

    def stand(self) -> None:
        """Say that the arm stands."""
        self.moving = False
        if self._physics is not None:
            self._physics.rest()
        self._changed()

    async def ride(self, curve: Curve, motion: SimMotion, *, begin: float, share: float) -> bool:
        """Ride to a curve's end and tell whether it was reached; False when the motion was to stop on the way.

        `begin` and `share` place it in the motion's progress.
        """
        ride = Ride(curve, self.factor)
        self._start_ticking()
        while not ride.arrived:
            self.watch(ride)
            if motion.stop_as is not None:
                ride.halt()
            ride.scale(self.factor)
            if ride.standing:
                if motion.stop_as is not None:
                    await self._arrive()
                    return False
                if not ride.arrived:
                    await self._rest()
                continue
            await self._tick()
            self._wanted = ride.advance(self._tick_s)
            self._go()
            self.moving = self._physics is not None or not ride.standing  # a servo comes in after its curve
            self._changed()
            motion.tell(begin + share * ride.share)
        await self._arrive()
        self.moving = False
        if distance(self.joints, self._wanted) > BLOCKED_RAD:
            motion.ask_stop(Outcome("aborted", "blocked", "Something holds the arm up.", "Look what is in its way."))
            return False
        return True

    async def fingers(self, opening_m: float, motion: SimMotion, moved: Callable[[], object] = lambda: None) -> bool:
        """Bring the fingers to an opening and tell whether they got there; False when the motion was to stop.

        `moved` is called once they really move, or need not.
        """
        self._start_ticking()
        still = True
        while self.opening_m != opening_m:
            if motion.stop_as is not None:
                return False
            if self.factor <= 0:
                await self._rest()
                continue
            await self._tick()
            step = self._fingers_m_s * self._tick_s
            left = opening_m - self.opening_m
            self.opening_m = opening_m if abs(left) <= step else self.opening_m + (step if left > 0 else -step)
            if still:
                still = False
                moved()
            self._go()
            self._changed()
        if still:
            moved()
        return True

    async def jog(self, jog: Jog, motion: SimMotion) -> None:
        """Jog until it has ended, or the motion was to stop, and the arm stands. It ticks at speed zero too."""
        loop = asyncio.get_running_loop()
        self._start_ticking()
        while not (jog.halting and jog.standing):
            await self._tick()
            self.watch_jog()
            if motion.stop_as is not None:
                jog.halt(motion.stop_as)
            joints = jog.advance(self._tick_s, loop.time(), self.factor)
            moves = not jog.standing
            if self._physics is not None or joints != self._wanted or moves != self.moving:
                self._wanted, self.moving = joints, moves
                self._go()
                self._changed()
            motion.tell(0.0)
        await self._arrive()

    def _go(self) -> None:
        """Bring the joints where they shall be by now."""
        self.joints = self._physics.follow(self._wanted, self.opening_m) if self._physics else self._wanted

    def _fell(self) -> None:
        """Hear that time has passed while nothing was driven: something fell, or pushed the arm."""
        assert self._physics is not None
        self.joints = self._physics.joints
        self._changed()

    async def _arrive(self) -> None:
        """Wait until the servo has come to its end too; one that something blocks is not waited for longer."""
        for _ in range(math.ceil(LAG_S / self._tick_s)):
            if self._physics is None or self._physics.steady:
                break
            await self._tick()
            self._go()
            self._changed()

    def _start_ticking(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._next_tick_s > self._tick_s / 2:
            self._next_tick_s = now

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_tick_s += self._tick_s
        late_s = loop.time() - self._next_tick_s
        if late_s > LATE_S:
            self._next_tick_s += late_s + self._tick_s
            self.held_up(late_s + self._tick_s)
        await asyncio.sleep(max(0.0, self._next_tick_s - loop.time()))

    async def _rest(self) -> None:
        """Wait at speed zero until speed or motion are told otherwise."""
        self.stand()
        self._wake.clear()
        await self._wake.wait()
        self._start_ticking()
