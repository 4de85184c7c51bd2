"""move_group over rclpy: its services and its action, asked from the thread that plans, answered on the executor's.

Free moves are asked for by the action `move_action` (plan_only), not by the service plan_kinematic_path: an action says
at once that it is at work, and what nobody waits for any more is cancelled.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2 import moveit_messages as messages
from orchestrator.adapters.ros2.moveit import NoMoveIt, refuse
from orchestrator.adapters.sim.planner import JUMP_RAD, LINE_STEP_M

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.ros2.moveit import Around, Way
    from orchestrator.core.geometry import Pose
    from orchestrator.core.moveit_spec import MoveItSpec
    from orchestrator.core.ports import Joints

THERE_S = 2.0  # how long a server may take to be there, and to answer a goal
CALL_S = 3.0  # how long a service may take that has nothing to look for
MARGIN_S = 2.0  # beyond the time that it may look for a way
LOOK_S = 0.05  # between two looks whether what is asked is there still
IK_S = 0.1  # how long it may look for joints
GOAL_RAD = 1e-4  # how exactly a joint shall be at its goal
KNOWS = 4 | 8 | 128  # PlanningSceneComponents: what is held, the names of what is around, what may touch
RESTART = "Start move_group, or take planner out of the cell file to plan without it."


class MoveGroup:
    """One move_group. `names` are the arm's joints. Open it with the node before it is asked."""

    def __init__(self, spec: MoveItSpec, names: Sequence[str]) -> None:
        self._spec = spec
        self._names = tuple(names)
        self._ended = threading.Event()
        self._told: str | None = None  # what it believes
        self._ids: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())  # what is around, what is held
        self._matrix: Any = None  # its own, of the arm alone

    def open(self, node: Any, within: Callable[[str], str], on_thread: Callable[[Callable[[], None]], None]) -> None:
        """Make its clients; `within` puts a name into the namespace, `on_thread` has something done there."""
        from moveit_msgs.action import MoveGroup as Action
        from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene, GetPositionIK
        from rclpy.action import ActionClient

        self._on_thread = on_thread
        self._apply = node.create_client(ApplyPlanningScene, within("apply_planning_scene"))
        self._get = node.create_client(GetPlanningScene, within("get_planning_scene"))
        self._ik = node.create_client(GetPositionIK, within("compute_ik"))
        self._cartesian = node.create_client(GetCartesianPath, within("compute_cartesian_path"))
        self._move = ActionClient(node, Action, within("move_action"))

    def close(self) -> None:
        """End what waits. Idempotent."""
        self._ended.set()

    def leave(self) -> None:
        """Leave the graph, once the executor has ended."""
        self._move.destroy()

    # ---- the scene ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See what it believes: one that began anew has forgotten what it was told."""
        from moveit_msgs.srv import GetPlanningScene

        request = GetPlanningScene.Request()
        request.components.components = KNOWS
        scene = self._call(self._get, request, CALL_S).scene
        around = frozenset(thing.id for thing in scene.world.collision_objects)
        held = frozenset(body.object.id for body in scene.robot_state.attached_collision_objects)
        if (around, held) != self._ids:
            self._told = None
        self._matrix = messages.without(scene.allowed_collision_matrix, around | held | self._ids[0] | self._ids[1])

    def tell(self, around: Around) -> None:
        """Have it believe this, and nothing else."""
        if self._told == around.key:
            return
        self._told = None
        for message in (messages.emptied(), messages.scene_message(around, self._spec, self._matrix)):
            self._applied(message)
        self._ids = (
            frozenset(thing.id for thing in around.things if not thing.held),
            frozenset(thing.id for thing in around.things if thing.held),
        )
        self._told = around.key

    def _applied(self, message: Any) -> None:
        from moveit_msgs.srv import ApplyPlanningScene

        if not self._call(self._apply, ApplyPlanningScene.Request(scene=message), CALL_S).success:
            raise NoMoveIt(
                "MoveIt does not take the cell's scene.",
                remedy="See that tip, hand and frame under planner, moveit are names that its model knows.",
                code="moveit",
            )

    # ---- questions ---------------------------------------------------------------------------------------------

    def reach(self, flange: Pose, seed: Joints) -> Joints:
        """Return joints near `seed` that bring the tip there and are clear."""
        from builtin_interfaces.msg import Duration
        from geometry_msgs.msg import PoseStamped
        from moveit_msgs.srv import GetPositionIK

        spec = self._spec
        request = GetPositionIK.Request()
        ask = request.ik_request
        ask.group_name, ask.ik_link_name, ask.avoid_collisions = spec.group, spec.tip, True
        ask.robot_state = messages.state_message(self._names, seed)
        ask.pose_stamped = PoseStamped(pose=messages.pose_message(flange))
        ask.pose_stamped.header.frame_id = spec.frame
        ask.timeout = Duration(nanosec=round(IK_S * 1e9))
        answer = self._call(self._ik, request, CALL_S)
        refuse(answer.error_code.val, _words(answer))
        return messages.joints_of(answer.solution, self._names)

    def line(self, start: Joints, flanges: Sequence[Pose]) -> Way:
        """Return a way of the tip through poses, straight between them, as far as it comes."""
        from moveit_msgs.srv import GetCartesianPath

        spec = self._spec
        request = GetCartesianPath.Request(
            start_state=messages.state_message(self._names, start),
            group_name=spec.group,
            link_name=spec.tip,
            waypoints=[messages.pose_message(pose) for pose in flanges],
            max_step=LINE_STEP_M,
            revolute_jump_threshold=JUMP_RAD,
            avoid_collisions=True,
            max_velocity_scaling_factor=1.0,
            max_acceleration_scaling_factor=1.0,
        )
        request.header.frame_id = spec.frame
        answer = self._call(self._cartesian, request, spec.time_s + MARGIN_S)
        if answer.fraction >= 0.0:  # below where it could not look at all
            return messages.way_of(answer.solution, float(answer.fraction))
        refuse(answer.error_code.val, _words(answer))
        raise NoMoveIt("MoveIt could not look for the line.", remedy="Look at move_group's log.", code="moveit")

    def free(self, start: Joints, goal: Joints) -> Way:
        """Return a way from joints to joints."""
        from moveit_msgs.action import MoveGroup as Action

        spec = self._spec
        message = Action.Goal()
        ask = message.request
        ask.group_name, ask.pipeline_id, ask.planner_id = spec.group, spec.pipeline or "", spec.planner or ""
        ask.num_planning_attempts, ask.allowed_planning_time = spec.attempts, spec.time_s
        ask.max_velocity_scaling_factor = ask.max_acceleration_scaling_factor = 1.0
        ask.workspace_parameters.header.frame_id = spec.frame
        ask.start_state = messages.state_message(self._names, start)
        ask.goal_constraints = [messages.goal_message(self._names, goal, GOAL_RAD)]
        message.planning_options.plan_only = True
        message.planning_options.planning_scene_diff.is_diff = True
        message.planning_options.planning_scene_diff.robot_state.is_diff = True
        result = self._achieved(message)
        refuse(result.error_code.val, _words(result))
        return messages.way_of(result.planned_trajectory)

    # ---- waiting -----------------------------------------------------------------------------------------------

    def _call(self, client: Any, request: Any, limit_s: float) -> Any:
        """Call a service and wait for its answer."""
        name = client.srv_name
        self._there(client.service_is_ready, name)
        answer: Future[Any] = Future()
        sent: list[Any] = []

        def send() -> None:
            sent.append(client.call_async(request))
            sent[0].add_done_callback(lambda done: answer.set_result(done.result()))

        self._on_thread(send)
        try:
            return self._awaited(answer, limit_s, client.service_is_ready, name)
        except NoMoveIt:
            self._on_thread(lambda: client.remove_pending_request(sent[0]))
            raise

    def _achieved(self, message: Any) -> Any:
        """Give a goal to move_action and wait for its result."""
        ready, name = self._move.server_is_ready, "move_action"
        self._there(ready, name)
        accepted: Future[bool] = Future()
        result: Future[Any] = Future()
        given_up = threading.Event()
        handles: list[Any] = []

        def answered(future: Any) -> None:
            handle = future.result()
            if handle.accepted:
                handles.append(handle)
                if given_up.is_set():
                    handle.cancel_goal_async()
                handle.get_result_async().add_done_callback(lambda done: result.set_result(done.result().result))
            accepted.set_result(handle.accepted)

        self._on_thread(lambda: self._move.send_goal_async(message).add_done_callback(answered))
        try:
            if not self._awaited(accepted, THERE_S, ready, name):
                raise NoMoveIt("MoveIt does not take the question.", remedy="Look at move_group's log.", code="moveit")
            return self._awaited(result, self._spec.time_s + MARGIN_S, ready, name)
        except NoMoveIt:
            given_up.set()
            self._on_thread(lambda: _cancel(handles))
            raise

    def _there(self, ready: Callable[[], bool], name: str) -> None:
        """Wait until there is a server. Raises NoMoveIt where there is none in time."""
        ends_s = time.monotonic() + THERE_S
        while not ready():
            if self._ended.wait(LOOK_S):
                raise _closed()
            if time.monotonic() > ends_s:
                raise NoMoveIt(f"There is no MoveIt at {name}.", remedy=RESTART)

    def _awaited(self, answer: Future[Any], limit_s: float, ready: Callable[[], bool], name: str) -> Any:
        ends_s = time.monotonic() + limit_s
        while not wait((answer,), LOOK_S).done:
            if self._ended.is_set():
                raise _closed()
            if not ready():
                raise NoMoveIt(f"MoveIt's {name} is gone.", remedy=RESTART)
            if time.monotonic() > ends_s:
                raise NoMoveIt(f"MoveIt's {name} said nothing for {limit_s:g} s.", remedy=RESTART)
        return answer.result()


def _cancel(handles: Sequence[Any]) -> None:
    for handle in handles:
        handle.cancel_goal_async()


def _words(answer: Any) -> str:
    """MoveIt's own words beside an error code, which older message packages don't have."""
    return str(getattr(answer.error_code, "message", ""))


def _closed() -> NoMoveIt:
    return NoMoveIt("The robot was closed.", remedy="Start the cell again.")
