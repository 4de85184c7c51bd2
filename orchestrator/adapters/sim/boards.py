"""Marker boards in the simulated cell: fixed ones, and loose ones that are held, laid down or mounted on the arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.errors import NotFound, known
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.calibration import BoardSpec

THICK_M = 0.003
BOARD = "board_"
MARGIN_M = 0.01  # white around the pattern


@dataclass(frozen=True, slots=True)
class Printed:
    """A board in sight: what is printed, and the pose of its pattern in the world."""

    board: BoardSpec
    pose: Pose


def printed(world: World, boards: Mapping[str, BoardSpec]) -> tuple[Printed, ...]:
    """Return the boards that are in the world, by the ids that their bodies have in `boards`."""
    return tuple(
        Printed(boards[body.id], world.pose(body.id).shifted(z=THICK_M / 2)) for body in world if body.id in boards
    )


class SimBoards:
    """The boards of a cell by name, each a plate in the true world. `bodies` is shared with the cameras.

    Raises NotFound for a board whose frame the cell lacks.
    """

    def __init__(self, world: World, boards: Mapping[str, BoardSpec], frames: Mapping[str, Pose]) -> None:
        self.specs = dict(boards)
        self.bodies: dict[str, BoardSpec] = {}
        self._world = world
        self._ids: dict[str, str] = {}
        self._unmount: Callable[[], None] | None = None
        for body in world:  # of a world that was kept: each stands where the cell file says, or nowhere
            if body.kind.removeprefix(BOARD) in boards and body.kind.startswith(BOARD):
                world.remove(body.id)
        for name, board in boards.items():
            if board.at is not None:
                if board.at not in frames:
                    raise known("frame", board.at, frames)
                self.hold(name, frames[board.at])

    def hold(self, name: str, pose: Pose) -> None:
        """Have a board at a pose in the world: laid there, or held by a person's hands out of the picture."""
        self.take_away(name)
        board = self._spec(name)
        width, height = (side + 2 * MARGIN_M for side in board.size_m)
        self._ids[name] = self._world.add(f"{BOARD}{name}", Box((width, height, THICK_M)), pose.shifted(z=-THICK_M / 2))
        self.bodies[self._ids[name]] = board

    def mount(self, name: str, robot: SimRobot, pose: Pose) -> None:
        """Fix a board to the arm, at a pose in the TCP's frame: it moves along until it is taken away."""
        self.hold(name, robot.state.value.tcp @ pose)
        body = self._ids[name]
        plate = pose.shifted(z=-THICK_M / 2)
        self._unmount = robot.state.listen(lambda state: self._world.put({body: state.tcp @ plate}))

    def take_away(self, name: str) -> None:
        """Take a board out of the cell, where it is in it."""
        if self._unmount is not None:
            self._unmount()
            self._unmount = None
        body = self._ids.pop(name, None)
        if body is not None:
            del self.bodies[body]
            self._world.remove(body)

    def knock(self, name: str, by: Pose) -> None:
        """Move a board by a pose in its own frame, behind everybody's back."""
        self._world.displace(self._ids[name], by)

    def where(self, name: str) -> Pose:
        """Return where a board's pattern really is. Raises NotFound for one that is not in the cell."""
        if name not in self._ids:
            raise NotFound(f"The board {name} is not in the cell.", remedy="Put it there first.")
        return self._world.pose(self._ids[name]) @ IDENTITY.shifted(z=THICK_M / 2)

    def _spec(self, name: str) -> BoardSpec:
        if name not in self.specs:
            raise known("board", name, self.specs)
        return self.specs[name]
