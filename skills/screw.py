"""Drive a screw that sits in its hole to its torque."""

from orchestrator.skill import Cell, Target, skill


@skill(
    "screw",
    timeout_s=120,
    needs=("gripper_empty",),
    leaves=("gripper_empty", "arm_home"),
    undone_by="person",
)
async def screw(cell: Cell, at: Target, tool: str, torque_Nm: float, above_mm: float = 60) -> None:
    """Bring the driver over `at`, tighten to `torque_Nm`, and go home; what the driver measured is the evidence."""
    await cell.arm.hover(at, above_mm=above_mm, text=f"bring the {tool} over {at}")
    await cell.use(tool, at, torque_Nm=torque_Nm)
    await cell.arm.retreat()
