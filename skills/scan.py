"""Read a code with a scanner that is fixed in the cell."""

from orchestrator.skill import Cell, skill


@skill("scan", timeout_s=30)
async def scan(cell: Cell, tool: str) -> None:
    """Scan with the scanner that the step names as its tool; the step's value is `code`."""
    await cell.scan(tool)
