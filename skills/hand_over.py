"""Offer a part to the person, and let go when they pull at it."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "hand_over",
    timeout_s=240,
    needs=("gripper_free", "together"),
    leaves=("part_handed", "gripper_empty", "arm_home"),
    undone_by="person",
)
async def hand_over(cell: Cell, part: str, frame: str = "handover", patience_s: float = 300) -> None:
    """Fetch `part`, offer it at the cell's `frame`, open once somebody is felt to pull at it, and go home.

    Nobody for `patience_s` ends it with `not_taken`: the gripper keeps the part, the next attempt offers it again.
    """
    if cell.handed(part):  # run again after a cancel: the person has it already
        await cell.arm.home()
        return
    await cell.fetch(part)
    await cell.offer(part, Target(frame=frame))
    await cell.gripper.hand(part, timeout_s=patience_s)
    await cell.arm.home()
