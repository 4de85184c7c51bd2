"""The truth of the simulated cell: where every body really is, whatever anybody believes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.meshes import Triangles, moved
from orchestrator.core.errors import known
from orchestrator.core.geometry import IDENTITY, Pose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import numpy.typing as npt

    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.core.ports import Box, Mesh

    Floats = npt.NDArray[np.float64]

GRIPPER = "gripper"
HANDS = "hands"
REST_GAP = 0.0015  # m: how far above what carries it a body may seem to float, through tolerances
OVERLAP = 0.0005  # m: boxes that overlap by less stand side by side
FALLS_M = 0.06  # what is let go of higher above everything else falls; lower it stands on a fixture of the cell


@dataclass(frozen=True, slots=True)
class Body:
    """A thing in the cell. `pose` is in its parent: another body's id, "gripper", "hands", or "" for the cell.

    `source` is the bin that it was supplied in, until someone first takes it; `mark` what a scanner reads on it.
    """

    id: str
    kind: str
    shape: Box | Mesh
    pose: Pose
    parent: str = ""
    source: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that there is in a world, for whoever keeps it: bodies, how many of a kind were made, slots, a pull (N)."""

    bodies: tuple[Body, ...]
    made: Mapping[str, int]
    slots: Mapping[str, Pose]
    pull: float = 0.0


