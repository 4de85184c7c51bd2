"""What the arm is about to meet in the true world that nobody believes to be there."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.collision import TABLE, Collision, Hit
from orchestrator.adapters.sim.people import UNKNOWN_SHAPE
from orchestrator.adapters.sim.search import STEP_M, travel
from orchestrator.core.ports import Scene, SceneObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.timing import Curve, Ride
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.ports import Joints

BELIEF_M = 0.01  # a body this close to where something is believed to be is what is believed to be there
DEEPER_M = 0.0005  # by which a contact grows before it counts as made: an arm that stands in one may come out of it
COARSE = 16  # pieces of a curve in which its length is measured
BODY_M = 0.55  # from the middle of a body to what of it the arm could meet, at most


class Touch:
    """Looks along a curve when its ride begins, and anew when a body has moved meanwhile; a tick then costs nothing.

    What is believed to be where it is was planned around, or is touched on purpose; what still lies in its bin is
    believed to be there. Contact that a guarded move feels is not looked for here.
    """

    def __init__(self, kinematics: Kinematics, world: World) -> None:
        self._kinematics = kinematics
        self._world = world
        self._collision = Collision(kinematics.model, kinematics.base, world.meshes)
        self._changes = 0
        self._seen = (-1, Scene())  # the changes and the scene that the strangers were told from
        self._strangers: tuple[str, ...] = ()
        self._asked: tuple[Curve, int] | None = None
        self._meets: tuple[float, str] | None = None
        self._entered = -1  # the changes that the collision model was entered at for a jog
        self._least_m: float | None = None  # how deep it has been in something since the jog began, at least
        self._unlisten = world.listen(self._changed)

    def close(self) -> None:
        """Stop listening to the world."""
        self._unlisten()

    def made(self, ride: Ride, scene: Scene, tcp: Pose, opening_m: float) -> str | None:
        """Return in words what the arm has met by now on its ride; None usually.

        `scene` is what the robot believes to be around it, `tcp` its tool centre point in the flange's frame.
        """
        asked = (ride.curve, self._changes)
        if self._asked is None or self._asked[0] is not ride.curve or self._asked[1] != self._changes:
            self._asked = asked
            self._meets = self._ahead(ride, scene, tcp, opening_m)
        return self._meets[1] if self._meets is not None and ride.s >= self._meets[0] else None

    def made_at(self, joints: Joints, scene: Scene, tcp: Pose, opening_m: float) -> str | None:
        """Return in words what the arm meets where it is; None usually, and where it comes out of a contact."""
        strangers = self._unbelieved(scene)
        if not strangers:
            return None
        if self._entered != self._changes:
            self._entered = self._changes
            self._enter(strangers, tcp)
        hit = self._collision.hit(joints, opening_m)
        deep_m = hit.depth_m if hit is not None else 0.0
        if hit is not None and self._least_m is not None and deep_m > max(self._least_m, 0.0) + DEEPER_M:
            return self._words(hit, strangers, joints, tcp)
        self._least_m = deep_m if self._least_m is None else min(self._least_m, deep_m)
        return None

    def forget(self) -> None:
        """The motion is over."""
        self._entered, self._least_m = -1, None

    def _changed(self) -> None:
        self._changes += 1

    def _ahead(self, ride: Ride, scene: Scene, tcp: Pose, opening_m: float) -> tuple[float, str] | None:
        """Return where on the rest of the curve the first contact is made (path parameter), and with what."""
        strangers = self._unbelieved(scene)
        if not strangers:
            return None
        self._enter(strangers, tcp)
        depth_m = -math.inf
        for s, joints in _samples(ride, self._kinematics.model.reach_m):
            hit = self._collision.hit(joints, opening_m)
            deep = hit.depth_m if hit is not None else 0.0
            if hit is not None and depth_m > -math.inf and deep > max(depth_m, 0.0) + DEEPER_M:
                return s, self._words(hit, strangers, joints, tcp)
            depth_m = deep if depth_m == -math.inf else min(depth_m, deep)
        return None

    def _enter(self, strangers: tuple[str, ...], tcp: Pose) -> None:
        world = self._world
        held = world.with_contents(world.held) if world.held is not None else []
        self._collision.enter(_truth(world, strangers, held, world.tcp.inverse()), tcp=tcp)

    def _unbelieved(self, scene: Scene) -> tuple[str, ...]:
        """Return the bodies in the cell that neither the scene nor their bin accounts for."""
        if self._seen[0] != self._changes or self._seen[1] is not scene:
            self._seen = (self._changes, scene)
            self._strangers = tuple(self._find(scene))
        return self._strangers

    def _find(self, scene: Scene) -> list[str]:
        world, base = self._world, self._kinematics.base.p
        far_m = self._kinematics.model.reach_m[0] + BODY_M
        held = set(world.with_contents(world.held)) if world.held is not None else set()
        believed = [self._middle(thing.shape, thing.pose) for thing in scene.objects]
        found = []
        for body_id, pose in world.visible().items():
            if body_id in held or world.untouched(body_id) or world.body(body_id).shape == UNKNOWN_SHAPE:
                continue
            middle = self._middle(world.body(body_id).shape, pose)
            if math.dist(middle, base) < far_m and all(math.dist(middle, place) > BELIEF_M for place in believed):
                found.append(body_id)
        return found

    def _middle(self, shape: object, pose: Pose) -> Vector:
        low, high = self._world.meshes.get(shape).bounds  # type: ignore[arg-type] # every shape of the port
        return pose.apply((low + high) / 2)

    def _words(self, hit: Hit, strangers: tuple[str, ...], joints: Joints, tcp: Pose) -> str:
        mine, other = (hit.other, hit.one) if hit.one in strangers else (hit.one, hit.other)
        kinds = {body.id: body.kind for body in self._world}
        whose = "The held" if mine in kinds else "The robot's"
        mine, other = (kinds.get(name, name).replace("_", " ") for name in (mine, other))
        where = ", ".join(f"{1000 * v + 0.0:.0f}" for v in (self._kinematics.flange(joints) @ tcp).p)
        return f"{whose} {mine} touched a {other} that nobody knew to be there, with the TCP at ({where}) mm."


def _truth(world: World, strangers: tuple[str, ...], held: list[str], back: Pose) -> Scene:
    """Return the scene of what may be met; what the arm does to itself and the table has been planned for."""
    arm = ("arm", "gripper", TABLE, *held)
    return Scene(
        tuple(SceneObject(name, world.body(name).shape, world.pose(name)) for name in strangers),
        tuple(SceneObject(name, world.body(name).shape, back @ world.pose(name)) for name in held),
        frozenset(frozenset((one, other)) for one in arm for other in arm),
    )


def _samples(ride: Ride, reach_m: Sequence[float]) -> list[tuple[float, Joints]]:
    """Return joints along the rest of a ride's curve, so close that no point of the arm jumps over anything."""
    curve, start = ride.curve, ride.s
    rough = [curve.at(start + (curve.length - start) * k / COARSE) for k in range(COARSE + 1)]
    way_m = sum(travel(a, b, reach_m) for a, b in itertools.pairwise(rough))
    count = max(1, math.ceil(way_m / STEP_M))
    places = [start + (curve.length - start) * k / count for k in range(count + 1)]
    return [(s, curve.at(s)) for s in places]
