"""`tandem breakpoint`: steps that wait for a person's word, in a running cell."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import typer
from rich.table import Table

from orchestrator.cli.client import URL, call
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

app = typer.Typer(help="Steps that wait for a person to say next.", no_args_is_help=True)
console = Terminal()
ORDER = typer.Argument(help="The order.")
STEP = typer.Argument(help="The step's id, or the id that an `each` group has in common.")
UNIT = typer.Option("", "--unit", help="In this unit in work alone; else in all units of the order.")


@app.command("set")
def set_(order: str = ORDER, step: str = STEP, unit: str = UNIT, url: str = URL) -> None:
    """Have a step wait before it begins, whoever does it."""
    _command(url, {"type": "set_breakpoint", "order": order, "step": step, "unit": unit})
    console.print(f"{step} waits for a word in {unit or 'every unit'} of order [bold]{order}[/].")


@app.command()
def clear(order: str = ORDER, step: str = STEP, unit: str = UNIT, url: str = URL) -> None:
    """Let a step begin by itself again."""
    _command(url, {"type": "clear_breakpoint", "order": order, "step": step, "unit": unit})
    console.print(f"{step} waits no longer in {unit or 'every unit'} of order [bold]{order}[/].")


@app.command("list")
def list_(url: str = URL) -> None:
    """List the breakpoints, and the steps that wait now."""
    found = call("GET", url, "/breakpoints")
    table = Table("order", "step", "unit")
    for item in found["breakpoints"]:
        table.add_row(item["order"], item["step"], item["unit"] or "every")
    console.print(table)
    for item in found["waiting"]:
        console.print(f"Waits now: {item['unit']} {item['step']}", highlight=False)


@app.command()
def release(unit: str = typer.Argument(help="The unit in work."), step: str = STEP, url: str = URL) -> None:
    """Say next: let a step that waits begin, once."""
    waiting = call("GET", url, "/breakpoints")["waiting"]
    item = next((item for item in waiting if (item["unit"], item["step"]) == (unit, step)), None)
    if item is None:
        names = ", ".join(f"{each['unit']} {each['step']}" for each in waiting) or "nothing"
        raise TandemError(f"{step} of {unit} does not wait for a word.", remedy=f"Waits now: {names}.")
    _command(url, {"type": "release_step", **item})
    console.print(f"{step} of {unit} may begin.")


def _command(url: str, command: dict[str, Any]) -> None:
    call("POST", url, "/commands", {"id": str(uuid4()), "command": command})
