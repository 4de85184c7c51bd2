"""The embedded robot: a simulated arm with a gripper, on the event loop's clock, that refuses what a real one would."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim import scenery
from orchestrator.adapters.sim.arm import UR5E, ArmModel
from orchestrator.adapters.sim.asked import nonsense, refuse_nonsense
from orchestrator.adapters.sim.contact import Fit, between_fingers
from orchestrator.adapters.sim.drive import TICK_S, Drive
from orchestrator.adapters.sim.feeler import Feeler
from orchestrator.adapters.sim.guarded import Press
from orchestrator.adapters.sim.jog import Jog, around, mistake
from orchestrator.adapters.sim.kinematics import Kinematics, beside
from orchestrator.adapters.sim.motion import SimMotion
from orchestrator.adapters.sim.planned import bound
from orchestrator.adapters.sim.planner import Leg, Planner
from orchestrator.adapters.sim.quirks import Quirks
from orchestrator.adapters.sim.refusal import refused
from orchestrator.adapters.sim.watch import Watch
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
    Retrace,
    RobotState,
    Safety,
    Scene,
    SceneVersion,
    Segment,
    Solid,
    Tool,
    Twist,
)
from orchestrator.core.separation import SeparationSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.adapters.sim.physics import Physics
    from orchestrator.adapters.sim.presence import Presence
    from orchestrator.adapters.sim.world import World

HEARTBEAT_S = 0.1  # how often an idle robot says that it is well
AT_START_RAD = 1e-3


class SimRobot:
    """An arm with a gripper in a simulated `world`. Planning runs in a thread of its own; motion in ticks.

    `fits` tells what goes into what; `seed` decides every search and every scatter; `rate_hz` is ticks a second.
    `separation` says how the arm keeps away from `people`. It `stands` at these joints (rad) with this opening (m):
    at home, open, unless told otherwise.
    """

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        base: Pose = IDENTITY,
        arm: ArmModel = UR5E,
        fits: Callable[[], Sequence[Fit]] = tuple,
        payload_kg: float | None = None,
        seed: int = 0,
        physics: Physics | None = None,
        people: Presence | None = None,
        separation: SeparationSpec | None = None,
        rate_hz: float = 1 / TICK_S,
        stands: tuple[Joints, float] | None = None,
    ) -> None:
        body = tuple((arm.drawn.index(part.link), Solid(part.shape, part.size_m, part.pose)) for part in arm.visual())
        self.capabilities = Capabilities(home=arm.home_rad, body=body)
        self.arm = arm
        self._world = world
        self._clock = clock
        self._kinematics = Kinematics(arm, base)
        self._planner = Planner(self._kinematics, world.meshes, seed)
        self._fits = fits
        self._payload_kg = arm.payload_kg if payload_kg is None else payload_kg
        self._random = np.random.default_rng((seed, 1))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._physics = physics
        self._drive = Drive(arm, self._publish, 1 / rate_hz, physics)
        if stands is not None:
            self._drive.stand_at(*stands)
        self._tool = arm.gripper.tool()
        self._scene = Scene()
        self._version = scenery.version(self._scene)
        self._next: tuple[str, int, SceneVersion] | None = None  # plan, segment and scene where it may go on
        self._running = False
        self._motion: SimMotion | None = None
        self._jogging: tuple[Jog, SimMotion] | None = None
        self._task: asyncio.Task[None] | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._stopped_at = -math.inf
        self._stops = 0
        self._moved = (False, clock.now())  # whether the arm moves, and since when
        self.quirks = Quirks()
        self._unanswered: list[SimMotion] = []  # ended, while nobody was told
        self.safety: Latest[Safety] = Latest(Safety.NORMAL)
        self.state: Latest[RobotState] = Latest(self._read())
        self._unlisten = world.listen(self._publish)
        self._watch = Watch(
            self._kinematics,
            world,
            self._drive,
            lambda: (self._scene, self._tool.tcp, self._links),
            lambda why: self.trip(why=why),
            people=people,
            separation=separation or SeparationSpec(),
        )
        self._drive.watch, self._drive.watch_jog = self._watch, self._watch.jogged

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
        if self._physics is not None:
            self._physics.start()
        self.heartbeat()

    async def close(self) -> None:
        """Stop whatever moves, and end every task, timer and thread."""
        self.quirks = Quirks()
        await self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        if self._physics is not None:
            self._physics.close()
        self._unlisten()
        self._watch.close()
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
        if self._physics is not None:
            self._physics.use_tool(tool.tcp)
        self._publish()

    # ---- plans -------------------------------------------------------------------------------------------------

    async def plan(self, sequence: Sequence[Segment], *, start: Joints | None = None) -> Plan:
        """Plan the whole sequence from `start` (default: where the arm is). Raises PlanError, moves nothing."""
        segments = tuple(sequence)
        begin = self._drive.joints if start is None else tuple(float(angle) for angle in start)
        scene, version, tool, opening = self._scene, self._version, self._tool, self._drive.opening_m
        refuse_nonsense(segments, begin, len(self._drive.joints))
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
        return bound(segments, legs, start=begin, scene_version=version, tool=tool, kinematics=self._kinematics)

    def execute(self, plan: Plan, part: slice = ALL) -> Motion:
        """Run a plan or a slice of it.

        Rejected with the codes stale_start, stale_scene, stale_tool, unsafe, not_ready, busy and bad_slice.
        """
        return self._begin(lambda: self._refuse_plan(plan, part), lambda motion: self._follow(plan, part, motion))

    def grip(self, command: Grip) -> Motion:
        """Open or close outside a plan; updates attachment and payload together. Look at `holding` afterwards."""
        return self._begin(lambda: self._refuse_nonsense(command), lambda motion: self._grip(command, motion))

    def guarded_move(self, command: GuardedMove) -> Motion:
        """Move until contact; the outcome carries depth and force.

        Codes: jammed (stopped on force before the window), no_contact (past the window), no_plan (out of reach, or
        something else is in the way).
        """
        return self._begin(lambda: self._refuse_nonsense(command), lambda motion: self._guarded(command, motion))

    def jog(self, twist: Twist) -> Motion:
        """Move by hand, slowly, while it is renewed. Codes as the port says."""
        now_s = asyncio.get_running_loop().time()
        wrong = mistake(twist, len(self._drive.joints))
        if not wrong and self._jogging is not None:
            jog, motion = self._jogging
            jog.renew(twist, now_s)
            return motion
        jog = Jog(self._kinematics, self._drive.joints, twist, now_s)
        refused = _rejected("bad_input", wrong, "See Twist.") if wrong else None
        motion = self._begin(lambda: refused, lambda motion: self._jog(jog, motion))
        if self._motion is motion:
            self._jogging = (jog, motion)
        return motion

    # ---- speed and stops ---------------------------------------------------------------------------------------

    async def cap_speed(self, who: str, factor: float) -> float:
        """Cap the speed (0 to 1) under a name; returns the lowest of all named caps, which counts. Raises BadInput."""
        if not 0.0 <= factor <= 1.0:
            raise BadInput(f"A speed factor of {factor:g} is no share.", remedy="Give a number from 0 to 1.")
        self._drive.cap(who, factor)
        self._publish()
        return self._drive.factor

    async def stop(self) -> None:
        """Stop whatever moves, now; returns when the arm stands."""
        if self.quirks.deaf:
            await asyncio.get_running_loop().create_future()
        unanswered, self._unanswered = self._unanswered, []
        for silent in unanswered:
            silent.end(_silent())
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
        before = self._stops
        await self.stop()
        if self._stops != before:
            raise RobotError(
                "The robot was stopped again meanwhile.",
                remedy="Look at the cell, then acknowledge.",
                code="not_acknowledged",
            )
        self.safety.put(Safety.NORMAL)
        return self.safety.value

    def trip(self, safety: Safety = Safety.PROTECTIVE_STOP, why: str = "") -> None:
        """Do what the rated hardware does: stop the arm and report this state. `NORMAL` is an e-stop's release.

        A lesser stop does not hide an emergency stop or a fault.
        """
        if safety not in (Safety.NORMAL, Safety.REDUCED):
            self._stopped_at = self._clock.now()
            self._stops += 1
            if self._motion is not None:
                words = why or f"The robot went into {safety.value.replace('_', ' ')}."
                self._motion.ask_stop(Outcome("aborted", safety.value, words, "Clear the cell and acknowledge."))
        lesser = safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP)
        if not (lesser and self.safety.value in (Safety.EMERGENCY_STOP, Safety.FAULT)):
            self.safety.put(safety)

    # ---- a motion's life ---------------------------------------------------------------------------------------

    def _begin(self, refuse: Callable[[], Outcome | None], run: Callable[[SimMotion], Awaitable[Outcome]]) -> SimMotion:
        motion = SimMotion(self._drive.wake)
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
            outcome = await run(motion)
        except TandemError as error:
            outcome = _rejected(error.code, error.message, error.remedy)
        finally:
            self._motion = self._jogging = None
            self._watch.over()
            self._drive.stand()
            if self.quirks.silent:
                self._unanswered.append(motion)
            else:
                motion.end(outcome)

    def _refuse_now(self) -> Outcome | None:
        if self.safety.value not in (Safety.NORMAL, Safety.REDUCED):
            words = self.safety.value.replace("_", " ")
            return _rejected("unsafe", f"The robot is in {words}.", "Clear the cell and acknowledge the stop.")
        if not self._running:
            return _rejected("not_ready", "The robot's program does not run.", "Call ready() first.")
        return None

    def _refuse_nonsense(self, command: Grip | GuardedMove) -> Outcome | None:
        wrong = nonsense(command, len(self._drive.joints))
        return _rejected("bad_input", wrong, "Correct the skill that asks for it.") if wrong else None

    def _refuse_plan(self, plan: Plan, part: slice) -> Outcome | None:
        goes_on = self._next is not None and (self._next[0], self._next[2]) == (plan.id, self._version)
        return refused(
            plan,
            part,
            tool=self._tool,
            scene=self._scene,
            follows=self._next[1] if self._next is not None and goes_on else None,
            joints=self._drive.joints,
            near_rad=AT_START_RAD,
        )

    async def _follow(self, plan: Plan, part: slice, motion: SimMotion) -> Outcome:
        first, last, _ = part.indices(plan.steps)
        motion.accept()
        legs: tuple[Leg, ...] = plan.path
        total = max(sum(leg.duration_s for leg in legs[first:last]), 1e-9)
        done = 0.0
        for index in range(first, last):
            leg = legs[index]
            if self._physics is not None and not isinstance(leg.segment, Grip):
                names = leg.segment.touching if isinstance(leg.segment, Move | Retrace) else frozenset()
                self._physics.expect(scenery.meant(self._world, leg.before, names))
            if isinstance(leg.segment, Grip):
                outcome = await self._fingers(leg.segment, motion)
                if outcome is not None:
                    return outcome
            curve_s = leg.duration_s / max(1, len(leg.curves)) / total
            for number, curve in enumerate(leg.curves):
                begin = done / total + number * curve_s
                if not await self._drive.ride(curve, motion, begin=begin, share=curve_s):
                    return motion.stop_as or _crashed()
            done += leg.duration_s
            self._next = (plan.id, index + 1, self._version)
        return motion.stop_as or Outcome("succeeded")

    async def _grip(self, command: Grip, motion: SimMotion) -> Outcome:
        motion.accept()
        return await self._fingers(command, motion) or Outcome("succeeded")

    async def _fingers(self, command: Grip, motion: SimMotion) -> Outcome | None:
        """Move the fingers; None when they got where they should, else how the motion ends."""
        world, gripper, drive = self._world, self.arm.gripper, self._drive
        touched: tuple[str, float] | None = None
        target = min(max(command.opening_m, 0.0), gripper.stroke_m)
        if not command.close:
            if await drive.fingers(target, motion, world.drop) or world.held is None:
                self._use(scenery.after_grip(self._scene, command, self.state.value.tcp))
            return motion.stop_as
        if world.held is None:
            touched = between_fingers(world, gripper, drive.opening_m)
            target = touched[1] if touched else 0.0
        else:
            target = drive.opening_m
        if await drive.fingers(target, motion) and touched:
            world.grasp(touched[0])
        if world.held:
            self._use(scenery.after_grip(self._scene, command, self.state.value.tcp))
        return motion.stop_as

    async def _guarded(self, command: GuardedMove, motion: SimMotion) -> Outcome:
        # In a thread: the first time compiles every variant, or waits for who does.
        fits = await asyncio.get_running_loop().run_in_executor(self._thread, self._fits)
        feeler = Feeler(
            self._world,
            self.arm.gripper,
            self._drive.opening_m,
            command.direction,
            command.distance_m,
            fits,
            random=self._random,
            restless=self._physics is not None,
        )
        try:
            return await self._press(Press(command, self.state.value.tcp, feeler), command, motion)
        finally:
            feeler.close()

    async def _press(self, press: Press, command: GuardedMove, motion: SimMotion) -> Outcome:
        scene, tool, opening = self._scene, self._tool, self._drive.opening_m
        under_way = False
        while (goal := press.next()) is not None:
            move = Move(goal, line=True, speed_m_s=command.speed_m_s, touching=command.touching)
            try:
                (leg,) = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._line, move, self._drive.joints, opening, scene, tool.tcp
                )
            except PlanError as error:
                if under_way:
                    return press.stuck(error)
                raise
            if motion.stop_as is not None:
                return press.stopped(motion.stop_as)
            if not under_way:
                under_way = True
                motion.accept()
                if self._physics is not None:
                    self._physics.expect(scenery.meant(self._world, scene, command.touching))
                self._watch.feel = press.felt
            for curve in leg.curves:
                if not await self._drive.ride(curve, motion, begin=0.0, share=1.0):
                    return press.stopped(motion.stop_as or _crashed())
        return press.outcome()

    def _line(self, move: Move, start: Joints, opening_m: float, scene: Scene, tcp: Pose) -> tuple[Leg, ...]:
        return self._planner.plan((move,), start=start, opening_m=opening_m, scene=scene, tcp=tcp)

    async def _jog(self, jog: Jog, motion: SimMotion) -> Outcome:
        scene, tcp, opening = self._scene, self._tool.tcp, self._drive.opening_m
        jog.around = await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: around(self._kinematics, self._world.meshes, scene, tcp, opening)
        )
        if motion.stop_as is not None:
            return motion.stop_as
        motion.accept()
        if self._physics is not None:
            self._physics.expect(())
        await self._drive.jog(jog, motion)
        return motion.stop_as or jog.outcome or _crashed()

    # ---- state -------------------------------------------------------------------------------------------------

    def _use(self, scene: Scene) -> None:
        self._scene = scene
        self._version = scenery.version(scene)

    def heartbeat(self) -> None:
        """Say how it is ten times a second from now on, as drivers do whether or not a program runs."""
        if self._beat is not None:
            self._beat.cancel()
        self._publish()
        self._beat = asyncio.get_running_loop().call_later(HEARTBEAT_S, self.heartbeat)

    def _publish(self) -> None:
        reading = self._read()
        if not self.quirks.stale:
            self.state.put(reading)

    def _read(self) -> RobotState:
        links = self._kinematics.links(self._drive.joints, self._drive.opening_m)
        self._links = links
        tcp = beside(links[len(self.arm.steps)], self._tool.tcp)
        self._world.tcp = tcp
        now = self._clock.now()
        if self._drive.moving is not self._moved[0]:
            self._moved = (self._drive.moving, now)
        return RobotState(
            joints=self._drive.joints,
            tcp=tcp,
            opening_m=self._drive.opening_m,
            holding=self._world.held is not None if self.quirks.holding is None else self.quirks.holding,
            speed_factor=self._drive.factor,
            program_running=self._running,
            moving=self._drive.moving,
            stamp=now,
            links=links,
            pull_N=self._world.pull_N,
            since=self._moved[1],
        )


def _rejected(code: str, message: str, remedy: str) -> Outcome:
    return Outcome("rejected", code, message, remedy)


def _silent() -> Outcome:
    return Outcome("aborted", "no_answer", "The robot was stopped; how its motion ended it did not say.", "Plan anew.")


def _crashed() -> Outcome:
    return Outcome("unknown", "crashed", "The motion ended without a reason.", "Look where the arm stands.")
