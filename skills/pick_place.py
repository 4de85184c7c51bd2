"""Take a part from its bin, or from where it stands, and set it down where the result wants it."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "pick_place",
    timeout_s=240,
    needs=("gripper_free",),
    leaves=("part_at", "gripper_empty", "arm_home"),
    undone_by="pick",
)
async def pick_place(cell: Cell, part: str, at: Target, approach_mm: float = 80) -> None:
    """Take `part` and set it down `at` its target; a part that sits there already is taken up and set again."""
    await cell.fetch(part, approach_mm=approach_mm)
    await cell.put(part, at, approach_mm=approach_mm)
