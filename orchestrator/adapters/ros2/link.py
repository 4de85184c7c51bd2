"""What the robot needs of the middleware: readings in, goals and trajectories out, all of it on the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Safety

Server = Literal["controller", "moveit"]


@dataclass(frozen=True, slots=True)
class JointReading:
    """One message of joint states, by joint name: rad and rad/s, or m and m/s for a joint that slides.

    `stamp_s` is the sender's own time, which may jump, and `sent_s` its middleware's; 0 where there is none.
    `arrived_s` is when it came in here (s, UTC), `came_s` the same by the loop's clock.
    """

    stamp_s: float
    arrived_s: float
    positions: Mapping[str, float]
    velocities: Mapping[str, float]
    came_s: float
    sent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a goal ended, as its server says; `lost` when the server is gone or the middleware failed.

    `held` tells, of a gripper, that something kept it from getting where it should; `error` is MoveIt's error code.
    """

    status: Literal["succeeded", "canceled", "aborted", "lost"]
    detail: str = ""
    held: bool = False
    error: int = 0


class Goal:
    """A goal given to an action server. `accepted` and `ended` are set on the event loop, each once at most.

    A goal that is dropped before it was answered is cancelled as soon as it is: nothing starts to move late.
    """

    def __init__(self, ask_cancel: Callable[[], None] = lambda: None) -> None:
        loop = asyncio.get_running_loop()
        self.accepted: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[Ended] = loop.create_future()
        self.dropped = False
        self.heeded_s: float | None = None  # when its server last said that it takes the cancel (loop)
        self.beat_s: float | None = None  # when its server last said that it is at work (loop); not every server does
        self.ask_cancel = ask_cancel

    def answer(self, accepted: bool) -> None:
        """Take in the server's answer. Called by the link."""
        if not self.accepted.done():
            self.accepted.set_result(accepted)
        if accepted and self.dropped:
            self.ask_cancel()

    def beat(self) -> None:
        """Hear that its server is at work. Called by the link."""
        self.beat_s = asyncio.get_running_loop().time()

    def heed(self) -> None:
        """Hear that its server takes the cancel; how it ended is told apart from that. Called by the link."""
        self.heeded_s = asyncio.get_running_loop().time()

    def end(self, ended: Ended) -> None:
        """Take in how it ended. Called by the link."""
        if not self.ended.done():
            self.ended.set_result(ended)

    def drop(self) -> None:
        """Want it no more: cancel it now, or as soon as it is accepted."""
        self.dropped = True
        if self.accepted.done() and self.accepted.result() and not self.ended.done():
            self.ask_cancel()


class Heard(Protocol):
    """Who hears what comes in, on the event loop."""

    def joints(self, reading: JointReading) -> None:
        """Hear one message of joint states."""

    def wrench(self, force_N: Vector, felt_s: float) -> None:  # noqa: N803 - the newton's symbol
        """Hear the force (N) that the wrist felt at `felt_s` (loop), in the sensor's frame."""

    def safety_told(self, safety: Safety, told_s: float) -> None:
        """Hear the safety state, as often as it is told; it was so at `told_s` (loop)."""

    def scaled(self, share: float) -> None:
        """Hear to which share of it (0 to 1) the robot itself slows whatever moves it, where it does."""

    def program(self, *, running: bool) -> None:
        """Hear whether the robot's program runs."""


class Link(Protocol):
    """The graph as one robot uses it. Nothing here blocks, and nothing calls back after `close`."""

    def open(self, heard: Heard) -> None:
        """Begin to listen."""

    async def wait_for(self, server: Literal["gripper", "moveit"], limit_s: float) -> bool:
        """Tell whether an action server is there, waiting for one at most `limit_s`."""

    async def choose(self, limit_s: float) -> tuple[str, str]:
        """Use the first active controller of those that are named, waiting for one at most `limit_s`.

        Returns what is wrong and what helps then, both "" for nothing.
        """

    async def doubt(self) -> str:
        """Return what is said of the controller in use where it is not active, and use another that is; or ""."""

    def follow(self, waypoints: Sequence[Waypoint], by: Server = "controller") -> Goal:
        """Give the controller a trajectory, which takes over from the one under way; or MoveIt, which takes one."""

    def steer(self, waypoints: Sequence[Waypoint], stamp_s: float | None = None) -> bool:
        """Publish a trajectory on the controller's topic, past its goals. False when nobody listens there.

        It counts from `stamp_s` by the clock that stamps the joint states (s), or from when it is heard.
        """

    def calm(self) -> None:
        """Cancel every goal of the controller, whoever gave it."""

    def feel(self, reflex: Callable[[Vector], bool] | None) -> None:
        """Ask `reflex` at each force (N), as soon as it comes in, and cancel the controller's goal where it says so.

        It is asked before the force is heard of, maybe on another thread, so that a busy loop presses no harder.
        """

    def grip(self, position: float, effort: float, *, closes: bool) -> Goal:
        """Give the gripper a goal: its joint's position, the most effort in N, and whether it `closes` to get there."""

    @property
    def holding(self) -> bool | None:
        """Whether the gripper itself says that it holds something; None where only its joint tells."""

    async def prepare(self) -> str:
        """Have the robot powered, its brakes released, its program started. Returns what is wrong, "" for nothing."""

    async def release(self) -> str:
        """Have a protective stop released. Returns what is wrong, "" for nothing."""

    async def close(self) -> None:
        """End the node and its thread. Idempotent."""
