"""Dynamics for those who want them: the arm as masses on a servo, parts that fall, rest, get knocked and are dropped.

The rest of the simulator stays as it is: the drive says where the joints shall be, physics answers where they are, and
writes into the world where bodies have come to. What sits in another body (a bearing in its bore) is one rigid assembly
with it, for hulls are solid. What the gripper holds is welded to it: friction grasps drift by millimetres.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mujoco
import numpy as np

from orchestrator.adapters.sim.arm import GRIPPER_LINKS
from orchestrator.adapters.sim.collision import add_arm
from orchestrator.adapters.sim.drive import TICK_S
from orchestrator.adapters.sim.kinematics import Kinematics
from orchestrator.adapters.sim.physics_bits import ARM, ASLEEP, HELD, LOOSE, MEANT_ASLEEP, MEANT_LOOSE, PLATE, Bits
from orchestrator.adapters.sim.world import GRIPPER, HANDS, OVERLAP
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.ports import Joints, Mesh

    Floats = npt.NDArray[np.float64]

STEP_S = 0.002
SUBSTEPS = round(TICK_S / STEP_S)
SERVO_RAD_S = 200.0  # how quick the servo is: critically damped, computed torque
MOST_RAD_S2 = 800.0  # what it asks for at most, so that a blocked arm pushes instead of exploding
STIFF = (0.004, 1.0)  # contacts and welds: two steps, critically damped
FIRM = (0.98, 0.999, 0.0005, 0.5, 2.0)
PLATE_M = (0.03, 0.03)  # half edges of the plate that a fixture's frame stands on
STILL_M_S, STILL_RAD_S, STILL_S = 0.004, 0.04, 0.2  # a body slower than this for so long is at rest
STEADY_RAD, STEADY_RAD_S = 2e-7, 2e-5  # an arm this near to its target stands
ROTOR_KG_M2 = 1.0  # what a joint's motor adds behind its gears, of the size that makes an arm stiff to its load
FINGER_KG = 0.1  # what a finger's drive moves of itself: it pushes with up to 40 N


@dataclass(slots=True)
class _Loose:
    """A root body with all that sits in it, free to move: where its numbers are, and since when it rests."""

    joint: int
    dof: int
    since_s: float


class Physics:
    """One MuJoCo model of arm and bodies, built anew when what is loose or held changes. Same orders, same motion.

    `plates` are frames that a fixture carries (z up, its top at the frame); `masses` gives kinds their mass in kg, the
    others are as heavy as water.
    """

    def __init__(
        self, world: World, arm: ArmModel, base: Pose, *, plates: Sequence[Pose] = (), masses: Mapping[str, float] = {}
    ) -> None:
        self._world, self._arm, self._base = world, arm, base
        self._plates, self._masses = tuple(plates), dict(masses)
        self._kinematics = Kinematics(arm, base)
        self._target = arm.home_rad
        self._opening_m = arm.gripper.stroke_m
        self._tool = arm.gripper.tcp
        self._count = len(arm.steps) + 2
        self._q = np.array([*self._target, self._opening_m / 2, self._opening_m / 2])
        self._qd = np.zeros(self._count)
        self._known: dict[str, Pose] = {body.id: world.pose(body.id) for body in world}
        self._speeds: dict[str, Floats] = {}  # of what is loose, kept while the model is built anew
        self._model: Any = None
        self._data: Any = None
        self._owners: list[str] = []
        self._loose: dict[str, _Loose] = {}
        self._asleep: set[str] = set()
        self._awake: set[str] = set()
        self._held: str | None = None
        self._grip = IDENTITY  # of what is held, in the flange's frame, as it was when the fingers closed
        self._meant: frozenset[str] = frozenset()
        self._stale = True
        self._writing = False
        self._clock_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._driven = False
        self._unlisten = world.listen(self._moved)

    # ---- what the drive asks -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Let time pass on the running loop from now on."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        self._nudge()

    def close(self) -> None:
        """Stop."""
        self._unlisten()
        self._loop = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def follow(self, target: Joints, opening_m: float) -> Joints:
        """Let one tick pass while the servo goes to these joints and this opening; return where the joints are."""
        self._driven = True
        self._tick(target, opening_m)
        return self.joints

    def rest(self) -> None:
        """Hear that the drive asks no more for now; what still falls does so by itself."""
        self._driven = False
        self._nudge()

    @property
    def joints(self) -> Joints:
        """Where the joints are, rad."""
        return tuple(self._q[:-2].tolist())

    @property
    def steady(self) -> bool:
        """Whether the arm stands where it shall."""
        off = np.abs(self._q[:-2] - self._target).max()
        return bool(off < STEADY_RAD and np.abs(self._qd[:-2]).max() < STEADY_RAD_S)

    def use_tool(self, tcp: Pose) -> None:
        """Hear which tool centre point, in the flange's frame, the gripper's bodies are told in."""
        self._tool = tcp

    def expect(self, bodies: Collection[str]) -> None:
        """Name the bodies that the arm means to touch from now on: hulls are too coarse for fingers and bores."""
        meant = frozenset(bodies)
        if meant != self._meant:
            self._meant = meant
            self._colour()

    # ---- time --------------------------------------------------------------------------------------------------

    def _nudge(self) -> None:
        if self._loop is None or self._timer is not None or self._driven:
            return
        if self._stale or self._awake or not self.steady:
            self._timer = self._loop.call_later(TICK_S, self._fall)

    def _fall(self) -> None:
        """Let a tick pass while nobody drives the arm."""
        self._timer = None
        if not self._driven:
            self._tick(self._target, self._opening_m)
            self._nudge()

    def _tick(self, target: Joints, opening_m: float) -> None:
        if self._stale:
            self._build()
        begin, end = (
            [*joints, wide / 2, wide / 2] for joints, wide in ((self._target, self._opening_m), (target, opening_m))
        )
        wanted, rate = np.asarray(begin), np.subtract(end, begin) / TICK_S
        model, data, n = self._model, self._data, self._count
        ask = np.zeros(model.nv)
        torque = np.zeros(model.nv)
        for _ in range(SUBSTEPS):
            wanted = wanted + rate * STEP_S
            mujoco.mj_step1(model, data)
            # Computed torque: R. M. Murray, Z. Li, S. S. Sastry, "A Mathematical Introduction to Robotic Manipulation",
            # 1994, section 4.5; the bias cancels gravity, the rate feeds the wanted velocity forward.
            pull = SERVO_RAD_S**2 * (wanted - data.qpos[:n]) + 2 * SERVO_RAD_S * (rate - data.qvel[:n])
            ask[:n] = np.clip(pull, -MOST_RAD_S2, MOST_RAD_S2)
            mujoco.mj_mulM(model, data, torque, ask)
            data.qfrc_applied[:n] = torque[:n] + data.qfrc_bias[:n]
            mujoco.mj_step2(model, data)
        self._target, self._opening_m = target, opening_m
        self._q, self._qd = data.qpos[:n].copy(), data.qvel[:n].copy()
        self._clock_s += TICK_S
        self._knock()
        self._write()

    # ---- between the model and the world -----------------------------------------------------------------------

    def _write(self) -> None:
        """Tell the world where things have come to, and lay to rest what rests."""
        poses: dict[str, Pose] = {}
        resting = []
        for name, loose in self._loose.items():
            x = self._data.qpos[loose.joint : loose.joint + 7].tolist()
            pose = Pose((x[0], x[1], x[2]), (x[3], x[4], x[5], x[6]))
            speed = self._data.qvel[loose.dof : loose.dof + 6]
            if name == self._held:
                flange = self._kinematics.flange(self.joints)
                poses[name] = (flange @ self._tool).inverse() @ pose
            else:
                poses[name] = self._known[name] = pose
            if float(np.abs(speed[:3]).max()) > STILL_M_S or float(np.abs(speed[3:]).max()) > STILL_RAD_S:
                loose.since_s = self._clock_s
            elif name != self._held and self._clock_s - loose.since_s > STILL_S:
                resting.append(name)
        self._writing = True
        self._world.put(poses)
        for name in resting:
            self._awake.discard(name)
            self._world.settle(name)
            self._known[name] = self._world.pose(name)
            self._stale = True
        self._writing = False

    def _moved(self) -> None:
        """Hear that something else has moved a body: a hand, the gripper, a fault."""
        if not self._writing:
            self._stale = True
            self._nudge()

    def _knock(self) -> None:
        """Loosen what the arm, or what it holds, touches without meaning to."""
        data = self._data
        for (first, second), gap in zip(data.contact.geom, data.contact.dist, strict=True):
            one, other = self._owners[first], self._owners[second]
            for pusher, pushed in ((one, other), (other, one)):
                if gap < 0 and pusher in {"", self._held} and pushed in self._asleep:
                    self._awake.add(pushed)
                    self._stale = True

    def _roots(self) -> dict[str, list[str]]:
        """Return every assembly in the cell: its lowest body, and all that is in or on it."""
        world = self._world
        return {body.id: world.with_contents(body.id) for body in world if body.parent in {"", GRIPPER}}

    def _part_up(self) -> None:
        """Take notice of what others did to the world since the last look."""
        world, held = self._world, self._world.held
        if self._held is not None and held != self._held and self._held in self._ids():
            self._let_go(self._held)
        if held is not None and held != self._held:
            self._grip = self._kinematics.flange(self.joints).inverse() @ world.pose(held)
        self._held = held
        roots = self._roots()
        for name in roots:
            before, now = self._known.get(name), world.pose(name)
            loose = before is None or math.dist(before.p, now.p) > 1e-6 or max(map(_gap, before.q, now.q)) > 1e-6
            if loose and name != held and not world.body(name).source:
                self._awake.add(name)
                self._speeds.pop(name, None)
        self._known = {body.id: world.pose(body.id) for body in world if body.parent != HANDS}
        self._awake &= set(roots)
        self._awake.discard(held or "")

    def _ids(self) -> set[str]:
        return {body.id for body in self._world}

    def _let_go(self, name: str) -> None:
        """Let what was released fall, unless it sits in something by more than a touch."""
        world = self._world
        parent = world.body(name).parent
        if parent in self._ids() and world.bounds(parent)[1, 2] - world.bounds(name)[0, 2] < OVERLAP:
            self._writing = True
            world.loosen(name)
            self._writing = False
        if world.body(name).parent == "":
            self._awake.add(name)
            self._known[name] = world.pose(name)

    # ---- the model ---------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._speeds = {name: self._data.qvel[at.dof : at.dof + 6].copy() for name, at in self._loose.items()}
        self._part_up()
        spec = mujoco.MjSpec()
        spec.option.timestep = STEP_S
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        world = spec.worldbody
        owners: dict[str, str] = {"table": "table"}
        _bits(world.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1]), ASLEEP)
        for number, plate in enumerate(self._plates):
            half = plate.p[2] / 2
            geom = world.add_geom(name=f"plate {number}", type=mujoco.mjtGeom.mjGEOM_BOX, size=[*PLATE_M, half])
            geom.pos, geom.quat = plate.shifted(z=-half).p, plate.q
            _bits(geom, PLATE)
            owners[geom.name] = "table"
        arm_names: dict[str, str] = {}
        add_arm(world, self._arm, self._base, arm_names, {})
        owners.update(dict.fromkeys(arm_names, ""))
        for link in self._arm.links[1:]:
            spec.joint(link).armature = ROTOR_KG_M2
        for finger in GRIPPER_LINKS[1:]:
            joint = spec.joint(finger)
            joint.armature, joint.range = FINGER_KG, (0.0, self._arm.gripper.stroke_m / 2)
            joint.limited = mujoco.mjtLimited.mjLIMITED_TRUE
        for one, other in self._arm.neighbours:
            spec.add_exclude(bodyname1=one, bodyname2=other)
        meshes: dict[Mesh, str] = {}
        moving = []
        for name, members in self._roots().items():
            self._add(spec, name, members, owners, meshes)
            if name in self._awake or name == self._held:
                moving.append(name)
        if self._held is not None:
            weld = spec.add_equality(
                type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY, name1="palm", name2=f"body {self._held}"
            )
            weld.data = np.array(
                [0.0, 0.0, 0.0, *self._grip.p, *self._grip.q, 1.0, 0.0]
            )  # anchor, pose, share of torque
            weld.solref, weld.solimp = STIFF, FIRM
        for geom in spec.geoms:
            geom.solref, geom.solimp = STIFF, FIRM
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._data.qpos[: self._count], self._data.qvel[: self._count] = self._q, self._qd
        self._owners = [owners[self._model.geom(index).name] for index in range(self._model.ngeom)]
        self._loose = {}
        for name in moving:
            body = self._model.body(f"body {name}").id
            joint = self._model.body_jntadr[body]
            address, dof = int(self._model.jnt_qposadr[joint]), int(self._model.jnt_dofadr[joint])
            self._loose[name] = _Loose(address, dof, self._clock_s)
            self._data.qvel[dof : dof + 6] = self._speeds.get(name, np.zeros(6))
        self._asleep = {name for name in self._roots() if name not in self._loose}
        self._colour()
        self._stale = False

    def _add(
        self, spec: mujoco.MjSpec, name: str, members: Iterable[str], owners: dict[str, str], meshes: dict[Mesh, str]
    ) -> None:
        world, root = self._world, self._world.pose(name)
        body = spec.worldbody.add_body(name=f"body {name}", pos=root.p, quat=root.q)
        if name in self._awake or name == self._held:
            body.add_freejoint()
        body.gravcomp = 1.0 if name == self._held else 0.0  # the robot knows its payload
        for member in members:
            shape, at = world.body(member).shape, IDENTITY if member == name else root.inverse() @ world.pose(member)
            geom = body.add_geom(name=f"body {member}", pos=at.p, quat=at.q)
            if isinstance(shape, Box):
                geom.type, geom.size = mujoco.mjtGeom.mjGEOM_BOX, [edge / 2 for edge in shape.size_m]
            else:
                if shape not in meshes:
                    meshes[shape] = f"mesh {len(meshes)}"
                    spec.add_mesh(name=meshes[shape], uservert=world.meshes.get(shape).hull.flatten())
                geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, meshes[shape]
            if (mass := self._masses.get(world.body(member).kind)) is not None:
                geom.mass = mass
            owners[geom.name] = name

    def _colour(self) -> None:
        """Set who meets whom, by what is loose, held and meant."""
        if self._model is None:
            return
        roots = self._roots()
        meant = {name for name, members in roots.items() if self._meant & set(members)}
        foot = self._model.body(self._arm.links[0]).id
        for geom, owner in enumerate(self._owners):
            if owner == "table":
                continue
            if owner == "":
                bits = ASLEEP if self._model.geom_bodyid[geom] == foot else ARM
            elif owner == self._held:
                bits = HELD
            elif owner in self._loose:
                bits = MEANT_LOOSE if owner in meant else LOOSE
            else:
                bits = MEANT_ASLEEP if owner in meant else ASLEEP
            body = self._model.geom_bodyid[geom]
            self._model.geom_contype[geom], self._model.geom_conaffinity[geom] = bits
            self._model.body_contype[body], self._model.body_conaffinity[body] = bits


def _bits(geom: mujoco.MjsGeom, bits: Bits) -> None:
    geom.contype, geom.conaffinity = bits


def _gap(a: float, b: float) -> float:
    return abs(a - b)
