"""Take a part from its bin, or from where it stands."""

from orchestrator.skill import Cell, skill


@skill("pick", timeout_s=120, needs=("gripper_free",), leaves=("part_held",), undone_by="place")
async def pick(cell: Cell, part: str, approach_mm: float = 80) -> None:
    """Grasp `part` where it is and lift it clear; the step after this one goes on with it, by `carry`."""
    if cell.holding(part):  # run again after a cancel: it was closed on, but perhaps not lifted
        await cell.arm.clear()
        return
    await cell.fetch(part, approach_mm=approach_mm)
