"""How long a skill may take, not counting the time that it waits for people."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from orchestrator.core.ports import Latest, RobotState


class Limit:
    """A time-out (s) that stands still while anything is waited for that is not the skill's own work."""

    def __init__(self, limit_s: float) -> None:
        self._left_s = limit_s
        self._timeout: asyncio.Timeout | None = None
        self._waits: dict[str, int] = {}

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(None if self._waits else self._left_s)
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        timeout, self._timeout = self._timeout, None
        assert timeout is not None
        await timeout.__aexit__(kind, error, trace)

    def stand(self, why: str) -> None:
        """Let the time stand still, for a reason that `go_on` names again."""
        timeout, now = self._timeout, asyncio.get_running_loop().time()
        if timeout is not None and not timeout.expired() and (ends := timeout.when()) is not None:
            self._left_s = ends - now
            timeout.reschedule(None)
        self._waits[why] = self._waits.get(why, 0) + 1

    def go_on(self, why: str) -> None:
        """Let the time run again once no other reason is left."""
        count = self._waits.pop(why, 0) - 1
        if count > 0:
            self._waits[why] = count
        timeout = self._timeout
        if not self._waits and timeout is not None and not timeout.expired() and timeout.when() is None:
            timeout.reschedule(asyncio.get_running_loop().time() + self._left_s)

    @contextmanager
    def standing(self, why: str) -> Iterator[None]:
        """Let the time stand still for as long as this lasts."""
        self.stand(why)
        try:
            yield
        finally:
            self.go_on(why)


@contextmanager
def at_speed_zero(limit: Limit, reading: Latest[RobotState]) -> Iterator[None]:
    """Let the time stand still whenever the robot's speed is zero, for as long as this lasts."""
    paused = False

    def on_reading(state: RobotState) -> None:
        nonlocal paused
        if paused is not (state.speed_factor == 0.0):
            paused = not paused
            (limit.stand if paused else limit.go_on)("speed")

    unlisten = reading.listen(on_reading)
    try:
        on_reading(reading.value)
        yield
    finally:
        unlisten()
        if paused:
            limit.go_on("speed")
