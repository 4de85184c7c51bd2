"""Does the arm touch something? MuJoCo's collision detection over the arm's primitives and the scene's convex hulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from orchestrator.adapters.sim.arm import GRIPPER_LINKS, ArmModel, LinkVisual
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Mesh, Scene, SceneObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.meshes import MeshStore

PADDING = 0.002  # m kept from everything but the table
TABLE = "table"
TABLE_SINK = 0.001  # m below z = 0: parts that lie on the table do not collide with it
BARE_KG = 0.1  # of a link that nothing is drawn of
SAMPLES = 60  # of the joints, to see which links touch wherever they are
STILL, MOVING = (1, 0), (2, 3)  # contact bits: still bodies meet only moving ones, moving bodies meet all

_SHAPES = {
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """Two things that touch: their names as a person knows them and how deep (m) they are in each other."""

    one: str
    other: str
    depth_m: float

    def __str__(self) -> str:
        return f"{self.one.replace('_', ' ')} and {self.other.replace('_', ' ')}"


class Collision:
    """The arm among a set of objects; the MuJoCo model is rebuilt only when the set of shapes changes."""

    def __init__(self, arm: ArmModel, base: Pose, meshes: MeshStore) -> None:
        self._arm = arm
        self._base = base
        self._meshes = meshes
        self._shapes: tuple[tuple[str, Box | Mesh], ...] | None = None
        self._scene: Scene | None = None
        self._tcp = IDENTITY
        self._allowed: frozenset[frozenset[str]] = frozenset()
        self._carried: frozenset[frozenset[str]] = frozenset()
        self._forbidden: npt.NDArray[np.bool_] | None = None  # None: not known yet for this scene

    def enter(self, scene: Scene, *, tcp: Pose, touching: Iterable[str] = ()) -> None:
        """Look at this scene from now on. `touching` may be met by the gripper and by what it holds.

        Raises NotFound or BadInput for a mesh that can't be read.
        """
        if scene is not self._scene or tcp != self._tcp:
            self._place(scene, tcp)
        touched = tuple(touching)
        holders = ("gripper", *(held.id for held in scene.attached))
        allowed = scene.allowed | {frozenset((holder, name)) for holder in holders for name in touched}
        if allowed != self._allowed or self._forbidden is None:
            self._allowed = allowed
            self._forbidden = self._forbid(allowed | self._carried)

    def hit(self, joints: Sequence[float], opening_m: float) -> Hit | None:
        """Return the deepest contact that is not allowed, or None; opening in metres."""
        geoms = self._contacts(joints, opening_m)
        if geoms is None:
            return None
        assert self._forbidden is not None
        counts = self._forbidden[geoms[:, 0], geoms[:, 1]]
        if not counts.any():
            return None
        depths = np.where(counts, -self._data.contact.dist, -np.inf)
        worst = int(depths.argmax())
        first, second = geoms[worst]
        return Hit(self._names[first], self._names[second], float(depths[worst]))

    def free(self, joints: Sequence[float], opening_m: float) -> bool:
        """Tell whether nothing touches that may not; opening in metres. Quicker than `hit`, which says what."""
        geoms = self._contacts(joints, opening_m)
        if geoms is None:
            return True
        assert self._forbidden is not None
        return not self._forbidden[geoms[:, 0], geoms[:, 1]].any()

    def _contacts(self, joints: Sequence[float], opening_m: float) -> npt.NDArray[np.int32] | None:
        """Return the pairs of geoms that touch, (n, 2); None when there are none."""
        data = self._data
        data.qpos[: len(joints)] = joints
        data.qpos[len(joints) : len(joints) + 2] = opening_m / 2
        mujoco.mj_kinematics(self._model, data)
        if self._held:
            self._carry()
        mujoco.mj_collision(self._model, data)
        return data.contact.geom if data.ncon else None

    def _forbid(self, allowed: Iterable[frozenset[str]]) -> npt.NDArray[np.bool_]:
        """Return for every pair of geoms whether they may not touch, (geoms, geoms)."""
        ids = {name: index for index, name in enumerate(dict.fromkeys(self._owner))}
        may = np.zeros((len(ids), len(ids)), dtype=bool)
        for pair in allowed:
            one, other = (*pair, *pair)[:2]  # a pair of a thing with itself has one name
            if one in ids and other in ids:
                may[ids[one], ids[other]] = may[ids[other], ids[one]] = True
        codes = np.array([ids[name] for name in self._owner])
        return np.asarray(~may[np.ix_(codes, codes)], dtype=np.bool_)

    def _carry(self) -> None:
        x, q = self._data.xpos[self._flange], self._data.xquat[self._flange]
        at = Pose((x[0], x[1], x[2]), (q[0], q[1], q[2], q[3])) @ self._tcp
        for address, pose in self._held:
            where = at @ pose
            self._data.qpos[address : address + 7] = (*where.p, *where.q)
        mujoco.mj_kinematics(self._model, self._data)

    def _place(self, scene: Scene, tcp: Pose) -> None:
        held = {thing.id for thing in scene.attached}
        everything = sorted((*scene.objects, *scene.attached), key=lambda thing: thing.id)
        shapes = tuple((thing.id, thing.shape) for thing in everything)
        if shapes != self._shapes:
            self._build(everything)
            self._shapes = shapes
        model = self._model
        self._held: list[tuple[int, Pose]] = []
        for thing in everything:
            body = model.body(f"object {thing.id}").id
            address = int(model.jnt_qposadr[model.body_jntadr[body]])
            bits = MOVING if thing.id in held else STILL
            geom = int(model.body_geomadr[body])
            # The broad phase reads the body's bits, the narrow phase the geom's.
            model.geom_contype[geom], model.geom_conaffinity[geom] = bits
            model.body_contype[body], model.body_conaffinity[body] = bits
            model.geom_margin[geom] = 0.0 if thing.id in held else PADDING
            if thing.id in held:
                self._held.append((address, thing.pose))
            else:
                self._data.qpos[address : address + 7] = (*thing.pose.p, *thing.pose.q)
        ids = ("gripper", *sorted(held))
        self._carried = frozenset(frozenset((a, b)) for a in ids for b in ids)
        self._forbidden = None
        self._scene, self._tcp = scene, tcp

    def _build(self, objects: Sequence[SceneObject]) -> None:
        spec = mujoco.MjSpec()
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_MULTICCD
        world = spec.worldbody
        owner: dict[str, str] = {TABLE: TABLE}
        names: dict[str, str] = {TABLE: TABLE}
        plane = world.add_geom(name=TABLE, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], pos=[0, 0, -TABLE_SINK])
        plane.contype, plane.conaffinity = STILL
        add_arm(world, self._arm, self._base, owner, names)
        meshes: dict[Box | Mesh, str] = {}
        for thing in objects:
            body = world.add_body(name=f"object {thing.id}")
            body.add_freejoint()
            geom = body.add_geom(name=f"object {thing.id}")
            if isinstance(thing.shape, Box):
                geom.type, geom.size = mujoco.mjtGeom.mjGEOM_BOX, [edge / 2 for edge in thing.shape.size_m]
            else:
                if thing.shape not in meshes:
                    meshes[thing.shape] = f"mesh {len(meshes)}"
                    hull = self._meshes.get(thing.shape).hull
                    spec.add_mesh(name=meshes[thing.shape], uservert=hull.flatten())
                geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, meshes[thing.shape]
            owner[geom.name], names[geom.name] = thing.id, thing.id
        for one, other in self._arm.neighbours:
            spec.add_exclude(bodyname1=one, bodyname2=other)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._flange = int(self._model.body("palm").id)
        geoms = [self._model.geom(index).name for index in range(self._model.ngeom)]
        self._owner = [owner[name] for name in geoms]
        self._names = [names[name] for name in geoms]


def always_touching(arm: ArmModel) -> tuple[tuple[tuple[str, str], ...], tuple[str, str] | None]:
    """Return the pairs of links that touch wherever the joints are, and another pair that touches at home.

    Shapes drawn a little too long overlap for good, as a link with the next but one; that says nothing about a motion.
    """
    spec = mujoco.MjSpec()
    owner: dict[str, str] = {}
    names: dict[str, str] = {}
    add_arm(spec.worldbody, arm, IDENTITY, owner, names)
    for one, other in arm.neighbours:
        spec.add_exclude(bodyname1=one, bodyname2=other)
    model = spec.compile()
    data = mujoco.MjData(model)

    def touching(joints: Sequence[float]) -> set[tuple[str, str]]:
        data.qpos[: len(joints)] = joints
        data.qpos[len(joints) :] = arm.gripper.stroke_m / 2
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        pairs = (sorted(names[model.geom(index).name] for index in pair) for pair in data.contact.geom)
        return {(one, other) for one, other in pairs}

    at_home = touching(arm.home_rad)
    always = set(at_home)
    for joints in np.random.default_rng(0).uniform(arm.lower_rad, arm.upper_rad, (SAMPLES, len(arm.home_rad))):
        always &= touching(joints.tolist())
    return tuple(sorted(always)), min(at_home - always, default=None)


def add_arm(
    world: mujoco.MjsBody, arm: ArmModel, base: Pose, owner: dict[str, str], names: dict[str, str]
) -> list[mujoco.MjsBody]:
    """Add an arm with its gripper to a model; return its moving bodies, the palm and fingers last.

    `owner` and `names` learn whose each geom is ("arm" or "gripper") and of which link.
    """
    parts = arm.visual()
    body = world.add_body(name=arm.links[0], pos=base.p, quat=base.q)
    _add_geoms(body, arm.links[0], IDENTITY, parts, owner, names, STILL)
    at = arm.mount
    bodies = []
    for index, link in enumerate(arm.links[1:]):
        body = body.add_body(name=link, pos=at.p, quat=at.q)
        body.add_joint(name=link, type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1])
        at = arm.after_joint(index)
        # A link's frame is past its joint by the fixed part of the row.
        _add_geoms(body, link, at, parts, owner, names, MOVING)
        if not body.geoms:  # a moving body needs some mass
            body.explicitinertial, body.mass, body.inertia = True, BARE_KG, [BARE_KG * 1e-3] * 3
        bodies.append(body)
    flange = body.add_body(name="palm", pos=at.p, quat=at.q)
    _add_geoms(flange, "palm", IDENTITY, parts, owner, names, MOVING)
    bodies.append(flange)
    for side, link in ((1, "finger_left"), (-1, "finger_right")):
        pose = arm.gripper.finger_pose(0.0, side)
        finger = flange.add_body(name=link, pos=pose.p, quat=pose.q)
        finger.add_joint(name=link, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, side, 0])
        _add_geoms(finger, link, IDENTITY, parts, owner, names, MOVING)
        bodies.append(finger)
    return bodies


def _add_geoms(
    body: mujoco.MjsBody,
    link: str,
    at: Pose,
    parts: Iterable[LinkVisual],
    owner: dict[str, str],
    names: dict[str, str],
    bits: tuple[int, int],
) -> None:
    for number, part in enumerate(part for part in parts if part.link == link):
        pose = at @ part.pose
        size = {
            "cylinder": lambda s: [s[0], s[1] / 2, 0.0],
            "sphere": lambda s: [s[0], 0.0, 0.0],
            "box": lambda s: [edge / 2 for edge in s],
        }[part.shape](part.size_m)
        geom = body.add_geom(name=f"{link} {number}", type=_SHAPES[part.shape], size=size, pos=pose.p, quat=pose.q)
        geom.contype, geom.conaffinity = bits
        owner[geom.name] = "gripper" if link in GRIPPER_LINKS else "arm"
        names[geom.name] = link
