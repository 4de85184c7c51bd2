"""Print a label; it waits at the printer for whoever sticks it on."""

from orchestrator.skill import Cell, Target, skill


@skill("print_label", timeout_s=60)
async def print_label(cell: Cell, at: Target, template: str, code: str = "") -> None:
    """Print `template` at the printer that stands `at` the result's frame, with `code`, else the serial number."""
    await cell.print_label(at, template, code=code or cell.serial)
