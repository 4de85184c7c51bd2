"""What the planner knows to be around the arm, and how the arm's own grips change it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Grip, Scene, SceneObject

SAME_M = 1e-5  # poses closer than this, in metres and as quaternions, are one pose

MEANT_M = 0.06  # a body farther from where the scene believes it is another one


def version(scene: Scene) -> str:
    """Return the digest that names a scene, the same for the same content whatever its order."""
    parts = (
        _sorted(scene.objects),
        _sorted(scene.attached),
        sorted(sorted(pair) for pair in scene.allowed),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def same(one: Scene, other: Scene) -> bool:
    """Tell whether two scenes hold the same things at the same places, a hundredth of a millimetre aside."""
    return one.allowed == other.allowed and all(
        len(a) == len(b) and all(map(_same, _sorted(a), _sorted(b)))
        for a, b in ((one.objects, other.objects), (one.attached, other.attached))
    )


def after_grip(scene: Scene, grip: Grip, tcp: Pose) -> Scene:
    """Return the scene once a grip at `tcp` is done: closing takes its objects along, opening leaves them there."""
    if grip.close:
        taken = {grip.attach, *grip.takes}
        inverse = tcp.inverse()
        carried = tuple(replace(o, pose=inverse @ o.pose) for o in scene.objects if o.id in taken)
        return replace(
            scene,
            objects=tuple(o for o in scene.objects if o.id not in taken),
            attached=(*scene.attached, *carried),
        )
    left = tuple(replace(o, pose=tcp @ o.pose) for o in scene.attached)
    return replace(scene, objects=(*scene.objects, *left), attached=())


def meant(world: World, scene: Scene, names: frozenset[str]) -> set[str]:
    """Return the true bodies that a scene's names mean: of the same shape, near where the scene believes them."""
    out = {body.id for body in world if body.source and f"bin:{body.source}" in names}
    true = [(body.id, body.shape, world.pose(body.id).p) for body in world]
    believed = [(thing, thing.pose) for thing in scene.objects]
    believed += [(thing, world.tcp @ thing.pose) for thing in scene.attached]
    for thing, pose in believed:
        if thing.id in names:
            near = [(math.dist(p, pose.p), name) for name, shape, p in true if shape == thing.shape]
            distance, name = min(near, default=(math.inf, ""))
            if distance < MEANT_M:
                out.add(name)
    return out


def _sorted(objects: Sequence[SceneObject]) -> list[SceneObject]:
    return sorted(objects, key=lambda thing: thing.id)


def _same(one: SceneObject, other: SceneObject) -> bool:
    if (one.id, one.shape) != (other.id, other.shape):
        return False
    sign = math.copysign(1.0, sum(a * b for a, b in zip(one.pose.q, other.pose.q, strict=True)))
    return math.dist(one.pose.p, other.pose.p) < SAME_M and all(
        abs(a - sign * b) < SAME_M for a, b in zip(one.pose.q, other.pose.q, strict=True)
    )
