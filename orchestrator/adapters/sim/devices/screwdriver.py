"""A screwdriver that turns true screws: what it measures follows from where its bit and the screw really are."""

from __future__ import annotations

import asyncio
import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from orchestrator.adapters.sim.devices.thread import Thread
from orchestrator.adapters.sim.devices.tool import DRIFT, SCATTER, SLIPPED, SimTool
from orchestrator.core.errors import DeviceError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orchestrator.adapters.sim.world import Body, World
    from orchestrator.core.variant import Variant

TORQUE = "torque_Nm"
ANGLE = "angle_deg"
CAPTURE_M = 0.004  # how far beside a head the bit still finds it
STROKE_M = 0.01  # how far above or below the bit finds it: the spindle's spring
CAPTURE_RAD = math.radians(30)
LATERAL_M = 0.0015  # a bit so far off its screw may push it askew
TILT_RAD = math.radians(4.5)  # about half a pitch across an M8: atan(1.25 / 2 / 8); beyond, the wrong turn is caught
SIGHT_M = 0.02  # how far from where it should be a person still takes a screw for the one that is meant
HAND_M, HAND_RAD = 0.0002, math.radians(0.5)  # one sigma of how a person sets the bit
WEAK = 0.001  # the share of threads that give way, and at which torque (Nm)
WEAK_NM = (5.0, 20.0)
CROSSED = (0.08, 0.4)  # of the run-down: where a crossed thread wedges
FREE_DEG = 360.0  # how far the driver turns after a torque that does not come, before it gives up
IDLE_NM = 0.1
ENGAGE_S, FAST_DEG_S, SLOW_DEG_S = 0.8, 1200.0, 90.0  # bit down and up; run-down; from snug on


@dataclass(frozen=True, slots=True)
class Head:
    """Where a bit engages a kind of part: a frame in the part, z out of the head."""

    kind: str
    frame: Pose


def heads_of(variants: Iterable[Variant]) -> tuple[Head, ...]:
    """Return where screws are driven, over some variants.

    A step that measures a torque and places nothing drives what was placed at its target: there the placed part's
    own frame met it. Where nothing was placed, the frame itself is the head.
    """
    found: dict[Head, None] = {}
    for variant in variants:
        placed = {step.result.at: step.result for step in variant.steps if step.result.part and step.result.at}
        kinds = {step.result.part: step.result.kind for step in variant.steps if step.result.part}
        for step in variant.steps:
            at = step.result.at
            if at is None or step.result.part or TORQUE not in step.result.values:
                continue
            owner = kinds.get(at.owner or "")
            if (screw := placed.get(at)) is not None and screw.kind is not None:
                found[Head(screw.kind, screw.meets)] = None
            elif owner is not None and at.frame in variant.parts[owner].frames:
                found[Head(owner, variant.parts[owner].frames[at.frame])] = None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Course:
    """One run of the driver: how far it turns on from which angle of its thread, what it reads, and how it ends."""

    start_deg: float
    turn_deg: float
    slow_deg: float  # the last part of the turn, from snug on
    torque_Nm: float  # noqa: N815 - the unit's symbol
    status: str = "ok"
    message: str = ""

    @property
    def seconds(self) -> float:
        """How long the spindle turns."""
        return (self.turn_deg - self.slow_deg) / FAST_DEG_S + self.slow_deg / SLOW_DEG_S

    def turned(self, seconds: float) -> float:
        """Return how far it has turned after some seconds (degrees)."""
        fast = self.turn_deg - self.slow_deg
        fast_s = fast / FAST_DEG_S
        return min(self.turn_deg, seconds * FAST_DEG_S if seconds < fast_s else fast + (seconds - fast_s) * SLOW_DEG_S)


