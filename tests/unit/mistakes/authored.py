"""Sets of authored files for tests: the base product with its meshes, and patches upon it."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SKILLS = {
    "pick_place": {"part", "approach_mm"},
    "insert": {"part", "force_N"},
    "hand_over": {"part"},
    "screw": {"turns"},
    "dispense": {"speed_mm_s"},
    "purge": set(),
    "print_label": {"template"},
}

# Boxes (m) and the frames on them; x, y, z of the frame and of its z axis.
UP = (0, 0, 1)
SHAPES = {
    "foot": (
        (0.12, 0.10, 0.05),
        {
            "bore": ((0, 0, 0.05), UP),
            "socket": ((0.03, 0, 0.05), UP),
            "groove": ((0, 0.03, 0.05), UP),
            "rim": ((0, 0.02, 0.05), UP),
            "plate": ((0.06, 0, 0.02), (1, 0, 0)),
        },
    ),
    "tube": ((0.04, 0.04, 0.12), {"seat_lower": ((0, 0, 0.12), UP), "seat_upper": ((0.01, 0, 0.12), UP)}),
    "ring": ((0.03, 0.03, 0.01), {}),
    "bulb_12": ((0.02, 0.02, 0.04), {}),
    "bulb_24": ((0.02, 0.02, 0.045), {}),
    "gasket": ((0.08, 0.08, 0.002), {}),
    "glass_clear": ((0.09, 0.07, 0.06), {}),
    "glass_opal": ((0.096, 0.07, 0.06), {}),
    "screw": ((0.007, 0.007, 0.02), {}),
    "label": ((0.04, 0.02, 0.001), {}),
}


def _frame(position, z):
    z = np.array(z, dtype=float)
    x = np.cross((0.0, 1.0, 0.0), z)
    if np.linalg.norm(x) < 1e-9:
        x = np.array((1.0, 0.0, 0.0))
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = x, np.cross(z, x), z, position
    return matrix


def glb(points, faces, frames=None):
    """Make the bytes of a GLB: points (n, 3) in metres, faces (m, 3), frames name -> (position, z axis)."""
    points = np.asarray(points, dtype="<f4")
    faces = np.asarray(faces, dtype="<u4")
    blob = points.tobytes() + faces.tobytes()
    nodes = [{"name": "solid", "mesh": 0}]
    for name, (position, z) in (frames or {}).items():
        nodes.append({"name": name, "matrix": _frame(position, z).T.flatten().tolist()})
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": nodes,
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(points), "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": points.nbytes},
            {"buffer": 0, "byteOffset": points.nbytes, "byteLength": faces.nbytes},
        ],
        "buffers": [{"byteLength": len(blob)}],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(blob)
    head = struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<I4s", len(text), b"JSON") + text
    return head + struct.pack("<I4s", len(blob), b"BIN\0") + blob


def box(size, frames=None, scale=1.0):
    """Make the bytes of a box that stands on z = 0."""
    x, y, z = size
    points = [(sx * x / 2, sy * y / 2, h * z) for h in (0, 1) for sy in (-1, 1) for sx in (-1, 1)]
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    scaled = {name: (np.array(p) * scale, axis) for name, (p, axis) in (frames or {}).items()}
    return glb(np.array(points) * scale, faces, scaled)


def prism(n, radius, height):
    """Make the bytes of an upright prism with `n` sides about z."""
    angles = np.arange(n) * 2 * np.pi / n
    ring = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    points = [(*p, h) for h in (0.0, height) for p in ring]
    faces = [(i, (i + 1) % n, n + i) for i in range(n)] + [((i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    return glb(points, faces)


def lay_out(folder, base="base"):
    """Copy a set of authored files below a folder, with meshes for the base product; return its two folders."""
    shutil.copytree(HERE / base, folder, dirs_exist_ok=True)
    if base == "base":
        for name, (size, frames) in SHAPES.items():
            (folder / "instructions" / "lamp" / f"{name}.glb").write_bytes(box(size, frames))
    return folder / "instructions", folder / "cells"
