"""Tandem's scene and joints as MoveIt's messages. What is imported of ROS 2 is imported when it is needed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.moveit import NoMoveIt, Way

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.adapters.ros2.moveit import Around, Thing
    from orchestrator.core.geometry import Pose
    from orchestrator.core.moveit_spec import MoveItSpec
    from orchestrator.core.ports import Joints

ADD, REMOVE = b"\x00", b"\x01"  # CollisionObject's operations


def pose_message(pose: Pose) -> Any:
    """Return a geometry_msgs/Pose."""
    from geometry_msgs.msg import Point, Quaternion
    from geometry_msgs.msg import Pose as Message

    x, y, z = (float(value) for value in pose.p)
    w, i, j, k = (float(value) for value in pose.q)
    return Message(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=i, y=j, z=k, w=w))


def state_message(names: Sequence[str], joints: Joints) -> Any:
    """Return a moveit_msgs/RobotState: the arm at these joints, all else (what it holds, too) as move_group has it."""
    from moveit_msgs.msg import RobotState
    from sensor_msgs.msg import JointState

    return RobotState(joint_state=JointState(name=list(names), position=[float(q) for q in joints]), is_diff=True)


def goal_message(names: Sequence[str], joints: Joints, within_rad: float) -> Any:
    """Return a moveit_msgs/Constraints: every joint where it shall be."""
    from moveit_msgs.msg import Constraints, JointConstraint

    return Constraints(
        joint_constraints=[
            JointConstraint(
                joint_name=name, position=float(q), tolerance_above=within_rad, tolerance_below=within_rad, weight=1.0
            )
            for name, q in zip(names, joints, strict=True)
        ]
    )


def way_of(trajectory: Any, share: float = 1.0) -> Way:
    """Return a moveit_msgs/RobotTrajectory's joints; its timing is left behind."""
    points = trajectory.joint_trajectory.points
    return Way(
        tuple(trajectory.joint_trajectory.joint_names),
        tuple(tuple(float(q) for q in point.positions) for point in points),
        share,
    )


def joints_of(state: Any, names: Sequence[str]) -> Joints:
    """Return a moveit_msgs/RobotState's joints of these names. Raises NoMoveIt where it lacks one."""
    told = dict(zip(state.joint_state.name, state.joint_state.position, strict=False))
    if lacking := [name for name in names if name not in told]:
        raise NoMoveIt(
            f"MoveIt says nothing of {', '.join(lacking)}.",
            remedy="Name the group's joints under robot_ros2, joints in the cell file.",
            code="bad_plan",
        )
    return tuple(float(told[name]) for name in names)


def emptied() -> Any:
    """Return a moveit_msgs/PlanningScene that takes everything out of the scene and off the arm."""
    from moveit_msgs.msg import AttachedCollisionObject, CollisionObject, PlanningScene

    message = PlanningScene(is_diff=True)
    message.robot_state.is_diff = True
    message.robot_state.attached_collision_objects = [AttachedCollisionObject(object=CollisionObject(operation=REMOVE))]
    message.world.collision_objects = [CollisionObject(operation=REMOVE)]
    return message


def scene_message(around: Around, spec: MoveItSpec, matrix: Any) -> Any:
    """Return a moveit_msgs/PlanningScene with all that is around, for an empty one.

    `matrix` is move_group's own AllowedCollisionMatrix, of the arm alone.
    """
    from moveit_msgs.msg import AttachedCollisionObject, PlanningScene

    message = PlanningScene(is_diff=True)
    message.robot_state.is_diff = True
    message.robot_state.attached_collision_objects = [
        AttachedCollisionObject(
            link_name=spec.tip, object=_solid(thing, spec.tip), touch_links=list(dict.fromkeys((spec.tip, *spec.hand)))
        )
        for thing in around.things
        if thing.held
    ]
    message.world.collision_objects = [_solid(thing, spec.frame) for thing in around.things if not thing.held]
    message.allowed_collision_matrix = _matrix(around, spec, matrix)
    return message


def without(matrix: Any, ids: Iterable[str]) -> Any:
    """Return an AllowedCollisionMatrix without the entries of some things."""
    from moveit_msgs.msg import AllowedCollisionEntry, AllowedCollisionMatrix

    gone = frozenset(ids)
    kept = [index for index, name in enumerate(matrix.entry_names) if name not in gone]
    usual = [
        (name, value)
        for name, value in zip(matrix.default_entry_names, matrix.default_entry_values, strict=True)
        if name not in gone
    ]
    return AllowedCollisionMatrix(
        entry_names=[matrix.entry_names[index] for index in kept],
        entry_values=[
            AllowedCollisionEntry(enabled=[matrix.entry_values[row].enabled[index] for index in kept]) for row in kept
        ],
        default_entry_names=[name for name, _ in usual],
        default_entry_values=[value for _, value in usual],
    )


def _matrix(around: Around, spec: MoveItSpec, base: Any) -> Any:
    from moveit_msgs.msg import AllowedCollisionEntry, AllowedCollisionMatrix

    hand = spec.hand or (spec.tip,)
    names = list(dict.fromkeys((*base.entry_names, *hand, *(thing.id for thing in around.things))))
    at = {name: index for index, name in enumerate(names)}
    groups: Mapping[str, Sequence[str]] = {
        "gripper": hand,
        "arm": [name for name in base.entry_names if name not in hand],
    }
    rows = [[False] * len(names) for _ in names]
    for row, entry in enumerate(base.entry_values):
        rows[row][: len(entry.enabled)] = entry.enabled
    for pair in around.allowed:
        one, other = (*pair, *pair)[:2]  # a pair of a thing with itself has one name
        for a, b in itertools.product(groups.get(one, (one,)), groups.get(other, (other,))):
            if a in at and b in at:
                rows[at[a]][at[b]] = rows[at[b]][at[a]] = True
    return AllowedCollisionMatrix(
        entry_names=names,
        entry_values=[AllowedCollisionEntry(enabled=row) for row in rows],
        default_entry_names=base.default_entry_names,
        default_entry_values=base.default_entry_values,
    )


def _solid(thing: Thing, frame: str) -> Any:
    """Return a thing as a moveit_msgs/CollisionObject in a frame."""
    from geometry_msgs.msg import Point
    from moveit_msgs.msg import CollisionObject
    from shape_msgs.msg import Mesh, MeshTriangle, SolidPrimitive
    from std_msgs.msg import Header

    message = CollisionObject(header=Header(frame_id=frame), id=thing.id, pose=pose_message(thing.pose), operation=ADD)
    here = pose_message(type(thing.pose)())
    if isinstance(thing.shape, tuple):
        message.primitives = [SolidPrimitive(type=SolidPrimitive.BOX, dimensions=[float(m) for m in thing.shape])]
        message.primitive_poses = [here]
        return message
    message.meshes = [
        Mesh(
            triangles=[MeshTriangle(vertex_indices=[int(i) for i in face]) for face in thing.shape.faces],
            vertices=[Point(x=float(x), y=float(y), z=float(z)) for x, y, z in thing.shape.vertices],
        )
    ]
    message.mesh_poses = [here]
    return message
