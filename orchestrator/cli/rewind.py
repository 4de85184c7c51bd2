"""`tandem rewind`: a client of a running cell."""

from __future__ import annotations

from urllib.parse import quote

import typer
from rich.table import Table

from orchestrator.cli.client import URL, call
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

console = Terminal()


def rewind(
    unit: str = typer.Argument(help="The unit in work."),
    step: str = typer.Argument(help="The step that is to be done anew."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what it means."),
    reason: str = typer.Option("", help="Why; it stays in the journal."),
    url: str = URL,
) -> None:
    """Go back to before a step: say what must be taken back, by whom and in which order, and have it done."""
    path = f"/rewind/{quote(unit, safe='')}/{quote(step, safe='')}"
    view = call("GET", url, path)
    table = Table("", "step", "by", "what")
    for n, undo in enumerate(view["undo"], start=1):
        what = "can't be undone" if undo["never"] else undo["text"].get("en", "")
        table.add_row(str(n), undo["title"].get("en", undo["step"]), undo["by"], what)
    console.print(table)
    if view["refused"]:
        raise TandemError(
            f"{unit} can't go back to {step}: {view['refused']}",
            remedy="Hold the cell, or wait until what runs has ended; or choose a later step.",
        )
    if dry_run:
        console.print("Nothing was done.")
        return
    if not reason.strip():
        raise TandemError("Going back needs a reason.", remedy="Say why with --reason.")
    call("POST", url, path, {"reason": reason, "todo": [undo["step"] for undo in view["undo"]]})
    console.print(f"Unit [bold]{unit}[/] goes back to {step}.")
