"""`tandem cell`: what a running cell does, and PackML's commands to it."""

from __future__ import annotations

import typer

from orchestrator.cli.client import URL, call
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import known
from orchestrator.core.machine import CellVerb

console = Terminal()
VERBS = tuple(str(verb) for verb in CellVerb if verb not in {CellVerb.SETTLE, CellVerb.COMPLETE})
HELP = f"What it shall do: {', '.join(VERBS)}. Without, what it does is shown, and what may be asked of it now."


def cell(
    verb: str = typer.Argument("", help=HELP),
    reason: str = typer.Option("", "--reason", help="Why; shown on every screen and kept in the journal."),
    url: str = URL,
) -> None:
    """Show a running cell, or start, hold, suspend, stop, abort, clear or reset it."""
    if verb and verb not in VERBS:
        raise known("command", verb, VERBS)
    if verb:
        call("POST", url, "/cell", {"type": "change_cell", "verb": verb, "reason": reason})
    _show(url)


def _show(url: str) -> None:
    view = call("GET", url, "/cell")
    console.print(f"[bold]{view['name']}[/]: {view['state']}, {view['mode']}, autonomy {view['autonomy']}")
    for why in view["reasons"]:
        console.print(f"  {why}", highlight=False)
    offered = [button["command"]["verb"] for button in view["buttons"] if button["command"]["type"] == "change_cell"]
    console.print(f"It can be asked to: {', '.join(offered) or 'nothing now'}.", highlight=False)
