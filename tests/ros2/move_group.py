"""A move_group over rclpy, with MoveIt's own message types, that behaves as the test says: `-m tests.ros2.move_group`.

Its scene is kept as MoveIt's PlanningScene keeps it, by its source: what is detached goes into the world, what leaves
the world leaves the matrix of allowed collisions, a diff's matrix replaces the one before. Commands come over a local
connection.
"""

from __future__ import annotations

import argparse
import itertools
import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rclpy
from moveit_msgs.action import MoveGroup
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    AttachedCollisionObject,
    CollisionObject,
    MoveItErrorCodes,
    RobotTrajectory,
)
from moveit_msgs.srv import ApplyPlanningScene, GetCartesianPath, GetPlanningScene, GetPositionIK
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectoryPoint

from orchestrator.adapters.sim.meshes import Triangles
from orchestrator.core.geometry import Pose
from tests.ros2.move_group_execution import Execution
from tests.ros2.moveit_mind import Mind
from tests.ros2.obeying import obey

if TYPE_CHECKING:
    from orchestrator.core.ports import Joints

JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)
ARM = ("base_link_inertia", "shoulder_link", "upper_arm_link", "forearm_link", "wrist_1_link", "wrist_2_link")
HAND = ("palm",)
LIMIT_S = 60.0
GROUP, TIP, FRAME = "manipulator", "tool0", "world"


class Scene:
    """What it believes, in messages."""

    def __init__(self) -> None:
        self.world: dict[str, CollisionObject] = {}
        self.held: dict[str, AttachedCollisionObject] = {}
        self.matrix: dict[frozenset[str], bool] = {}
        links = (*ARM, *HAND)
        self.names = list(links)
        for one, other in itertools.pairwise(links):
            self.matrix[frozenset((one, other))] = True

    def take(self, message: Any) -> bool:
        """Take in a diff."""
        if not message.is_diff or not message.robot_state.is_diff:
            return False  # the real one would lose the arm's own allowed collisions
        for body in message.robot_state.attached_collision_objects:
            if body.object.operation == CollisionObject.REMOVE:
                for name in [name for name in self.held if body.object.id in ("", name)]:
                    self.world[name] = self.held.pop(name).object
            else:
                if body.link_name != TIP or body.object.header.frame_id != TIP:
                    return False
                self.world.pop(body.object.id, None)
                self.held[body.object.id] = body
        matrix = message.allowed_collision_matrix
        if matrix.entry_names:
            self.names = list(matrix.entry_names)
            self.matrix = {
                frozenset((one, other)): True
                for one, row in zip(matrix.entry_names, matrix.entry_values, strict=True)
                for other, may in zip(matrix.entry_names, row.enabled, strict=True)
                if may
            }
        for thing in message.world.collision_objects:
            if thing.operation == CollisionObject.REMOVE:
                for name in [name for name in self.world if thing.id in ("", name)]:
                    del self.world[name]
                    self.names = [one for one in self.names if one != name]
                    self.matrix = {pair: may for pair, may in self.matrix.items() if name not in pair}
            elif thing.header.frame_id != FRAME:
                return False
            else:
                self.world[thing.id] = thing
        return True

    def tell(self, message: Any) -> None:
        """Fill in a moveit_msgs/PlanningScene."""
        message.world.collision_objects = [CollisionObject(id=name) for name in self.world]
        message.robot_state.attached_collision_objects = list(self.held.values())
        message.allowed_collision_matrix.entry_names = self.names
        message.allowed_collision_matrix.entry_values = [
            AllowedCollisionEntry(enabled=[self.matrix.get(frozenset((a, b)), False) for b in self.names])
            for a in self.names
        ]


