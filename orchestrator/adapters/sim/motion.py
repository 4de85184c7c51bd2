"""A motion under way: its acceptance, its progress and its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.core.ports import Outcome, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

CANCELED = Outcome("canceled", "canceled", "The motion was cancelled.")


class SimMotion:
    """Mirrors an action goal. The robot drives it; `stop_as` is how it shall end once the arm stands."""

    def __init__(self, wake: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._accepted: asyncio.Future[bool] = loop.create_future()
        self._outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting: list[asyncio.Future[None]] = []
        self._wake = wake
        self._share = 0.0
        self.stop_as: Outcome | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._outcome.done()

    @property
    def taken(self) -> bool:
        """Whether it was accepted, or refused."""
        return self._accepted.done()

    async def accepted(self) -> bool:
        """Tell whether the robot took the goal."""
        return await asyncio.shield(self._accepted)

    async def feedback(self) -> AsyncIterator[Progress]:
        """Yield progress until the motion ends."""
        while not self.done:
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(news)
            await news
            yield Progress(self._share)

    async def result(self) -> Outcome:
        """Wait for the terminal state. Cancelling the waiter does not cancel the motion."""
        return await asyncio.shield(self._outcome)

    async def cancel(self) -> Outcome:
        """Stop within limits and return at the terminal state, when the arm stands. Idempotent."""
        self.ask_stop(CANCELED)
        return await self.result()

    def ask_stop(self, outcome: Outcome) -> None:
        """Let the arm stop and the motion end like this; an abortion outweighs a cancellation."""
        if not self.done and (self.stop_as is None or self.stop_as.kind == "canceled"):
            self.stop_as = outcome
            self._wake()

    def accept(self) -> None:
        """Tell that the robot took the goal. Called by the robot."""
        self._accepted.set_result(True)

    def tell(self, share: float) -> None:
        """Tell the share done, 0 to 1. Called by the robot; a way that turns out longer takes nothing back."""
        self._share = max(self._share, share)
        waiting, self._waiting = self._waiting, []
        for news in waiting:
            if not news.done():
                news.set_result(None)

    def end(self, outcome: Outcome) -> None:
        """End it. Called by the robot, once."""
        if not self._accepted.done():
            self._accepted.set_result(False)
        self._outcome.set_result(outcome)
        self.tell(1.0 if outcome.ok else self._share)
