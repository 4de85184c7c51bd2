"""Parts and the assemblies they belong to, for counting verdicts: each with a look-alike, most of them seated.

Dimensions are millimetres as on a drawing; the GLBs hold metres, z up, the origin where the part meets its base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold

from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from pathlib import Path

ROUND = 64
Move = Literal["lift", "slide", "yaw", "tilt"]


@dataclass(frozen=True, slots=True)
class Assembly:
    """A part in its seat on a base, and what may stand there in its place, all by their meshes' names.

    `seat` is the part's pose in the base's frame. `moves` says how a part of this kind can be out of place, `flips`
    whether it looks different upside down.
    """

    part: str
    base: str
    look_alike: str
    seat: Pose
    moves: tuple[Move, ...]
    flips: bool
    symmetry_z: int | None = None
    within_deg: float | None = None  # what an author would ask for, where the camera's usual tolerance is too fine

    @property
    def name(self) -> str:
        """What figures call it."""
        return f"{self.part} in {self.base}"


TUNING = (
    Assembly("bush", "block", "bush_thin", Pose((0.008, 0.0, 0.016)), ("lift", "tilt"), flips=True, symmetry_z=0),
    Assembly("angle", "board", "angle_mirrored", Pose((0.01, 0.005, 0.006)), ("slide", "yaw", "tilt"), flips=True),
    Assembly("wheel", "axle", "wheel_small", Pose((0.0, 0.0, 0.02)), ("lift", "tilt"), flips=True, symmetry_z=0),
    Assembly("lid", "block", "lid_plain", Pose((0.0, 0.0, 0.03)), ("slide", "yaw", "tilt"), flips=True),
    Assembly("hex", "strip", "hex_low", Pose((0.012, 0.0, 0.014)), ("lift",), True, 6, 15.0),
    Assembly("relay", "panel", "relay_keyed", Pose((-0.012, 0.008, 0.002)), ("slide", "yaw", "lift"), True),
    Assembly("hub", "post", "hub_5", Pose((0.0, 0.0, 0.018)), ("lift", "yaw", "tilt"), True, 4),
    Assembly("roller", "groove", "roller_long", Pose((0.0, 0.0, 0.02576)), ("lift", "yaw"), flips=False),
    Assembly("socket", "jaw", "socket_low", Pose((-0.014, 0.006, 0.013)), ("lift",), True, 0, 15.0),
)
"""What thresholds were chosen on."""

COUNTING = (
    Assembly("bearing", "housing", "bearing_light", Pose((0.012, 0.0, 0.024)), ("lift", "tilt"), True, 0),
    Assembly("gear", "gearbox", "gear_low", Pose((0.015, 0.0, 0.022)), ("lift", "tilt"), True, 0),
    Assembly("cap_screw", "clamp", "low_screw", Pose((0.02, 0.0, 0.012)), ("lift",), True, 0, 15.0),
    Assembly("bracket", "floor", "bracket_mirrored", Pose((-0.01, 0.0, 0.01)), ("slide", "yaw", "tilt"), True),
    Assembly("cover", "case", "cover_plain", Pose((0.0, 0.0, 0.025)), ("slide", "yaw", "tilt"), True),
    Assembly("plug", "circuit", "plug_keyed", Pose((0.015, -0.01, 0.002)), ("slide", "yaw", "lift"), True),
    Assembly("flange", "stand", "flange_4", Pose((0.0, 0.0, 0.02)), ("lift", "yaw", "tilt"), True, 3),
    Assembly("shaft", "v_block", "shaft_short", Pose((0.0, 0.0, 0.0298)), ("lift", "yaw"), flips=False),
)
"""What figures are counted on; no threshold was chosen by them."""


def write_trial_parts(folder: Path) -> None:
    """Write every part of both sets as GLB."""
    for name, solid in (_tuning() | _counting()).items():
        mesh = solid.to_mesh()
        vertices = np.asarray(mesh.vert_properties, dtype=float)[:, :3] / 1000
        trimesh.Trimesh(vertices, np.asarray(mesh.tri_verts), process=False).export(folder / f"{name}.glb")


def _tuning() -> dict[str, Manifold]:
    block = _box((90, 70, 30))
    lid = _box((74, 56, 5)) + _rod(7, 4, 12, -20, 12)
    relay = _box((34, 24, 15)) - _box((14, 8, 5), -6, -4, 11)
    return {
        "block": block - _rod(16.05, 16, 31, 8),
        "bush": _tube(9, 16, 0, 14) + _tube(9, 22, 14, 18),
        "bush_thin": _tube(9, 16, 0, 14) + _tube(9, 20, 14, 18),
        "board": _box((120, 90, 6)),
        "angle": _angle(rib=10, length=62, width=34),
        "angle_mirrored": _angle(rib=-10, length=62, width=34),
        "axle": _box((90, 70, 20)) + _rod(7, 20, 44),
        "wheel": _gear(22, 2.5, 10, 7.1) + _tube(7.1, 15, 10, 18),
        "wheel_small": _gear(20, 2.5, 10, 7.1) + _tube(7.1, 15, 10, 18),
        "lid": lid - _box((11, 9, 6), 32, 24, -0.5),
        "lid_plain": lid,
        "strip": _box((90, 60, 20)) - _box((30, 30, 7), 12, 0, 14) - _rod(4.1, -1, 21, 12),
        "hex": _hexagon(10, 0, 9) + _rod(4, -18, 0),
        "hex_low": _hexagon(10, 0, 6) + _rod(4, -18, 0),
        "panel": _box((110, 80, 2)) + _box((12, 16, 6), 38, -24, 2) + _rod(4, 2, 12, -40, 28),
        "relay": relay + _box((6, 6, 4), 10, 8, 15),
        "relay_keyed": relay + _box((6, 6, 4), 2, 8, 15),
        "post": _box((90, 90, 5)) + _tube(10, 18, 5, 18),
        "hub": _tube(9, 32, 0, 9) + _ring_of_rods(4, 24, 4.5, 8, 15),
        "hub_5": _tube(9, 32, 0, 9) + _ring_of_rods(5, 24, 4.5, 8, 15),
        "groove": _box((52, 50, 30))
        - Manifold.cube((200, 20, 20), center=True).rotate((45, 0, 0)).translate((0, 0, 30)),
        "roller": _lying((7, -40, 44), (11, 30, 37)),
        "roller_long": _lying((7, -40, 44), (11, 34, 41)),
        "jaw": _box((84, 64, 22)) - _rod(8.2, 13, 23, -14, 6) - _rod(4.5, -1, 23, -14, 6),
        "socket": _rod(7, 0, 9) - _rod(4, 4.5, 10) + _rod(4.2, -18, 0),
        "socket_low": _rod(7, 0, 6.5) - _rod(4, 3, 7) + _rod(4.2, -18, 0),
    }


def _counting() -> dict[str, Manifold]:
    cover = _box((88, 60, 5)) + _rod(9, 5, 11, 18, -8)
    plug = _box((46, 26, 16)) - _box((38, 18, 12), z=6)
    circuit = _box((120, 84, 2)) + _box((14, 14, 3), -40, 25, 2) + _rod(5, 2, 14, -35, -25)
    v_groove = Manifold.cube((200, 24, 24), center=True).rotate((45, 0, 0)).translate((0, 0, 34))
    flange = _tube(12, 35, 0, 8)
    return {
        "housing": _box((110, 80, 34)) - _rod(23.55, 24, 35, 12) - _rod(17, 8, 35, 12) - _rod(8, 20, 35, -38),
        "bearing": _tube(10, 23.5, 0, 14) - _tube(14, 20, 12, 15),
        "bearing_light": _tube(14, 23.5, 0, 14) - _tube(17, 21, 12, 15),
        "gearbox": _box((110, 80, 22)) - _box((90, 70, 12), z=12) + _rod(10, 10, 52, 15),
        "gear": _gear(28, 2.0, 12, 10.05) + _tube(10.05, 17, 12, 20),
        "gear_low": _gear(28, 2.0, 12, 10.05) + _tube(10.05, 14, 12, 20),
        "clamp": _box((80, 60, 20)) - _rod(9, 12, 21, 20) - _rod(5, -1, 21, 20),
        "cap_screw": _rod(8, 0, 10) - _rod(4.6, 5, 11) + _rod(4.9, -20, 0),
        "low_screw": _rod(8, 0, 7) - _rod(4.6, 3, 8) + _rod(4.9, -20, 0),
        "floor": _box((130, 100, 10)) - _rod(6, -1, 11, 50, 35),
        "bracket": _angle(rib=13, length=70, width=40),
        "bracket_mirrored": _angle(rib=-13, length=70, width=40),
        "case": _box((96, 68, 25)) - _box((80, 52, 22), z=4),
        "cover": cover - _box((12, 10, 6), 38, 25, -0.5),
        "cover_plain": cover,
        "circuit": circuit,
        "plug": plug + _box((8, 5, 12), 12, 15, 0),
        "plug_keyed": plug + _box((8, 5, 12), 2, 15, 0),
        "stand": _box((100, 100, 6)) + _tube(14, 22, 6, 20),
        "flange": flange + _bosses(3),
        "flange_4": flange + _bosses(4),
        "v_block": _box((70, 60, 34)) - v_groove,
        "shaft": _lying((9, -45, 55), (14, 40, 46)),
        "shaft_short": _lying((9, -45, 55), (14, 46, 52)),
    }


def _rod(radius: float, low: float, high: float, x: float = 0.0, y: float = 0.0) -> Manifold:
    return Manifold.cylinder(high - low, radius, radius, ROUND).translate((x, y, low))


def _tube(inner: float, outer: float, low: float, high: float) -> Manifold:
    return _rod(outer, low, high) - _rod(inner, low - 1, high + 1)


def _box(size: tuple[float, float, float], x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Manifold:
    """Return a box that stands on the height z with its middle over (x, y)."""
    return Manifold.cube(size, center=True).translate((x, y, z + size[2] / 2))


def _gear(teeth: int, module: float, width: float, bore: float) -> Manifold:
    points = []
    for k in range(4 * teeth):
        radius = module * teeth / 2 + (module if k % 4 in {1, 2} else -1.25 * module)
        angle = math.tau * k / (4 * teeth)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return CrossSection([points]).extrude(width) - _rod(bore, -1, width + 1)


def _angle(rib: float, length: float, width: float) -> Manifold:
    """Return a bent sheet with a rib in its corner: `rib` is its y."""
    rib_plan = CrossSection([[(0, 0), (14, 0), (0, 14)]]).extrude(4).rotate((90, 0, 0))
    sheet = _box((length, width, 4)) + _box((4, width, 0.6 * length), x=2 - length / 2)
    return sheet + rib_plan.translate((4 - length / 2, rib + 2, 4))


def _bosses(count: int) -> Manifold:
    return _ring_of_rods(count, 26, 5, 7, 16)


def _ring_of_rods(count: int, away: float, radius: float, low: float, high: float) -> Manifold:
    angles = [math.tau * k / count for k in range(count)]
    rods = [_rod(radius, low, high, away * math.cos(angle), away * math.sin(angle)) for angle in angles]
    out = rods[0]
    for rod in rods[1:]:
        out += rod
    return out


def _hexagon(radius: float, low: float, high: float) -> Manifold:
    return Manifold.cylinder(high - low, radius, radius, 6).translate((0, 0, low))


def _lying(*steps: tuple[float, float, float]) -> Manifold:
    """Return a stepped shaft along x whose middle line is z = 0, from (radius, from, to)."""
    out = Manifold()
    for step in steps:
        out += _rod(*step)
    return out.rotate((0, 90, 0))
