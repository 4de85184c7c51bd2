"""A gripper on one digital output, felt by one or two inputs: what it is told, and how each goal ends.

Nothing measures its fingers. It counts as open, as closed on nothing, or as holding something as wide as the goal said.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Literal

from orchestrator.adapters.ros2.link import Ended, Goal

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.ros2_spec import Ros2GripperSpec

Input = Literal["holding", "closed"]
FRESH_S = 0.5  # inputs are told at 10 Hz or more; older ones say nothing any more
STEADY = 3  # messages in a row that say the same after a goal, before it is believed: contacts bounce


class DigitalGripper:
    """Closes and opens through `ask`, which sets the output and tells how that went: "" or what is wrong.

    Called on the event loop; `position` and `holding` on any thread.
    """

    def __init__(self, spec: Ros2GripperSpec, ask: Callable[[bool, Callable[[str], None]], None]) -> None:
        assert spec.digital is not None
        self._spec, self._digital = spec, spec.digital
        self._ask = ask
        self._loop = asyncio.get_running_loop()
        self._inputs: dict[Input, tuple[bool, float]] = {}  # what they say, and when that was heard
        self._between = (spec.open + spec.closed) / 2  # where its fingers count as being while nobody knows
        self._rests_at = spec.open  # where they are while nothing is held; a start takes them for open
        self._width = self._between  # of what is held
        self._goal: Goal | None = None
        self._closes = False  # what the goal wants
        self._steady = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def position(self) -> float | None:
        """Where its joint would be; None while its inputs are not heard."""
        if self._unheard:
            return None
        if self._on("holding"):
            return self._width
        return self._spec.closed if self._on("closed") else self._rests_at

    @property
    def holding(self) -> bool:
        """Whether it says that it holds something."""
        return self._on("holding")

    def hear(self, name: Input, on: bool) -> None:
        """Hear an input."""
        self._inputs[name] = (on, self._loop.time())
        if self._goal is not None and self._timer is not None and self._closes:
            held, shut = self._on("holding"), self._on("closed")
            self._steady = self._steady + 1 if held or shut else 0
            if self._steady >= STEADY * (2 if self._digital.closed else 1):
                self._end(self._closed(held=held, shut=shut))

    def grip(self, position: float, *, closes: bool) -> Goal:
        """Set the output. What is held is then as wide as `position` says, half open where that is shut or open."""
        if self._goal is not None:
            self._end(Ended("canceled"))
        self._goal = goal = Goal()
        goal.ask_cancel = lambda: self._end(Ended("canceled")) if self._goal is goal else None
        self._closes, self._steady = closes, 0
        self._rests_at = self._between
        if closes:
            low, high = sorted((self._spec.open, self._spec.closed))
            self._width = position if low < position < high else self._between

        def answered(trouble: str) -> None:
            if goal.ended.done():
                return
            goal.answer(accepted=True)
            if self._goal is not goal:  # it was dropped meanwhile
                return
            if trouble:
                self._end(Ended("aborted", trouble))
            else:
                self._timer = self._loop.call_later(self._digital.time_s, self._over)

        self._ask(closes is self._digital.closes, answered)
        return goal

    def close(self) -> None:
        """End what is under way."""
        if self._goal is not None:
            self._end(Ended("canceled"))

    # ---- how it ends -------------------------------------------------------------------------------------------

    def _over(self) -> None:
        """The fingers have had their time."""
        held, shut = self._on("holding"), self._on("closed")
        if unheard := self._unheard:
            self._end(Ended("aborted", f"nothing is heard on {unheard}"))
        elif self._closes:
            self._end(self._closed(held=held, shut=shut))
        elif held or shut:
            which = self._called("holding" if held else "closed")
            self._end(Ended("aborted", f"{which} is still on after {self._digital.time_s:g} s"))
        else:
            self._rests_at = self._spec.open
            self._end(Ended("succeeded"))

    def _closed(self, *, held: bool, shut: bool) -> Ended:
        """Return how closing ended, by what the inputs say."""
        spec = self._digital
        if held and shut:
            return Ended("aborted", f"{self._called('holding')} and {self._called('closed')} contradict each other")
        if held or shut or spec.closed is None:
            self._rests_at = self._spec.closed
            return Ended("succeeded", held=held)
        neither = f"neither {self._called('holding')} nor {self._called('closed')}"
        return Ended("aborted", f"{neither} after {spec.time_s:g} s")

    def _end(self, ended: Ended) -> None:
        goal, self._goal = self._goal, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if goal is not None:
            goal.end(ended)

    # ---- inputs ------------------------------------------------------------------------------------------------

    @property
    def _unheard(self) -> str:
        """An input that was not heard of late, "" where all were."""
        names: tuple[Input, ...] = ("holding", "closed")
        for name in names if self._digital.closed is not None else names[:1]:
            _, heard_s = self._inputs.get(name, (False, -math.inf))
            if self._loop.time() - heard_s > FRESH_S:
                return self._called(name)
        return ""

    def _called(self, name: Input) -> str:
        signal = self._digital.holding if name == "holding" else self._digital.closed
        return f"input {signal}" if self._digital.on_pins else str(signal)

    def _on(self, name: Input) -> bool:
        return self._inputs.get(name, (False, 0.0))[0]
