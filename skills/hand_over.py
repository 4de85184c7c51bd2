"""Offer a part to the person, and let go when they take it."""

from orchestrator.skill import Cell, Target, skill


@skill("hand_over", timeout_s=600)
async def hand_over(cell: Cell, part: str, patience_s: float = 300) -> None:
    """Fetch `part`, hold it out at the cell's frame `handover`, and go home once the gripper feels it taken."""
    offer = Target(frame="handover")
    if cell.handed(part):  # run again after a cancel: the person has it already
        await cell.arm.home()
        return
    await cell.fetch(part)
    placement = await cell.plan_place(part, offer, approach_mm=40)
    await cell.arm.follow(placement.above)
    await cell.gripper.until_taken(part, timeout_s=patience_s)
    await cell.arm.home()
