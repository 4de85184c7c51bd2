"""Watches the arm while it rides: people near it, and what it touches that nobody believed to be there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.keeper import Keeper
from orchestrator.adapters.sim.touch import Touch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.sim.drive import Drive
    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.presence import Presence
    from orchestrator.adapters.sim.timing import Ride
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Scene
    from orchestrator.core.separation import SeparationSpec

CAP = "separation"  # under which the speed is capped
AGAIN_S = 0.1  # between two looks of an arm that waits for a person
PATIENCE_S = 2.0  # that it waits before the person makes way


class Watch:
    """Called by the drive at every tick. `trip` is told in words why the arm must stop.

    `assumed` returns what the robot goes by: its scene, its tool centre point in the flange's frame, its link poses.
    """

    def __init__(
        self,
        kinematics: Kinematics,
        world: World,
        drive: Drive,
        assumed: Callable[[], tuple[Scene, Pose, Sequence[Pose]]],
        trip: Callable[[str], None],
        *,
        people: Presence | None,
        separation: SeparationSpec,
    ) -> None:
        self.feel: Callable[[Ride], str | None] | None = None  # of a motion under way that stops on force by itself
        self._drive = drive
        if people is not None:
            drive.held_up = people.held_up
        self._assumed = assumed
        self._trip = trip
        self._people = people
        self._touch = Touch(kinematics, world)
        self._keeper = Keeper(separation, people, kinematics, world) if people is not None else None
        self._tripped = False
        self._capped = 1.0
        self._timer: asyncio.TimerHandle | None = None
        self._waits_s = 0.0

    def __call__(self, ride: Ride) -> None:
        """Look at a ride under way, before its next tick: at people as they are when the arm is there."""
        self._look(ride, self._drive.now)

    def _look(self, ride: Ride, now: float) -> None:
        if self._tripped:
            return
        scene, tcp, links = self._assumed()
        why = None
        if self._keeper is not None:
            why = self._keeper.look(ride, now, links, tcp, self._drive.opening_m)
            self._cap(self._keeper.factor)
            if self._keeper.waits_for is not None and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self._again, ride)
        if why is None and self.feel is not None:
            why = self.feel(ride)
        elif why is None:
            why = self._touch.made(ride, scene, tcp, self._drive.opening_m)
        if why is not None:
            self._tripped = True
            self._trip(why)

    def jogged(self) -> None:
        """Look at a jog under way, before its next tick: it is slow, so people may be near it, but not be touched."""
        if self._tripped:
            return
        scene, tcp, links = self._assumed()
        why = self._keeper.touched(self._drive.now, links, tcp) if self._keeper is not None else None
        why = why or self._touch.made_at(self._drive.joints, scene, tcp, self._drive.opening_m)
        if why is not None:
            self._tripped = True
            self._trip(why)

    def over(self) -> None:
        """The motion is over."""
        self._touch.forget()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tripped, self.feel = False, None
        self._waits_s = 0.0
        if self._keeper is not None:
            self._keeper.forget()
        self._cap(1.0)

    def close(self) -> None:
        """Stop listening to the world."""
        self.over()
        self._touch.close()

    def _again(self, ride: Ride) -> None:
        self._timer = None
        keeper = self._keeper
        if keeper is None or keeper.waits_for is None:
            self._waits_s = 0.0
            return
        self._waits_s += AGAIN_S
        now = asyncio.get_running_loop().time()
        if self._waits_s >= PATIENCE_S and self._people is not None:
            self._waits_s = 0.0
            self._people.give_way(keeper.waits_for, now)
        self._look(ride, now)

    def _cap(self, factor: float) -> None:
        if factor != self._capped:
            self._capped = factor
            self._drive.cap(CAP, factor)
