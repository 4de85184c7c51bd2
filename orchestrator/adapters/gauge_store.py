"""Gauge studies on disk: the newest of each view, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.adapters.whole_file import write_whole
from orchestrator.core.errors import SetupError
from orchestrator.core.gauged import Gauged

if TYPE_CHECKING:
    from pathlib import Path


class GaugeStore:
    """Below `root`: `<product>/<step>/<camera>/<view>.json`. A newer study of a view takes the place of the older."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, study: Gauged) -> None:
        """Write a study, which counts from now on."""
        folder = self._root / study.product / study.step / study.camera
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{study.view}.json", study.model_dump_json(indent=1))

    def all(self) -> list[Gauged]:
        """Return every study. Raises SetupError for a damaged file."""
        out = []
        for path in sorted(self._root.glob("*/*/*/*.json")):
            try:
                out.append(Gauged.model_validate_json(path.read_text(encoding="utf-8")))
            except (OSError, ValidationError) as error:
                raise SetupError(f"{path} is no gauge study.", remedy="Remove it and study again.") from error
        return out
