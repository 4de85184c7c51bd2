"""Take a part from its bin, or from where it stands, and set it down where the result wants it."""

from orchestrator.skill import Cell, Target, skill


@skill("pick", timeout_s=120)
async def pick(cell: Cell, part: str, approach_mm: float = 80) -> None:
    """Grasp `part` where it is and lift it clear."""
    await cell.fetch(part, approach_mm=approach_mm)


@skill("place", timeout_s=120)
async def place(cell: Cell, part: str, at: Target, approach_mm: float = 80) -> None:
    """Set the held `part` down `at` its target, let go, and go home."""
    if not cell.holding(part) and cell.is_at(part, at):
        await cell.arm.home()
        return
    placement = await cell.plan_place(part, at, approach_mm=approach_mm)
    await cell.arm.follow(placement.above)
    await cell.arm.follow(placement.down)
    await cell.gripper.open(placement)
    await cell.arm.retreat()


@skill("pick_place", timeout_s=240)
async def pick_place(cell: Cell, part: str, at: Target, approach_mm: float = 80) -> None:
    """Take `part` and set it down `at` its target; a part that sits there already is taken up and set again."""
    await pick(cell, part, approach_mm)
    await place(cell, part, at, approach_mm)
