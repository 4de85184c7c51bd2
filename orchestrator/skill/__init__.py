"""The skill author's whole surface.

A skill is an async function that brings one result about, from the world as it is, so that it can be cancelled at
any await and run again::

    @skill("pick", timeout_s=30, needs=("gripper_free",), leaves=("part_held",), undone_by="place")
    async def pick(cell: Cell, part: str, approach_mm: float = 80) -> None:
        ...

Parameters named `part` and `at` come from the step's result, `tool` from the step, those named like one of the
result's values (`torque_Nm`) are its setpoints; the rest is authored in the step. Lengths of parameters are
millimetres. What a skill `needs` and `leaves` are words of `orchestrator.engine.promise`.
"""

from orchestrator.core.geometry import Pose
from orchestrator.core.variant import Target
from orchestrator.engine.equipment import Clamp, Signals
from orchestrator.engine.handling import Seen
from orchestrator.skill.cell import Cell
from orchestrator.skill.declared import SkillFailed, skill
from orchestrator.skill.sequences import Grasp, Placement

__all__ = ["Cell", "Clamp", "Grasp", "Placement", "Pose", "Seen", "Signals", "SkillFailed", "Target", "skill"]
