"""Where a body between the fingers, or one that is pushed along, really meets another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.meshes import enclosed, first_hits, moved
from orchestrator.core.geometry import IDENTITY, Pose, Vector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ParallelGripper
    from orchestrator.adapters.sim.world import World

    Floats = npt.NDArray[np.float64]

CAPTURE_M = 0.02  # how far off a receiving frame may be for a part to be meant for it at all
SHRINK = 0.0005  # m taken off all round before looking for contact ahead, so that sliding along a wall is none
PAD_RAYS = 5  # a side of the grid in which the pads feel for a body
MOST_POINTS = 400  # of a body that feel
FEEL_M = 0.005  # between the points of an edge with which it feels
FINGER_M = 0.01  # from a finger's inside to where its tip feels besides
TIP_RAYS = 9  # a side of the grid in which a finger's tip feels
JAM = (0.05, 0.3)  # the share of a fit's depth at which a misaligned part jams


@dataclass(frozen=True, slots=True)
class Fit:
    """How a kind of part goes into another: the frames that meet, how deep, and how much room there is.

    `into` is the receiving kind ("" for the cell itself); `frame` is in the receiver (or the world), `part_frame` in
    the part; lengths in metres. `clearance_m` is the lateral error that still goes in, a chamfer's help included.
    """

    part: str
    into: str
    frame: Pose
    part_frame: Pose = IDENTITY
    depth_m: float = 0.0
    clearance_m: float = 0.0005


@dataclass(frozen=True, slots=True)
class Contact:
    """What a pushed body meets: after how far (m), with what, and whether it is a fit in which it jammed.

    `room_m` is the lateral error that a fit takes up.
    """

    after_m: float
    with_id: str
    jammed: bool = False
    room_m: float = 0.0


@dataclass(frozen=True, eq=False)
class Pushed:
    """What is pushed along, in the world: its corners (n, 3), and its triangles (m, 3, 3) unless it is finger tips."""

    points: Floats
    surface: Floats | None
    shrunk_m: float = 0.0  # by how much they are smaller all round than the body is

    @cached_property
    def bounds(self) -> Floats:
        """Lowest and highest corner, (2, 3) in metres."""
        return np.array([self.points.min(axis=0), self.points.max(axis=0)])


def between_fingers(world: World, gripper: ParallelGripper, opening_m: float) -> tuple[str, float] | None:
    """Return the body that closing fingers touch first and its width there in metres; None for empty air.

    Rays across the pads' area, along the closing direction, feel for every body near the TCP.
    """
    x = np.linspace(-0.4, 0.4, PAD_RAYS) * gripper.finger_m[0]
    z = np.linspace(-gripper.finger_m[2] / 3, gripper.tip_m, PAD_RAYS)
    half = opening_m / 2
    grid = np.array([(a, 0.0, c) for a in x for c in z])
    best: tuple[str, float] | None = None
    for body_id in world.visible():
        low, high = world.triangles(body_id).bounds
        if math.dist(world.pose(body_id).apply((low + high) / 2), world.tcp.p) > math.dist(low, high) / 2 + 0.1:
            continue
        pose = world.tcp.inverse() @ world.pose(body_id)
        triangles = moved(world.triangles(body_id).corners, pose)
        near = (np.abs(triangles[:, :, 1]).min(axis=1) <= half) & (np.abs(triangles[:, :, 2]).min(axis=1) < 0.2)
        triangles = triangles[near]
        reach = 0.0
        for side in (1.0, -1.0):
            axis = np.array((0.0, side, 0.0))
            hits = first_hits(grid + half * axis, -axis, triangles)
            hits = hits[hits <= 2 * half]
            if len(hits):
                reach = max(reach, half - float(hits.min()))
        if reach > 1e-4 and (best is None or 2 * reach > best[1]):
            best = (body_id, 2 * reach)
    return best


def fit_ahead(
    world: World, body_id: str, direction: Vector, distance_m: float, fits: Sequence[Fit], jam: Callable[[], float]
) -> Contact | None:
    """Return where a body pushed along `direction` (unit, world) comes to rest in what it fits into.

    Looked at are the next `distance_m`. It seats when its true pose error is within the clearance, and else jams at a
    share of the depth, for which `jam` is asked. None where nothing near its way receives it.
    """
    body, pose = world.body(body_id), world.pose(body_id)
    along = np.asarray(direction)
    near: tuple[float, float, float, Fit, str] | None = None
    for fit in fits:
        if fit.part != body.kind:
            continue
        places = (
            [(fit.into or "cell", fit.frame)]
            if not fit.into
            else [(i, world.pose(i) @ fit.frame) for i in world.visible() if world.body(i).kind == fit.into]
        )
        for receiver, frame in places:
            part_frame = pose @ fit.part_frame
            gap = np.subtract(frame.p, part_frame.p)
            seat = float(gap @ along)
            lateral = float(np.linalg.norm(gap - seat * along))
            tilt = math.acos(max(-1.0, min(1.0, float(np.dot(frame.z_axis, part_frame.z_axis)))))
            if lateral > CAPTURE_M or tilt > math.pi / 4 or seat < -0.001 or seat - fit.depth_m > distance_m:
                continue
            if near is None or lateral < near[0]:
                near = (lateral, tilt, seat, fit, receiver)
    if near is None:
        return None
    lateral, tilt, seat, fit, receiver = near
    # A tilted part uses up the clearance over the depth that it goes in.
    if lateral + math.sin(tilt) * fit.depth_m / 2 <= fit.clearance_m:
        return Contact(max(0.0, seat), receiver, room_m=fit.clearance_m)
    return Contact(max(0.0, seat - (1 - jam()) * fit.depth_m), receiver, jammed=True)


def body_pushed(world: World, body_id: str, room_m: float = 0.0) -> Pushed:
    """Return a body, with all that sits on it, as it is pushed along.

    A part that is guided into its seat finds its way into what is behind it, too (a screw through a cover into the
    thread below), as long as that is out of line by no more than `room_m`.
    """
    shrink_m = SHRINK + room_m
    bodies = [(world.triangles(i), world.pose(i)) for i in world.with_contents(body_id)]
    shrunk = [moved(_shrunk(body.vertices, shrink_m), pose) for body, pose in bodies]
    surface = np.concatenate([points[body.faces] for points, (body, _) in zip(shrunk, bodies, strict=True)])
    return Pushed(_feeling(np.concatenate(shrunk), surface), surface, shrink_m)


def tips_pushed(world: World, gripper: ParallelGripper, opening_m: float, slack_m: float = 0.0) -> Pushed:
    """Return the finger tips as they are pushed along; `slack_m` is taken off inside, where they held something."""
    x, y = gripper.finger_m[0] / 2, opening_m / 2
    along, across = np.linspace(-x, x, TIP_RAYS), np.linspace(slack_m, FINGER_M, TIP_RAYS)
    tips = [(a, side * (y + b), gripper.tip_m) for a in along for b in across for side in (1, -1)]
    return Pushed(moved(np.array(tips), world.tcp), None)


def table_ahead(what: Pushed, direction: Vector) -> float:
    """Return how far (m) along `direction` the table (z = 0) is met; inf for never."""
    if direction[2] >= -1e-6:
        return math.inf
    return max(0.0, float(what.bounds[0, 2] - what.shrunk_m) / -direction[2])


def surface_ahead(world: World, what: Pushed, other: str, direction: Vector, distance_m: float) -> float:
    """Return how far (m) along `direction` a body is met, surface to surface; inf for not within `distance_m`."""
    along = np.asarray(direction)
    low, high = what.bounds
    sweep = np.array([np.minimum(low, low + along * distance_m), np.maximum(high, high + along * distance_m)])
    bounds = world.bounds(other)
    if (sweep[0] > bounds[1] + SHRINK).any() or (bounds[0] > sweep[1]).any():
        return math.inf
    theirs = world.triangles(other)
    surface = moved(theirs.corners, world.pose(other))
    near = sweep + np.array([[-SHRINK], [SHRINK]])
    inside = (surface.max(axis=1) >= near[0]).all(axis=1) & (surface.min(axis=1) <= near[1]).all(axis=1)
    back_m = SHRINK if what.surface is None else 0.0  # tips may begin in contact; a body is smaller already
    origins = _thinned(what.points) - back_m * along
    gap = float(first_hits(origins, along, surface[inside]).min(initial=np.inf)) - back_m
    if what.surface is not None:
        vertices = _feeling(moved(theirs.vertices, world.pose(other)), surface)
        within = (vertices >= sweep[0]).all(axis=1) & (vertices <= sweep[1]).all(axis=1)
        gap = min(gap, float(first_hits(_thinned(vertices[within]), -along, what.surface).min(initial=np.inf)))
        gap -= what.shrunk_m
    gap = max(0.0, gap)
    return gap if gap <= distance_m else math.inf


def overlaps(world: World, what: Pushed, other: str) -> bool:
    """Tell whether a body is where something pushed is already: a corner of one inside the other."""
    bounds = world.bounds(other)
    if (what.bounds[0] > bounds[1]).any() or (bounds[0] > what.bounds[1]).any():
        return False
    theirs, pose = world.triangles(other), world.pose(other)
    if enclosed(_thinned(what.points), moved(theirs.corners, pose)).any():
        return True
    return what.surface is not None and bool(enclosed(_thinned(moved(theirs.vertices, pose)), what.surface).any())


def _shrunk(vertices: Floats, by_m: float) -> Floats:
    """Return a body's vertices moved in by `by_m` on every side of its box."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    return np.asarray(middle + (vertices - middle) * np.maximum(0.0, 1 - by_m / half))


def _feeling(vertices: Floats, corners: Floats) -> Floats:
    """Return points (n, 3) that feel for a body of vertices (n, 3) and triangles (m, 3, 3).

    The edges of a coarse one are divided, so that two which cross meet; a fine one has vertices enough.
    """
    if 3 * len(corners) >= MOST_POINTS:
        return vertices
    begin, end = corners.reshape(-1, 3), np.roll(corners, -1, axis=1).reshape(-1, 3)
    longest = float(np.linalg.norm(end - begin, axis=1).max(initial=0.0))
    pieces = min(MOST_POINTS // max(len(begin), 1), math.ceil(longest / FEEL_M))
    shares = np.arange(1, pieces)[:, None, None] / max(pieces, 1)
    return np.concatenate([vertices, (begin + shares * (end - begin)).reshape(-1, 3)])


def _thinned(points: Floats, most: int = MOST_POINTS) -> Floats:
    return points[:: max(1, math.ceil(len(points) / most))]
