"""Which of several controllers moves the arm: the first that is active, as their manager says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    States = Mapping[str, str]  # what a manager calls its controllers -> inactive, active, ...

ACTIVE = "active"
LOOK_S = 0.1  # between two looks
UNMANAGED_S = 1.0  # without a word of a manager for so long there is none, and the first server that is there will do


class Choice:
    """One of `names`, in order of preference; `using` is the one that is used.

    `states` asks the manager, None where there is none or it says nothing; `there` tells whether a controller's action
    server is. A single name is used whatever its manager says.
    """

    def __init__(
        self, names: Sequence[str], states: Callable[[], Awaitable[States | None]], there: Callable[[str], bool]
    ) -> None:
        self._names, self._states, self._there = tuple(names), states, there
        self.using = self._names[0]

    async def choose(self, limit_s: float) -> tuple[str, str]:
        """Use the first that is active, waiting for one at most `limit_s`. Returns what is wrong and what helps then.

        Without a manager the first whose action server is there is used. Both are "" where nothing is wrong.
        """
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while True:
            states = await self._states() if len(self._names) > 1 else None
            gone_s = loop.time() - begun_s
            managed = len(self._names) > 1 and (states is not None or gone_s < min(UNMANAGED_S, limit_s))
            able = self._active(states) if managed else self._names
            if (found := next(filter(self._there, able), None)) is not None:
                self.using = found
                return "", ""
            if gone_s >= limit_s:
                return self._lacking(states)
            await asyncio.sleep(LOOK_S)

    async def doubt(self) -> str:
        """Return what the manager says of the one in use, where that is not active; use another that is, from now on.

        "" where it is active, or nobody says.
        """
        states = await self._states()
        if states is None or (state := states.get(_own(self.using), "not loaded")) == ACTIVE:
            return ""
        words = f"{self.using} is {state}"
        self.using = next(iter(self._active(states)), self.using)
        return words

    def _active(self, states: States | None) -> tuple[str, ...]:
        return tuple(name for name in self._names if (states or {}).get(_own(name)) == ACTIVE)

    def _lacking(self, states: States | None) -> tuple[str, str]:
        names = " or ".join(self._names)
        if states is None or self._active(states):
            return f"There is no controller at {names}.", "Start it, or correct the cell file."
        return f"No controller is active: {names}.", "Activate one of them: ros2 control list_controllers shows them."


def _own(name: str) -> str:
    """Return what its manager calls a controller that has `name` in the graph."""
    return name.rsplit("/", 1)[-1]
