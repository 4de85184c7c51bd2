"""`tandem devices` and `tandem keys`: what may reach a cell on the network, beside a running server or without one."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from orchestrator.adapters.access import people as accounts
from orchestrator.adapters.access.store import now_t
from orchestrator.cli.lan import accounts_of, show_code
from orchestrator.cli.people import DATA, folder
from orchestrator.cli.terminal import Terminal

app = typer.Typer(help="Tablets, headsets and computers that have joined.", no_args_is_help=True)
keys = typer.Typer(help="Keys for machines: programs that ask over REST.", no_args_is_help=True)
console = Terminal(soft_wrap=True)


@app.command()
def join(
    url: str = typer.Option("", help="Where the cell is served; else https:// with this machine's name and port 8443."),
    data: Path | None = DATA,
) -> None:
    """Make a code that lets one device join, within ten minutes."""
    show_code(accounts_of(folder(data)), url.rstrip("/") or f"https://{socket.gethostname().lower()}:8443")


@app.command("list")
def list_(data: Path | None = DATA) -> None:
    """List the devices."""
    table = Table("device", "name", "joined")
    for each in accounts_of(folder(data)).devices():
        table.add_row(each.id, escape(each.name), _day(each.joined_t))
    console.print(table)


@app.command()
def revoke(device: str = typer.Argument(help="The device's id."), data: Path | None = DATA) -> None:
    """Send a device away: whoever uses it is cut off within a second."""
    accounts_of(folder(data)).revoke_device(device)
    console.print(f"{device} belongs here no more.", highlight=False)


@keys.command("add")
def add_key(
    name: str = typer.Argument(help="Which machine it is for."),
    role: str = typer.Option("auditor", help="What it may do: worker, programmer, supervisor or auditor (only look)."),
    data: Path | None = DATA,
) -> None:
    """Make a key and print it, this once: `Authorization: Bearer KEY`, or TANDEM_KEY for `tandem` itself."""
    made, token = accounts.add_key(accounts_of(folder(data)), name, accounts.role(role), now_t())
    console.print(f"{made.id} for {made.name}, {made.role}:", highlight=False)
    typer.echo(token)


@keys.command("list")
def list_keys(data: Path | None = DATA) -> None:
    """List the keys."""
    table = Table("key", "machine", "role", "made")
    for each in accounts.keys(accounts_of(folder(data))):
        table.add_row(each.id, each.name, each.role, _day(each.made_t))
    console.print(table)


@keys.command("revoke")
def revoke_key(key: str = typer.Argument(help="The key's id."), data: Path | None = DATA) -> None:
    """Let a key count no more; its connections are cut within a second."""
    accounts.revoke_key(accounts_of(folder(data)), key)
    console.print(f"{key} counts no more.", highlight=False)


def _day(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%d")
