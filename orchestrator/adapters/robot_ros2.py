"""A robot that speaks ROS 2: our own planner's or MoveIt's paths over its controller, its gripper, its safety state."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2 import jogging
from orchestrator.adapters.ros2.drive import Drive
from orchestrator.adapters.ros2.executing import CONTROLLER, EXECUTORS, INACTIVE, INACTIVE_UR
from orchestrator.adapters.ros2.moveit_planner import MoveItPlanner
from orchestrator.adapters.ros2.readings import Reading, Readings
from orchestrator.adapters.ros2.touch import BLIND_S, SUPERVISED_M_S, Touch
from orchestrator.adapters.ros2.ur import PLAY
from orchestrator.adapters.sim import scenery
from orchestrator.adapters.sim.asked import nonsense, refuse_nonsense
from orchestrator.adapters.sim.guarded import judged
from orchestrator.adapters.sim.jog import Jog, around, mistake
from orchestrator.adapters.sim.kinematics import Kinematics, beside
from orchestrator.adapters.sim.motion import SimMotion
from orchestrator.adapters.sim.planned import bound
from orchestrator.adapters.sim.planner import Leg, Planner
from orchestrator.adapters.sim.refusal import refused
from orchestrator.core.errors import BadInput, PlanError, RobotError, TandemError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import (
    ALL,
    Acknowledgement,
    Capabilities,
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
    Solid,
    Tool,
    Twist,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestrator.adapters.ros2.link import JointReading, Link
    from orchestrator.adapters.ros2.moveit import MoveIt
    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Clock
    from orchestrator.core.ros2_spec import Ros2Settings

AT_START_RAD = 5e-3  # a servo at rest stands nearer than this to where it was told to
STALE_S = 0.5  # readings and safety states come at 4 Hz and more; older ones say nothing any more
LOOK_S = 0.1  # between two looks at how old they are
WAIT_S = 5.0  # how long to wait for a graph that is starting up, or a state that was asked for
PUBLISH_S = 0.006  # between two states that are told: some drivers send five times as many
EMPTY_M = 0.001  # fingers that have closed up to this hold nothing
START = "Start it at the robot."
DOUBTFUL = ("refused", "not_following")  # what an inactive controller makes of a motion, and of a jog
ABLE = (Safety.NORMAL, Safety.REDUCED)


class RosRobot:
    """An arm with a gripper behind a `link`. Plans as the embedded arm does; motion is its controller's.

    Where `moveit` is given, it plans; moves until contact and jogs are planned here.
    A cell without a safety source is for supervised use: its safety state is what the readings' age tells.
    """

    def __init__(
        self,
        link: Link,
        clock: Clock,
        meshes: MeshStore,
        *,
        arm: ArmModel,
        settings: Ros2Settings,
        base: Pose = IDENTITY,
        payload_kg: float | None = None,
        seed: int = 0,
        moveit: MoveIt | None = None,
    ) -> None:
        body = tuple((arm.drawn.index(part.link), Solid(part.shape, part.size_m, part.pose)) for part in arm.visual())
        self.capabilities = Capabilities(
            guarded="supervised" if settings.feels else "none", speed_scaling=True, home=arm.home_rad, body=body
        )
        self.arm = arm
        self._link = link
        self._clock = clock
        self._meshes = meshes
        self._settings = settings
        self._kinematics = Kinematics(arm, base)
        self._planner = Planner(self._kinematics, meshes, seed)
        self._plans = (
            self._planner if moveit is None else MoveItPlanner(self._kinematics, meshes, seed, moveit, settings.joints)
        )
        self._payload_kg = arm.payload_kg if payload_kg is None else payload_kg
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._readings = Readings(
            settings.joints, settings.gripper, arm.gripper.stroke_m, simulated=settings.use_sim_time
        )
        self._drive = Drive(link, self._readings, EXECUTORS[settings.execute])
        self._tool = arm.gripper.tool()
        self._scene = Scene()
        self._version = scenery.version(self._scene)
        self._next: tuple[str, int, SceneVersion] | None = None  # plan, segment and scene where it may go on
        self._running = False
        self._program = True  # as the robot says, where it does
        self._restarted = False  # since a controller was chosen; a UR's driver activates its own with its program
        self._is_ur = settings.safety.source == "ur"
        self._start = PLAY if self._is_ur else START  # what helps where its program does not run
        self._motion: SimMotion | None = None
        self._jogging: tuple[Jog, SimMotion] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped_at = -math.inf
        self._stops = 0
        self._force: tuple[Vector, float] | None = None  # N, and when it was felt (loop)
        self._touch: Touch | None = None
        self._at_rest_N: Vector | None = None  # what a held part weighs on the sensor since the arm stands
        self._reading_s = self._safety_s = -math.inf  # when things were as was heard last (loop)
        self._told_safety = Safety.UNKNOWN  # by the source
        self._news: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = asyncio.get_running_loop().time()  # when the next look is due (loop)
        self._held_up = False  # whether the last look came late
        self.safety: Latest[Safety] = Latest(Safety.UNKNOWN)
        still = Reading(clock.now(), arm.home_rad, arm.gripper.stroke_m, moving=False, since=clock.now())
        self.state: Latest[RobotState] = Latest(self._read(still))
        link.open(self)
        self.look()

    # ---- readiness ---------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Wait until the robot is heard of. What a Tandem before this one has left moving is cancelled.

        Raises RobotError (code not_connected) that names the joints that nothing is heard of.
        """
        if not await self._until(lambda: not self._readings.lacking, WAIT_S):
            raise RobotError(
                f"On {self._settings.joint_states} nothing is heard of {', '.join(self._readings.lacking)}.",
                remedy="Start the robot's driver, or correct the names under adapters, robot_ros2 in the cell file.",
                code="not_connected",
            )
        self._link.calm()

    async def ready(self) -> None:
        """Power on, release brakes, start the program. Raises RobotError in a stop that was not recovered from."""
        await self._until(lambda: self.safety.value is not Safety.UNKNOWN, WAIT_S)
        if self.safety.value not in ABLE:
            raise RobotError(
                f"The robot is in {self.safety.value.replace('_', ' ')}.",
                remedy="Clear the cell and acknowledge the stop first.",
                code="unsafe",
            )
        if trouble := await self._link.prepare():
            raise RobotError(trouble, remedy="Look at the robot's own screen.", code="not_ready")
        if not await self._until(lambda: self._program, WAIT_S):
            raise RobotError("The robot's program does not run.", remedy=self._start, code="not_ready")
        if (lacking := await self._choose())[0]:
            raise RobotError(lacking[0], remedy=lacking[1], code="not_ready")
        if not await self._link.wait_for("gripper", WAIT_S):
            words = f"There is no gripper at {self._settings.gripper.server}."
            raise RobotError(words, remedy="Start it, or correct the cell file.", code="not_ready")
        if self._settings.execute == "moveit" and not await self._link.wait_for("moveit", WAIT_S):
            raise RobotError(
                "There is no MoveIt at execute_trajectory.",
                remedy="Start move_group, or take execute out of the cell file.",
                code="not_ready",
            )
        self._running = True
        self._publish()

    async def close(self) -> None:
        """Stop whatever moves, and end every task, timer and thread."""
        if self._motion is not None:
            await self.stop()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._link.close()
        self._running = False
        self._thread.shutdown(wait=True)

    async def sync_scene(self, scene: Scene) -> SceneVersion:
        """Make this the scene that plans avoid; the version changes exactly when the scene does.

        Raises NotFound or BadInput for a mesh that can't be read.
        """
        for thing in (*scene.objects, *scene.attached):
            self._meshes.get(thing.shape)
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
        here = self.state.value
        begin = here.joints if start is None else tuple(float(angle) for angle in start)
        scene, version, tool = self._scene, self._version, self._tool
        for segment in segments:
            if not isinstance(segment, Segment):
                raise PlanError(
                    f"This robot knows no way to follow a {type(segment).__name__}.",
                    remedy="Ask for moves, moves of the joints and grips.",
                )
        refuse_nonsense(segments, begin, len(here.joints))
        gripped = tuple(self._as_done(segment) if isinstance(segment, Grip) else segment for segment in segments)
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
            lambda: self._plans.plan(gripped, start=begin, opening_m=here.opening_m, scene=scene, tcp=tool.tcp),
        )
        return bound(segments, legs, start=begin, scene_version=version, tool=tool, kinematics=self._kinematics)

    def execute(self, plan: Plan, part: slice = ALL) -> Motion:
        """Run a plan or a slice of it.

        Rejected with the codes stale_start, stale_scene, stale_tool, unsafe, not_ready, busy, bad_slice and refused
        (by the controller). Aborted with no_answer, no_result, not_there, still_moving and controller (its own
        words); unknown with lost, where the controller is gone.
        """
        return self._begin(lambda: self._refuse_plan(plan, part), lambda motion: self._follow(plan, part, motion))

    def grip(self, command: Grip) -> Motion:
        """Open or close outside a plan; updates attachment and payload together. Look at `holding` afterwards."""
        return self._begin(lambda: self._refuse_nonsense(command), lambda motion: self._grip(command, motion))

    def guarded_move(self, command: GuardedMove) -> Motion:
        """Move until contact, felt by the wrist and supervised from here; never faster than `SUPERVISED_M_S`.

        Codes: jammed, no_contact and no_plan as in the embedded cell; no_force where nothing is felt at all.
        """
        return self._begin(lambda: self._refuse_guarded(command), lambda motion: self._guarded(command, motion))

    def jog(self, twist: Twist) -> Motion:
        """Move by hand, slowly, while it is renewed. Codes as the port says; late where this machine is too slow."""
        now_s = asyncio.get_running_loop().time()
        joints = self.state.value.joints
        wrong = mistake(twist, len(joints))
        if not wrong and self._jogging is not None:
            jog, motion = self._jogging
            jog.renew(twist, now_s)
            return motion
        jog = Jog(self._kinematics, joints, twist, now_s)
        rejected = _rejected("bad_input", wrong, "See Twist.") if wrong else None
        motion = self._begin(lambda: rejected, lambda motion: self._jog(jog, motion))
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
        if (motion := self._motion) is None:
            self._link.calm()
            await self._readings.stands(STALE_S)
            return
        self._drive.urgent = True
        motion.ask_stop(Outcome("aborted", "stopped", "The robot was stopped.", "Plan anew from where it stands."))
        self._drive.wake()
        await motion.result()

    async def recover(self, ack: Acknowledgement) -> Safety:
        """After a protective stop: release it, on a person's word given after it. Returns the safety state reached.

        Raises RobotError without such a word, and in an emergency stop or a fault, which only the hardware clears.
        """
        if self.safety.value in ABLE:
            return self.safety.value
        if self.safety.value not in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP):
            raise RobotError(
                f"The robot is in {self.safety.value.replace('_', ' ')}.",
                remedy="Release the emergency stop or clear the fault at the robot.",
                code="unsafe",
            )
        if not ack.by.strip() or ack.t < self._stopped_at:
            raise _not_acknowledged("Nobody has acknowledged this stop.")
        before = self._stops
        if self._motion is not None:
            await self.stop()
        if self._stops != before:
            raise _not_acknowledged("The robot was stopped again meanwhile.")
        if trouble := await self._link.release():
            raise RobotError(trouble, remedy="Release the stop at the robot.", code="unsafe")
        await self._until(lambda: self.safety.value in ABLE or self._stops != before, WAIT_S)
        if self._stops != before:
            raise _not_acknowledged("The robot was stopped again meanwhile.")
        if self.safety.value not in ABLE:
            raise RobotError("The stop was not released.", remedy="Release it at the robot.", code="unsafe")
        if await self._until(lambda: self._program or self._stops != before, WAIT_S) and self._program:
            await self._choose()
        return self.safety.value

    # ---- what is heard -----------------------------------------------------------------------------------------

    def joints(self, reading: JointReading) -> None:
        """Hear one message of joint states."""
        before = self.state.value
        read = self._readings.hear(reading)
        if read is None:
            return
        self._reading_s = self._readings.heard_s
        self._drive.wake()
        if read.moving is not before.moving or read.stamp - before.stamp >= PUBLISH_S:
            self.state.put(self._read(read))
        if self._settings.safety.source == "none":
            self._told_safety, self._safety_s = Safety.NORMAL, self._reading_s
        self._judge()
        self._tell()

    def wrench(self, force_N: Vector, felt_s: float) -> None:  # noqa: N803 - the newton's symbol
        """Hear the force (N) that the wrist felt at `felt_s` (loop)."""
        self._force = (force_N, felt_s)
        resting = self._readings.steady and self._holds(
            self._readings.latest.opening_m if self._readings.latest else 0.0
        )
        self._at_rest_N = (self._at_rest_N or force_N) if resting else None
        if self._touch is not None and self._touch.felt:
            self._drive.wake()

    def safety_told(self, safety: Safety, told_s: float) -> None:
        """Hear the safety state, as often as it is told; it was so at `told_s` (loop)."""
        self._told_safety, self._safety_s = safety, told_s
        self._judge()
        self._tell()

    def scaled(self, share: float) -> None:
        """Hear to which share (0 to 1) the robot itself slows what moves it, as a speed slider does."""
        self._drive.slider = share

    def program(self, *, running: bool) -> None:
        """Hear whether the robot's program runs; a motion ends with it."""
        self._restarted = self._restarted or (running and not self._program)
        self._program = running
        if not running and self._motion is not None:
            words = "The robot's program has stopped."
            self._motion.ask_stop(Outcome("aborted", "program", words, "Start it again, then plan anew."))
        self._publish()
        self._tell()

    def look(self) -> None:
        """Look how old the last readings are. Called ten times a second."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        held_up = loop.time() - self._due_s > LOOK_S and not self._held_up
        if not self._fresh and not held_up:  # where this loop was held up, what came meanwhile gets its turn first
            self._take(Safety.UNKNOWN)
        self._held_up = held_up
        self._due_s = loop.time() + LOOK_S
        self._timer = loop.call_at(self._due_s, self.look)

    @property
    def _fresh(self) -> bool:
        """Whether what was heard last is young enough to be believed: by when it was so, not by when it was heard."""
        return asyncio.get_running_loop().time() - min(self._reading_s, self._safety_s) <= STALE_S

    def _judge(self) -> None:
        """Take in the safety state that was told: a stop at any age. That it is too old is for `look` to say."""
        if self._fresh or self._told_safety not in ABLE:
            self._take(self._told_safety)

    def _take(self, safety: Safety) -> None:
        """Keep the safety state; a stop ends what moves."""
        if safety is self.safety.value:
            return
        if safety not in ABLE:
            self._stopped_at = self._clock.now()
            self._stops += 1
            if self._motion is not None:
                words = f"The robot went into {safety.replace('_', ' ')}."
                self._motion.ask_stop(Outcome("aborted", safety.value, words, "Clear the cell and acknowledge."))
        self.safety.put(safety)

    async def _until(self, true: Callable[[], bool], limit_s: float) -> bool:
        """Wait until something that is heard has become true; False when it has not within `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                while not true():
                    news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._news.append(news)
                    await news
        except TimeoutError:
            return true()
        return True

    def _tell(self) -> None:
        waiting, self._news = self._news, []
        for news in waiting:
            if not news.done():
                news.set_result(None)

    # ---- a motion's life ---------------------------------------------------------------------------------------

    def _begin(self, refuse: Callable[[], Outcome | None], run: Callable[[SimMotion], Awaitable[Outcome]]) -> SimMotion:
        motion = SimMotion(self._drive.wake)
        if self._motion is not None:
            motion.end(_rejected("busy", "The robot is moving already.", "Wait for the motion's end, or cancel it."))
            return motion
        self._motion = motion
        self._task = asyncio.get_running_loop().create_task(self._live(motion, refuse, run), name="ros robot motion")
        return motion

    async def _live(
        self,
        motion: SimMotion,
        refuse: Callable[[], Outcome | None],
        run: Callable[[SimMotion], Awaitable[Outcome]],
    ) -> None:
        outcome = Outcome("unknown", "crashed", "The motion ended without a reason.", "Look where the arm stands.")
        try:
            await self._until(lambda: self._fresh, LOOK_S)  # what came while this loop was held up gets its turn
            if self._restarted and self._refuse_now() is None:
                await self._choose()
            rejected = self._refuse_now() or motion.stop_as or refuse()
            if rejected is not None:
                outcome = rejected
                return
            outcome = await self._explained(await run(motion))
        except TandemError as error:
            outcome = _rejected(error.code, error.message, error.remedy)
        finally:
            self._motion = self._jogging = None
            self._feel(None)
            self._drive.urgent = False
            self._publish()
            motion.end(outcome)

    async def _choose(self) -> tuple[str, str]:
        """Wait for a controller that is active, and use it. Returns what is wrong and what helps then, if anything."""
        self._restarted = False
        return await self._link.choose(WAIT_S)

    async def _explained(self, outcome: Outcome) -> Outcome:
        """Return how a motion ends with what the controller's manager knows of it, where it may not be active."""
        if outcome.code not in DOUBTFUL or not (words := await self._link.doubt()):
            return outcome
        message = f"{outcome.message.rstrip('.')}: {words}."
        return replace(outcome, code="inactive", message=message, remedy=INACTIVE_UR if self._is_ur else INACTIVE)

    def _refuse_now(self) -> Outcome | None:
        if not self._running:
            return _rejected("not_ready", "The robot's program does not run.", "Call ready() first.")
        if not self._fresh:
            self._take(Safety.UNKNOWN)
        if self.safety.value not in ABLE:
            words = self.safety.value.replace("_", " ")
            return _rejected("unsafe", f"The robot is in {words}.", "Clear the cell and acknowledge the stop.")
        if not self._program:
            return _rejected("not_ready", "The robot's program has stopped.", self._start)
        return None

    def _refuse_nonsense(self, command: Grip | GuardedMove) -> Outcome | None:
        wrong = nonsense(command, len(self.state.value.joints))
        return _rejected("bad_input", wrong, "Correct the skill that asks for it.") if wrong else None

    def _refuse_guarded(self, command: GuardedMove) -> Outcome | None:
        if (wrong := self._refuse_nonsense(command)) is not None:
            return wrong
        if self._force is None or asyncio.get_running_loop().time() - self._force[1] > BLIND_S:
            where = self._settings.wrench or "a force-torque topic, which the cell file does not name"
            return _rejected("no_force", f"No force is heard on {where}.", "Start the sensor, or let a person do it.")
        return None

    def _refuse_plan(self, plan: Plan, part: slice) -> Outcome | None:
        goes_on = self._next is not None and (self._next[0], self._next[2]) == (plan.id, self._version)
        return refused(
            plan,
            part,
            tool=self._tool,
            scene=self._scene,
            follows=self._next[1] if self._next is not None and goes_on else None,
            joints=self.state.value.joints,
            near_rad=AT_START_RAD,
        )

    async def _follow(self, plan: Plan, part: slice, motion: SimMotion) -> Outcome:
        """Run segments: all motions up to a grip as one row of curves."""
        index, last, _ = part.indices(plan.steps)
        legs: tuple[Leg, ...] = plan.path
        total_s = max(sum(leg.duration_s for leg in legs[index:last]), 1e-9)
        done_s = 0.0
        while index < last:
            row = list(takewhile(lambda leg: not isinstance(leg.segment, Grip), legs[index:last]))
            if row:
                row_s = sum(leg.duration_s for leg in row)
                curves = [curve for leg in row for curve in leg.curves]
                failed = await self._drive.ride(curves, motion, begin=done_s / total_s, share=row_s / total_s)
            else:
                row_s, row = legs[index].duration_s, [legs[index]]
                segment = legs[index].segment
                assert isinstance(segment, Grip)
                failed = await self._fingers(segment, motion)
            if failed is not None:
                return failed
            done_s += row_s
            index += len(row)
            self._next = (plan.id, index, self._version)
        return self._done(motion)

    async def _grip(self, command: Grip, motion: SimMotion) -> Outcome:
        return await self._fingers(command, motion) or self._done(motion)

    async def _fingers(self, command: Grip, motion: SimMotion) -> Outcome | None:
        """Move the fingers; None when they got where they should, else how the motion ends."""
        done_m = self._as_done(command).opening_m
        digital = self._settings.gripper.digital is not None
        target = 0.0 if command.close and not digital else min(max(done_m, 0.0), self.arm.gripper.stroke_m)
        failed = await self._drive.fingers(command, target, motion)
        self._publish()
        if command.close is self.state.value.holding:
            self._use(scenery.after_grip(self._scene, command, self.state.value.tcp))
        return failed

    def _as_done(self, command: Grip) -> Grip:
        """Return a command as the gripper does it: one on a digital output opens all the way."""
        if command.close or self._settings.gripper.digital is None:
            return command
        return replace(command, opening_m=self.arm.gripper.stroke_m)

    async def _guarded(self, command: GuardedMove, motion: SimMotion) -> Outcome:
        scene, tool, here = self._scene, self._tool, self.state.value
        x, y, z = (a + command.distance_m * b for a, b in zip(here.tcp.p, command.direction, strict=True))
        speed = min(command.speed_m_s, SUPERVISED_M_S)
        move = Move(Pose((x, y, z), here.tcp.q), line=True, speed_m_s=speed, touching=command.touching)
        (leg,) = await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: self._planner.plan((move,), start=here.joints, opening_m=here.opening_m, scene=scene, tcp=tool.tcp),
        )
        if motion.stop_as is not None:
            return motion.stop_as
        assert self._force is not None
        touch = Touch(command.force_N, self._force[0], asyncio.get_running_loop().time)
        self._feel(touch)
        failed = await self._drive.ride(
            leg.curves, motion, begin=0.0, share=1.0, enough=lambda: touch.felt or touch.blind, by=CONTROLLER
        )
        gone = (b - a for a, b in zip(here.tcp.p, self.state.value.tcp.p, strict=True))
        depth_m = round(sum(d * along for d, along in zip(gone, command.direction, strict=True)), 6)
        if failed is not None:
            return replace(failed, depth_m=depth_m, force_N=touch.most_N) if touch.felt else failed
        if touch.blind:
            words = f"No force was heard any more after {1000 * depth_m:.1f} mm."
            return Outcome("aborted", "no_force", words, "Look at the sensor.", depth_m)
        return judged(command, depth_m, round(touch.most_N, 3) if touch.felt else 0.0)

    async def _jog(self, jog: Jog, motion: SimMotion) -> Outcome:
        scene, tcp, opening = self._scene, self._tool.tcp, self.state.value.opening_m
        jog.around = await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: around(self._kinematics, self._meshes, scene, tcp, opening)
        )
        if motion.stop_as is not None:
            return motion.stop_as
        motion.accept()
        failed = await jogging.ride(jog, motion, self._drive, self._readings)
        if failed is not None and failed.kind == "unknown":
            return failed
        return motion.stop_as or failed or jog.outcome or self._done(motion)

    def _feel(self, touch: Touch | None) -> None:
        self._touch = touch
        self._link.feel(touch.hear if touch is not None else None)

    def _done(self, motion: SimMotion) -> Outcome:
        if not motion.taken:
            motion.accept()  # there was nothing to do
        return motion.stop_as or Outcome("succeeded")

    # ---- state -------------------------------------------------------------------------------------------------

    def _use(self, scene: Scene) -> None:
        self._scene = scene
        self._version = scenery.version(scene)

    def _publish(self) -> None:
        if (reading := self._readings.latest) is not None:
            self.state.put(self._read(reading))

    def _read(self, reading: Reading) -> RobotState:
        links = self._kinematics.links(reading.joints, reading.opening_m)
        return RobotState(
            joints=reading.joints,
            tcp=beside(links[len(self.arm.steps)], self._tool.tcp),
            opening_m=reading.opening_m,
            holding=self._holds(reading.opening_m),
            speed_factor=self._drive.factor,
            program_running=self._running and self._program,
            moving=reading.moving,
            stamp=reading.stamp,
            links=links,
            pull_N=math.dist(self._force[0], self._at_rest_N) if self._force and self._at_rest_N else 0.0,
            since=reading.since,
        )

    def _holds(self, opening_m: float) -> bool:
        """Whether something keeps the fingers apart. After a start, half open fingers may: a person looks then."""
        if (says := self._link.holding) is not None:
            return says
        apart = opening_m > EMPTY_M
        if self._drive.closed is None:
            return apart and opening_m < self.arm.gripper.stroke_m - EMPTY_M
        return self._drive.closed and apart


def _not_acknowledged(words: str) -> RobotError:
    return RobotError(words, remedy="Look at the cell, then acknowledge.", code="not_acknowledged")


def _rejected(code: str, message: str, remedy: str) -> Outcome:
    return Outcome("rejected", code, message, remedy)
