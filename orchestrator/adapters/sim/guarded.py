"""Moves until contact: how they run, and what the robot makes of what it met."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.feeler import SAME_M
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import GuardedMove, Outcome

if TYPE_CHECKING:
    from orchestrator.adapters.sim.feeler import Feeler
    from orchestrator.adapters.sim.timing import Ride
    from orchestrator.core.errors import TandemError

STIFF_N_M = 30_000.0  # how hard arm, fingers and part push back where they are pressed on
HARDEST_N = 150.0  # at which the arm's own safety stops it, as a cobot's limit of force does


class Press:
    """A guarded move under way from a pose of the tool centre point: line after line until it has met something.

    An arm that can't stop any more before what has come into its way presses on by its stopping distance.
    """

    def __init__(self, command: GuardedMove, start: Pose, feeler: Feeler) -> None:
        self._command, self._start, self._feeler = command, start, feeler
        self._begun = False
        self._from_m = 0.0  # the depth where the line under way began, and where it ends
        self._to_m = 0.0
        self._wanted_m = 0.0  # the depth where it should end
        self._felt_m: float | None = None  # the depth of what it has reached

    def next(self) -> Pose | None:
        """Return where the next line goes to; None when the way is over. Asked for when the arm stands."""
        self._touch()
        depth_m = self._depth_m()
        if self._felt_m is not None or (self._begun and depth_m <= self._to_m + SAME_M):
            return None
        self._begun = True
        self._from_m, self._to_m, self._wanted_m = self._to_m, depth_m, depth_m
        x, y, z = (a + depth_m * b for a, b in zip(self._start.p, self._command.direction, strict=True))
        return Pose((x, y, z), self._start.q)

    def felt(self, ride: Ride) -> str | None:
        """Let a ride along the line end where contact is as things are now; say why the arm's safety must stop it.

        Called at every tick, before the arm moves on.
        """
        self._touch()
        if self._felt_m is None and (depth_m := self._depth_m()) != self._wanted_m:
            self._wanted_m = depth_m
            self._to_m = self._from_m + ride.end_at(depth_m - self._from_m)
        if self._felt_m is None or self._force_N(self._feeler.depth_m) <= HARDEST_N:
            return None
        where = f"after {1000 * self._felt_m:.1f} mm, nearer than it could stop"
        return f"The arm ran into something {where}: it pushed with more than {HARDEST_N:g} N."

    def outcome(self) -> Outcome:
        """Return how it ended, come to rest by itself."""
        depth_m = round(self._to_m, 6)
        contact = self._felt_m is not None or self._feeler.look() is not None
        return judged(self._command, depth_m, self._force_N(depth_m) if contact else 0.0)

    def stopped(self, outcome: Outcome) -> Outcome:
        """Return how it ended, stopped on the way; with depth and force where it had met something."""
        if self._felt_m is None:
            return outcome
        depth_m = round(self._feeler.depth_m, 6)
        return replace(outcome, depth_m=depth_m, force_N=self._force_N(depth_m))

    def stuck(self, error: TandemError) -> Outcome:
        """Return how it ended, when the rest of its way can't be planned."""
        return Outcome("aborted", error.code, error.message, error.remedy, round(self._to_m, 6))

    def _touch(self) -> None:
        """Keep a contact that was reached: it was felt, even if what gave it yields or goes away at once."""
        contact = self._feeler.contact
        if self._begun and self._felt_m is None and contact is not None:
            self._felt_m = contact.after_m if self._feeler.depth_m >= contact.after_m - SAME_M else None

    def _depth_m(self) -> float:
        contact = self._feeler.look()
        return min(contact.after_m, self._command.distance_m) if contact is not None else self._command.distance_m

    def _force_N(self, depth_m: float) -> float:  # noqa: N802 - the newton's symbol
        pressed_m = depth_m - self._felt_m if self._felt_m is not None else 0.0
        return self._command.force_N + (round(STIFF_N_M * pressed_m, 3) if pressed_m > SAME_M else 0.0)


def judged(command: GuardedMove, depth_m: float, force_N: float) -> Outcome:  # noqa: N803 - the newton's symbol
    """Return how a guarded move ended that came to rest at a depth, on a force (0 for none).

    The robot feels force, not what it met.
    """
    low, high = command.window_m
    contact = force_N > 0.0
    window = f"the window from {1000 * low:.1f} to {1000 * high:.1f} mm"
    if contact and low <= depth_m <= high:
        return Outcome("succeeded", depth_m=depth_m, force_N=force_N)
    if contact and depth_m < low:
        message = f"Stopped on {force_N:g} N at {1000 * depth_m:.1f} mm, before {window}."
        remedy = "Retreat, look where part and seat are, and try again."
        return Outcome("aborted", "jammed", message, remedy, depth_m, force_N)
    message = f"Nothing was met within {1000 * depth_m:.1f} mm" if not contact else f"Met at {1000 * depth_m:.1f} mm"
    message, remedy = f"{message}; expected was {window}.", "Look whether the part is there."
    return Outcome("aborted", "no_contact", message, remedy, depth_m, force_N)
