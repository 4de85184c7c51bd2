"""`tandem vision`: what a camera can tell, tried on files.

A module of its own brings one command: it has a function `register(app)`, which is named here.
"""

from __future__ import annotations

import typer

from orchestrator.cli import vision_check, vision_gauge, vision_locate, vision_teach

app = typer.Typer(no_args_is_help=True, help="Check and find parts in depth pictures of your own.")

COMMANDS = (vision_check.register, vision_gauge.register, vision_locate.register, vision_teach.register)

for _register in COMMANDS:
    _register(app)


@app.callback()
def _group() -> None:
    """Check and find parts in depth pictures of your own."""
