"""The newest snapshot in a file beside the journal, replaced as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SnapshotFile:
    """Keeps bytes that can be made again. Nothing is forced to disk: a torn file is noticed by whoever reads it."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f"{journal.name}-snapshot")

    def load(self) -> bytes | None:
        """Return what was saved last; None where there is none or it can't be read."""
        try:
            return self._path.read_bytes()
        except OSError:
            return None

    def save(self, data: bytes) -> None:
        """Replace it as a whole, readable by its owner alone. Raises OSError."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
        fresh.replace(self._path)
