"""The command line `tandem`. Every error ends in one line with a remedy; a traceback only with `--debug`."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import TYPE_CHECKING

import typer

from orchestrator import __version__
from orchestrator.cli.logs import set_up
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import AuthoringError, TandemError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMANDS = {  # where each is, in the order of the help
    "demo": "demo:demo",
    "serve": "serve:serve",
    "check": "authored:check",
    "check-shot": "check_shot:check_shot",
    "simulate": "simulate:simulate",
    "rewind": "rewind:rewind",
    "retreat": "retreat:retreat",
    "cell": "cell:cell",
    "calibrate": "calibrate:calibrate",
    "doctor": "doctor:doctor",
    "urdf": "urdf:urdf",
    "sdf": "sdf:sdf",
    "order": "orders:app",
    "breakpoint": "breakpoints:app",
    "journal": "journal:app",
    "skills": "skills:app",
    "evidence": "evidence:app",
    "vision": "vision:app",
    "people": "people:app",
    "privacy": "privacy:app",
    "devices": "devices:app",
    "keys": "devices:keys",
}


def _version(value: bool) -> None:
    if value:
        typer.echo(f"tandem {__version__}")
        raise typer.Exit


def _options(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks and debug logs."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),  # noqa: ARG001
) -> None:
    set_up(debug=debug)


def command_line(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return `tandem` with some of its commands, whose modules are loaded now."""
    app = typer.Typer(
        name="tandem",
        help="One assembly, two pairs of hands: a cobot and a person build a product together.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    for name in commands:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(importlib.import_module(f"orchestrator.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits 1 for what Tandem refuses, 2 for wrong usage, 130 when interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = next((word for word in given if not word.startswith("-")), "")
    error_console = Terminal(stderr=True, soft_wrap=True)
    gc.disable()  # what modules make while they load stays
    try:
        app = command_line([asked] if asked in COMMANDS else COMMANDS)
    finally:
        gc.enable()
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
