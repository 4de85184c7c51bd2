"""What an arm that feels its way is going to meet: kept true while bodies come, go and are knocked about."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.contact import (
    JAM,
    SHRINK,
    Contact,
    Fit,
    body_pushed,
    fit_ahead,
    overlaps,
    surface_ahead,
    table_ahead,
    tips_pushed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from orchestrator.adapters.sim.arm import ParallelGripper
    from orchestrator.adapters.sim.contact import Pushed
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.ports import Box, Mesh

    Placed = tuple[str, Box | Mesh, Pose]

SAME_M = 1e-5  # m and as quaternions: what is this close to where it was has not moved
TABLE = "table"


class Feeler:
    """What the held body, or else the finger tips, truly meet within `reach_m` along `direction` (unit, world).

    Depths count from where the tool centre point was when it was made. Looked at again is only what has moved since:
    what stands still is met where it was found to be. How a misaligned part jams is drawn once.

    With `restless` bodies move without telling anybody, as under physics; each look then looks for such.
    """

    def __init__(
        self,
        world: World,
        gripper: ParallelGripper,
        opening_m: float,
        direction: Vector,
        reach_m: float,
        fits: Sequence[Fit] = (),
        *,
        random: np.random.Generator,
        restless: bool = False,
    ) -> None:
        self._world, self._gripper, self._opening_m = world, gripper, opening_m
        self._direction, self._reach_m, self._fits = direction, reach_m, tuple(fits)
        self._random, self._restless = random, restless
        self._start = world.tcp
        self._share: float | None = None  # of a fit's depth at which this move jams, once drawn
        self._moving: list[Placed] | None = None  # what is pushed along, in the gripper; nothing for the tips
        self._slack_m = 0.0
        self._places: dict[str, Placed] = {}  # where the others were when they were looked at
        self._depths: dict[str, float] = {}  # how deep (m) each of them is met, inf for never
        self._fit: Contact | None = None
        self.contact: Contact | None = None  # what is met first, as it was at the last look
        self._changed = True
        self._unlisten = world.listen(self._hear)

    @property
    def depth_m(self) -> float:
        """How far along its way the tool centre point is now."""
        gone = (b - a for a, b in zip(self._start.p, self._world.tcp.p, strict=True))
        return sum(d * along for d, along in zip(gone, self._direction, strict=True))

    def look(self) -> Contact | None:
        """Return what is met first, at which depth, as things are now; None for nothing within reach."""
        if self._changed or self._restless:
            self._changed = False
            self._look()
        return self.contact

    def close(self) -> None:
        """Feel no longer."""
        self._unlisten()

    def _hear(self) -> None:
        self._changed = True

    def _look(self) -> None:
        world, held = self._world, self._world.held
        carried = world.with_contents(held) if held is not None else []
        moving: list[Placed] = [(i, world.body(i).shape, world.body(i).pose) for i in carried]
        first = self._moving is None
        if self._moving and not moving:
            self._slack_m = SHRINK  # fingers that have lost what they held slide along its sides
        if self._moving is None or not _all_same(self._moving, moving):
            self._moving = moving
            self._places, self._depths = {}, {}
        self._feel(held, set(carried), first=first)

    def _feel(self, held: str | None, carried: set[str], *, first: bool) -> None:
        done_m = 0.0 if first else self.depth_m
        left_m = self._reach_m - done_m
        world = self._world
        self._fit = self._fitted(held, done_m, left_m)
        receiver = self._fit.with_id if self._fit is not None else ""
        what: Pushed | None = None
        depths: dict[str, float] = {}
        around: dict[str, Pose | None] = {TABLE: None, **world.visible()}
        for name, pose in around.items():
            if name in carried or name == receiver:
                continue
            place = None if pose is None else (name, world.body(name).shape, pose)
            if name in self._depths and (place is None or _same(self._places[name], place)):
                depths[name] = self._depths[name]
                continue
            what = what or self._pushed(held)
            if place is None:
                depths[name] = done_m + table_ahead(what, self._direction)
                continue
            depths[name] = done_m + surface_ahead(world, what, name, self._direction, left_m)
            if not first and overlaps(world, what, name):
                depths[name] = done_m
            self._places[name] = place
        self._depths = depths
        met = [Contact(depth, name) for name, depth in depths.items() if depth <= self._reach_m]
        options = [*([self._fit] if self._fit is not None else []), *met]
        self.contact = min(options, key=lambda contact: contact.after_m, default=None)

    def _fitted(self, held: str | None, done_m: float, left_m: float) -> Contact | None:
        if held is None:
            return None
        found = fit_ahead(self._world, held, self._direction, left_m, self._fits, self._jam)
        if found is None:
            return None
        found = replace(found, after_m=done_m + found.after_m)
        before = self._fit
        same = before is not None and (before.with_id, before.jammed) == (found.with_id, found.jammed)
        return before if before is not None and same and abs(before.after_m - found.after_m) < SAME_M else found

    def _pushed(self, held: str | None) -> Pushed:
        if held is not None:
            return body_pushed(self._world, held, self._fit.room_m if self._fit is not None else 0.0)
        return tips_pushed(self._world, self._gripper, self._opening_m, self._slack_m)

    def _jam(self) -> float:
        if self._share is None:
            self._share = float(self._random.uniform(*JAM))
        return self._share


def _all_same(one: Sequence[Placed], other: Sequence[Placed]) -> bool:
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Placed, other: Placed) -> bool:
    sign = math.copysign(1.0, sum(a * b for a, b in zip(one[2].q, other[2].q, strict=True)))
    return (
        one[:2] == other[:2]
        and math.dist(one[2].p, other[2].p) < SAME_M
        and all(abs(a - sign * b) < SAME_M for a, b in zip(one[2].q, other[2].q, strict=True))
    )
