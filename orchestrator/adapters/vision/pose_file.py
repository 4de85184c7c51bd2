"""Poses from files or typed: a 4 x 4 matrix, BOP's scene_gt.json, six numbers, our own records."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.vision.data_file import (
    entry_of,
    mapping,
    numbers,
    read_tree,
    read_words,
    rigid,
    rigid_4x4,
    split_entry,
)
from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import IDENTITY, Pose

if TYPE_CHECKING:
    from pathlib import Path

FORMS = "a file (4 x 4 matrix in metres, or BOP's scene_gt.json#IMAGE/ITEM), or six numbers: x y z mm, roll pitch yaw °"
WRAPPERS = ("pose", "matrix", "T", "transform")


@dataclass(frozen=True, slots=True)
class PoseFile:
    """A pose in the world, and what was taken where the caller left it open."""

    pose: Pose
    notes: tuple[str, ...] = ()


def read_pose(
    name: str | Path, *, camera: Pose = IDENTITY, image: int | None = None, object_id: int | None = None
) -> Pose:
    """Return a pose in the world; see `pose_of`."""
    return pose_of(name, camera=camera, image=image, object_id=object_id).pose


def pose_of(
    name: str | Path, *, camera: Pose = IDENTITY, image: int | None = None, object_id: int | None = None
) -> PoseFile:
    """Read a pose: from a file, or as it was typed.

    Matrices are in metres, in the world (which is the camera's frame where the camera's pose is not known). Typed are
    x y z in millimetres and roll, pitch, yaw in degrees about fixed axes, or such a matrix as JSON. BOP's cam_R_m2c and
    cam_t_m2c are in millimetres and in the frame of the camera, whose pose in the world is `camera`. `image` is the
    number in the depth picture's name, `object_id` that in the model's.

    Raises:
        NotFound: there is no such file.
        BadInput: it is no pose, or it can't be told which is meant.
    """
    text = str(name).strip()
    if text.startswith(("[", "{")):
        try:
            return PoseFile(_from_tree(json.loads(text), "the pose", camera))
        except ValueError as error:
            raise BadInput(f"The pose is no JSON: {error}.", remedy=f"Give {FORMS}.") from error
    typed = [word for word in re.split(r"[\s,]+", text) if word]
    if all(_is_number(word) for word in typed):
        x, y, z, roll, pitch, yaw = numbers([float(word) for word in typed], 6, "The pose")
        return PoseFile(Pose.from_rpy((x / 1000, y / 1000, z / 1000), [math.radians(v) for v in (roll, pitch, yaw)]))
    path, key, item = split_entry(text)
    if path.suffix.lower() not in {".json", ".yaml", ".yml", ".txt"}:
        raise BadInput(f"'{text}' is no pose.", remedy=f"Give {FORMS}.")
    if path.suffix.lower() == ".txt":
        return PoseFile(rigid_4x4(read_words(path), f"'{path}'"))
    entry, note = entry_of(read_tree(path), path, key, image)
    notes = [note] if note else []
    if isinstance(entry, list) and entry and all(isinstance(one, dict) for one in entry):
        entry, note = _annotation(entry, path, item, object_id)
        notes += [note] if note else []
    return PoseFile(_from_tree(entry, f"'{path}'", camera), tuple(notes))


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _annotation(
    entries: list[dict[str, Any]], path: Path, item: int | None, object_id: int | None
) -> tuple[dict[str, Any], str]:
    """Return one object of a BOP image: the item told, else the only one with the model's number."""
    if item is not None:
        if item >= len(entries):
            raise BadInput(f"'{path}' has {len(entries)} objects in this image.", remedy="They count from 0.")
        return entries[item], ""
    if len(entries) == 1:
        return entries[0], ""
    same = [index for index, entry in enumerate(entries) if object_id is not None and entry.get("obj_id") == object_id]
    if len(same) == 1:
        return entries[same[0]], f"object {object_id} of {path.name}, after the model's name"
    listed = ", ".join(f"/{index} is object {entry.get('obj_id', '?')}" for index, entry in enumerate(entries[:12]))
    what = f"{len(same)} times object {object_id}" if same else f"{len(entries)} objects"
    raise BadInput(f"'{path}' has {what} in this image.", remedy=f"Say which behind #IMAGE: {listed}.")


def _from_tree(tree: Any, what: str, camera: Pose) -> Pose:
    if isinstance(tree, list):
        return rigid_4x4(tree, what)
    keys = mapping(tree, what)
    if "cam_R_m2c" in keys:
        turn = numbers(keys["cam_R_m2c"], 9, f"{what}: cam_R_m2c")
        shift = numbers(keys.get("cam_t_m2c"), 3, f"{what}: cam_t_m2c") / 1000
        return camera @ rigid(turn, shift, f"{what}: cam_R_m2c")
    if "xyz_mm" in keys:
        x, y, z = numbers(keys["xyz_mm"], 3, f"{what}: xyz_mm") / 1000
        rpy = numbers(keys.get("rpy_deg", (0, 0, 0)), 3, f"{what}: rpy_deg")
        return Pose.from_rpy((x, y, z), [math.radians(v) for v in rpy])
    if "p" in keys and "q" in keys:
        return _from_record(keys["p"], keys["q"], what)
    for name in WRAPPERS:
        if name in keys:
            return _from_tree(keys[name], f"{what}: {name}", camera)
    raise BadInput(f"{what} has no pose.", remedy=f"Give {FORMS}.")


def _from_record(p: Any, q: Any, what: str) -> Pose:
    """Return a pose as our evidence records it: metres, and a quaternion w x y z."""
    x, y, z = (float(v) for v in numbers(p, 3, f"{what}: p"))
    w, i, j, k = (float(v) for v in numbers(q, 4, f"{what}: q"))
    length = math.sqrt(w * w + i * i + j * j + k * k)
    if abs(length - 1) > 1e-3:
        raise BadInput(
            f"{what}: q has length {length:.4g}.", remedy="A rotation's quaternion (w, x, y, z) has length 1."
        )
    return Pose((x, y, z), (w / length, i / length, j / length, k / length))
