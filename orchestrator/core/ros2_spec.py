"""How a ROS 2 robot is reached: its controller, joints, gripper, force sensor, and who tells its safety state."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.core.moveit_spec import PlannerSpec
from orchestrator.core.parts import wrong
from orchestrator.core.variant import Frozen

UR_JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)


def _name(value: str) -> str:
    letters = value.replace("/", "").replace("_", "")
    if not letters.isascii() or not letters.isalnum() or "//" in value or value.endswith("/"):
        raise wrong(f"'{value}' is no name in a ROS graph.", "Use letters, digits, _ and / between them.")
    return value


Name = Annotated[str, AfterValidator(_name)]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Ros2DigitalSpec(Frozen):
    """A gripper on digital signals: the service of its output (std_srvs/SetBool), the topics of its inputs.

    `closes` is the value that closes it. Inputs (std_msgs/Bool, 10 Hz or more): `holding` is on while it holds a part,
    `closed`, where there is one, once its fingers met on nothing. They get where they go within `time_s`.
    """

    output: Name
    holding: Name
    closed: Name | None = None
    closes: bool = True
    time_s: Annotated[float, Field(ge=0.05, le=8)] = 1.0


class Ros2GripperSpec(Frozen):
    """The gripper: its action, its joint, and that joint's positions (m or rad) where the fingers are open and closed.

    `kind` is the action's type; with auto ParallelGripperCommand where there is such a server, else GripperCommand.
    One that is `digital` has none of these: it is open, closed, or holds something.
    """

    action: Name = "gripper_controller/gripper_cmd"
    kind: Literal["auto", "parallel", "gripper"] = "auto"
    joint: str = "finger_joint"
    open: float = 0.0
    closed: float = 0.8
    digital: Ros2DigitalSpec | None = None

    @property
    def server(self) -> str:
        """What it is asked through: its action, or its output's service."""
        return self.action if self.digital is None else self.digital.output

    @model_validator(mode="after")
    def _travels(self) -> Ros2GripperSpec:
        if self.digital is not None and len(self.model_fields_set) > 1:
            raise wrong("A digital gripper has no action and no joint.", "Write digital alone.")
        if self.open == self.closed:
            raise wrong("The gripper's joint is at the same place open and closed.", "Write open and closed.")
        return self


def _source(value: Any) -> Any:
    return {"source": value} if isinstance(value, str) else value


class Ros2SafetySpec(Frozen):
    """Who tells the safety state.

    `topic`: `state` carries one of Tandem's words (normal, reduced, protective_stop, ...) as a std_msgs/String, at 4 Hz
    or more, and the std_srvs/Trigger services `prepare` and `release`, where given, ready the robot and release a stop.
    `ur`: Universal Robots' driver (ur_robot_driver), by its `status` controller and its `dashboard` client; `scaling`
    is where it tells its speed slider (std_msgs/Float64, 0 to 100).
    `none`: nobody; such a cell is for supervised use only, and says so, unless its author does: `supervised`.
    """

    source: Literal["topic", "ur", "none"]
    state: Name = "safety_state"
    prepare: Name | None = None
    release: Name | None = None
    status: Name = "io_and_status_controller"
    dashboard: Name = "dashboard_client"
    scaling: Name = "speed_scaling_state_broadcaster/speed_scaling"
    supervised: bool = False


class Ros2Settings(Frozen):
    """The ROS 2 robot's own settings. Names are in the graph, relative to `namespace`.

    `wrench` is the wrist's force and torque (geometry_msgs/WrenchStamped); without one there are no guarded moves.
    `controller` is one name, or several in order of preference: the first that `controller_manager` says is active.
    `others` is what other ROS 2 systems may do with the cell: none, look (at its state, and hold it), or ask (to resume
    it and for orders, too).
    `planner` is who plans; Tandem itself where it is not said. `execute` is who has motions executed: the controller's
    own action, or MoveIt's move_group.
    In a `rehearsal` the arm (or a mock of it) moves among simulated parts: nothing around it is real to Tandem.
    """

    namespace: Annotated[str, AfterValidator(lambda v: _name(v) if v else v)] = ""
    controller: Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        "joint_trajectory_controller",
    )
    controller_manager: Name = "controller_manager"
    joints: Annotated[tuple[str, ...], Field(min_length=1)] = UR_JOINTS
    joint_states: Name = "joint_states"
    wrench: Name | None = None
    gripper: Ros2GripperSpec = Ros2GripperSpec()
    safety: Annotated[Ros2SafetySpec, BeforeValidator(_source)]
    planner: PlannerSpec | None = None
    execute: Literal["controller", "moveit"] = "controller"
    use_sim_time: bool = False
    others: Literal["none", "look", "ask"] = "look"
    rehearsal: bool = False

    @property
    def feels(self) -> bool:
        """Whether forces are heard of."""
        return self.wrench is not None or self.rehearsal

    @model_validator(mode="after")
    def _apart(self) -> Ros2Settings:
        if len({*self.joints, self.gripper.joint}) != len(self.joints) + 1:
            raise wrong("A joint is named twice.", "Name each joint of arm and gripper once.")
        if self.rehearsal and self.gripper.digital is not None:
            raise wrong(
                "In a rehearsal what the fingers meet is simulated, and a digital gripper tells what is really there.",
                "Leave rehearsal out, or give the gripper an action.",
            )
        return self
