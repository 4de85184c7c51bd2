"""The evidence folder as a whole: how large it is, whether it is intact, and what may go.

Removing takes depth and picture of a record, nine tenths of it, and leaves `record.json`: verdict, scores, parameters
and hashes stay, and so does the link from the journal. What has been removed can be looked at no more, nor replayed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.vision.evidence import ARRAYS, MESHES, PICTURE, RECORD, read, read_record
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much an evidence folder holds: records, how many of them still have their pictures, and bytes by kind."""

    records: int
    whole: int
    record_bytes: int
    depth_bytes: int
    picture_bytes: int
    mesh_bytes: int

    @property
    def total_bytes(self) -> int:
        """Everything together."""
        return self.record_bytes + self.depth_bytes + self.picture_bytes + self.mesh_bytes


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be: records, bytes, and how many old ones a unit still needs."""

    records: int
    bytes: int
    needed: int


def records(root: Path) -> Iterator[Path]:
    """Yield every record's folder, in the order of their names."""
    for path in sorted(root.glob(f"??/*/{RECORD}")):
        yield path.parent


def size(root: Path) -> Size:
    """Measure a folder; one that is not there holds nothing."""
    folders = list(records(root))
    return Size(
        records=len(folders),
        whole=sum((folder / ARRAYS).is_file() for folder in folders),
        record_bytes=sum(_bytes(folder / RECORD) for folder in folders),
        depth_bytes=sum(_bytes(folder / ARRAYS) for folder in folders),
        picture_bytes=sum(_bytes(folder / PICTURE) for folder in folders),
        mesh_bytes=sum(_bytes(path) for path in (root / MESHES).glob("*")),
    )


def prune(root: Path, before_t: float, needed: Collection[str] = (), *, try_only: bool = False) -> Pruned:
    """Remove depth and pictures of shots taken before `before_t` (s, UTC), except of records that are `needed`.

    `needed` are paths below the folder, as the journal has them.
    """
    gone, spared = old(root, before_t, needed)
    freed = sum(_bytes(folder / name) for folder in gone for name in (ARRAYS, PICTURE))
    for folder in gone if not try_only else ():
        take(folder)
    return Pruned(len(gone), freed, spared)


def old(root: Path, before_t: float, needed: Collection[str] = ()) -> tuple[list[Path], int]:
    """Return the records with pictures of before `before_t`, and how many more are `needed`."""
    found = [folder for folder, stamp in whole(root) if stamp < before_t]
    free = [folder for folder in found if folder.relative_to(root).as_posix() not in needed]
    return free, len(found) - len(free)


def whole(root: Path) -> Iterator[tuple[Path, float]]:
    """Yield every record that has its pictures still, with the time of its shot (s, UTC); damaged ones are not read."""
    for folder in records(root):
        if (folder / ARRAYS).is_file():
            with suppress(VisionError):
                yield folder, float(read_record(folder)[1]["crop"]["stamp"])


def take(folder: Path) -> None:
    """Remove a record's depth and pictures."""
    for name in (ARRAYS, PICTURE):
        (folder / name).unlink(missing_ok=True)


def damaged(root: Path) -> Iterator[VisionError]:
    """Yield what is wrong with each record that is not as it was written; removed pictures are not wrong."""
    for folder in records(root):
        try:
            read(folder)
        except VisionError as error:
            if error.code != "evidence_removed":
                yield error


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
