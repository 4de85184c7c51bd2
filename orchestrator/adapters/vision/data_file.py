"""Files of numbers that others wrote: JSON and YAML, with matrices and vectors checked as they come out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.core.errors import BadInput, NotFound
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

LARGEST_TEXT = 64_000_000  # bytes of a JSON or YAML file
SQUARE = 2e-3  # how far rotations printed with few decimals are from orthonormal
BOP_ENTRY = re.compile(r"^(?P<file>.+\.(?:json|ya?ml))#(?P<key>[^/#]+)(?:/(?P<item>\d+))?$")


def existing(path: Path) -> Path:
    """Return a file that somebody named. Raises NotFound."""
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no file"
        raise NotFound(f"'{path}' is {what}.", remedy="Check the path.")
    return path


def split_entry(name: str) -> tuple[Path, str | None, int | None]:
    """Take `scene_gt.json#12/3` apart into the file, the entry's key and the item in it; both may be left out."""
    found = BOP_ENTRY.match(name)
    if found is None:
        return Path(name), None, None
    item = found["item"]
    return Path(found["file"]), found["key"], int(item) if item is not None else None


def read_tree(path: Path) -> Any:
    """Return what a JSON or YAML file says. Raises NotFound, BadInput."""
    import yaml

    existing(path)
    if path.stat().st_size > LARGEST_TEXT:
        raise BadInput(f"'{path}' is larger than {LARGEST_TEXT // 1_000_000} MB.", remedy="Give the entry alone.")
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(_without_header(text))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise BadInput(
            f"'{path}' can't be understood: {why}.", remedy="It must be JSON, or YAML by its name."
        ) from error


def read_words(path: Path) -> list[float]:
    """Return the numbers of a text file, row by row. Raises NotFound, BadInput."""
    try:
        return [float(word) for word in existing(path).read_text(encoding="utf-8").replace(",", " ").split()]
    except ValueError as error:
        raise BadInput(f"'{path}' holds more than numbers: {error}.", remedy="Write the rows alone.") from error


def _without_header(text: str) -> str:
    """Drop OpenCV's first line, %YAML:1.0, which is no YAML."""
    return text.split("\n", 1)[-1] if text.startswith("%YAML:") else text


def entry_of(tree: Any, path: Path, key: str | None, image: int | None) -> tuple[Any, str]:
    """Return one image's entry of a BOP file, {"0": ..., "1": ...}, and a note of which was taken where none was told.

    A tree that is not keyed by numbers is its own entry. `image` is the number in the depth picture's name.
    Raises BadInput where it can't be told which is meant.
    """
    keyed = isinstance(tree, dict) and bool(tree) and all(str(name).isdigit() for name in tree)
    if not keyed:
        if key is not None:
            raise BadInput(f"'{path}' has no entries by number.", remedy=f"Leave out #{key}.")
        return tree, ""
    by_number = {int(name): value for name, value in tree.items()}
    if key is not None:
        if not key.isdigit() or int(key) not in by_number:
            raise BadInput(f"'{path}' has no entry {key}.", remedy=f"It has {_listed(sorted(by_number))}.")
        return by_number[int(key)], ""
    if image is not None and image in by_number:
        return by_number[image], f"entry {image} of {path.name}, after the depth picture's name"
    if len(by_number) == 1:
        return next(iter(by_number.values())), ""
    raise BadInput(
        f"'{path}' has {len(by_number)} entries, and the depth picture's name is none of them.",
        remedy=f"Say which: {path}#{min(by_number)}.",
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(n) for n in numbers[:8]) + (" and more" if len(numbers) > 8 else "")


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a mapping. Raises BadInput."""
    if not isinstance(value, dict):
        raise BadInput(f"{what} holds no keys.", remedy='It begins with {"...": ...}.')
    return {str(key): item for key, item in value.items()}


def numbers(value: Any, count: int | tuple[int, ...], what: str) -> Floats:
    """Return finite numbers, as many as `count` says (or one of them), in one row. Raises BadInput."""
    allowed = (count,) if isinstance(count, int) else count
    try:
        out = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        out = np.zeros(0)
    if out.size not in allowed or not np.isfinite(out).all():
        wanted = " or ".join(str(n) for n in allowed)
        raise BadInput(f"{what} is not {wanted} numbers.", remedy=f"It is {_shown(value)}.")
    return np.asarray(out)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def rigid(rotation: Floats, position_m: Floats, what: str) -> Pose:
    """Return a pose from a 3x3 rotation, row by row, and a position (m).

    Raises BadInput where the nine numbers are no rotation: mirrored, scaled or sheared.
    """
    turn = rotation.reshape(3, 3)
    if np.abs(turn @ turn.T - np.eye(3)).max() > SQUARE:
        scale = float(np.cbrt(abs(np.linalg.det(turn))))
        hint = f" It scales by {scale:.4g}." if abs(scale - 1) > SQUARE else ""
        raise BadInput(f"{what} is no rotation.{hint}", remedy="Rows of length 1, at right angles to one another.")
    if np.linalg.det(turn) < 0:
        raise BadInput(f"{what} mirrors.", remedy="Turn one axis round: a right-handed frame has determinant +1.")
    u, _, vt = np.linalg.svd(turn)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = u @ vt, position_m
    return Pose.from_matrix(matrix)


def rigid_4x4(value: Any, what: str, *, by_columns: bool = False, unit_m: float = 1.0) -> Pose:
    """Return a pose from a homogeneous matrix, 4 rows of 4 or 16 numbers; the position in `unit_m` metres.

    Raises BadInput for one that is written by columns where rows are meant, or the other way round.
    """
    matrix = numbers(value, 16, what).reshape(4, 4)
    if by_columns:
        matrix = matrix.T
    if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
        if np.allclose(matrix[:, 3], (0, 0, 0, 1), atol=1e-6):
            raise BadInput(f"{what} is transposed.", remedy="Write it row by row; the last row is 0 0 0 1.")
        raise BadInput(f"{what} is no rigid transform.", remedy="Its last row must be 0 0 0 1.")
    return rigid(matrix[:3, :3], matrix[:3, 3] * unit_m, what)
