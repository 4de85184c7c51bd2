"""What planning by MoveIt needs of move_group, and what its error codes mean to whoever asked for a motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.core.errors import PlanError, RobotError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.meshes import Triangles
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.ports import Joints

SUCCESS = 1
CORRECT = "Correct planner, moveit in the cell file, or MoveIt's own configuration."
CLEAR = "Move what is in the way, choose another approach, or name it in `touching` if contact is meant."
AGAIN = "Ask again; if it stays so, look at move_group's log."
FARTHER = "Move the goal closer to the robot, or turn the tool."
LONGER = "Give it more time_s or attempts under planner, moveit, or another planner."
LOG = "Look at move_group's log."

# moveit_msgs/MoveItErrorCodes: Tandem's code, what is wrong, what helps
MEANINGS: dict[int, tuple[str, str, str]] = {
    99999: ("no_plan", "it failed", LOG),
    0: ("moveit", "it says nothing of how that went", LOG),
    -1: ("no_plan", "it found no way", LONGER),
    -2: ("no_plan", "its own way turned out not to be clear", AGAIN),
    -3: ("no_plan", "its scene changed meanwhile", AGAIN),
    -4: ("moveit", "its controller failed", LOG),
    -5: ("moveit", "it has no data of its sensors", LOG),
    -6: ("no_plan", "it found no way in time", LONGER),
    -7: ("no_plan", "it was asked for something else meanwhile", AGAIN),
    -10: ("no_plan", "the start collides", "Retreat first, or correct the scene."),
    -11: ("no_plan", "the start breaks a constraint", CORRECT),
    -12: ("no_plan", "the goal collides", CLEAR),
    -13: ("no_plan", "the goal breaks a constraint", CORRECT),
    -14: ("no_plan", "the goal was not kept", AGAIN),
    -15: ("moveit", "it knows no such group", CORRECT),
    -16: ("moveit", "it can't read the goal", CORRECT),
    -17: ("moveit", "it can't read where the arm is", CORRECT),
    -18: ("moveit", "it knows no such link", CORRECT),
    -19: ("moveit", "it knows no such object", AGAIN),
    -21: ("moveit", "it can't tell where the frame is", CORRECT),
    -22: ("moveit", "it can't look for collisions", LOG),
    -23: ("moveit", "it does not know where the arm is now", "See that move_group hears the joint states."),
    -24: ("moveit", "what its sensors said is too old", LOG),
    -25: ("moveit", "it can't reach its own parts", LOG),
    -26: ("no_plan", "the start is none that the arm can be in", CORRECT),
    -27: ("no_plan", "the goal is none that the arm can be in", FARTHER),
    -28: ("moveit", "its planner knows no goals of this kind", CORRECT),
    -29: ("moveit", "its planner crashed", "Restart move_group; if it stays so, choose another planner."),
    -30: ("no_plan", "its planner gave up", AGAIN),
    -31: ("no_plan", "no joints reach it, or all that do collide", FARTHER),
}


class NoMoveIt(RobotError):
    """No use in asking move_group more: it is not there, says nothing in time, or nothing that can be believed."""

    code = "no_moveit"


@dataclass(frozen=True, slots=True)
class Way:
    """Joint positions (rad) one after the other, by the joints' `names`, and the share of what was asked for."""

    names: tuple[str, ...]
    points: tuple[Joints, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """A solid of MoveIt's scene: a box of `size_m` or a closed surface, in the world, or `held`: in the flange."""

    id: str
    pose: Pose
    shape: Vector | Triangles
    held: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What MoveIt shall believe to be around the arm; `key` is the same for the same content.

    `allowed` are pairs that may touch: of things, and of "arm" and "gripper".
    """

    key: str
    things: tuple[Thing, ...]
    allowed: frozenset[frozenset[str]]


class MoveIt(Protocol):
    """move_group, for the thread that plans: every call waits, within its limit.

    All raise NoMoveIt where it is not there, dies, says nothing in time or is set up wrong, and PlanError where it
    says that there is no way.
    """

    def look(self) -> None:
        """See whether it still believes what it was told; where not (it began anew), it is told again."""

    def tell(self, around: Around) -> None:
        """Have it believe this, and nothing else; quick where it does already."""

    def reach(self, flange: Pose, seed: Joints) -> Joints:
        """Return joints near `seed` (both in the arm's order) that bring the flange there and are clear."""

    def free(self, start: Joints, goal: Joints) -> Way:
        """Return a way from joints to joints."""

    def line(self, start: Joints, flanges: Sequence[Pose]) -> Way:
        """Return a way of the flange through poses, straight between them, as far as it comes."""

    def close(self) -> None:
        """End what waits."""


def refuse(code: int, said: str = "") -> None:
    """Raise what an error code of MoveIt means; `said` are its own words. None for success.

    Raises PlanError where there is no way, NoMoveIt where it could not look for one.
    """
    if code == SUCCESS:
        return
    kind, words, remedy = MEANINGS.get(code, ("moveit", f"its error code is {code}", LOG))
    own = f" ({said.strip().rstrip('.')})" if said.strip() else ""
    raise (PlanError if kind == "no_plan" else NoMoveIt)(f"MoveIt: {words}{own}.", remedy=remedy, code=kind)


def untrue(words: str) -> NoMoveIt:
    """Return the error of an answer that is not what was asked for."""
    return NoMoveIt(f"MoveIt's way {words}.", remedy=CORRECT, code="bad_plan")
