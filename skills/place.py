"""Set the held part down where the result wants it."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "place",
    timeout_s=120,
    needs=("part_held",),
    leaves=("part_at", "gripper_empty", "arm_home"),
    undone_by="pick",
)
async def place(cell: Cell, part: str, at: Target, approach_mm: float = 80) -> None:
    """Set the held `part` down `at` its target, let go, and go home."""
    if not cell.holding(part) and cell.is_at(part, at):  # run again after a cancel: it was let go of already
        await cell.arm.home()
        return
    await cell.put(part, at, approach_mm=approach_mm)
