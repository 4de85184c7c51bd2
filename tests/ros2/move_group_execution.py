"""execute_trajectory over rclpy as move_group has it by its source (main and jazzy, August 2026), and its failures.

One trajectory after the other, by the controller in another process, from where the arm stands and within a tenth more
than its time and half a second. Its executor is busy until a trajectory is over: only then is a cancel answered, which
stops nothing. What stops is the event "stop", once a trajectory is under way.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import rclpy
from control_msgs.action import FollowJointTrajectory
from moveit_msgs.action import ExecuteTrajectory
from moveit_msgs.msg import MoveItErrorCodes
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import String

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 0.02
START_RAD = 0.01  # allowed_start_tolerance
SLOWER, MARGIN_S = 1.1, 0.5  # allowed_execution_duration_scaling, allowed_goal_duration_margin
SUCCEEDED, CANCELED = 4, 5  # action_msgs/GoalStatus


class Execution:
    """The action's server, who hears events, and the controller's client: a node and a thread each."""

    def __init__(self) -> None:
        self._server_node = rclpy.create_node("move_group_execution")
        self._events = rclpy.create_node("move_group_events")
        self._hands = rclpy.create_node("move_group_controllers")
        self.nodes = (self._server_node, self._events, self._hands)
        self._answers = threading.Event()
        self._round = 0  # of tests: what an earlier one has begun is over
        self._at: dict[str, float] = {}
        self._under_way: Any = None  # the controller's goal
        self._over = 0  # what the trajectory under way ends with, where somebody has stopped it
        self.reset()
        self._controller = ActionClient(
            self._hands, FollowJointTrajectory, "joint_trajectory_controller/follow_joint_trajectory"
        )
        self._server = ActionServer(
            self._server_node,
            ExecuteTrajectory,
            "execute_trajectory",
            execute_callback=self._execute,
            goal_callback=self._asked,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._events.create_subscription(String, "trajectory_execution_event", self._event, 10)
        self._events.create_subscription(JointState, "joint_states", self._hear, qos_profile_sensor_data)

    def reset(self) -> None:
        """Behave; what was asked before is refused or over."""
        self._round += 1
        self._takes, self.rejects = False, False
        self._answers.set()
        time.sleep(3 * LOOK_S)
        self._takes = True
        self.deaf = self.hangs = self.lies = self.loses = False
        self.dies = False  # once the arm moves
        self.executed = self.stops = 0

    def set(self, **flags: Any) -> None:
        """Behave otherwise."""
        for name, value in flags.items():
            setattr(self, name, value)
        self._answers.clear() if self.deaf else self._answers.set()

    def _hear(self, message: JointState) -> None:
        self._at.update(zip(message.name, message.position, strict=True))

    def _event(self, message: String) -> None:
        if message.data == "stop":
            self.stops += 1
            self._halt(MoveItErrorCodes.PREEMPTED)

    def _asked(self, _: Any) -> GoalResponse:
        self._answers.wait()
        return GoalResponse.ACCEPT if self._takes and not self.rejects else GoalResponse.REJECT

    def _execute(self, handle: Any) -> Any:
        began = self._round
        self.executed += 1
        code = MoveItErrorCodes.SUCCESS
        if self.hangs:
            self._wait(lambda: False, began)
        elif not self.lies:
            code = self._ride(handle.request.trajectory.joint_trajectory, began)
        if self.loses:
            self._wait(lambda: False, began)
        result = ExecuteTrajectory.Result()
        result.error_code.val = code
        handle.succeed() if code == MoveItErrorCodes.SUCCESS else handle.abort()  # also where it was cancelled
        return result

    def _ride(self, trajectory: Any, began: int) -> int:
        first, last = trajectory.points[0], trajectory.points[-1].time_from_start
        here = [self._at[name] for name in trajectory.joint_names]
        if max(abs(a - b) for a, b in zip(here, first.positions, strict=True)) > START_RAD:
            return int(MoveItErrorCodes.CONTROL_FAILED)
        ends: list[int] = []
        self._over = 0

        def answered(future: Any) -> None:
            goal = future.result()
            if not goal.accepted:
                ends.append(MoveItErrorCodes.CONTROL_FAILED)
                return
            self._under_way = goal
            goal.get_result_async().add_done_callback(lambda done: ends.append(_said(done.result().status)))

        goal = FollowJointTrajectory.Goal(trajectory=trajectory)
        self._on_hands(lambda: self._controller.send_goal_async(goal).add_done_callback(answered))
        limit_s = time.monotonic() + SLOWER * (last.sec + 1e-9 * last.nanosec) + MARGIN_S
        moves_s = time.monotonic() + 0.3

        def over() -> bool:
            if self.dies and time.monotonic() > moves_s:
                os._exit(1)
            if time.monotonic() > limit_s:
                self._halt(MoveItErrorCodes.TIMED_OUT)
            return bool(ends)

        self._wait(over, began)
        self._under_way = None
        return self._over or (ends[0] if ends else MoveItErrorCodes.FAILURE)

    def _halt(self, code: int) -> None:
        if self._under_way is not None and not self._over:
            self._over = code
            self._on_hands(self._under_way.cancel_goal_async)

    def _wait(self, over: Callable[[], bool], began: int) -> None:
        while not over() and self._round == began:
            time.sleep(LOOK_S)

    def _on_hands(self, do: Callable[[], Any]) -> None:
        """Have something done where the controller's answers are heard: elsewhere they may come too early."""
        self._hands.executor.create_task(do)


def _said(status: int) -> int:
    known = {SUCCEEDED: MoveItErrorCodes.SUCCESS, CANCELED: MoveItErrorCodes.PREEMPTED}
    return int(known.get(status, MoveItErrorCodes.CONTROL_FAILED))
