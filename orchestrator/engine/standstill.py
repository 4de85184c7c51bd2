"""Pictures and motions take turns: a picture is taken while the arm stands, and the next motion waits for it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.core.ports import Latest, RobotState
    from orchestrator.core.state import State
    from orchestrator.engine.bus import Bus

WAITS_S = 30.0  # how long a picture is waited for until the arm stands; the longest motions take less
GIVES_S = 0.5  # how long a motion waits for a picture: an exposure takes less
EPSILON_S = 1e-6
ARM_IDLE = "arm_idle"  # it stands in the way with nothing to do


class Standstill:
    """When one arm stands, as its readings and the journal say.

    A motion that was let through counts until its end is durable, also where the arm itself does not move (fingers);
    at speed zero it stands. `state` gives the durable state, whose changes `bus` tells.
    """

    def __init__(self, reading: Latest[RobotState], state: Callable[[], State], bus: Bus) -> None:
        self._reading = reading
        self._state = state
        self._bus = bus
        self._wanted = 0
        self._free = asyncio.Event()
        self._free.set()

    @contextmanager
    def picture(self) -> Iterator[None]:
        """Let the motions that come next wait, for as long as this lasts; they wait for `GIVES_S` at most."""
        self._wanted += 1
        self._free.clear()
        try:
            yield
        finally:
            self._wanted -= 1
            if not self._wanted:
                self._free.set()

    async def turn(self) -> None:
        """Wait before a motion until no picture is about to be taken, `GIVES_S` at most."""
        try:
            async with asyncio.timeout(GIVES_S):
                await self._free.wait()
        except TimeoutError:
            return

    async def reached(self, also: Callable[[], str] = lambda: "", *, idle: Callable[[], bool] = lambda: False) -> float:
        """Wait until the arm stands, and `also` gives no reason to wait on; returns since when it stands (s, UTC).

        Raises VisionError (code arm_moves, or arm_in_view with the reason of `also`) after `WAITS_S`; at once (code
        arm_idle) where `idle` says that there is nothing to wait for: the arm would stay.
        """
        since: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def look(*_news: object) -> None:
            if since.done() or not self.stands:
                return
            if reason := also():
                self._free.set()  # it must move on to get out of the way
                if idle():
                    since.set_exception(VisionError(reason, remedy="Let it go home.", code=ARM_IDLE))
            else:
                since.set_result(self._reading.value.since)

        ends = (self._reading.listen(look), self._bus.join(look))
        try:
            look()
            async with asyncio.timeout(WAITS_S):
                return await since
        except TimeoutError:
            reason = also() if self.stands else ""
            message = reason or f"The robot's arm has not come to a stand for {WAITS_S:g} s."
            remedy = "Wait until it stands, then check again."
            if reason:
                remedy = "Bring the arm out of the way, then check again; or look yourself."
            raise VisionError(message, remedy=remedy, code="arm_in_view" if reason else "arm_moves") from None
        finally:
            for end in ends:
                end()

    @property
    def stands(self) -> bool:
        """Whether the arm stands now, and nothing was let through that would move it."""
        reading = self._reading.value
        if reading.moving:
            return False
        return reading.speed_factor == 0.0 or not any(motion.approved for motion in self._state().motions.values())

    def stood(self, stamp: float, since: float) -> bool:
        """Tell whether the arm has stood from `since` until a picture's `stamp` (s, UTC) and moved later, if at all."""
        reading = self._reading.value
        if reading.moving:
            return since - EPSILON_S <= stamp <= reading.since + EPSILON_S
        return stamp >= reading.since - EPSILON_S
