"""`tandem order`: a client of a running cell."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from orchestrator.cli.client import URL, call
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import TandemError

app = typer.Typer(help="Orders of a running cell.", no_args_is_help=True)
console = Terminal()


@app.command()
def store(
    product: str = typer.Argument(help="The product."),
    option: list[str] = typer.Option([], help="A product option, as name=value; several may be given."),
    quantity: int = typer.Option(1, min=1, help="How many units."),
    order: str = typer.Option("", "--id", help="The order's id; made up where none is given."),
    url: str = URL,
) -> None:
    """Put an order on the list."""
    options = dict(_pair(text) for text in option)
    body: dict[str, Any] = {"product": product, "options": options, "quantity": quantity}
    if order:
        body["id"] = order
    stored = call("POST", url, "/orders", body)
    console.print(f"Order [bold]{stored['order']}[/] is stored.")


@app.command("list")
def list_(url: str = URL) -> None:
    """List the orders."""
    table = Table("order", "product", "options", "state", "done", "of", "scrapped")
    for item in _items(call("GET", url, "/orders")):
        options = ", ".join(f"{name} {value}" for name, value in item["options"].items())
        numbers = (str(item["done"]), str(item["quantity"]), str(item["scrapped"]))
        table.add_row(item["id"], item["product"], options, item["state"], *numbers)
    console.print(table)


@app.command()
def show(order: str, url: str = URL) -> None:
    """Show one order."""
    console.print_json(data=call("GET", url, f"/orders/{order}"))


@app.command()
def start(order: str, url: str = URL) -> None:
    """Start an order."""
    _change(url, order, "start")


@app.command()
def pause(order: str, url: str = URL) -> None:
    """Begin no further step of an order."""
    _change(url, order, "pause")


@app.command()
def resume(order: str, url: str = URL) -> None:
    """Go on with a paused order."""
    _change(url, order, "resume")


@app.command()
def stop(order: str, url: str = URL) -> None:
    """Finish the units in work and begin no other."""
    _change(url, order, "stop")


@app.command()
def abort(order: str, reason: str = typer.Option(..., help="Why; it stays in the journal."), url: str = URL) -> None:
    """Scrap the units in work and end the order."""
    _change(url, order, "abort", reason)


def _change(url: str, order: str, verb: str, reason: str = "") -> None:
    call("POST", url, f"/orders/{order}/{verb}", {"reason": reason})
    state = call("GET", url, f"/orders/{order}")["state"]
    console.print(f"Order [bold]{order}[/] is {state}.")


def _items(content: Any) -> list[dict[str, Any]]:
    return list(content["items"] if isinstance(content, dict) else content)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise TandemError(f"'{text}' is no option.", remedy="Write it as name=value, for example ratio=10.")
    return name, value
