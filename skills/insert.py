"""Press a part into its seat until it is felt to be home."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "insert",
    timeout_s=240,
    needs=("gripper_free",),
    leaves=("part_at", "gripper_empty", "arm_home"),
    undone_by="person",
)
async def insert(cell: Cell, part: str, at: Target, force_N: float = 15, approach_mm: float = 80) -> None:
    """Fetch `part`, press it in `at` its target with at most `force_N`, let go, and go home."""
    if cell.set_at(part, at):  # run again after a cancel: it was let go of at its seat already
        await cell.arm.home()
        return
    await cell.fetch(part, approach_mm=approach_mm)
    placement = await cell.plan_place(part, at, approach_mm=approach_mm)
    await cell.arm.follow(placement.above)
    await cell.arm.press(placement, force_N=force_N, text=f"press {part}")
    await cell.gripper.open_here(placement)
    await cell.arm.retreat()
