# Not named inspect.py: beside a program that is run from this folder it would hide the standard library's inspect.
"""Have the camera look at a result."""

from orchestrator.skill import Cell, Target, skill


@skill("inspect", timeout_s=120, needs=("gripper_empty",), leaves=("gripper_empty", "arm_home"))
async def inspect(cell: Cell, part: str, at: Target) -> None:
    """Go out of the camera's sight and have it judge whether `part` sits `at` its target.

    The distance that it measures becomes the step's value `offset_mm`; what is not ok ends it with the verdict's name.
    """
    await cell.arm.home()
    await cell.judge(part, at)
