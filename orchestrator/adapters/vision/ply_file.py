"""Binary PLY whose polygons have several numbers of corners, as modellers write them; trimesh reads one number only.

G. Turk, "The PLY polygon file format", 1994.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

TYPES = {
    "char": "b", "int8": "b", "uchar": "B", "uint8": "B", "short": "h", "int16": "h", "ushort": "H", "uint16": "H",
    "int": "i", "int32": "i", "uint": "I", "uint32": "I", "float": "f", "float32": "f", "double": "d", "float64": "d",
}  # fmt: skip
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
CORNERS = ("vertex_indices", "vertex_index")


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    kind: str
    counted: str = ""  # the kind of a list's length; "" for a single number


def read_polygons(path: Path, most: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return a binary PLY's corners (n, 3), in its unit, and its polygons as triangles (m, 3), each cut as a fan.

    `most` is how many rows an element may have.

    Raises:
        ValueError: the file is no binary PLY, has too many rows, or ends before its header says.
    """
    raw = path.read_bytes()
    order, elements, at = _header(raw)
    tables: dict[str, dict[str, list[Any]]] = {}
    for name, count, properties in elements:
        if count > most:
            raise ValueError(f"it has {count:,} rows of {name}")
        tables[name], at = _rows(raw, at, order, count, properties)
    corners, faces = tables.get("vertex", {}), tables.get("face", {})
    polygons = next((faces[key] for key in CORNERS if key in faces), [])
    vertices = np.array([corners[axis] for axis in "xyz"], dtype=np.float64).T
    triangles = [(each[0], b, c) for each in polygons for b, c in pairwise(each[1:])]
    return vertices, np.array(triangles, dtype=np.int64).reshape(-1, 3)


def _header(raw: bytes) -> tuple[str, list[tuple[str, int, list[_Property]]], int]:
    end = raw.find(b"end_header")
    body = raw.find(b"\n", end) + 1
    if not raw.startswith(b"ply") or end < 0 or body == 0:
        raise ValueError("it has no PLY header")
    order = ""
    elements: list[tuple[str, int, list[_Property]]] = []
    for line in raw[:end].decode("ascii", "replace").splitlines():
        match line.split():
            case ["format", form, _]:
                order = ORDERS.get(form, "")
            case ["element", name, count]:
                elements.append((name, int(count), []))
            case ["property", "list", counted, kind, name]:
                elements[-1][2].append(_Property(name, TYPES[kind], TYPES[counted]))
            case ["property", kind, name]:
                elements[-1][2].append(_Property(name, TYPES[kind]))
    if not order:
        raise ValueError("it is no binary PLY")
    return order, elements, body


def _rows(raw: bytes, at: int, order: str, count: int, properties: list[_Property]) -> tuple[dict[str, list[Any]], int]:
    """Return an element's columns by name, and where the next element begins."""
    if not any(each.counted for each in properties):
        row = struct.Struct(order + "".join(each.kind for each in properties))
        end = at + row.size * count
        if end > len(raw):
            raise ValueError("it is cut off")
        columns = zip(*row.iter_unpack(raw[at:end]), strict=True) if count and row.size else ()
        return {each.name: list(column) for each, column in zip(properties, columns, strict=False)}, end
    out: dict[str, list[Any]] = {each.name: [] for each in properties}
    try:
        for _ in range(count):
            for each in properties:
                if not each.counted:
                    (value,) = struct.unpack_from(order + each.kind, raw, at)
                    at += struct.calcsize(order + each.kind)
                else:
                    (length,) = struct.unpack_from(order + each.counted, raw, at)
                    at += struct.calcsize(order + each.counted)
                    value = struct.unpack_from(f"{order}{length}{each.kind}", raw, at)
                    at += struct.calcsize(f"{order}{length}{each.kind}")
                out[each.name].append(value)
    except struct.error as error:
        raise ValueError("it is cut off") from error
    return out, at
