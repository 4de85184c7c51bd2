"""The gear reducer's pictures, drawn from its meshes: run this file, and it writes <instruction>.png beside itself.

A picture shows what words tell badly: which way round a part goes. Lengths are metres, as in the meshes.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh
from PIL import Image, ImageDraw

from orchestrator.core.ports import Intrinsics
from orchestrator.engine.zbuffer import Window, draw

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

HERE = Path(__file__).parent
SIZE = (880, 480)
FINER = 3  # drawn so many times finer, then averaged
GROUND, EDGE = (246, 244, 240), (74, 82, 90)
STEEL, NEW = (176, 182, 188), (64, 148, 196)  # what is there, and what is added: blue is the person's
GASKET = (120, 112, 100)
AWAY, HEIGHT, FOCAL = 0.62, 0.30, 2.5  # m from the middle, m above it, focal length in picture widths
CREASE = 0.35  # rad between faces from which on their edge is drawn


def mesh(part: str) -> trimesh.Trimesh:
    """Return a part's mesh."""
    return trimesh.load(HERE / f"{part}.glb", force="scene").to_geometry()


def frame(part: str, name: str) -> Floats:
    """Return where a frame of a part is in the part (4 x 4)."""
    return np.asarray(trimesh.load(HERE / f"{part}.glb", force="scene").graph[name][0])


def placed(body: trimesh.Trimesh, at: Floats) -> trimesh.Trimesh:
    """Return a copy of a mesh at a pose (4 x 4)."""
    moved = body.copy()
    moved.apply_transform(at)
    return moved


def shifted(x: float, z: float) -> Floats:
    """Return the pose that is moved to the side and up."""
    return np.asarray(trimesh.transformations.translation_matrix((x, 0, z)))


def press_lower() -> Image.Image:
    """The shaft turned over, the bearing coming from above; then the shaft stood back, its gear above that bearing."""
    shaft, bearing = mesh("gear_shaft_5"), mesh("bearing")
    seat = frame("gear_shaft_5", "seat_lower")
    top = float(shaft.bounds[1][2])
    over = shifted(-0.075, top - 0.05) @ trimesh.transformations.rotation_matrix(math.pi, (1, 0, 0))
    back = shifted(0.075, -0.05)
    lifted = shifted(0, 0.045)
    bodies = [
        (placed(shaft, over), STEEL),
        (placed(bearing, lifted @ over @ seat), NEW),
        (placed(shaft, back), STEEL),
        (placed(bearing, back @ seat), NEW),
    ]
    return shown(bodies, arrows=[((-0.022, 0.0), (0.022, 0.0))])


def cover() -> Image.Image:
    """The housing with its gasket, and the cover coming down onto it."""
    housing, gasket, lid = mesh("housing"), mesh("gasket"), mesh("cover_through")
    turned = shifted(0, -0.075) @ trimesh.transformations.rotation_matrix(math.radians(28), (0, 0, 1))
    rim = turned @ frame("housing", "rim")
    top = rim @ frame("gasket", "top")
    lifted = shifted(0, 0.075)
    bodies = [(placed(housing, turned), STEEL), (placed(gasket, rim), GASKET), (placed(lid, lifted @ top), NEW)]
    return shown(bodies, arrows=[((-0.12, 0.065), (-0.12, 0.0)), ((0.12, 0.065), (0.12, 0.0))], focal_widths=1.8)


PICTURES = {"press_lower": press_lower, "cover": cover}


def shown(
    bodies: list[tuple[trimesh.Trimesh, tuple[int, int, int]]], arrows: list[Any], focal_widths: float = FOCAL
) -> Image.Image:
    """Draw bodies in their colours, seen from the front and somewhat above, and arrows in the plane of the picture."""
    width, height = (FINER * side for side in SIZE)
    focal = focal_widths * width
    window = Window(Intrinsics(width, height, focal, focal, width / 2 - 0.5, height / 2 - 0.5), 0, 0, width, height)
    tilt = math.atan2(HEIGHT, AWAY)
    turn = np.array([[1, 0, 0], [0, -math.sin(tilt), -math.cos(tilt)], [0, math.cos(tilt), -math.sin(tilt)]])
    far = np.array([0, 0, math.hypot(AWAY, HEIGHT)])
    triangles = np.concatenate([body.triangles for body, _ in bodies]) @ turn.T + far
    colours = np.concatenate([np.tile(colour, (len(body.faces), 1)) for body, colour in bodies]).astype(float)
    depth, index = draw(triangles, window)
    normals = np.concatenate([body.face_normals for body, _ in bodies]) @ turn.T
    light = np.array([-0.45, -0.75, -0.55]) / math.hypot(0.45, 0.75, 0.55)
    lit = colours * (0.52 + 0.5 * np.clip(normals @ light, 0, 1))[:, None]
    picture = np.where((index < 0)[..., None], GROUND, lit[index])
    picture[_edges(depth, normals[index], index)] = EDGE
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for start, end in arrows:
        _arrow(pen, [(width / 2 + focal * x / far[2], height / 2 - focal * z / far[2]) for x, z in (start, end)])
    return image.resize(SIZE, Image.Resampling.BOX).quantize(64)


def _edges(depth: Floats, normals: Floats, index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return the pixels where a body ends or its surface has a crease."""
    found = np.zeros(depth.shape, dtype=bool)
    for axis in (0, 1):
        one, other = [slice(None)] * 2, [slice(None)] * 2
        one[axis], other[axis] = slice(1, None), slice(None, -1)
        a, b = tuple(one), tuple(other)
        outline = (index[a] < 0) != (index[b] < 0)
        with np.errstate(invalid="ignore"):
            step = np.abs(depth[a] - depth[b]) > 0.004
        crease = np.einsum("ijk,ijk->ij", normals[a], normals[b]) < math.cos(CREASE)
        inside = (index[a] >= 0) & (index[b] >= 0)
        found[a] |= outline | (inside & (step | crease))
        found[b] |= outline | (inside & (step | crease))
    return found


def _arrow(pen: ImageDraw.ImageDraw, ends: list[tuple[float, float]]) -> None:
    start, end = (np.array(each) for each in ends)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array((-along[1], along[0]))
    neck = end - FINER * 26 * along
    half = FINER * 26 * 0.62 * across
    pen.line([tuple(start), tuple(neck)], fill=NEW, width=FINER * 7)
    pen.polygon([tuple(end), tuple(neck - half), tuple(neck + half)], fill=NEW)


def main() -> None:
    """Write every picture."""
    parser = argparse.ArgumentParser(description="Draw the gear reducer's pictures.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    out: Path = parser.parse_args().out
    for name, picture in PICTURES.items():
        file = out / f"{name}.png"
        picture().save(file, optimize=True)
        print(f"{file.name:20} {file.stat().st_size / 1000:5.1f} kB")


if __name__ == "__main__":
    main()
