"""Print a label; it waits at the printer for whoever sticks it on."""

from orchestrator.skill import Cell, Target, skill


@skill("print_label", timeout_s=60, leaves=("part_at",), undone_by="person")
async def print_label(cell: Cell, part: str, at: Target, template: str, code: str = "") -> None:
    """Print `part`, a label, at the printer that stands `at` its target, with `code`, else the serial number, on it."""
    if cell.is_at(part, at):  # run again after a cancel: it is out already
        return
    await cell.print_label(at, template, code=code or cell.serial)
