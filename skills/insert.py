"""Press a part into its seat until it is felt to be home."""

from orchestrator.skill import Cell, SkillFailed, Target, skill


@skill("insert", timeout_s=240)
async def insert(cell: Cell, part: str, at: Target, force_N: float = 15, approach_mm: float = 80) -> None:
    """Fetch `part`, press it in `at` its target with at most `force_N`, let go, and go home."""
    if not cell.holding(part):
        seen = await cell.locate(part)
        grasp = await cell.plan_grasp(part, seen, approach_mm=approach_mm)
        await cell.arm.follow(grasp.approach)
        if not await cell.gripper.close(grasp):
            await cell.arm.retreat()
            raise SkillFailed("not_held", f"The gripper closed on nothing at {part}.", hint="See the bin, then retry.")
        await cell.arm.retreat()
    placement = await cell.plan_place(part, at, approach_mm=approach_mm)
    await cell.arm.follow(placement.above)
    await cell.arm.press(placement.down_mm, force_N=force_N, text=f"press {part}")
    await cell.gripper.open_here(placement)
    await cell.arm.retreat()
