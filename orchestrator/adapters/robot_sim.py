"""The embedded robot: a simulated arm with a gripper, on the event loop's clock, that refuses what a real one would."""

from __future__ import annotations

import asyncio
import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim import scenery
from orchestrator.adapters.sim.arm import UR5E, ArmModel
from orchestrator.adapters.sim.contact import Fit, ahead, between_fingers, tips_ahead
from orchestrator.adapters.sim.kinematics import Kinematics, distance
from orchestrator.adapters.sim.motion import SimMotion
from orchestrator.adapters.sim.planner import Leg, Planner
from orchestrator.adapters.sim.timing import Curve, Ride
from orchestrator.core.errors import BadInput, PlanError, RobotError, TandemError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import (
    ALL,
    Acknowledgement,
    Capabilities,
    Clock,
    Grip,
    GuardedMove,
    Joints,
    Latest,
    Motion,
    Move,
    Outcome,
    Plan,
    RobotState,
    Safety,
    Scene,
    SceneVersion,
    Segment,
    Tool,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.adapters.sim.world import World

TICK_S = 0.008  # 125 Hz
HEARTBEAT_S = 0.1  # how often an idle robot says that it is well
AT_START_RAD = 1e-3
PREVIEW = 50


class SimRobot:
    """An arm with a gripper in a simulated `world`. Planning runs in a thread of its own; motion in ticks of 8 ms.

    `fits` say what goes into what; `seed` decides every search and every scatter.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        base: Pose = IDENTITY,
        arm: ArmModel = UR5E,
        fits: Sequence[Fit] = (),
        payload_kg: float | None = None,
        seed: int = 0,
    ) -> None:
        self.capabilities = Capabilities(home=arm.home_rad)
        self.arm = arm
        self._world = world
        self._clock = clock
        self._kinematics = Kinematics(arm, base)
        self._planner = Planner(self._kinematics, world.meshes, seed)
        self._fits = tuple(fits)
        self._payload_kg = arm.payload_kg if payload_kg is None else payload_kg
        self._random = np.random.default_rng((seed, 1))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._joints = arm.home_rad
        self._opening_m = arm.gripper.stroke_m
        self._tool = arm.gripper.tool()
        self._scene = Scene()
        self._version = scenery.version(self._scene)
        self._next: tuple[str, int, SceneVersion] | None = None  # plan, segment and scene where it may go on
        self._caps: dict[str, float] = {}
        self._running = False
        self._moving = False
        self._motion: SimMotion | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._beat: asyncio.TimerHandle | None = None
        self._next_tick_s = 0.0
        self._stopped_at = -math.inf
        self.safety: Latest[Safety] = Latest(Safety.NORMAL)
        self.state: Latest[RobotState] = Latest(self._read())
        self._unlisten = world.listen(self._publish)

    # ---- readiness ---------------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Power on, release brakes, start the program. Raises RobotError in a stop that was not recovered from."""
        if self.safety.value not in (Safety.NORMAL, Safety.REDUCED):
            raise RobotError(
                f"The robot is in {self.safety.value.replace('_', ' ')}.",
                remedy="Clear the cell and acknowledge the stop first.",
                code="unsafe",
            )
        self._running = True
        self._heartbeat()

    async def close(self) -> None:
        """Stop whatever moves, and end every task, timer and thread."""
        await self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        self._unlisten()
        self._running = False
        self._thread.shutdown(wait=True)

    async def sync_scene(self, scene: Scene) -> SceneVersion:
        """Make this the scene that plans avoid; the version changes exactly when the scene does.

        Raises NotFound or BadInput for a mesh that can't be read.
        """
        for thing in (*scene.objects, *scene.attached):
            self._world.meshes.get(thing.shape)
        if not scenery.same(scene, self._scene):
            self._use(scene)
        return self._version

    async def select_tool(self, tool: Tool) -> None:
        """Set TCP, payload and centre of gravity. Raises RobotError while the arm moves or when it is too heavy."""
        if self._motion is not None:
            raise RobotError("The tool can't change during a motion.", remedy="Wait for its end.", code="busy")
        if tool.mass_kg > self._payload_kg:
            raise RobotError(
                f"The tool {tool.name} weighs {tool.mass_kg:g} kg; the robot lifts {self._payload_kg:g} kg.",
                remedy="Mount a lighter tool.",
                code="payload",
            )
        self._tool = tool
        self._publish()

    # ---- plans -------------------------------------------------------------------------------------------------

    async def plan(self, sequence: Sequence[Segment], *, start: Joints | None = None) -> Plan:
        """Plan the whole sequence from `start` (default: where the arm is). Raises PlanError, moves nothing."""
        segments = tuple(sequence)
        begin = self._joints if start is None else tuple(float(angle) for angle in start)
        scene, version, tool, opening = self._scene, self._version, self._tool, self._opening_m
        for segment in segments:
            if isinstance(segment, Grip) and segment.mass_kg > self._payload_kg:
                raise PlanError(
                    f"{segment.attach or 'The load'} weighs {segment.mass_kg:g} kg; "
                    f"the robot lifts {self._payload_kg:g} kg.",
                    remedy="Let a person do it, or use a stronger robot.",
                    code="payload",
                )
        legs = await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: self._planner.plan(segments, start=begin, opening_m=opening, scene=scene, tcp=tool.tcp),
        )
        name = _tool_name(tool)
        digest = hashlib.sha256(repr((segments, begin, version, name)).encode()).hexdigest()[:16]
        duration = sum(leg.duration_s for leg in legs)
        return Plan(digest, segments, begin, version, name, duration, self._preview(legs, tool), legs)

    def execute(self, plan: Plan, part: slice = ALL) -> Motion:
        """Run a plan or a slice of it.

        Rejected with the codes stale_start, stale_scene, stale_tool, unsafe, not_ready, busy and bad_slice.
        """
        return self._begin(lambda: self._refuse_plan(plan, part), lambda motion: self._follow(plan, part, motion))

    def grip(self, command: Grip) -> Motion:
        """Open or close outside a plan; updates attachment and payload together. Look at `holding` afterwards."""
        return self._begin(lambda: None, lambda motion: self._grip(command, motion))

    def guarded_move(self, command: GuardedMove) -> Motion:
        """Move until contact; the outcome carries depth and force.

        Codes: jammed (stopped on force before the window), no_contact (past the window), no_plan (out of reach, or
        something else is in the way).
        """
        return self._begin(lambda: None, lambda motion: self._guarded(command, motion))

    # ---- speed and stops ---------------------------------------------------------------------------------------

    async def cap_speed(self, who: str, factor: float) -> float:
        """Cap the speed (0 to 1) under a name; returns the lowest of all named caps, which counts. Raises BadInput."""
        if not 0.0 <= factor <= 1.0:
            raise BadInput(f"A speed factor of {factor:g} is no share.", remedy="Give a number from 0 to 1.")
        self._caps[who] = factor
        self._wake.set()
        self._publish()
        return self._factor

    async def stop(self) -> None:
        """Stop whatever moves, now; returns when the arm stands."""
        if (motion := self._motion) is not None:
            motion.ask_stop(Outcome("aborted", "stopped", "The robot was stopped.", "Plan anew from where it stands."))
            await motion.result()

    async def recover(self, ack: Acknowledgement) -> Safety:
        """After a protective stop: release it, on a person's word given after it. Returns the safety state reached.

        Raises RobotError without such a word, and in an emergency stop or a fault, which only the hardware clears.
        """
        if self.safety.value in (Safety.NORMAL, Safety.REDUCED):
            return self.safety.value
        if self.safety.value not in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP):
            raise RobotError(
                f"The robot is in {self.safety.value.replace('_', ' ')}.",
                remedy="Release the emergency stop or clear the fault at the robot.",
                code="unsafe",
            )
        if not ack.by.strip() or ack.t < self._stopped_at:
            raise RobotError(
                "Nobody has acknowledged this stop.",
                remedy="Look at the cell, then acknowledge.",
                code="not_acknowledged",
            )
        await self.stop()
        self.safety.put(Safety.NORMAL)
        return self.safety.value

    def trip(self, safety: Safety = Safety.PROTECTIVE_STOP) -> None:
        """Do what the rated hardware does: stop the arm and report this state. `NORMAL` is an e-stop's release."""
        if safety not in (Safety.NORMAL, Safety.REDUCED):
            self._stopped_at = self._clock.now()
            if self._motion is not None:
                words = safety.value.replace("_", " ")
                self._motion.ask_stop(
                    Outcome("aborted", safety.value, f"The robot went into {words}.", "Clear the cell and acknowledge.")
                )
        self.safety.put(safety)

    # ---- a motion's life ---------------------------------------------------------------------------------------

    def _begin(self, refuse: Callable[[], Outcome | None], run: Callable[[SimMotion], Awaitable[Outcome]]) -> SimMotion:
        motion = SimMotion(self._wake.set)
        if self._motion is not None:
            motion.end(_rejected("busy", "The robot is moving already.", "Wait for the motion's end, or cancel it."))
            return motion
        self._motion = motion
        self._task = asyncio.get_running_loop().create_task(self._live(motion, refuse, run), name="sim robot motion")
        return motion

    async def _live(
        self,
        motion: SimMotion,
        refuse: Callable[[], Outcome | None],
        run: Callable[[SimMotion], Awaitable[Outcome]],
    ) -> None:
        outcome = Outcome("unknown", "crashed", "The robot's program ended.", "Look where the arm stands.")
        try:
            refused = motion.stop_as or self._refuse_now() or refuse()
            if refused is not None:
                outcome = refused
                return
            self._next_tick_s = asyncio.get_running_loop().time()
            outcome = await run(motion)
        except TandemError as error:
            outcome = _rejected(error.code, error.message, error.remedy)
        finally:
            self._motion = None
            self._moving = False
            self._publish()
            motion.end(outcome)

    def _refuse_now(self) -> Outcome | None:
        if self.safety.value not in (Safety.NORMAL, Safety.REDUCED):
            words = self.safety.value.replace("_", " ")
            return _rejected("unsafe", f"The robot is in {words}.", "Clear the cell and acknowledge the stop.")
        if not self._running:
            return _rejected("not_ready", "The robot's program does not run.", "Call ready() first.")
        return None

    def _refuse_plan(self, plan: Plan, part: slice) -> Outcome | None:
        first, _, step = part.indices(plan.steps)
        if step != 1 or not plan.steps:
            return _rejected("bad_slice", "A plan runs forward, without gaps.", "Give a slice without a step.")
        if first >= plan.steps:
            return _rejected("bad_slice", f"The plan has {plan.steps} segments.", "Give a slice inside them.")
        leg: Leg = plan.path[first]
        if _tool_name(self._tool) != plan.tool:
            return _rejected("stale_tool", f"The tool is now {self._tool.name}.", "Plan anew.")
        if self._next != (plan.id, first, self._version) and not scenery.same(leg.before, self._scene):
            return _rejected("stale_scene", "The scene has changed since the plan was made.", "Plan anew.")
        if distance(leg.start, self._joints) > AT_START_RAD:
            off = math.degrees(distance(leg.start, self._joints))
            return _rejected("stale_start", f"The arm is {off:.1f}° away from where the plan starts.", "Plan anew.")
        return None

    async def _follow(self, plan: Plan, part: slice, motion: SimMotion) -> Outcome:
        first, last, _ = part.indices(plan.steps)
        motion.accept()
        legs: tuple[Leg, ...] = plan.path
        total = max(sum(leg.duration_s for leg in legs[first:last]), 1e-9)
        done = 0.0
        for index in range(first, last):
            leg = legs[index]
            if isinstance(leg.segment, Grip):
                outcome = await self._fingers(leg.segment, motion)
                if outcome is not None:
                    return outcome
            curve_s = leg.duration_s / max(1, len(leg.curves)) / total
            for number, curve in enumerate(leg.curves):
                begin = done / total + number * curve_s
                if not await self._ride(curve, motion, (begin, curve_s)):
                    return motion.stop_as or _crashed()
            done += leg.duration_s
            self._next = (plan.id, index + 1, self._version)
        return motion.stop_as or Outcome("succeeded")

    async def _ride(self, curve: Curve, motion: SimMotion, share: tuple[float, float]) -> bool:
        """Ride to the curve's end and tell whether it was reached; False when stopped on the way."""
        ride = Ride(curve, self._factor)
        while not ride.arrived:
            if motion.stop_as is not None:
                ride.halt()
            ride.scale(self._factor)
            if ride.standing:
                if motion.stop_as is not None:
                    return False
                if ride.arrived:
                    break
                await self._rest()
                continue
            await self._tick()
            self._joints = ride.advance(TICK_S)
            self._moving = not ride.standing
            self._publish()
            motion.tell(share[0] + share[1] * ride.share)
        return True

    async def _grip(self, command: Grip, motion: SimMotion) -> Outcome:
        motion.accept()
        return await self._fingers(command, motion) or Outcome("succeeded")

    async def _fingers(self, command: Grip, motion: SimMotion) -> Outcome | None:
        """Move the fingers; None when they got where they should, else how the motion ends."""
        gripper = self.arm.gripper
        touched: tuple[str, float] | None = None
        target = min(max(command.opening_m, 0.0), gripper.stroke_m)
        if command.close:
            held = self._world.held
            touched = (held, self._opening_m) if held else between_fingers(self._world, gripper, self._opening_m)
            target = touched[1] if touched else 0.0
        else:
            self._world.release()
        while abs(self._opening_m - target) > 1e-9:
            if motion.stop_as is not None:
                break
            if self._factor <= 0:
                await self._rest()
                continue
            await self._tick()
            step = gripper.speed_m_s * TICK_S
            self._opening_m += max(-step, min(step, target - self._opening_m))
            self._publish()
        else:
            if touched and self._world.held is None:
                self._world.grasp(touched[0])
        if not command.close or self._world.held:
            self._use(scenery.after_grip(self._scene, command, self.state.value.tcp))
        return motion.stop_as

    async def _guarded(self, command: GuardedMove, motion: SimMotion) -> Outcome:
        tcp, held = self.state.value.tcp, self._world.held
        direction, reach = command.direction, command.distance_m
        if abs(math.hypot(*direction) - 1) > 1e-6 or reach < 0 or command.speed_m_s <= 0:
            return _rejected("bad_input", "Direction, distance or speed is wrong.", "Give a unit vector and metres.")
        contact = (
            ahead(self._world, held, direction, reach, self._fits, self._random)
            if held
            else tips_ahead(self._world, self.arm.gripper, self._opening_m, direction, reach)
        )
        depth = min(contact.after_m, reach) if contact else reach
        goal = Pose(tuple(a + depth * b for a, b in zip(tcp.p, direction, strict=True)), tcp.q)  # type: ignore[arg-type] # three in, three out
        begin, scene, tool, opening = self._joints, self._scene, self._tool, self._opening_m
        move = Move(goal, line=True, speed_m_s=command.speed_m_s, touching=command.touching)
        (leg,) = await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: self._planner.plan((move,), start=begin, opening_m=opening, scene=scene, tcp=tool.tcp),
        )
        if motion.stop_as is not None:
            return motion.stop_as
        motion.accept()
        self._next_tick_s = asyncio.get_running_loop().time()
        for curve in leg.curves:
            if not await self._ride(curve, motion, (0.0, 1.0)):
                return motion.stop_as or _crashed()
        force = command.force_N if contact else 0.0
        return _judged(command, round(depth, 6), force)

    # ---- state -------------------------------------------------------------------------------------------------

    @property
    def _factor(self) -> float:
        return min(self._caps.values(), default=1.0)

    def _use(self, scene: Scene) -> None:
        self._scene = scene
        self._version = scenery.version(scene)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_tick_s += TICK_S
        late = loop.time() - self._next_tick_s
        if late > HEARTBEAT_S:  # the machine was busy, or the motion rested: do not catch up in a burst
            self._next_tick_s = loop.time() + TICK_S
        await asyncio.sleep(max(0.0, self._next_tick_s - loop.time()))

    async def _rest(self) -> None:
        """Wait at speed zero until speed or motion are told otherwise."""
        self._moving = False
        self._publish()
        self._wake.clear()
        await self._wake.wait()
        self._next_tick_s = asyncio.get_running_loop().time()

    def _heartbeat(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._publish()
        self._beat = asyncio.get_running_loop().call_later(HEARTBEAT_S, self._heartbeat)

    def _publish(self) -> None:
        self.state.put(self._read())

    def _read(self) -> RobotState:
        links = self._kinematics.links(self._joints, self._opening_m)
        tcp = links[6] @ self._tool.tcp
        self._world.tcp = tcp
        return RobotState(
            joints=self._joints,
            tcp=tcp,
            opening_m=self._opening_m,
            holding=self._world.held is not None,
            speed_factor=self._factor,
            program_running=self._running,
            moving=self._moving,
            stamp=self._clock.now(),
            links=links,
        )

    def _preview(self, legs: Sequence[Leg], tool: Tool) -> tuple[Pose, ...]:
        curves = [curve for leg in legs for curve in leg.curves]
        if not curves:
            return ()
        each = max(1, PREVIEW // len(curves) - 1)
        points = [curve.at(curve.length * k / each) for curve in curves for k in range(each + 1)]
        return tuple(self._kinematics.flange(joints) @ tool.tcp for joints in points[:PREVIEW])


def _judged(command: GuardedMove, depth_m: float, force: float) -> Outcome:
    low, high = command.window_m
    window = f"the window from {1000 * low:.1f} to {1000 * high:.1f} mm"
    if low <= depth_m <= high:
        return Outcome("succeeded", depth_m=depth_m, force_N=force)
    if depth_m < low and force:
        message = f"Stopped on {force:g} N at {1000 * depth_m:.1f} mm, before {window}."
        remedy = "Retreat, look where part and seat are, and try again."
        return Outcome("aborted", "jammed", message, remedy, depth_m, force)
    message = f"Nothing was met within {1000 * depth_m:.1f} mm; expected was {window}."
    return Outcome("aborted", "no_contact", message, "Look whether the part is there.", depth_m, force)


def _rejected(code: str, message: str, remedy: str) -> Outcome:
    return Outcome("rejected", code, message, remedy)


def _crashed() -> Outcome:
    return Outcome("unknown", "crashed", "The motion ended without a reason.", "Look where the arm stands.")


def _tool_name(tool: Tool) -> str:
    """Return a name that changes with any of the tool's properties."""
    return f"{tool.name}#{hashlib.sha256(repr(tool).encode()).hexdigest()[:8]}"
