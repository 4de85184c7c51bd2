"""Vision without pictures: it answers from the simulated world's truth, at once, or as a script says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import deviation
from orchestrator.core.locating import Located, Location
from orchestrator.core.ports import Check, Expected, Mesh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.locating import Hold, LocateRequest, Space
    from orchestrator.core.ports import CheckRequest, Shot

NEAR_M = 0.03  # a part whose origin is farther from its place than this is not the one that was meant
ABOVE = -0.9  # z of an approach that comes from above
TALL_M = 0.1  # one that lies upside down has its origin above its place by its own height


class SimVision:
    """`Vision` that knows where everything is, so it is exact, costs nothing and never doubts.

    It judges what sits at a place, not what a camera can see of it: nothing is hidden, too thin or beyond the picture.
    `script` holds verdicts that are given first, one a check; `asked` keeps the requests. `world` may be given later.
    """

    def __init__(self, world: World | None = None) -> None:
        self.world = world
        self.script: list[Check] = []
        self.asked: list[CheckRequest] = []

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        """Judge one result; see `Vision.check`. Raises VisionError when there is neither a world nor a verdict left."""
        self.asked.append(request)
        if self.script:
            return self.script.pop(0)
        part = request.part
        if (pose := self._at(part)) is not None:
            off = deviation(pose, part.pose, symmetry_z=part.symmetry_z)
            if _upside_down(pose, part.pose):
                return Check("flipped", off, visible=1.0, shot_stamp=shot.stamp)
            good = off.within(request.within_m, request.within_rad)
            return Check("ok" if good else "displaced", off, visible=1.0, shot_stamp=shot.stamp)
        for other in request.look_alikes:
            if self._at(replace(other, pose=part.pose)) is not None:
                reason = f"{other.id} sits there."
                return Check("wrong", visible=1.0, reason=reason, wrong_part=other.id, shot_stamp=shot.stamp)
        return Check("missing", shot_stamp=shot.stamp)

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        """Say where parts of a kind lie; see `Vision.locate`. Raises VisionError as `check` does."""
        lying = [
            pose for pose in self._lying(request.part.mesh) if request.space is None or _inside(request.space, pose)
        ]
        if not lying:
            return Located(reason=f"There is no {request.part.id}.", shot_stamp=shot.stamp)
        sure = (0.0, 0.0, 0.0)
        found = tuple(
            Location(pose, 1.0, 1.0, sure, sure, "upright", tuple(_from_above(hold, pose) for hold in request.holds))
            for pose in lying[: request.most]
        )
        return Located(found, shot_stamp=shot.stamp)

    async def close(self) -> None:
        """It has nothing to close."""

    def _at(self, thing: Expected) -> Pose | None:
        """Return where the body of this shape that is nearest to a place truly is; None where none is near."""
        near = [pose for pose in self._lying(thing.mesh) if _near(pose, thing.pose)]
        return min(near, key=lambda pose: math.dist(pose.p, thing.pose.p), default=None)

    def _lying(self, mesh: str) -> Iterator[Pose]:
        """Return the true poses of bodies of a shape, but for what the gripper holds."""
        world = self.world
        if world is None:
            raise VisionError("This vision knows no world.", remedy="Give it the cell's, or a script of verdicts.")
        for body, pose in world.visible().items():
            if body != world.held and world.body(body).shape == Mesh(mesh):
                yield pose


def _from_above(hold: Hold, pose: Pose) -> Hold:
    """Return a hold in the world, blocked where the gripper would not come from above."""
    there = pose @ hold.pose
    return replace(hold, pose=there, blocked="" if there.z_axis[2] < ABOVE else "It would not come from above.")


def _near(pose: Pose, place: Pose) -> bool:
    x, y, z = place.inverse().apply(pose.p)
    return math.hypot(x, y) < NEAR_M and abs(z) < TALL_M if _upside_down(pose, place) else math.hypot(x, y, z) < NEAR_M


def _upside_down(pose: Pose, place: Pose) -> bool:
    _, x, y, _ = (place.inverse() @ pose).q
    return x * x + y * y > 0.75  # its z axis is more than 120 degrees away: it did not merely tip over


def _inside(space: Space, pose: Pose) -> bool:
    return all(abs(v) <= size / 2 for v, size in zip(space.pose.inverse().apply(pose.p), space.size_m, strict=True))
