"""MoveIt in the same process: the port that plans ask, with a mind, without ROS; and how it misbehaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.moveit import NoMoveIt, Way, refuse
from orchestrator.core.ros2_spec import UR_JOINTS
from tests.ros2.double import DoubleRig
from tests.ros2.moveit_mind import Mind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.adapters.ros2.moveit import Around
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Joints


class MoveItDouble:
    """A move_group that says what the test says: `bend` changes ways, `code` is the answer to every question."""

    def __init__(self, folder: Path) -> None:
        self.mind = Mind(folder)
        self.asked: list[str] = []
        self.told: list[Around] = []
        self.code = 1
        self.gone = False
        self.bend: Callable[[Way], Way] = lambda way: way

    def look(self) -> None:
        self._ask("look")

    def tell(self, around: Around) -> None:
        self.told.append(around)
        self.mind.forget()
        for thing in around.things:
            solid = self.mind.solid(thing.id, thing.pose, thing.shape)
            (self.mind.held if thing.held else self.mind.around)[thing.id] = solid
        self.mind.allowed = around.allowed

    def reach(self, flange: Pose, seed: Joints) -> Joints:
        self._ask("reach")
        joints = self.mind.reach(flange, seed)
        refuse(-31 if joints is None else self.code)
        assert joints is not None
        return self.bend(Way(UR_JOINTS, (joints,))).points[0]

    def free(self, start: Joints, goal: Joints) -> Way:
        self._ask("free")
        points = self.mind.free(start, goal)
        refuse(-1 if points is None else self.code)
        assert points is not None
        return self.bend(Way(UR_JOINTS, tuple(points)))

    def line(self, start: Joints, flanges: Sequence[Pose]) -> Way:
        self._ask("line")
        points, share = self.mind.line(start, flanges)
        return self.bend(Way(UR_JOINTS, tuple(points), share))

    def close(self) -> None:
        self.gone = True

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.gone:
            raise NoMoveIt("There is no MoveIt at move_action.", remedy="Start move_group.")


class MoveItDoubleRig(DoubleRig):
    """The ROS 2 robot on a double, its plans by a double of MoveIt."""

    def __init__(self, folder: Path) -> None:
        self.moveit = MoveItDouble(folder)
        super().__init__(folder, self.moveit)
        self.robot.state.listen(lambda state: setattr(self.moveit.mind, "opening_m", state.opening_m))

    def misbehave(self, **flags: Any) -> None:
        for name, value in flags.items():
            target = self.moveit if hasattr(self.moveit, name) else self._link
            assert hasattr(target, name)
            setattr(target, name, value)


class MoveItDoubleKind:
    """The ROS 2 robot with MoveIt, without ROS 2."""

    def run(self, main: Callable[[], Any]) -> Any:
        return run_virtual(main)

    def make(self, folder: Path) -> MoveItDoubleRig:
        return MoveItDoubleRig(folder)
