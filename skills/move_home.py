"""Bring the arm out of everybody's way."""

from orchestrator.skill import Cell, skill


@skill("move_home", timeout_s=60)
async def move_home(cell: Cell) -> None:
    """Go home, around everything."""
    await cell.arm.home()
