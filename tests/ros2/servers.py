"""Action servers over rclpy, in a process of their own, that behave as the test says: `python -m tests.ros2.servers`.

One node has the actions and blocks where the controller shall be deaf; another has everything else, so that the
controller's topic, the safety state and the joint states go on. Commands come over a local connection.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rclpy
from control_msgs.action import FollowJointTrajectory
from geometry_msgs.msg import WrenchStamped
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from orchestrator.adapters.ros2.taking import REPLACES
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Safety
from tests.ros2.hardware import Arm, InWorld, Point
from tests.ros2.obeying import obey

if TYPE_CHECKING:
    from tests.ros2.hardware import Surroundings

PERIOD_S = 0.008
TELL_S = 0.1  # between two safety states
FEEDBACK_S = 0.05  # as ros2_controllers' action_monitor_rate has it
JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)
FINGERS = "finger_joint"
SHUT_M = 1e-4  # fingers nearer to each other are closed
INPUT_S = 0.05  # between two words of a digital gripper's inputs


class Servers:
    """The controller, the gripper, the sensors, and how they misbehave."""

    def __init__(self, around: Surroundings, world: World | None, base: Pose, gripper: str) -> None:
        self._lock = threading.RLock()
        self._epoch_s = time.time() - time.monotonic()
        self._around, self._base = around, base
        self._world = world
        self._actions = rclpy.create_node("controllers")
        self._others = rclpy.create_node("hardware")
        self._controller = rclpy.create_node("joint_trajectory_controller")  # answers for the controller's parameters
        self._controller.declare_parameter(REPLACES, value=False)
        self._stamped = False  # whether the newest trajectory on the topic was
        self._answers = threading.Event()
        self._answers.set()
        self._alive = True
        self._make_actions(gripper)
        node = self._others
        self._states = node.create_publisher(JointState, "joint_states", 5)
        self._wrench = node.create_publisher(WrenchStamped, "wrench", 5)
        self._told = node.create_publisher(String, "safety_state", 5)
        node.create_subscription(JointTrajectory, "joint_trajectory_controller/joint_trajectory", self._on_topic, 5)
        node.create_service(Trigger, "release", self._release)
        self.reset()

    # ---- commands ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Stand at home, behave."""
        self._takes, self.rejects, self.swallows = False, True, False
        self._answers.set()
        time.sleep(0.2)  # what was asked while deaf is refused now
        if self._inputs and self._output is None:
            self._offer_output()
        with self._lock:
            self._goal: Any = None
            self._fingers: Any = None
            self.arm = Arm(self._around, self._base)
            self.replace(on=False)
            self.safety = Safety.NORMAL
            self.silent = False  # no safety state is told
            self.mute = False  # no joint state is told
            self.rejects = False  # no goal is taken
            self.loses = False  # no result is told
            self.swallows = False  # a cancel is taken, and the goal never ends
            self.sticks = False  # the digital gripper's fingers don't move
            self.numb = False  # its inputs are not told
            self.torn = False  # all of its inputs are on
            self.lies = False  # success is told at once
            self.off_s = 0.0  # of the clock that stamps
            self.speed = 1.0
            self._answers.set()
            self._takes = True  # what was asked while deaf
            for body in tuple(self._world or ()):
                assert self._world is not None
                self._world.remove(body.id)

    def trip(self, word: str) -> str:
        """Stop the arm and report a safety state."""
        safety = Safety(word)
        with self._lock:
            lesser = safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP)
            if not (lesser and self.safety in (Safety.EMERGENCY_STOP, Safety.FAULT)):
                self.safety = safety
            if safety is not Safety.NORMAL:
                self.arm.hold()
                self.arm.hold_fingers()
                self._finish("abort")
                self._finish_fingers("abort")
            self._tell()
            return self.safety.value

    def replace(self, *, on: bool) -> None:
        """Have the controller go on from what is under way, whatever a stamp says, and say so."""
        self.arm.replaces = on
        self._controller.set_parameters([Parameter(REPLACES, value=on)])

    def stamped(self) -> bool:
        """Return whether the newest trajectory on the topic had a stamp."""
        return self._stamped

    def fastest_m_s(self) -> float:
        """Return how fast the TCP has ever been since the last reset."""
        with self._lock:
            return self.arm.fastest_m_s

    def deafen(self, *, takes: bool = True) -> None:
        """Answer nothing on the actions any more, until `hear`; then goals are taken late, or refused."""
        self._takes = takes
        self._answers.clear()

    def hear(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self._answers.set()

    def put(self, kind: str, shape: Any, pose: Pose) -> str:
        """Put a body into the world."""
        assert self._world is not None
        with self._lock:
            return self._world.add(kind, shape, pose, source="rack")

    def take(self, body: str) -> None:
        """Take a body out of the world."""
        assert self._world is not None
        with self._lock:
            self._world.remove(body)

    def let_go(self) -> None:
        """Lose what the fingers hold."""
        with self._lock:
            self._around.drop()
            self.arm.stalled = False

    def set(self, **flags: Any) -> None:
        """Behave otherwise."""
        with self._lock:
            for name, value in flags.items():
                setattr(self, name, value)

    def die(self) -> None:
        """As a process that crashes."""
        os._exit(1)

    # ---- actions -----------------------------------------------------------------------------------------------

    def _make_actions(self, gripper: str) -> None:
        from control_msgs import action

        self._inputs: dict[str, Any] = {}
        self._told_input_s = 0.0
        self._arm_server = ActionServer(
            self._actions,
            FollowJointTrajectory,
            "joint_trajectory_controller/follow_joint_trajectory",
            execute_callback=lambda handle: handle,
            goal_callback=self._asked,
            handle_accepted_callback=self._accepted,
            cancel_callback=self._cancelled,
        )
        if gripper == "digital":
            self._offer_output()
            for name in ("holding", "closed"):
                self._inputs[name] = self._actions.create_publisher(Bool, f"gripper/{name}", 1)
            return
        self._gripper_kind = getattr(action, gripper)
        self._gripper_server = ActionServer(
            self._actions,
            self._gripper_kind,
            "gripper_controller/gripper_cmd",
            execute_callback=lambda handle: handle,
            goal_callback=self._asked,
            handle_accepted_callback=self._accepted_fingers,
            cancel_callback=self._cancelled_fingers,
        )

    def _offer_output(self) -> None:
        self._output = self._actions.create_service(SetBool, "gripper/close", self._set_output)

    def unplug(self) -> None:
        """Take the digital output away; `reset` offers it again."""
        self._actions.destroy_service(self._output)
        self._output = None

    def _set_output(self, request: Any, response: Any) -> Any:
        self._answers.wait()
        with self._lock:
            response.success = self._takes and not self.rejects
            response.message = "" if response.success else "no air"
            if response.success and not self.sticks:
                self.arm.move_fingers(0.0 if request.data else UR5E.gripper.stroke_m)
        return response

    def _tell_inputs(self) -> None:
        held = self.arm.stalled and not self.arm.fingers_under_way
        for name, on in (("holding", held), ("closed", self.arm.opening_m < SHUT_M)):
            self._inputs[name].publish(Bool(data=on or self.torn))

    def _asked(self, _: Any) -> GoalResponse:
        if not self._answers.is_set():
            self._answers.wait()
            if not self._takes:
                return GoalResponse.REJECT
        well = not self.rejects and self.safety is Safety.NORMAL
        return GoalResponse.ACCEPT if well else GoalResponse.REJECT

    def _accepted(self, handle: Any) -> None:
        with self._lock:
            self._finish("abort")
            self._goal = handle
            self._beat_s = time.monotonic()
            if self.lies:
                self._finish("succeed")
            else:
                self._follow(handle.request.trajectory)

    def _cancelled(self, handle: Any) -> CancelResponse:
        self._answers.wait()
        with self._lock:
            if handle is self._goal:
                self.arm.hold()
                self._ending = "canceled"
        return CancelResponse.ACCEPT

    def _accepted_fingers(self, handle: Any) -> None:
        with self._lock:
            self._finish_fingers("abort")
            self._fingers = handle
            command = handle.request.command
            at = command.position[0] if hasattr(command, "name") else command.position
            self.arm.move_fingers(2 * at)

    def _cancelled_fingers(self, handle: Any) -> CancelResponse:
        with self._lock:
            if handle is self._fingers:
                self.arm.hold_fingers()
        return CancelResponse.ACCEPT

    def _finish(self, how: str) -> None:
        goal, self._goal = self._goal, None
        if goal is not None and not self.loses:
            goal.execute(_finisher(how, FollowJointTrajectory.Result()))

    def _finish_fingers(self, how: str) -> None:
        goal, self._fingers = self._fingers, None
        if goal is not None:
            result = self._gripper_kind.Result()
            result.stalled, result.reached_goal = self.arm.stalled, not self.arm.stalled
            goal.execute(_finisher(how, result))

    # ---- everything else ---------------------------------------------------------------------------------------

    def _on_topic(self, message: JointTrajectory) -> None:
        with self._lock:
            if self.safety is Safety.NORMAL:
                self._follow(message)

    def _follow(self, trajectory: JointTrajectory) -> None:
        points = [
            Point(
                p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec,
                tuple(p.positions),
                tuple(p.velocities),
                tuple(p.accelerations),
            )
            for p in trajectory.points
        ]
        begins_s = trajectory.header.stamp.sec + 1e-9 * trajectory.header.stamp.nanosec
        self._stamped = begins_s > 0.0
        now = time.monotonic()
        self.arm.take(points, now, begins_s - self._epoch_s - self.off_s if begins_s else None)

    def _release(self, _: Any, response: Any) -> Any:
        with self._lock:
            if self.safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP):
                self.safety = Safety.NORMAL
            self._tell()
        response.success = True
        return response

    def _tell(self) -> None:
        if not self.silent:
            self._told.publish(String(data=self.safety.value))

    def control(self) -> None:
        """Let time pass, tick by tick, until closed. Runs on a thread of its own."""
        due_s = told_s = time.monotonic()
        while self._alive:
            due_s = max(due_s + PERIOD_S, time.monotonic() - PERIOD_S)
            time.sleep(max(0.0, due_s - time.monotonic()))
            with self._lock:
                self._tick()
                if time.monotonic() - told_s >= TELL_S:
                    told_s = time.monotonic()
                    self._tell()

    def _tick(self) -> None:
        arm = self.arm
        arm.speed = self.speed
        now = time.monotonic()
        wall = now + self._epoch_s + self.off_s
        arm.step(now)
        if self._goal is not None and self._goal.is_cancel_requested:
            self._goal, goal = None, self._goal
            if not self.swallows:
                self._goal = goal
                self._finish("canceled")
        elif self._goal is not None and not arm.under_way:
            self._finish("succeed")
        elif self._goal is not None and now - self._beat_s > FEEDBACK_S:
            self._beat_s = now
            self._goal.publish_feedback(FollowJointTrajectory.Feedback())
        if self._fingers is not None and self._fingers.is_cancel_requested:
            self._finish_fingers("canceled")
        elif self._fingers is not None and not arm.fingers_under_way:
            self._finish_fingers("succeed")
        if self.mute:
            return
        if self._inputs and not self.numb and now - self._told_input_s >= INPUT_S:
            self._told_input_s = now
            self._tell_inputs()
        state = JointState()
        state.header.stamp.sec, state.header.stamp.nanosec = int(wall), int(wall % 1 * 1e9)
        state.name, state.position, state.velocity = [*JOINTS], [*arm.q], [*arm.v]
        if not self._inputs:
            state.name, state.position = [*JOINTS, FINGERS], [*arm.q, arm.opening_m / 2]
            state.velocity = [*arm.v, 0.0]
        self._states.publish(state)
        wrench = WrenchStamped()
        wrench.wrench.force.z = arm.push_N
        self._wrench.publish(wrench)

    def run(self, connection: Connection) -> None:
        """Serve commands until the other side is gone."""
        threading.Thread(target=self.control, daemon=True).start()
        obey(self, (self._actions, self._others, self._controller), connection)


def _finisher(how: str, result: Any) -> Any:
    def finish(handle: Any) -> Any:
        getattr(handle, how)()
        return result

    return finish


def warm() -> None:
    """Look for a part between fingers once, before anybody listens: what that imports takes half a second.

    Safety is told by the same process, and half a second without a word of it makes it unknown.
    """
    world = World(MeshStore(Path()))
    world.add("part", Box((0.04, 0.04, 0.04)), world.tcp, source="rack")
    InWorld(world).between()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("connection", type=int)
    parser.add_argument("--gripper", default="ParallelGripperCommand")
    options = parser.parse_args()
    connection = Connection(options.connection)
    warm()
    rclpy.init()
    world = World(MeshStore(Path()))
    Servers(InWorld(world), world, IDENTITY, options.gripper).run(connection)


if __name__ == "__main__":
    main()
