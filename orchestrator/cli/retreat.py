"""`tandem retreat`: a client of a running cell that is held or stopped."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import typer

from orchestrator.cli.client import URL, call
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

PATH = "/cell/retreat"
ASKS = "Are all hands out of the arm's way, and shall it go this way now?"
console = Terminal()


def retreat(
    stop: bool = typer.Option(False, "--stop", help="Stop a retreat, or drop one that is only shown."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say which way the arm would go."),
    url: str = URL,
) -> None:
    """Bring the arm of a held or stopped cell out of where it is: say which way, ask, move slowly. Ctrl-C stops it."""
    if stop:
        call("DELETE", url, PATH)
        console.print("No retreat goes on.")
        return
    view, mine = _shown(url)
    console.print(view["text"].get("en", ""), highlight=False)
    if dry_run:
        if mine:
            call("DELETE", url, PATH)
        console.print("Nothing was let go." if mine else "Somebody else has asked for it: it is still shown.")
        return
    if not _yes():
        call("DELETE", url, PATH)
        console.print("No retreat goes on.")
        return
    try:
        command = {"type": "approve_motion", "motion": view["motion"]}
        call("POST", url, "/commands", {"id": str(uuid4()), "command": command})
        view = _ended(url)
    except KeyboardInterrupt:
        call("DELETE", url, PATH)
        console.print("Stopped.")
        raise
    if view["status"] == "previewed":
        console.print("It waits for another person's approval.")
        return
    if view["outcome"] != "succeeded":
        raise TandemError(view["ended"].get("en", "") or "The arm did not get there.", code=view["code"] or "stopped")
    console.print("The arm stands clear; the cell is as it was.")


def _yes() -> bool:
    try:
        return typer.confirm(ASKS)
    except typer.Abort:
        return False


def _shown(url: str) -> tuple[dict[str, Any], bool]:
    """Have a way out planned, or take the one that is shown already; tells whether it is of our asking.

    Raises TandemError.
    """
    view: dict[str, Any] = call("GET", url, f"{PATH}?wait=true")
    mine = view["status"] in {"none", "ended"}
    if mine:
        view = call("POST", url, PATH)
    while view["status"] in {"planning", "stopping"}:
        view = call("GET", url, f"{PATH}?wait=true")
    if view["status"] == "moving":
        raise TandemError("The arm retreats already.", remedy="Stop it with --stop, or wait.")
    if view["status"] != "previewed":
        raise TandemError(view["ended"].get("en", "") or "There is no way out.", code=view["code"] or "no_way")
    return view, mine


def _ended(url: str) -> dict[str, Any]:
    while (view := call("GET", url, f"{PATH}?wait=true"))["status"] in {"planning", "moving", "stopping"}:
        pass
    return dict(view)
