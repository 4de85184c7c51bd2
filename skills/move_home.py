"""Bring the arm out of everybody's way."""

from orchestrator.skill import Cell, skill


@skill("move_home", timeout_s=60, leaves=("arm_home",))
async def move_home(cell: Cell) -> None:
    """Go home, around everything; what the gripper holds it goes on holding."""
    await cell.arm.home()
