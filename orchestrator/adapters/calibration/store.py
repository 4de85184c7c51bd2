"""Calibrations on disk: a file for each, never overwritten, and a pointer to the one that counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.adapters.whole_file import write_whole
from orchestrator.core.calibration import Calibration, CalibrationCheck
from orchestrator.core.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path


class CalibrationStore:
    """Below `root`: `<camera>/<id>.json` each calibration, `<camera>/current` the id that counts, `checks.jsonl`.

    Another process may accept a calibration meanwhile: files are looked at again whenever one is asked for.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept: dict[Path, tuple[int, Calibration]] = {}
        self._checked: dict[Path, tuple[int, CalibrationCheck | None]] = {}

    def keep(self, calibration: Calibration) -> str:
        """Write a calibration that does not count yet; returns its id."""
        path = self._folder(calibration.camera) / f"{calibration.id}.json"
        if not path.exists():
            write_whole(path, calibration.model_dump_json(indent=1))
        return calibration.id

    def accept(self, camera: str, number: str) -> Calibration:
        """Let a kept calibration count from now on. Raises SetupError where there is none of that id."""
        found = self._read(self._root / camera / f"{number}.json")
        if found is None:
            raise SetupError(f"There is no calibration {number} of {camera}.", remedy="Calibrate again.")
        write_whole(self._folder(camera) / "current", number)
        return found

    def current(self, camera: str) -> Calibration | None:
        """Return the calibration that counts, None where there is none. Raises SetupError for a damaged file."""
        pointer = self._root / camera / "current"
        if not pointer.is_file():
            return None
        found = self._read(self._root / camera / f"{pointer.read_text(encoding='ascii').strip()}.json")
        if found is None:
            raise SetupError(f"The calibration of {camera} that counts is gone.", remedy="Calibrate again.")
        return found

    def all(self, camera: str) -> list[Calibration]:
        """Return every calibration of a camera, oldest first."""
        paths = (self._root / camera).glob("*.json")
        return sorted(filter(None, map(self._read, paths)), key=lambda found: found.made_t)

    def note(self, check: CalibrationCheck) -> None:
        """Append a check."""
        with (self._folder(check.camera) / "checks.jsonl").open("a", encoding="utf-8") as file:
            file.write(check.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def last_check(self, camera: str) -> CalibrationCheck | None:
        """Return the newest check of the calibration that counts."""
        path, current = self._root / camera / "checks.jsonl", self.current(camera)
        if current is None or not path.is_file():
            return None
        stamp = path.stat().st_mtime_ns
        if self._checked.get(path, (0, None))[0] != stamp:
            lines = path.read_text(encoding="utf-8").splitlines()
            self._checked[path] = (stamp, CalibrationCheck.model_validate_json(lines[-1]) if lines else None)
        last = self._checked[path][1]
        return last if last is not None and last.calibration == current.id else None

    def _folder(self, camera: str) -> Path:
        folder = self._root / camera
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _read(self, path: Path) -> Calibration | None:
        if not path.is_file():
            return None
        stamp = path.stat().st_mtime_ns
        if path not in self._kept or self._kept[path][0] != stamp:
            try:
                found = Calibration.model_validate_json(path.read_text(encoding="utf-8"))
            except ValidationError as error:
                raise SetupError(f"{path} is no calibration: {error}.", remedy="Calibrate again.") from error
            if found.id != path.stem:
                raise SetupError(f"{path} was changed after it was made.", remedy="Calibrate again.")
            self._kept[path] = (stamp, found)
        return self._kept[path][1]
