"""Where files are, unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.app import shared
from orchestrator.core.errors import NotFound
from orchestrator.core.settings import Settings


def data_home() -> Path:
    """Return the folder for journals: $XDG_DATA_HOME/tandem, usually ~/.local/share/tandem."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "tandem"


def cell_file(cell: str) -> Path:
    """Return a cell's file: a path, or the name of one that ships with Tandem. Raises NotFound."""
    path = Path(cell)
    if path.suffix == ".yaml" and path.is_file():
        return path
    shipped = shared("launch") / "cells"
    if (shipped / f"{cell}.yaml").is_file():
        return shipped / f"{cell}.yaml"
    known = ", ".join(sorted(file.stem for file in shipped.glob("*.yaml")))
    raise NotFound(f"There is no cell '{cell}'.", remedy=f"Give a YAML file, or one of: {known}.")


def existing(folder: Path) -> Path:
    """Return a folder that somebody named. Raises NotFound where there is none."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder '{folder}'.", remedy="Check the path.")
    return folder


def skills_folder(named: Path | None) -> Path:
    """Return the folder with the skills: the named one, else the one that ships with Tandem. Raises NotFound."""
    return shared("skills") if named is None else existing(named)


def settings(
    cell: str,
    *,
    data: Path | None,
    instructions: Path | None = None,
    skills: Path | None = None,
    web: Path | None = None,
) -> Settings:
    """Return settings with everything that ships with Tandem filled in. Raises NotFound, SetupError."""
    pages = shared("web") if web is None else existing(web)
    return Settings(
        instructions=shared("instructions") if instructions is None else existing(instructions),
        cell=cell_file(cell),
        skills=skills_folder(skills),
        web=pages if pages.is_dir() else None,
        data=data,
    )