class Group:
    """The servers, and how they misbehave."""

    def __init__(self) -> None:
        self._node = node = rclpy.create_node("move_group")
        self._ears = rclpy.create_node("move_group_ears")
        self._mind = Mind(Path())
        self._answers = threading.Event()
        node.create_service(ApplyPlanningScene, "apply_planning_scene", self._apply)
        node.create_service(GetPlanningScene, "get_planning_scene", self._get)
        node.create_service(GetPositionIK, "compute_ik", self._reach)
        node.create_service(GetCartesianPath, "compute_cartesian_path", self._line)
        self._server = ActionServer(
            node,
            MoveGroup,
            "move_action",
            execute_callback=self._free,
            goal_callback=lambda _: GoalResponse.REJECT if self.rejects else GoalResponse.ACCEPT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._ears.create_subscription(JointState, "joint_states", self._hear, qos_profile_sensor_data)
        self._execution = Execution()
        self.reset()

    # ---- commands ----------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Behave, and know nothing."""
        self.rejects = False  # no goal is taken
        self.code = MoveItErrorCodes.SUCCESS  # what every question is answered with
        self.lies = ""  # elsewhere, jumps, collides, begins or shuffled
        self.takes_s = 0.0  # before an answer
        self.dies = ""  # at which question
        self.deaf = ""  # to which question
        self.told = 0  # scenes that were taken
        self.asked: list[str] = []
        self._came = {what: threading.Event() for what in ("apply", "get", "reach", "line", "free")}
        self.scene = Scene()
        self._answers.set()
        self._execution.reset()

    def set(self, **flags: Any) -> None:
        """Behave otherwise."""
        for name, value in flags.items():
            setattr(self, name, value)
        self._answers.clear() if self.deaf else self._answers.set()

    def execute(self, **flags: Any) -> None:
        """Execute otherwise."""
        self._execution.set(**flags)

    def executed(self) -> tuple[int, int]:
        """Tell how many trajectories it was given, and how many stops it heard of."""
        return self._execution.executed, self._execution.stops

    def forget(self) -> None:
        """Be as one that began anew."""
        self.scene = Scene()

    def wait_for(self, what: str) -> bool:
        """Wait until it was asked something."""
        return self._came[what].wait(LIMIT_S)

    def knows(self) -> dict[str, Any]:
        """Tell what it believes, and what it was asked."""
        pairs = sorted(sorted(pair) for pair, may in self.scene.matrix.items() if may)
        held = {name: (list(body.touch_links), _pose(body.object.pose).p) for name, body in self.scene.held.items()}
        world = {name: _pose(thing.pose).p for name, thing in self.scene.world.items()}
        return {"world": world, "held": held, "pairs": pairs, "told": self.told, "asked": self.asked}

    # ---- the servers -------------------------------------------------------------------------------------------

    def _hear(self, message: JointState) -> None:
        if "finger_joint" in message.name:
            self._mind.opening_m = 2 * message.position[list(message.name).index("finger_joint")]

    def _begin(self, what: str) -> None:
        self.asked.append(what)
        self._came[what].set()
        if self.dies == what:
            os._exit(1)
        if self.deaf == what:
            self._answers.wait()
        time.sleep(self.takes_s)
        self._remember()

    def _remember(self) -> None:
        mind, scene = self._mind, self.scene
        mind.forget()
        for name, thing in scene.world.items():
            mind.around[name] = mind.solid(name, _pose(thing.pose), _shape(thing))
        for name, body in scene.held.items():
            mind.held[name] = mind.solid(name, _pose(body.object.pose), _shape(body.object))
        of = {**dict.fromkeys(ARM, "arm"), **dict.fromkeys(HAND, "gripper")}
        mind.allowed = frozenset(
            frozenset(of.get(name, name) for name in pair)
            for pair in scene.matrix
            if not pair <= of.keys()  # the arm's own are its model's
        )

    def _apply(self, request: Any, response: Any) -> Any:
        self._begin("apply")
        response.success = self.scene.take(request.scene)
        self.told += 1
        return response

    def _get(self, request: Any, response: Any) -> Any:
        self._begin("get")
        self.scene.tell(response.scene)
        return response

    def _reach(self, request: Any, response: Any) -> Any:
        self._begin("reach")
        ask = request.ik_request
        joints = None
        if ask.group_name != GROUP:
            response.error_code.val = MoveItErrorCodes.INVALID_GROUP_NAME
            return response
        if ask.ik_link_name == TIP and ask.pose_stamped.header.frame_id == FRAME and ask.avoid_collisions:
            joints = self._mind.reach(_pose(ask.pose_stamped.pose), _joints(ask.robot_state))
        response.error_code.val = self.code if joints is not None else MoveItErrorCodes.NO_IK_SOLUTION
        if joints is not None:
            response.solution.joint_state.name = ["finger_joint", *JOINTS]
            response.solution.joint_state.position = [0.0, *joints]
        return response

    def _line(self, request: Any, response: Any) -> Any:
        self._begin("line")
        points, share = self._mind.line(_joints(request.start_state), [_pose(pose) for pose in request.waypoints])
        response.error_code.val = self.code
        response.fraction = share if self.code == MoveItErrorCodes.SUCCESS else -1.0
        response.solution = self._trajectory(points)
        return response

    def _free(self, handle: Any) -> Any:
        self._begin("free")
        ask, result = handle.request.request, MoveGroup.Result()
        assert handle.request.planning_options.plan_only
        goal = {c.joint_name: c.position for c in ask.goal_constraints[0].joint_constraints}
        end = tuple(goal[name] for name in JOINTS)
        points = self._mind.free(_joints(ask.start_state), end)
        if self.lies == "collides":
            points = [_joints(ask.start_state), end]
        result.error_code.val = self.code if points is not None else MoveItErrorCodes.PLANNING_FAILED
        if points is not None:
            result.planned_trajectory = self._trajectory(points)
        handle.succeed() if result.error_code.val == MoveItErrorCodes.SUCCESS else handle.abort()
        return result

    def _trajectory(self, points: list[Joints]) -> RobotTrajectory:
        ways = [list(point) for point in points]
        if self.lies == "elsewhere":
            ways[-1][0] += 0.2
        elif self.lies == "begins":
            ways[0][0] += 0.2
        elif self.lies == "jumps":
            ways.insert(1, [angle + 1.5 for angle in ways[0]])
        names = list(JOINTS)
        if self.lies == "shuffled":
            names, ways = names[::-1], [way[::-1] for way in ways]
        message = RobotTrajectory()
        message.joint_trajectory.joint_names = names
        message.joint_trajectory.points = [JointTrajectoryPoint(positions=way) for way in ways]
        return message

    def run(self, connection: Connection) -> None:
        """Serve commands until the other side is gone."""
        obey(self, (self._node, self._ears, *self._execution.nodes), connection)


def _joints(state: Any) -> Joints:
    assert state.is_diff
    told = dict(zip(state.joint_state.name, state.joint_state.position, strict=True))
    return tuple(told[name] for name in JOINTS)


def _pose(message: Any) -> Pose:
    p, q = message.position, message.orientation
    return Pose((p.x, p.y, p.z), (q.w, q.x, q.y, q.z))


def _shape(thing: Any) -> Any:
    if thing.primitives:
        return tuple(thing.primitives[0].dimensions)
    (mesh,) = thing.meshes
    vertices = np.array([(v.x, v.y, v.z) for v in mesh.vertices])
    return Triangles(vertices, np.array([list(face.vertex_indices) for face in mesh.triangles], dtype=np.int64))


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("connection", type=int)
    options = parser.parse_args()
    connection = Connection(options.connection)
    rclpy.init()
    Group().run(connection)


if __name__ == "__main__":
    main()
