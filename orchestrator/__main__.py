"""The command line `tandem`. Every error ends in one line with a remedy; a traceback only with `--debug`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from orchestrator import __version__
from orchestrator.cli import (
    authored,
    breakpoints,
    calibrate,
    cell,
    check_shot,
    demo,
    devices,
    doctor,
    evidence,
    journal,
    orders,
    people,
    privacy,
    retreat,
    rewind,
    sdf,
    serve,
    simulate,
    skills,
    urdf,
    vision,
)
from orchestrator.cli.logs import set_up
from orchestrator.core.errors import AuthoringError, TandemError

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="tandem",
    help="One assembly, two pairs of hands: a cobot and a person build a product together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("check")(authored.check)
app.command("check-shot")(check_shot.check_shot)
app.command("simulate")(simulate.simulate)
app.command("rewind")(rewind.rewind)
app.command("retreat")(retreat.retreat)
app.command("cell")(cell.cell)
app.command("calibrate")(calibrate.calibrate)
app.command("doctor")(doctor.doctor)
app.command("urdf")(urdf.urdf)
app.command("sdf")(sdf.sdf)
app.add_typer(orders.app, name="order")
app.add_typer(breakpoints.app, name="breakpoint")
app.add_typer(journal.app, name="journal")
app.add_typer(skills.app, name="skills")
app.add_typer(evidence.app, name="evidence")
app.add_typer(vision.app, name="vision")
app.add_typer(people.app, name="people")
app.add_typer(privacy.app, name="privacy")
app.add_typer(devices.app, name="devices")
app.add_typer(devices.keys, name="keys")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tandem {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks and debug logs."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: ARG001
) -> None:
    set_up(debug=debug)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits 1 for what Tandem refuses, 2 for wrong usage, 130 when interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    error_console = Console(stderr=True, soft_wrap=True)
    try:
        app(given, standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except (TandemError, BaseExceptionGroup) as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        if "--debug" in given:
            error_console.print_exception()
        if not isinstance(refusal, AuthoringError):  # whose lines say themselves which of them are errors
            error_console.print("[bold red]Error:[/]", end=" ")
        error_console.print(str(refusal), markup=False, highlight=False)
        sys.exit(1)


def _refusal(error: BaseException) -> TandemError | None:
    """Return the first of Tandem's own errors in a group; None where something else went wrong too."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, TandemError) else None


if __name__ == "__main__":
    main()
