"""Whether a gripper's way to a part is free: of the floor, of known things, and of whatever else was measured."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.outline import grown
from orchestrator.adapters.vision.stable import about
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orchestrator.adapters.vision.floor import Ground
    from orchestrator.adapters.vision.render import Floats, Solid
    from orchestrator.adapters.vision.stable import Symmetry
    from orchestrator.core.locating import Fingers, Hold, LocateRequest

PRESSED_M = 0.001  # how far finger tips may go into the floor: it gives, and is not known better
PITCH_M, PALM_PITCH_M = 0.003, 0.008  # between the points of the gripper that are tried against solids
LEAST_POINTS = 8  # measured inside the gripper that make an obstacle; fewer are strays
OWN_PIXELS = 3  # around a part that may still show it
YAWS = 12  # angles that are tried about an axis of symmetry


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A known thing at its pose in the world."""

    name: str
    solid: Solid
    pose: Pose


def judged(
    request: LocateRequest, own: Obstacle, symmetry: Symmetry, others: Sequence[Obstacle], ground: Ground
) -> tuple[Hold, ...]:
    """Return each asked hold in the world, turned about the part's symmetry until its way is free where it can be."""
    gripper = request.gripper
    if gripper is None:
        return tuple(dataclasses.replace(hold, pose=own.pose @ hold.pose) for hold in request.holds)
    seen = _strange(ground, [own, *others])
    out = []
    for hold in request.holds:
        tried: list[Hold] = []
        for turn in _turns(symmetry):
            pose = own.pose @ turn @ hold.pose
            blocked = _blocked(pose, hold.opening_m, gripper, request.approach_m, others, seen, ground)
            tried.append(dataclasses.replace(hold, pose=pose.rounded(), blocked=blocked))
            if not blocked:
                break
        out.append(min(tried, key=lambda each: each.blocked != ""))
    return tuple(sorted(out, key=lambda each: each.blocked != ""))


def _strange(ground: Ground, known: Iterable[Obstacle]) -> Floats:
    """Return the points (n, 3) in the floor's frame that neither the floor nor a known thing explains."""
    back = ground.back.copy()
    on = np.zeros(back.shape, dtype=bool)
    view = ground.view
    for thing in known:
        depth = view.depth(thing.solid, thing.pose).reshape(back.shape)
        on |= grown(np.isfinite(depth) & (ground.depth > 0), OWN_PIXELS)
        np.minimum(back, depth, out=back)
    sigma = ground.sigma(np.where(np.isfinite(back), back, ground.depth), 0.001)
    stands = (ground.depth > 0) & (back - ground.depth > 4 * sigma) & (ground.points[..., 2] > 0.004)
    return np.asarray(ground.points[stands & ~on])


def _turns(symmetry: Symmetry) -> Iterator[Pose]:
    """Yield the motions of the part, in its own frame, after which it looks as before."""
    for turn in symmetry.turns:
        for k in range(YAWS if symmetry.axis is not None else 1):
            matrix = np.eye(4)
            matrix[:3, :3] = turn if symmetry.axis is None else turn @ about(symmetry.axis, math.tau * k / YAWS)
            matrix[:3, 3] = symmetry.centre - matrix[:3, :3] @ symmetry.centre
            yield Pose.from_matrix(matrix)


def _blocked(
    tcp: Pose,
    opening_m: float,
    gripper: Fingers,
    approach_m: float,
    others: Sequence[Obstacle],
    strange: Floats,
    ground: Ground,
) -> str:
    """Say what the open gripper meets on its straight way to a pose in the world; "" for nothing."""
    if opening_m > gripper.stroke_m:
        return f"It is {opening_m * 1000:.0f} mm wide; the gripper opens {gripper.stroke_m * 1000:.0f} mm."
    boxes = _swept(gripper, min(gripper.stroke_m, opening_m + gripper.wider_m), approach_m)
    to_floor = ground.floor.inverse() @ tcp
    matrix = to_floor.matrix()
    corners = np.array([np.where(np.array(mask), high, low) for low, high in boxes for mask in np.ndindex(2, 2, 2)])
    deep = -float((corners @ matrix[2, :3] + matrix[2, 3]).min())
    if deep > PRESSED_M:
        return f"It would go {deep * 1000:.0f} mm into the floor."
    for thing in others:
        if _meets(boxes, tcp, thing):
            return f"{thing.name} is in the way."
    if len(strange):
        inverse = to_floor.inverse().matrix()
        own = strange @ inverse[:3, :3].T + inverse[:3, 3]
        hits = sum(int(((own > low) & (own < high)).all(axis=1).sum()) for low, high in boxes)
        if hits >= LEAST_POINTS:
            return "Something unknown is in the way."
    return ""


def _swept(gripper: Fingers, gap_m: float, approach_m: float) -> list[tuple[Floats, Floats]]:
    """Return the corners (low, high) of what fingers and palm pass through, in the frame of the tool centre point."""
    x, y, z = (v for v in gripper.finger_m)
    px, py, pz = gripper.palm_m
    tip, knuckle = gripper.tip_m, gripper.tip_m - z
    return [
        (np.array((-x / 2, gap_m / 2, knuckle - approach_m)), np.array((x / 2, gap_m / 2 + y, tip))),
        (np.array((-x / 2, -gap_m / 2 - y, knuckle - approach_m)), np.array((x / 2, -gap_m / 2, tip))),
        (np.array((-px / 2, -py / 2, knuckle - pz - approach_m)), np.array((px / 2, py / 2, knuckle))),
    ]


def _meets(boxes: Sequence[tuple[Floats, Floats]], tcp: Pose, thing: Obstacle) -> bool:
    """Tell whether a thing's surface passes through one of the boxes, by points spread in them."""
    middle = np.array((tcp.inverse() @ thing.pose).apply(thing.solid.centre.tolist()), dtype=float)
    to_thing = (thing.pose.inverse() @ tcp).matrix()
    for k, (low, high) in enumerate(boxes):
        if float(np.linalg.norm(np.maximum(np.maximum(low - middle, middle - high), 0))) > thing.solid.radius:
            continue
        pitch = PALM_PITCH_M if k == 2 else PITCH_M
        axes = [np.linspace(a + pitch / 2, b - pitch / 2, max(2, round((b - a) / pitch)))
                for a, b in zip(low, high, strict=True)]  # fmt: skip
        points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3) @ to_thing[:3, :3].T + to_thing[:3, 3]
        near = ((points > thing.solid.low - pitch) & (points < thing.solid.high + pitch)).all(axis=1)
        if near.any() and float(thing.solid.distance(points[near]).min()) < pitch / 2:
            return True
    return False
