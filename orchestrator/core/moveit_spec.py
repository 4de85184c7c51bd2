"""How a ROS 2 robot's plans are made by MoveIt: which group, which planner, and what its links are called there."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from orchestrator.core.parts import wrong
from orchestrator.core.variant import Frozen


def _word(value: str) -> str:
    if not value or value != value.strip() or not value.isprintable():
        raise wrong(f"'{value}' is no name in MoveIt.", "Write it as the SRDF or the planning pipelines have it.")
    return value


Word = Annotated[str, AfterValidator(_word)]


class MoveItSpec(Frozen):
    """MoveIt 2's move_group, asked for plans.

    `group` is the planning group, `tip` the link that is the flange, `frame` the one that has the cell's coordinates,
    all as URDF and SRDF name them. `hand` are the gripper's links: what it holds may touch them. `pipeline` and
    `planner` are move_group's own where they are not said. A motion is looked for `attempts` times within `time_s`.
    """

    group: Word
    pipeline: Word | None = None
    planner: Word | None = None
    tip: Word = "tool0"
    frame: Word = "world"
    hand: tuple[Word, ...] = ()
    attempts: Annotated[int, Field(ge=1, le=100)] = 1
    time_s: Annotated[float, Field(ge=0.1, le=60)] = 5.0

    @model_validator(mode="after")
    def _apart(self) -> MoveItSpec:
        if len({*self.hand, self.tip}) != len(self.hand) + 1:
            raise wrong("A link is named twice under tip and hand.", "Name each link of the gripper once.")
        return self


class PlannerSpec(Frozen):
    """Who plans the robot's motions where it is not Tandem itself."""

    moveit: MoveItSpec
