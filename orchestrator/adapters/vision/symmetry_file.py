"""How a model is symmetric about its z axis: as BOP's models_info.json beside it says, or as its mesh shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.data_file import mapping, numbers, read_tree
from orchestrator.engine.mesh import symmetry_about_z

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.adapters.vision.mesh_file import ReadMesh

INFO = "models_info.json"
MOST_VERTICES = 200_000  # of a mesh whose symmetry is looked for
ALONG_Z, ON_AXIS_MM = 0.999, 0.5


def symmetry_of(model: Path, object_id: int | None, mesh: ReadMesh) -> tuple[int | None, str]:
    """Return the order of symmetry about z (0 any angle, None none), and where it is from. Raises BadInput."""
    info = model.parent / INFO
    if object_id is not None and info.is_file():
        entry = mapping(read_tree(info), f"'{info}'").get(str(object_id))
        if entry is not None:
            return _said(mapping(entry, f"'{info}'"), f"'{info}'")
    if len(mesh.vertices) > MOST_VERTICES:
        return None, "not looked for in so large a mesh"
    return symmetry_about_z(mesh.vertices), "found from the mesh"


def _said(entry: Any, what: str) -> tuple[int | None, str]:
    """Read `symmetries_continuous` (axis, offset in mm) and `symmetries_discrete` (4 x 4 by rows, mm)."""
    for one in entry.get("symmetries_continuous", ()):
        axis, offset = (
            numbers(one["axis"], 3, f"{what}: axis"),
            numbers(one.get("offset", (0, 0, 0)), 3, f"{what}: offset"),
        )
        if abs(axis[2]) > ALONG_Z * float(np.linalg.norm(axis)) and np.hypot(*offset[:2]) < ON_AXIS_MM:
            return 0, f"of {INFO}"
    turns = [numbers(one, 16, f"{what}: symmetry").reshape(4, 4) for one in entry.get("symmetries_discrete", ())]
    about_z = [t for t in turns if t[2, 2] > ALONG_Z and np.hypot(*t[:2, 3]) < ON_AXIS_MM]
    others = len(turns) - len(about_z) + len(entry.get("symmetries_continuous", ()))
    left = "; symmetries about other axes are left out" if others else ""
    return (len(about_z) + 1 if about_z else None), f"of {INFO}{left}"
