"""Hold a part in its place while the person works on it."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "hold_for",
    timeout_s=240,
    needs=("gripper_free", "together"),
    leaves=("part_at", "gripper_empty", "arm_home"),
    undone_by="person",
)
async def hold_for(cell: Cell, part: str, at: Target, patience_s: float = 600, approach_mm: float = 80) -> None:
    """Fetch `part`, hold it `at` its target until the person confirms their share, then let go and go home.

    A confirmation that does not come within `patience_s` ends it with `not_confirmed`: the arm stays where it holds.
    """
    if cell.set_at(part, at):  # run again after a cancel: it was let go of already
        await cell.arm.home()
        return
    await cell.fetch(part, approach_mm=approach_mm)
    placement = await cell.plan_place(part, at, approach_mm=approach_mm, from_seat=True)
    await cell.arm.follow(placement.above)
    await cell.arm.follow(placement.down)
    await cell.gripper.until_confirmed(part, timeout_s=patience_s, stay=True)
    await cell.gripper.open(placement)
    await cell.arm.retreat()