class World:
    """All bodies, their places and what holds them. Knows meshes, but neither units nor steps."""

    def __init__(self, meshes: MeshStore) -> None:
        self.meshes = meshes
        self.tcp = IDENTITY  # of the gripper; the robot keeps it up to date
        self._bodies: dict[str, Body] = {}
        self._made: dict[str, int] = {}
        self._slots: dict[str, Pose] = {}  # where what came in a bin was put
        self._held: str | None = None  # asked for at every tick
        self._pull_N = 0.0
        self._listeners: list[Callable[[], None]] = []

    # ---- what is there -----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Body]:
        return iter(tuple(self._bodies.values()))

    def body(self, body_id: str) -> Body:
        """Return a body. Raises NotFound."""
        if body_id not in self._bodies:
            raise known("body", body_id, self._bodies)
        return self._bodies[body_id]

    def pose(self, body_id: str) -> Pose:
        """Return a body's pose in the world, metres. What hands hold is out of the cell: its pose means nothing."""
        body = self.body(body_id)
        if body.parent == GRIPPER:
            return self.tcp @ body.pose
        if body.parent in self._bodies:
            return self.pose(body.parent) @ body.pose
        return body.pose

    def visible(self) -> dict[str, Pose]:
        """Return the world pose of every body in the cell, those in a person's hands left out."""
        return {body.id: self.pose(body.id) for body in self if self._root(body.id).parent != HANDS}

    @property
    def held(self) -> str | None:
        """The body that the gripper holds."""
        return self._held

    def untouched(self, body_id: str) -> bool:
        """Tell whether a body still lies in the slot of the bin that it was supplied in."""
        body = self.body(body_id)
        return bool(body.source) and not body.parent and self._slots.get(body_id) == body.pose

    def loose(self, body_id: str) -> bool:
        """Tell whether a body lies in the bin that it was supplied in, but in no slot of it."""
        return bool(self.body(body_id).source) and body_id not in self._slots

    def with_contents(self, body_id: str) -> list[str]:
        """Return a body and everything that sits on or in it."""
        out = [self.body(body_id).id]
        for found in out:
            out.extend(body.id for body in self if body.parent == found)
        return out

    def triangles(self, body_id: str) -> Triangles:
        """Return a body's surface in its own frame."""
        return self.meshes.get(self.body(body_id).shape)

    def bounds(self, body_id: str) -> Floats:
        """Return the lowest and highest corner of a body's upright box in the world, (2, 3) in metres."""
        low, high = self.triangles(body_id).bounds
        corners = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        placed = moved(corners, self.pose(body_id))
        return np.array([placed.min(axis=0), placed.max(axis=0)])

    # ---- what happens ------------------------------------------------------------------------------------------

    def add(
        self, kind: str, shape: Box | Mesh, pose: Pose, *, source: str = "", mark: str = "", slot: bool = True
    ) -> str:
        """Put a new body into the cell and return its id. Raises NotFound where its mesh is missing.

        One from a `source` lies in a `slot` of it, where everybody expects it, or loose.
        """
        self.meshes.expect(shape)
        number = self._made[kind] = self._made.get(kind, 0) + 1
        body = Body(f"{kind}~{number}", kind, shape, pose, source=source, mark=mark)
        if source and slot:
            self._slots[body.id] = pose
        self._set(body)
        return body.id

    def fill(self, bin_name: str, slots: Iterable[tuple[str, Box | Mesh, Pose]]) -> list[str]:
        """Fill a supply bin: (kind, shape, pose in the world) for each slot. Returns the bodies' ids."""
        return [self.add(kind, shape, pose, source=bin_name) for kind, shape, pose in slots]

    def grasp(self, body_id: str) -> None:
        """Let the gripper hold a body, where it is between the fingers, with all that sits on it."""
        self._set(replace(self.body(body_id), parent=GRIPPER, pose=self.tcp.inverse() @ self.pose(body_id), source=""))

    @property
    def pull_N(self) -> float:  # noqa: N802 - the newton's symbol
        """How hard somebody pulls at what the gripper holds."""
        return self._pull_N if self._held is not None else 0.0

    def pull(self, force_N: float) -> None:  # noqa: N803 - the newton's symbol
        """Let a person's hand pull at what the gripper holds, which is theirs once it opens; 0 lets go again."""
        self._pull_N = force_N if self._held is not None else 0.0
        self._changed()

    def release(self) -> str | None:
        """Let the gripper's body go: into the hand that pulls at it, else where it is. Returns its id.

        What nobody holds belongs to what it rests on from now on.
        """
        held = self.held
        if held is not None and self._pull_N > 0.0:
            self.take(held)
        elif held is not None:
            self.settle(held)
        return held

    def drop(self) -> str | None:
        """Let the gripper's body go; high above everything it falls. Returns its id."""
        held = self.release()
        if held is not None and self.body(held).parent == "" and self._height(held) > FALLS_M:
            self.fall(held)
        return held

    def fall(self, body_id: str) -> None:
        """Let a body fall straight down, upright, with all that sits on it, onto what is below or the table (z = 0)."""
        pose = self.pose(body_id)
        self._set(replace(self.body(body_id), parent="", pose=pose, source=""))
        self.settle(body_id, Pose((pose.p[0], pose.p[1], pose.p[2] - self._height(body_id)), pose.q))

    def settle(self, body_id: str, pose: Pose | None = None) -> None:
        """Leave a body at a pose (where it is, unless given); its parent becomes the body that it rests on or in."""
        where = self.pose(body_id) if pose is None else pose
        self._set(replace(self.body(body_id), parent="", pose=where, source=""))
        carrier = self._carrier(body_id)
        if carrier is not None:
            self._set(replace(self.body(body_id), parent=carrier, pose=self.pose(carrier).inverse() @ where))

    def put(self, poses: Mapping[str, Pose]) -> None:
        """Move bodies to poses in their parents; what holds them stays.

        For physics, at every tick: nobody is told, as the robot publishes then anyhow.
        """
        self._bodies.update({name: replace(self._bodies[name], pose=pose) for name, pose in poses.items()})

    def loosen(self, body_id: str) -> None:
        """Take a body off what it rests on: it stays where it is, and belongs to nothing."""
        self._set(replace(self.body(body_id), parent="", pose=self.pose(body_id)))

    def take(self, body_id: str) -> None:
        """Let a person's hands take a body out of the cell, with all that sits on it."""
        self._set(replace(self.body(body_id), parent=HANDS, pose=IDENTITY, source=""))

    def displace(self, body_id: str, by: Pose) -> None:
        """Knock a body: move it by a pose in its own frame, behind everybody's back."""
        body = self.body(body_id)
        self._set(replace(body, pose=body.pose @ by))

    def swap(self, body_id: str, kind: str, shape: Box | Mesh) -> str:
        """Put a body of another kind in the place of one; returns the new one's id."""
        body = self.body(body_id)
        contents = [self.body(inside) for inside in self.with_contents(body_id)[1:]]
        new = self.add(kind, shape, body.pose, source=body.source)
        self._set(replace(self.body(new), parent=body.parent))
        for inside in contents:
            if inside.parent == body_id:
                self._set(replace(inside, parent=new))
        self.remove(body_id)
        return new

    def remove(self, body_id: str) -> None:
        """Take a body away, with all that sits on it."""
        for gone in self.with_contents(body_id):
            del self._bodies[gone]
            self._slots.pop(gone, None)
            if gone == self._held:
                self._held = None
        self._changed()

    def contents(self) -> Contents:
        """Return all that there is."""
        return Contents(tuple(self._bodies.values()), dict(self._made), dict(self._slots), self._pull_N)

    def restore(self, contents: Contents) -> None:
        """Put into an empty world what there was in one. Raises NotFound for a mesh that is gone."""
        for body in contents.bodies:
            self.meshes.expect(body.shape)
        self._bodies = {body.id: body for body in contents.bodies}
        self._made, self._slots = dict(contents.made), dict(contents.slots)
        self._held = next((body.id for body in contents.bodies if body.parent == GRIPPER), None)
        self._pull_N = contents.pull
        self._changed()

    def touched(self) -> None:
        """Hear that something was done to a body that left it in its place, such as a turn of a screw."""
        self._changed()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` whenever a body has changed place or holder; the returned function ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # ---- how it hangs together ---------------------------------------------------------------------------------

    def _set(self, body: Body) -> None:
        self._bodies[body.id] = body
        if body.parent == GRIPPER:
            self._pull_N = self._pull_N if body.id == self._held else 0.0
            self._held = body.id
        elif body.id == self._held:
            self._held = None
        self._changed()

    def _changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _root(self, body_id: str) -> Body:
        body = self.body(body_id)
        while body.parent in self._bodies:
            body = self._bodies[body.parent]
        return body

    def _height(self, body_id: str) -> float:
        """Return how far (m) a body's box is above the highest box under it, or above the table."""
        low, high = self.bounds(body_id)
        own = set(self.with_contents(body_id))
        top = 0.0
        for other_id in self.visible():
            if other_id in own or self._root(other_id).parent == GRIPPER:
                continue
            other_low, other_high = self.bounds(other_id)
            overlap = np.minimum(high, other_high)[:2] - np.maximum(low, other_low)[:2] - OVERLAP
            if overlap.min() > 0 and other_low[2] < low[2]:
                top = max(top, float(other_high[2]))
        return max(0.0, float(low[2]) - top)

    def _carrier(self, body_id: str) -> str | None:
        """Find what a body rests on or in: the lower body that its box overlaps with most in plan view."""
        low, high = self.bounds(body_id)
        own = set(self.with_contents(body_id))
        best, best_area = None, 0.0
        for other_id in self.visible():
            if other_id in own or self._root(other_id).parent == GRIPPER:
                continue
            other_low, other_high = self.bounds(other_id)
            below = other_low[2] < low[2] - OVERLAP and other_high[2] > low[2] - REST_GAP and other_low[2] < high[2]
            overlap = np.minimum(high, other_high)[:2] - np.maximum(low, other_low)[:2] - OVERLAP
            if below and overlap.min() > 0:
                # Among those that overlap alike, the one that reaches highest under it is what it stands on.
                area = float(overlap.prod()) * (1.0 + 1e-3 * min(float(other_high[2]), float(low[2])))
                if area > best_area:
                    best, best_area = other_id, area
        return best
