"""Who has a trajectory executed: the controller itself, or MoveIt's move_group, which passes it on to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from orchestrator.adapters.ros2.moveit import LOG, MEANINGS, SUCCESS
from orchestrator.core.ports import Outcome

if TYPE_CHECKING:
    from orchestrator.adapters.ros2.course import Course
    from orchestrator.adapters.ros2.link import Ended, Goal, Link, Server

MOVED = "Plan anew from where it stands."
INACTIVE = "Activate the controller, then press or plan anew: ros2 control list_controllers shows which are active."

# moveit_msgs/MoveItErrorCodes, where they mean something else to an execution than to a plan
EXECUTED: dict[int, tuple[str, str, str]] = {
    -2: ("bad_plan", "it does not take the trajectory for one", LOG),
    -3: ("moveit", "its scene changed on the way", MOVED),
    -4: (
        "controller",
        "its controller refused the motion or gave it up",
        "Look what was in the arm's way, and at move_group's log.",
    ),
    -6: (
        "timed_out",
        "the arm took longer than it allows",
        "Set the robot's own speed to 100 %, or have move_group allow more (trajectory_execution).",
    ),
    -7: ("preempted", "somebody else stopped the motion", "See who else uses move_group, then plan anew."),
}


class Executor(Protocol):
    """Whom a trajectory is given to. `name` begins a sentence; `look` is what helps where it does not do its work.

    `unwilling` is what helps where it refuses all.

    `retimes` tells whether a trajectory takes over from the one under way. Where none does, the arm comes to a stand
    first, and it may go on without its executor, whose controller has the whole trajectory. `braked_s` is how long it
    may take to answer what shall bring the arm to a stand, before it is passed by.
    """

    name: str
    look: str
    unwilling: str
    server: Server
    retimes: bool
    braked_s: float

    def follow(self, link: Link, course: Course) -> Goal:
        """Give it a trajectory."""

    def failed(self, ended: Ended) -> Outcome | None:
        """Return what an end means that nobody has asked for; None where it is a success."""


class ByController:
    """The controller's FollowJointTrajectory."""

    name = "The controller"
    look = "Look at the controller."
    unwilling = "See whether it is active (ros2 control list_controllers): an inactive controller refuses everything."
    server: Server = "controller"
    retimes = True
    braked_s = 5.0

    def follow(self, link: Link, course: Course) -> Goal:
        """Give it a trajectory; it takes over from the one under way."""
        return link.follow(course.waypoints)

    def failed(self, ended: Ended) -> Outcome | None:
        """Return what an end means that nobody has asked for; None where it is a success."""
        if ended.status == "succeeded":
            return None
        words = f"The controller gave the motion up: {ended.detail or ended.status}."
        return Outcome("aborted", "controller", words, "Look what was in the arm's way.")


class ByMoveIt:
    """move_group's execute_trajectory."""

    name = "MoveIt"
    look = unwilling = LOG
    server: Server = "moveit"
    retimes = False
    braked_s = 2.5

    def follow(self, link: Link, course: Course) -> Goal:
        """Give it a trajectory, whose first point is where the arm stands: it refuses others."""
        return link.follow(course.points, "moveit")

    def failed(self, ended: Ended) -> Outcome | None:
        """Return what an end means that nobody has asked for; None where it is a success."""
        code = ended.error
        if ended.status == "succeeded" and code == SUCCESS:
            return None
        if code == SUCCESS:
            code = 0  # it says both
        kind, words, remedy = EXECUTED.get(code) or MEANINGS.get(code, ("moveit", f"its error code is {code}", LOG))
        own = f" ({ended.detail.strip().rstrip('.')})" if ended.detail.strip() else ""
        return Outcome("aborted", kind, f"MoveIt: {words}{own}.", remedy)


CONTROLLER = ByController()
EXECUTORS: dict[str, Executor] = {"controller": CONTROLLER, "moveit": ByMoveIt()}
