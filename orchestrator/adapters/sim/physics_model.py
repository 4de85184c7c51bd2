"""The MuJoCo model of one moment under physics: the arm, what rests, what is loose and what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mujoco
import numpy as np

from orchestrator.adapters.sim.arm import GRIPPER_LINKS
from orchestrator.adapters.sim.collision import add_arm
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.ports import Mesh

    Floats = npt.NDArray[np.float64]
    Bits = tuple[int, int]

STEP_S = 0.002
STIFF = (0.004, 1.0)  # contacts and welds: two steps, critically damped
FIRM = (0.98, 0.999, 0.0005, 0.5, 2.0)
PLATE_M = (0.03, 0.03)  # half edges of the plate that a fixture's frame stands on
ROTOR_KG_M2 = 1.0  # what a joint's motor adds behind its gears, of the size that makes an arm stiff to its load
FINGER_KG = 0.1  # what a finger's drive moves of itself
TABLE, ARM = "table", ""  # owners of geoms that belong to no body

# Who meets whom, as MuJoCo's contact bits: (what a geom is, what it minds).
_STILL, _MOVING, _PLATE, _MEANT, _HELD = 1, 2, 4, 8, 16
ASLEEP_BITS = (_STILL, 0)  # table and what rests: in nobody's way but that of what moves
PLATE_BITS = (_PLATE, 0)  # a fixture's top carries parts; the planner knows nothing of it, so the arm doesn't meet it
ARM_BITS = (_MOVING, _STILL | _MOVING)
LOOSE_BITS = (_MOVING, _STILL | _MOVING | _PLATE | _MEANT | _HELD)
HELD_BITS = (_HELD, _STILL | _PLATE)  # the fingers that hold it are in its hull
MEANT_LOOSE_BITS = (_MEANT, _STILL | _PLATE | _MEANT)  # not met by the arm and what it holds
MEANT_ASLEEP_BITS = (_MEANT, 0)


class Bodies:
    """Every assembly of the world as one rigid body of hulls: free to move, welded to the palm, or standing still.

    `assemblies` give each root body its members; `grip` is the held one's pose in the flange's frame.
    """

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        base: Pose,
        *,
        plates: Sequence[Pose],
        masses: Mapping[str, float],
        assemblies: Mapping[str, Sequence[str]],
        loose: Collection[str],
        held: str | None,
        grip: Pose,
    ) -> None:
        self._world, self._masses, self._held = world, masses, held
        self._assemblies = assemblies
        moving = {*loose, *([held] if held is not None else [])}
        self._owner: dict[str, str] = {}
        self._meshes: dict[Mesh, str] = {}
        spec = mujoco.MjSpec()
        spec.option.timestep = STEP_S
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self._add_ground(spec, plates)
        self._add_arm(spec, arm, base)
        for name, members in assemblies.items():
            self._add(spec, name, members, free=name in moving)
        if held is not None:
            weld = spec.add_equality(
                type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY, name1="palm", name2=f"body {held}"
            )
            weld.data = np.array([0.0, 0.0, 0.0, *grip.p, *grip.q, 1.0, 0.0])  # anchor, pose, share of torque
            weld.solref, weld.solimp = STIFF, FIRM
        for geom in spec.geoms:
            geom.solref, geom.solimp = STIFF, FIRM
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._owners = [self._owner[self.model.geom(index).name] for index in range(self.model.ngeom)]
        self._foot = self.model.body(arm.links[0]).id
        self.moving: dict[str, tuple[int, int]] = {}  # where each one's position and speed are
        for name in assemblies:
            if name in moving:
                joint = self.model.body_jntadr[self.model.body(f"body {name}").id]
                self.moving[name] = (int(self.model.jnt_qposadr[joint]), int(self.model.jnt_dofadr[joint]))

    def pose(self, name: str) -> Pose:
        """Return where a moving body is."""
        at = self.moving[name][0]
        x = self.data.qpos[at : at + 7].tolist()
        return Pose((x[0], x[1], x[2]), (x[3], x[4], x[5], x[6]))

    def speed(self, name: str) -> Floats:
        """Return a moving body's speed, to read or set: m/s, then rad/s."""
        at = self.moving[name][1]
        view: Floats = self.data.qvel[at : at + 6]
        return view

    def touched(self) -> set[str]:
        """Return what rests and is touched, without being meant, by the arm or by what it holds."""
        pushers = {ARM, self._held}
        out = set()
        for (first, second), gap in zip(self.data.contact.geom, self.data.contact.dist, strict=True):
            one, other = self._owners[first], self._owners[second]
            if gap < 0:
                out |= {pushed for pusher, pushed in ((one, other), (other, one)) if pusher in pushers}
        return (out & self._assemblies.keys()) - self.moving.keys()

    def colour(self, meant: frozenset[str]) -> None:
        """Set who meets whom; what is in an assembly with a meant body is meant as well."""
        whole = {name for name, members in self._assemblies.items() if meant & set(members)}
        for geom, owner in enumerate(self._owners):
            body = self.model.geom_bodyid[geom]
            bits = self._bits(owner, meant=owner in whole, foot=body == self._foot)
            if bits is not None:
                # The broad phase reads the body's bits, the narrow phase the geom's.
                self.model.geom_contype[geom], self.model.geom_conaffinity[geom] = bits
                self.model.body_contype[body], self.model.body_conaffinity[body] = bits

    def _bits(self, owner: str, *, meant: bool, foot: bool) -> Bits | None:
        if owner == TABLE:
            return None
        if owner == ARM:
            return ASLEEP_BITS if foot else ARM_BITS
        if owner == self._held:
            return HELD_BITS
        if owner in self.moving:
            return MEANT_LOOSE_BITS if meant else LOOSE_BITS
        return MEANT_ASLEEP_BITS if meant else ASLEEP_BITS

    # ---- how it is built ---------------------------------------------------------------------------------------

    def _add_ground(self, spec: mujoco.MjSpec, plates: Sequence[Pose]) -> None:
        table = spec.worldbody.add_geom(name=TABLE, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
        table.contype, table.conaffinity = ASLEEP_BITS
        self._owner[TABLE] = TABLE
        for number, plate in enumerate(plates):
            half = plate.p[2] / 2
            geom = spec.worldbody.add_geom(name=f"plate {number}", type=mujoco.mjtGeom.mjGEOM_BOX)
            geom.size, geom.pos, geom.quat = [*PLATE_M, half], plate.shifted(z=-half).p, plate.q
            geom.contype, geom.conaffinity = PLATE_BITS
            self._owner[geom.name] = TABLE

    def _add_arm(self, spec: mujoco.MjSpec, arm: ArmModel, base: Pose) -> None:
        geoms: dict[str, str] = {}
        add_arm(spec.worldbody, arm, base, geoms, {})
        self._owner.update(dict.fromkeys(geoms, ARM))
        for link in arm.links[1:]:
            spec.joint(link).armature = ROTOR_KG_M2
        for finger in GRIPPER_LINKS[1:]:
            joint = spec.joint(finger)
            joint.armature, joint.range = FINGER_KG, (0.0, arm.gripper.stroke_m / 2)
            joint.limited = mujoco.mjtLimited.mjLIMITED_TRUE
        for one, other in arm.neighbours:
            spec.add_exclude(bodyname1=one, bodyname2=other)

    def _add(self, spec: mujoco.MjSpec, name: str, members: Iterable[str], *, free: bool) -> None:
        world, root = self._world, self._world.pose(name)
        body = spec.worldbody.add_body(name=f"body {name}", pos=root.p, quat=root.q)
        if free:
            body.add_freejoint()
        body.gravcomp = 1.0 if name == self._held else 0.0  # the robot knows its payload
        for member in members:
            shape, at = world.body(member).shape, IDENTITY if member == name else root.inverse() @ world.pose(member)
            geom = body.add_geom(name=f"body {member}", pos=at.p, quat=at.q)
            if isinstance(shape, Box):
                geom.type, geom.size = mujoco.mjtGeom.mjGEOM_BOX, [edge / 2 for edge in shape.size_m]
            else:
                if shape not in self._meshes:
                    self._meshes[shape] = f"mesh {len(self._meshes)}"
                    spec.add_mesh(name=self._meshes[shape], uservert=world.meshes.get(shape).hull.flatten())
                geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, self._meshes[shape]
            if (mass := self._masses.get(world.body(member).kind)) is not None:
                geom.mass = mass
            self._owner[geom.name] = name
