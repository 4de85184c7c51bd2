"""`tandem vision`: what a camera can tell, tried on files.

A module of its own brings one command: it has a function `register(app)`, which is named here.
"""

from __future__ import annotations

import typer

from orchestrator.cli import vision_check

app = typer.Typer(no_args_is_help=True, help="Check parts in depth pictures of your own.")

COMMANDS = (vision_check.register,)

for _register in COMMANDS:
    _register(app)
