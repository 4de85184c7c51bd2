"""`tandem people`: who may sign in, beside a running server or without one."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Table

from orchestrator.adapters.access import people as accounts
from orchestrator.cli.lan import accounts_of
from orchestrator.cli.places import data_home
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

app = typer.Typer(help="People who may sign in on the network.", no_args_is_help=True)
console = Terminal(soft_wrap=True)
DATA = typer.Option(None, "--data", help="The cell's data folder; else that of `tandem serve` with the demo's cell.")
WHO = typer.Argument(help="The person: name or pseudonym.")
ROLE = typer.Option("worker", help="worker, programmer, supervisor or auditor.")
STDIN = typer.Option(False, "--stdin", help="Read it from standard input, a line, instead of asking.")


def folder(data: Path | None) -> Path:
    """Return a cell's data folder."""
    return data or data_home() / "demo"


@app.command()
def add(
    name: str = typer.Argument(help="The name that screens show."),
    role: str = ROLE,
    pseudonym: str = typer.Option("", help="What stands in the journal for this person; made up where none is given."),
    can: list[str] = typer.Option([], "--can", help="A qualification; several may be given."),
    badge_only: bool = typer.Option(False, "--badge-only", help="No PIN: a worker who signs in by badge."),
    stdin: bool = STDIN,
    data: Path | None = DATA,
) -> None:
    """Make an account. It asks for a PIN (6 digits or more) or a password (10 characters or more)."""
    chosen = accounts.role(role)
    if badge_only and chosen != "worker":
        raise TandemError(f"A {chosen} needs a PIN or a password.", remedy="Leave --badge-only out.")
    secret = "" if badge_only else _secret(stdin)
    made = accounts.add(accounts_of(folder(data)), name, chosen, secret, pseudonym=pseudonym, can=can)
    console.print(f"[bold]{made.name}[/] is {made.role}; the journal calls them [bold]{made.id}[/].", highlight=False)


@app.command("list")
def list_(data: Path | None = DATA) -> None:
    """List the people."""
    table = Table("pseudonym", "name", "role", "can", "PIN", "badges")
    for each in accounts_of(folder(data)).people():
        pin = "locked" if each.locked else "yes" if each.secret else "no"
        table.add_row(each.id, each.name, each.role, ", ".join(each.qualifications), pin, str(each.badges))
    console.print(table)


@app.command()
def role(who: str = WHO, role: str = typer.Argument(help="The new role."), data: Path | None = DATA) -> None:
    """Give somebody another role; they have to sign in again."""
    changed = accounts.set_role(accounts_of(folder(data)), who, accounts.role(role))
    console.print(f"{changed.name} is {changed.role} now.", highlight=False)


@app.command()
def pin(who: str = WHO, stdin: bool = STDIN, data: Path | None = DATA) -> None:
    """Give somebody a new PIN or password, and unlock them; they have to sign in again."""
    store = accounts_of(folder(data))
    accounts.person(store, who)
    changed = accounts.set_secret(store, who, _secret(stdin))
    console.print(f"{changed.name} has a new one.", highlight=False)


@app.command()
def badge(
    who: str = WHO,
    none: bool = typer.Option(False, "--none", help="Take all badges of this person away, as after a loss."),
    stdin: bool = STDIN,
    data: Path | None = DATA,
) -> None:
    """Let a badge stand for somebody: hold it to the scanner when asked."""
    store = accounts_of(folder(data))
    accounts.person(store, who)
    if none:
        console.print(f"{accounts.drop_badges(store, who)} badges of {who} count no more.", highlight=False)
        return
    read = _line() if stdin else typer.prompt("Badge", hide_input=True)
    changed = accounts.add_badge(store, who, read)
    console.print(f"The badge stands for {changed.name} now.", highlight=False)


@app.command()
def remove(who: str = WHO, data: Path | None = DATA) -> None:
    """Erase an account: name, PIN, badges, sign-ins. Their pseudonym stays in the journal."""
    gone = accounts.remove(accounts_of(folder(data)), who)
    console.print(f"{gone.name} is erased; {gone.id} stays in the journal.", highlight=False)


def _secret(stdin: bool) -> str:
    if stdin:
        return _line()
    return str(typer.prompt("PIN or password", hide_input=True, confirmation_prompt=True))


def _line() -> str:
    return typer.get_text_stream("stdin").readline().rstrip("\r\n")
