"""Goals given to action servers over rclpy, each until it has ended: what their servers say crosses to the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.link import Ended, Goal

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.ros2.crossing import Crossing

INSIST_S = 0.05  # between two halts of a goal that was dropped: nobody may have heard the first
INSISTS = 100  # halts of one at most: a result that is lost would make it forever
ENDS = {4: "succeeded", 5: "canceled", 6: "aborted"}  # action_msgs/GoalStatus


@dataclass(slots=True)
class _Open:
    """A goal that has not ended. `there` tells whether its server is; `halt` stops what its cancel does not."""

    goal: Goal
    there: Callable[[], bool]
    halt: Callable[[], None] | None = None
    taken: bool = False
    halts: int = 0  # since it was dropped


class Goals:
    """The open goals of one node. `on_thread` has something done on the executor's thread, where they are kept."""

    def __init__(self, crossing: Crossing, on_thread: Callable[[Callable[[], None]], None]) -> None:
        self.crossing = crossing
        self.on_thread = on_thread
        self._open: list[_Open] = []

    def give(
        self,
        client: Any,
        message: Any,
        read: Callable[[Any], Ended],
        *,
        there: Callable[[], bool],
        taken: Callable[[Any], None] = lambda _: None,
        halt: Callable[[], None] | None = None,
    ) -> Goal:
        """Give an action's server a goal; `read` tells of its result, `taken` is called with the handle of one taken.

        With `halt` nothing is made of its feedback, and dropping it halts; again for a while, as nobody may have heard
        the first time, unless another such goal was given.
        """
        goal = Goal()
        entry = _Open(goal, there, halt)

        def answered(future: Any) -> None:
            handle = future.result()
            if handle is None or not handle.accepted:
                self._finished(goal, None)
                self.crossing.call(lambda: goal.answer(accepted=False))
                return
            entry.taken = True
            goal.ask_cancel = lambda: self.on_thread(lambda: self._cancel(entry, handle))
            if entry in self._open:
                taken(handle)
            self.crossing.call(lambda: goal.answer(accepted=True))
            handle.get_result_async().add_done_callback(lambda done: self._result(goal, done, read))

        def send() -> None:
            self._open.append(entry)
            beat = {} if halt else {"feedback_callback": lambda _: self.crossing.call(goal.beat)}
            client.send_goal_async(message, **beat).add_done_callback(answered)

        self.on_thread(send)
        return goal

    def keep(self, goal: Goal, there: Callable[[], bool]) -> None:
        """Watch a goal that somebody else has given, too."""
        self.on_thread(lambda: self._open.append(_Open(goal, there)))
        goal.ended.add_done_callback(lambda _: self.on_thread(lambda: self._finished(goal, None)))

    def watch(self) -> None:
        """Look whether the servers of open goals are there. Called on the executor's thread, again and again."""
        for entry in tuple(self._open):
            if not entry.there():
                self._finished(entry.goal, Ended("lost"))

    def insist(self) -> None:
        """Halt once more what was dropped and has not ended. Called on the executor's thread, every `INSIST_S`."""
        newest = self._newest()
        if newest is not None and newest.halt and newest.taken and newest.goal.dropped and newest.halts < INSISTS:
            newest.halts += 1
            newest.halt()

    def _newest(self) -> _Open | None:
        return next((entry for entry in reversed(self._open) if entry.halt is not None), None)

    def _cancel(self, entry: _Open, handle: Any) -> None:
        """Ask for a goal's end. Called on the executor's thread."""

        def answered(future: Any) -> None:
            if future.result().goals_canceling:
                self.crossing.call(entry.goal.heed)

        if entry.halt is not None:
            entry.halt()
        handle.cancel_goal_async().add_done_callback(answered)

    def _result(self, goal: Goal, future: Any, read: Callable[[Any], Ended]) -> None:
        """Take in how a goal ended. Called on the executor's thread."""
        answer = future.result()
        said = read(answer.result)
        status: Any = ENDS.get(answer.status, "aborted")
        self._finished(goal, Ended(status, said.detail, said.held, said.error))

    def _finished(self, goal: Goal, ended: Ended | None) -> None:
        self._open = [entry for entry in self._open if entry.goal is not goal]
        if ended is not None:
            self.crossing.call(lambda: goal.end(ended))
