"""Weigh what stands on a scale."""

from orchestrator.skill import Cell, skill


@skill("weigh", timeout_s=30)
async def weigh(cell: Cell, tool: str) -> None:
    """Weigh with the scale that the step names as its tool; the step's value is `mass_kg`."""
    await cell.weigh(tool)
