"""Pictures as files below the evidence folder: `photos/ab/ab12….jpg`, named by the SHA-256 of their content.

What is pruned leaves an empty `ab12….removed`, so that whoever asks hears that it was there.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.photos.pixels import clean
from orchestrator.core.errors import SetupError
from orchestrator.core.photo import KeptPhoto, path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FOLDER, REMOVED = "photos", ".removed"


class PhotoFiles:
    """Implements `Photos` below an evidence folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, upload: bytes) -> KeptPhoto:
        """Decode an upload, keep its pixels as a file, on disk when this returns. Raises BadInput or SetupError."""
        picture, width, height = clean(upload)
        kept = KeptPhoto(name := hashlib.sha256(picture).hexdigest(), path_of(name), width, height, len(picture))
        target = self._root / kept.path
        try:
            if not target.is_file():
                _write(target, picture)
            target.with_suffix(REMOVED).unlink(missing_ok=True)
        except OSError as error:
            why = f"A picture of a worker can't be kept: {error.strerror or error}."
            raise SetupError(why, remedy="Make room on the cell's disk.", code="no_room") from error
        return kept


def photos(root: Path) -> Iterator[Path]:
    """Yield every picture's file below an evidence folder, in the order of their names."""
    yield from sorted((root / FOLDER).glob("??/*.jpg"))


def damaged(root: Path) -> Iterator[str]:
    """Yield the names of pictures that are not as they were written."""
    for path in photos(root):
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.stem:
            yield path.stem


def prune(root: Path, before_t: float, needed: Collection[str] = (), *, try_only: bool = False) -> tuple[int, int, int]:
    """Remove pictures kept before `before_t` (s, UTC), except those whose SHA-256 is `needed`.

    Returns how many went or would go, their bytes, and how many old ones stay because they are needed.
    """
    gone, spared = old(root, before_t, needed)
    freed = sum(path.stat().st_size for path in gone)
    for path in gone if not try_only else ():
        take(path)
    return len(gone), freed, spared


def old(root: Path, before_t: float, needed: Collection[str] = ()) -> tuple[list[Path], int]:
    """Return the pictures kept before `before_t`, and how many more are `needed`."""
    found = [path for path in photos(root) if path.stat().st_mtime < before_t]
    free = [path for path in found if path.stem not in needed]
    return free, len(found) - len(free)


def take(path: Path) -> None:
    """Remove a picture; that it was there stays."""
    if path.is_file():
        path.with_suffix(REMOVED).touch()
        path.unlink()


def was_removed(root: Path, path: str) -> bool:
    """Tell whether a picture that was asked for by its path below the evidence folder has been pruned."""
    name = Path(path).stem
    return path == path_of(name) and (root / path).with_suffix(REMOVED).is_file()


def _write(target: Path, picture: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as scratch:
        try:
            scratch.write(picture)
            scratch.flush()
            os.fsync(scratch.fileno())
        except OSError:
            Path(scratch.name).unlink()
            raise
    Path(scratch.name).replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
