"""The safety state beside ros2_control's mock hardware, which has none: `python -m tests.ros2.mock_guard`.

What rated hardware does to a real arm is done to the mock by its controller manager: a stop takes the trajectory
controller off the arm, which then holds and aborts its goal; the release puts it back. Commands come over a local
connection, as in `servers`.
"""

from __future__ import annotations

import argparse
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import rclpy
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, ParallelGripperCommand
from controller_manager_msgs.srv import ListControllers, SwitchController
from rclpy.action import ActionClient
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from orchestrator.adapters.sim.arm import UR5E
from orchestrator.core.ports import Safety
from orchestrator.core.ros2_spec import UR_JOINTS
from tests.ros2.obeying import obey

CONTROLLER, FINGERS = "joint_trajectory_controller", "gripper_controller"
TELL_S = 0.1  # between two safety states
PATIENCE_S = 60.0  # for the controllers to come up, and for any answer of theirs
LOST_S = 10.0  # after which an answer of a service is taken for lost
HOMEWARD_S = 2.0  # that the way home takes


class Guard:
    """Tells the safety state and acts on it."""

    def __init__(self) -> None:
        self._node = rclpy.create_node("guard")
        self._told = self._node.create_publisher(String, "safety_state", 5)
        self._list = self._node.create_client(ListControllers, "controller_manager/list_controllers")
        self._switch = self._node.create_client(SwitchController, "controller_manager/switch_controller")
        self._arm = ActionClient(self._node, FollowJointTrajectory, f"{CONTROLLER}/follow_joint_trajectory")
        self._fingers = ActionClient(self._node, ParallelGripperCommand, f"{FINGERS}/gripper_cmd")
        self._helper = rclpy.create_node("guard_release")  # answered on a thread of its own: it waits for the other
        self._helper.create_service(Trigger, "release", self._release)
        self._node.create_timer(TELL_S, self._tell)
        self._lock = threading.RLock()
        self.safety, self.silent = Safety.NORMAL, False
        self._up = False  # whether the controllers have come up

    # ---- commands ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Have the controllers on the arm, all well, the arm at home and the fingers open."""
        ends_s = time.monotonic() + PATIENCE_S
        while not self._up:  # the launch's spawner gives up where somebody else activates what it has loaded
            self._up = all(self._states().get(name) == "active" for name in (CONTROLLER, FINGERS))
            assert time.monotonic() < ends_s, "the controllers do not come up"
            time.sleep(0.1)
        self.set(silent=False)
        self._recover()
        trajectory = JointTrajectory(joint_names=list(UR_JOINTS))
        home = JointTrajectoryPoint(positions=list(UR5E.home_rad), time_from_start=Duration(sec=int(HOMEWARD_S)))
        trajectory.points.append(home)
        self._done(self._arm, FollowJointTrajectory.Goal(trajectory=trajectory))
        opened = JointState(name=["finger_joint"], position=[UR5E.gripper.stroke_m / 2])
        self._done(self._fingers, ParallelGripperCommand.Goal(command=opened))

    def trip(self, word: str) -> str:
        """Take the controller off the arm and tell a safety state; NORMAL puts it back."""
        safety = Safety(word)
        if safety is Safety.NORMAL:
            self._recover()
            return self.safety.value
        lesser = safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP)
        with self._lock:
            if not (lesser and self.safety in (Safety.EMERGENCY_STOP, Safety.FAULT)):
                self.safety = safety
        self._attach(on=False)
        self._tell()
        return self.safety.value

    def set(self, **flags: Any) -> None:
        """Behave otherwise: `silent`, no safety state is told."""
        with self._lock:
            for name, value in flags.items():
                setattr(self, name, value)

    # ---- what it does ------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        self._attach(on=True)
        with self._lock:
            self.safety = Safety.NORMAL
        self._tell()

    def _release(self, _: Any, response: Any) -> Any:
        if self.safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP):
            self._recover()
        response.success = True
        return response

    def _tell(self) -> None:
        with self._lock:
            if not self.silent:
                self._told.publish(String(data=self.safety.value))

    def _states(self) -> dict[str, str]:
        if not self._list.wait_for_service(1.0):
            return {}
        return {found.name: found.state for found in self._asked(self._list, ListControllers.Request()).controller}

    def _attach(self, *, on: bool) -> None:
        request = SwitchController.Request(strictness=SwitchController.Request.BEST_EFFORT, activate_asap=True)
        (request.activate_controllers if on else request.deactivate_controllers).extend((CONTROLLER, FINGERS))
        self._asked(self._switch, request)

    def _done(self, client: ActionClient, goal: Any) -> None:
        """Have a goal done; given again where an answer is lost, as one is that comes before it is waited for."""
        assert client.wait_for_server(PATIENCE_S)
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            if (handle := self._answer(client.send_goal_async(goal))) is None:
                continue
            assert handle.accepted
            if self._answer(handle.get_result_async()) is not None:
                return
        raise AssertionError("an action does not answer")

    def _asked(self, client: Any, request: Any) -> Any:
        """Return a service's answer; asked again where one is lost, as it is before the service knows of the client."""
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            came = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _, came=came: came.set())
            if came.wait(LOST_S):
                return future.result()
            client.remove_pending_request(future)
        raise AssertionError(f"{client.srv_name} does not answer")

    def _answer(self, future: Any) -> Any:
        came = threading.Event()
        future.add_done_callback(lambda _: came.set())
        return future.result() if came.wait(LOST_S) else None

    def run(self, connection: Connection) -> None:
        """Serve commands until the other side is gone."""
        obey(self, (self._node, self._helper), connection)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("connection", type=int)
    connection = Connection(parser.parse_args().connection)
    rclpy.init()
    Guard().run(connection)


if __name__ == "__main__":
    main()
