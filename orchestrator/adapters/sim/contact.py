"""Where a body between the fingers, or one that is pushed along, really meets another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.meshes import first_hits, moved
from orchestrator.core.geometry import IDENTITY, Pose, Vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ParallelGripper
    from orchestrator.adapters.sim.world import World

    Floats = npt.NDArray[np.float64]

CAPTURE_M = 0.02  # how far off a receiving frame may be for a part to be meant for it at all
SHRINK = 0.0005  # m taken off all round before looking for contact ahead, so that sliding along a wall is none
PAD_RAYS = 5  # a side of the grid in which the pads feel for a body
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
    """What a pushed body meets: after how far (m), with what, and whether it is a fit in which it jammed."""

    after_m: float
    with_id: str
    jammed: bool = False


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


def ahead(
    world: World, body_id: str, direction: Vector, distance_m: float, fits: Sequence[Fit], random: np.random.Generator
) -> Contact | None:
    """Return what a body, with all that sits on it, meets when pushed along `direction` (unit, world).

    Looked at are the next `distance_m`. A part that has a fit near its way seats there when its true pose error is
    within the clearance, and else jams at a seeded share of the depth. Everything else is met surface to surface; the
    table is at z = 0.
    """
    meant = _fit_ahead(world, body_id, direction, distance_m, fits, random)
    receiver = meant[1] if meant else None
    moving = world.with_contents(body_id)
    bodies = [(world.triangles(i), world.pose(i)) for i in moving]
    shrunk = [moved(_shrunk(body.vertices), pose) for body, pose in bodies]
    surface = np.concatenate([points[body.faces] for points, (body, _) in zip(shrunk, bodies, strict=True)])
    skip = {*moving, receiver or ""}
    found = _surface_ahead(world, np.concatenate(shrunk), surface, direction, distance_m, skip)
    options = [contact for contact in (meant[0] if meant else None, found) if contact is not None]
    return min(options, key=lambda contact: contact.after_m, default=None)


def _fit_ahead(
    world: World, body_id: str, direction: Vector, distance_m: float, fits: Sequence[Fit], random: np.random.Generator
) -> tuple[Contact, str] | None:
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
        return Contact(max(0.0, seat), receiver), receiver
    share = float(random.uniform(*JAM))
    return Contact(max(0.0, seat - (1 - share) * fit.depth_m), receiver, jammed=True), receiver


def tips_ahead(
    world: World, gripper: ParallelGripper, opening_m: float, direction: Vector, distance_m: float
) -> Contact | None:
    """Return what the empty gripper's finger tips meet when they are pushed along `direction` (unit, world)."""
    x, y = gripper.finger_m[0] / 2, opening_m / 2
    tips = np.array([(a, side * (y + b), gripper.tip_m) for a in (-x, 0, x) for b in (0.0, 0.01) for side in (1, -1)])
    return _surface_ahead(world, moved(tips, world.tcp), None, direction, distance_m, set())


def _surface_ahead(
    world: World, points: Floats, mine: Floats | None, direction: Vector, distance_m: float, skip: set[str]
) -> Contact | None:
    """Return the first surface that moving `points` meet, or that meets the moving triangles `mine`."""
    along = np.asarray(direction)
    found: Contact | None = None
    if along[2] < -1e-6:
        drop = float(points[:, 2].min() - (SHRINK if mine is not None else 0.0)) / -float(along[2])
        if drop <= distance_m:
            found = Contact(max(0.0, drop), "table")
    low, high = points.min(axis=0), points.max(axis=0)
    sweep = np.array([np.minimum(low, low + along * distance_m), np.maximum(high, high + along * distance_m)])
    for other in world.visible():
        bounds = world.bounds(other)
        if other in skip or (sweep[0] > bounds[1]).any() or (bounds[0] > sweep[1]).any():
            continue
        theirs = world.triangles(other)
        surface = moved(theirs.corners, world.pose(other))
        inside = (surface.max(axis=1) >= sweep[0]).all(axis=1) & (surface.min(axis=1) <= sweep[1]).all(axis=1)
        gap = float(first_hits(_thinned(points), along, surface[inside]).min(initial=np.inf))
        if mine is not None:
            vertices = moved(theirs.vertices, world.pose(other))
            within = (vertices >= sweep[0]).all(axis=1) & (vertices <= sweep[1]).all(axis=1)
            gap = min(gap, float(first_hits(_thinned(vertices[within]), -along, mine).min(initial=np.inf))) - SHRINK
        gap = max(0.0, gap)
        if gap <= distance_m and (found is None or gap < found.after_m):
            found = Contact(gap, other)
    return found


def _shrunk(vertices: Floats) -> Floats:
    """Return a body's vertices moved in by `SHRINK` on every side of its box."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    return np.asarray(middle + (vertices - middle) * np.maximum(0.0, 1 - SHRINK / half))


def _thinned(points: Floats, most: int = 400) -> Floats:
    return points[:: max(1, math.ceil(len(points) / most))]