class SimScrewdriver(SimTool):
    """A screwdriver with torque, angle and status, in a true world.

    No screw under the bit: it turns freely and reports no_screw. A bit beside or askew pushes the screw askew; how
    far decides with what chance the thread is crossed: never up to the limits, always at twice them. A crossed thread
    reaches its torque too early; off a screw that has caught its thread the bit slips. A few threads, chosen by seed
    and screw, give way for good. A screw remembers how far it was turned, so that a second pass goes on from there.
    Without a pose the driver runs on a test joint.
    """

    kind: ClassVar[str] = "screwdriver"
    own_faults: ClassVar[tuple[str, ...]] = ("slips", "cross_threaded", "stripped", "drifts")

    def __init__(
        self,
        name: str,
        seed: int,
        gives: Mapping[str, tuple[float, float]],
        *,
        world: World | None = None,
        heads: Callable[[], Sequence[Head]] = tuple,
    ) -> None:
        super().__init__(name, seed, gives)
        self._seed = seed
        self._world = world
        self._heads = heads
        self._turned: dict[str, tuple[Body, float]] = {}  # how far each screw was turned, where it sat then
        self._stripped: dict[str, float] = {}  # at which torque (Nm) the threads gave way that did

    def by_hand(self, near: Pose) -> Pose:
        """Return where a person puts the bit: on the true head nearest to a pose, not quite straight."""
        heads = [pose for pose, _ in self._true_heads() if math.dist(pose.p, near.p) <= SIGHT_M]
        if not heads:
            return near
        head = min(heads, key=lambda pose: math.dist(pose.p, near.p))
        x, y, roll, pitch = (self.scatter(sigma) for sigma in (HAND_M, HAND_M, HAND_RAD, HAND_RAD))
        return head @ Pose.from_rpy((x, y, 0.0), (roll, pitch, 0.0))

    @property
    def turned(self) -> dict[str, float]:
        """How far (degrees) each true screw that is where it was driven has been turned."""
        return {screw: angle for screw in self._turned if (angle := self._angle(screw)) > 0.0}

    def restore(self, turned: Mapping[str, float]) -> None:
        """Find screws of the world turned so far."""
        assert self._world is not None
        there = self._world.visible()
        self._turned = {name: (self._world.body(name), angle) for name, angle in turned.items() if name in there}

    async def _run(self, setpoints: Mapping[str, float], at: Pose | None) -> Reading:
        if TORQUE not in setpoints:
            raise DeviceError(f"{self.name} is set to no torque.", remedy=f"Give it {TORQUE}.", code="bad_setpoint")
        fault = self.struck()
        reached = setpoints[TORQUE] * (1 + self.scatter(SCATTER))
        under = self._under(at) if at is not None else None
        screw = under[0] if under else ""
        draw, wedge = float(self.random.random()), float(self.random.uniform(*CROSSED))
        await asyncio.sleep(ENGAGE_S / 2)
        if at is not None and not under:
            course = self._misses()
        else:
            askew = under is not None and draw < under[1] - 1.0
            started = self._angle(screw) > 0.0  # what has caught its thread can't cross it: the bit slips off
            crossed = fault == "cross_threaded" or (askew and not started)
            fault = "slips" if askew and started else fault
            course = self._course(screw, reached, fault, wedge if crossed else None)
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(course.seconds)
        finally:  # wherever it stops, the screw stays turned so far
            self._note(screw, course, asyncio.get_running_loop().time() - began)
        await asyncio.sleep(ENGAGE_S / 2)
        shown = DRIFT if fault == "drifts" else 1.0
        values = {TORQUE: round(course.torque_Nm * shown, 3), ANGLE: round(course.turn_deg, 1)}
        return Reading(values, course.status, course.message)

    def _misses(self) -> Course:
        torque = IDLE_NM * (1 + self.scatter(0.2))
        message = f"{self.name} turned freely: there is no screw under its bit."
        return Course(0.0, 3 * FREE_DEG, 0.0, torque, "no_screw", message)

    def _course(self, screw: str, reached: float, fault: str, wedge: float | None) -> Course:
        thread, start = self._thread(screw, fault, reached), self._angle(screw)
        if wedge is not None:
            message = f"{self.name} reached its torque too early: the thread is crossed."
            return Course(start, wedge * thread.rundown_deg, 0.0, reached, "cross_threaded", message)
        goal = reached * SLIPPED if fault == "slips" else reached
        end = thread.angle(goal)
        if end is not None and start <= thread.gives_way_deg:
            end = max(start, end)
            slow = _slow(thread, start, end)
            if fault != "slips":
                return Course(start, end - start, slow, reached)
            message = f"{self.name} slipped off before the setpoint."
            return Course(start, end - start, slow, goal, "slipped", message)
        if screw:
            self._stripped[screw] = thread.yield_Nm if thread.gives_way_Nm is None else thread.gives_way_Nm
        stop = max(start, min(thread.gives_way_deg, thread.yield_deg)) + FREE_DEG
        message = f"{self.name} never reached its torque: the thread is stripped."
        return Course(start, stop - start, _slow(thread, start, stop), thread.torque(stop), "stripped", message)

    def _thread(self, screw: str, fault: str, reached: float) -> Thread:
        """The thread of a screw: always the same for one screw and seed."""
        chance = np.random.default_rng((self._seed, 3, zlib.crc32(screw.encode())))
        rundown, rate = chance.uniform(-30, 30), chance.uniform(0.9, 1.1)
        weak, gives_way = bool(screw) and chance.random() < WEAK, float(chance.uniform(*WEAK_NM))
        if screw in self._stripped:
            weak, gives_way = True, self._stripped[screw]
        elif fault == "stripped":
            weak, gives_way = True, 0.8 * reached
        sound = Thread()
        return Thread(
            rundown_deg=sound.rundown_deg + float(rundown),
            rate_Nm_deg=sound.rate_Nm_deg * float(rate),
            gives_way_Nm=gives_way if weak else None,
        )

    def _under(self, at: Pose) -> tuple[str, float] | None:
        """Return the true screw under a bit, and how far the bit is off it: 1 at the limit; None for no screw."""
        best: tuple[float, str, float] | None = None
        for pose, body_id in self._true_heads():
            off = at.inverse() @ pose
            lateral = math.hypot(off.p[0], off.p[1])
            tilt = math.acos(max(-1.0, min(1.0, off.z_axis[2])))
            if lateral > CAPTURE_M or abs(off.p[2]) > STROKE_M or tilt > CAPTURE_RAD:
                continue
            if best is None or lateral < best[0]:
                best = (lateral, body_id, lateral / LATERAL_M + tilt / TILT_RAD)
        return None if best is None else (best[1], best[2])

    def _true_heads(self) -> Iterator[tuple[Pose, str]]:
        """Yield every head in the true world, with its body."""
        if self._world is None:
            return
        for body_id, pose in self._world.visible().items():
            for head in self._heads():
                if self._world.body(body_id).kind == head.kind:
                    yield pose @ head.frame, body_id

    def _angle(self, screw: str) -> float:
        """How far a screw was turned already; one that was taken out since is loose."""
        if self._world is None or screw not in self._turned or screw not in self._world.visible():
            return 0.0
        was, angle = self._turned[screw]
        now = self._world.body(screw)
        return angle if (now.parent, now.pose) == (was.parent, was.pose) else 0.0

    def _note(self, screw: str, course: Course, seconds: float) -> None:
        if self._world is None or screw not in self._world.visible():
            return  # a test joint, or it was taken away meanwhile
        if course.status != "cross_threaded":
            self._turned[screw] = (self._world.body(screw), course.start_deg + course.turned(seconds))
            self._world.touched()


def _slow(thread: Thread, start: float, end: float) -> float:
    return max(0.0, end - max(start, thread.snug_deg))
