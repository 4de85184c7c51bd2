"""Pictures for a calibration from a folder: PNG or JPEG, each with a JSON beside it where its place is needed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError

from orchestrator.core.errors import BadInput, NotFound, known
from orchestrator.core.parts import AuthoredFrame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from orchestrator.core.geometry import Pose

KINDS = frozenset({".png", ".jpg", ".jpeg"})
WRITE = (
    'Write {"flange": {"xyz_mm": [x, y, z], "rpy_deg": [r, p, y]}} or {"board": "frame"} or {"board": {"xyz_mm": …}}.'
)


def pictures(folder: Path) -> Iterator[tuple[str, npt.NDArray[np.uint8], dict[str, Any]]]:
    """Yield name, grey picture and what is said of it beside, {} without.

    Raises:
        NotFound: there is no picture.
        BadInput: a file can't be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS)
    if not paths:
        raise NotFound(f"There is no picture in {folder}.", remedy="Save PNG or JPEG files there.")
    for path in paths:
        beside = path.with_suffix(".json")
        try:
            said = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
            with Image.open(path) as image:
                grey = np.asarray(image.convert("L"), dtype=np.uint8)
        except (UnidentifiedImageError, OSError, ValueError) as error:
            raise BadInput(f"{path.name} or its JSON can't be read: {error}.", remedy=WRITE) from error
        yield path.name, grey, said if isinstance(said, dict) else {}


def place_of(name: str, said: Mapping[str, Any], key: str, frames: Mapping[str, Pose]) -> Pose:
    """Return the pose under `key` that a picture's JSON says: a frame's name, or millimetres and degrees.

    Raises:
        BadInput: it says none.
        NotFound: the cell has no such frame.
    """
    value = said.get(key)
    if isinstance(value, str):
        if value not in frames:
            raise known("frame", value, frames)
        return frames[value]
    try:
        if value is not None:
            return AuthoredFrame.model_validate(value).pose
    except ValidationError:
        pass  # said below
    raise BadInput(f"It is not said where the {key} was at {name}.", remedy=WRITE)
