"""The gear reducer's parts, true to scale: run this file, and it writes <part>.glb beside itself.

Dimensions are millimetres as on a drawing; the GLBs hold metres, z up. Each part's origin is the point that meets the
frame where the part is seated. Heights that start with `Z` count from the underside of the housing, so that the stack
(floor, lower bearing, gear, upper bearing, rim, gasket, cover) reads in one place. Needs the extra `cad`.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh
from manifold3d import CrossSection, JoinType, Manifold

if TYPE_CHECKING:
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

ROUND = 64  # facets of a full circle, the same in every part so that facets of bore and shaft coincide

# The axes, in the housing's plan: output shaft and input pinion, one centre distance for both ratios.
GEAR_X, PINION_X = -5.0, 28.0
CENTRES = PINION_X - GEAR_X
LENGTH, WIDTH, CORNER = 104.0, 78.0, 10.0
HOLES = ((45.0, 32.0), (-45.0, 32.0), (-45.0, -32.0), (45.0, -32.0))

# The stack.
Z_SHAFT_END, Z_RECESS, Z_BEARING, Z_FLOOR, Z_GEAR, Z_UPPER, Z_RIM, Z_SHAFT_TOP = (
    2.0,
    20.0,
    24.0,
    38.0,
    42.0,
    60.0,
    62.0,
    90.0,
)
Z_PINION, Z_TEETH, Z_NECK, Z_PINION_TOP = 26.0, 39.5, 58.5, 100.0
GASKET = 1.0
Z_COVER = Z_RIM + GASKET
FLANGE = 8.0
TOWER = {"blind": 34.0, "through": 21.0}  # height of the cover's bearing housing above its seat

# Rolling bearing 6204 (ISO 15): bore, outside diameter, width.
BORE, OUTSIDE, BREADTH = 20.0, 47.0, 14.0
FIT = 0.05  # radial play that the drawings of the seats allow, so that facets never overlap

FACE = 14.0  # width of the gear; pinions are wider
TEETH = {"5": (1.0, 11, 55), "10": (0.5, 12, 120)}  # ratio: module, teeth of the pinion, teeth of the gear
PRESSURE_ANGLE = math.radians(20)

ALUMINIUM, STEEL, PAPER = 2.70e-6, 7.85e-6, 1.1e-6  # kg/mm³


@dataclass(frozen=True)
class Part:
    """A solid in millimetres, its frames (4x4, millimetres), its colour and density."""

    solid: Manifold
    colour: tuple[float, float, float]
    density: float
    metallic: float = 0.6
    frames: dict[str, Matrix] = field(default_factory=dict)

    @property
    def mass_kg(self) -> float:
        """Mass of the solid in kilograms."""
        return float(self.solid.volume()) * self.density


def seat(x: float = 0, y: float = 0, z: float = 0, rotation: tuple[tuple[int, ...], ...] | None = None) -> Matrix:
    """Return a frame at a point, z up, or with the given 3x3 rotation."""
    out = np.eye(4)
    out[:3, 3] = x, y, z
    if rotation:
        out[:3, :3] = rotation
    return out


DOWN = ((1, 0, 0), (0, -1, 0), (0, 0, -1))
FRONT = ((0, 0, 1), (1, 0, 0), (0, 1, 0))  # z along +x, y up: a plate on the front face reads upright


def cylinder(radius: float, low: float, high: float, x: float = 0, y: float = 0, *, chamfer: float = 0) -> Manifold:
    """Return an upright cylinder between two heights, its top edge chamfered."""
    return lathe(((0, low), (radius, low), (radius, high - chamfer), (radius - chamfer, high), (0, high))).translate(
        (x, y, 0)
    )


def lathe(profile: tuple[tuple[float, float], ...]) -> Manifold:
    """Turn a profile of (radius, height) points, counter-clockwise, about z."""
    points = [p for i, p in enumerate(profile) if p != profile[i - 1]]
    return CrossSection([points]).revolve(ROUND)


def block(length: float, width: float, corner: float) -> CrossSection:
    """Return a rectangle with round corners, centred."""
    inner = CrossSection.square((length - 2 * corner, width - 2 * corner)).translate(
        (corner - length / 2, corner - width / 2)
    )
    return inner.offset(corner, JoinType.Round, circular_segments=32)


def cavity() -> CrossSection:
    """Return the plan of the gear chamber: the hull of a circle about the gear and one about the pinion."""
    gear = CrossSection.circle(32.5, ROUND).translate((GEAR_X, 0))
    pinion = CrossSection.circle(11.0, ROUND).translate((PINION_X, 0))
    return CrossSection.batch_hull([gear, pinion])


def extrude(plan: CrossSection, low: float, high: float) -> Manifold:
    """Raise a plan between two heights."""
    return plan.extrude(high - low).translate((0, 0, low))


def toothed(module: float, teeth: int, mate: int, first: float) -> CrossSection:
    """Return the outline of an involute spur gear; `first` is the angle of a tooth's middle in radians.

    Half a tooth at radius r spans s/2r0 + inv(20°) - inv(acos(rb/r)) (DIN 3960); below the base circle flanks are
    radial. The wheel's addendum is cut where it would foul the small pinion's root, as a hob would cut that root.
    """
    pitch, base = module * teeth / 2, module * teeth / 2 * math.cos(PRESSURE_ANGLE)
    addendum = module * (0.72 if mate < teeth else 1.0)
    root, tip = pitch - 1.25 * module, pitch + addendum
    backlash = 0.06 * module
    middle = (math.pi * module / 2 - backlash) / 2 / pitch + _involute(PRESSURE_ANGLE)
    low = max(root, base)
    flank = [(root, low)] if root < base else []
    flank += [(low + (tip - low) * share, low + (tip - low) * share) for share in (0.0, 0.5, 1.0)]
    points = []
    for tooth in range(teeth):
        angle = first + math.tau * tooth / teeth
        side = [(r, middle - _involute(math.acos(min(1.0, base / at)))) for r, at in flank]
        for radius, half in side:
            points.append((radius * math.cos(angle - half), radius * math.sin(angle - half)))
        for radius, half in reversed(side):
            points.append((radius * math.cos(angle + half), radius * math.sin(angle + half)))
    return CrossSection([points])


def _involute(angle: float) -> float:
    return math.tan(angle) - angle


def housing() -> Part:
    """Pot with a recess for the output end, a bearing seat and a bush in its floor, four blind threads in its rim."""
    body = extrude(block(LENGTH, WIDTH, CORNER), 0, Z_RIM)
    body -= extrude(block(LENGTH - 14, WIDTH - 14, 6), -1, Z_RECESS)
    body -= extrude(cavity(), Z_FLOOR, Z_RIM + 1)
    body -= cylinder(OUTSIDE / 2 + FIT, Z_BEARING, Z_FLOOR + 1, GEAR_X)
    body -= cylinder(18, Z_RECESS - 1, Z_BEARING + 1, GEAR_X)
    body -= cylinder(2 + FIT, Z_PINION, Z_FLOOR + 1, PINION_X)
    for x, y in HOLES:
        body -= cylinder(4 + FIT, Z_RIM - 20, Z_RIM + 1, x, y)
    for sign in (1, -1):  # cooling ribs on the long sides stay inside the width that the gripper takes
        for i in range(5):
            body -= extrude(CrossSection.square((10, 3), center=True), 12, 50).translate(
                (-40 + 20 * i, sign * (WIDTH / 2), 0)
            )
    frames = {
        "foot": seat(),
        "bore": seat(GEAR_X, 0, Z_SHAFT_END),
        "bush": seat(PINION_X, 0, Z_PINION),
        "rim": seat(z=Z_RIM),
        "plate": seat(LENGTH / 2, 0, 30, FRONT),
    }
    return Part(body, (0.55, 0.60, 0.66), ALUMINIUM, 0.3, frames)


def bearing() -> Part:
    """6204: two rings with chamfers and a recessed shield between them."""
    bore, outside, edge = BORE / 2, OUTSIDE / 2, 0.6
    inner, outer, shield = 14.0, 20.2, 0.7
    profile = (
        (bore + edge, 0), (inner, 0), (inner, shield), (outer, shield), (outer, 0), (outside - edge, 0),
        (outside, edge), (outside, BREADTH - edge), (outside - edge, BREADTH), (outer, BREADTH),
        (outer, BREADTH - shield), (inner, BREADTH - shield), (inner, BREADTH), (bore + edge, BREADTH),
        (bore, BREADTH - edge), (bore, edge),
    )  # fmt: skip
    return Part(lathe(profile), (0.80, 0.82, 0.85), STEEL * 0.85, 0.9, {"seat": seat()})


def gear_shaft(ratio: str) -> Part:
    """Output shaft, standing on its lower end, with its gear between the two bearing seats."""
    module, pinion, teeth = TEETH[ratio]
    stub, journal, shoulder = 9.0, BORE / 2 - 0.01, 13.0
    z = [height - Z_SHAFT_END for height in (Z_BEARING, Z_FLOOR, Z_UPPER, Z_UPPER + BREADTH, Z_SHAFT_TOP)]
    profile = (
        (0, 0), (stub - 1, 0), (stub, 1), (stub, z[0]), (journal, z[0]), (journal, z[1]), (shoulder, z[1]),
        (shoulder, z[2]), (journal, z[2]), (journal, z[3]), (stub, z[3]), (stub, z[4] - 1), (stub - 1, z[4]), (0, z[4]),
    )  # fmt: skip
    plan = toothed(module, teeth, pinion, first=math.pi / teeth)  # a gap looks along +x, at the pinion
    for i in range(6):
        at = math.tau * (i + 0.5) / 6
        plan -= CrossSection.circle(4.5, 24).translate((19.5 * math.cos(at), 19.5 * math.sin(at)))
    low = Z_GEAR - Z_SHAFT_END
    solid = lathe(profile) + extrude(plan, low, low + FACE)
    frames = {
        "foot": seat(),
        "seat_lower": seat(z=z[1], rotation=DOWN),
        "seat_upper": seat(z=z[2]),
        "end": seat(z=z[4]),
    }
    return Part(solid, (0.62, 0.60, 0.56), STEEL, 0.9, frames)


def pinion(ratio: str) -> Part:
    """Input pinion, standing on its thin journal, which passes the gear on its way down."""
    module, teeth, gear = TEETH[ratio]
    low, neck, top = Z_TEETH - Z_PINION, Z_NECK - Z_PINION, Z_PINION_TOP - Z_PINION
    solid = cylinder(2, 0, low + 1)
    solid += extrude(toothed(module, teeth, gear, first=math.pi), low, neck + 0.5)
    solid += cylinder(5, neck, top, chamfer=0.8)
    solid -= extrude(CrossSection.square((4, 2)).translate((3.2, -1)), top - 14, top + 1)  # keyway
    return Part(solid, (0.72, 0.62, 0.38), STEEL, 0.9, {"foot": seat(), "drive": seat(z=top)})


def gasket() -> Part:
    """Flat gasket with the outline of the rim."""
    plan = block(LENGTH, WIDTH, CORNER) - cavity()
    for x, y in HOLES:
        plan -= CrossSection.circle(4.5, ROUND).translate((x, y))
    return Part(extrude(plan, 0, GASKET), (0.16, 0.30, 0.20), PAPER, 0.0, {"face": seat(), "top": seat(z=GASKET)})


def cover(kind: str) -> Part:
    """Cover with the upper bearing's housing, closed (blind) or open for the shaft end (through)."""
    top = TOWER[kind]
    solid = extrude(block(LENGTH, WIDTH, CORNER), 0, FLANGE)
    solid += cylinder(OUTSIDE / 2 + 4, FLANGE - 1, top, GEAR_X, chamfer=2)
    solid += cylinder(8, FLANGE - 1, 14, PINION_X, chamfer=1)
    pocket = Z_UPPER + BREADTH - Z_COVER
    solid -= cylinder(OUTSIDE / 2 + FIT, -1, pocket + 0.1, GEAR_X)
    solid -= cylinder(12, pocket, top - 4 if kind == "blind" else top + 1, GEAR_X)
    solid -= cylinder(5.1, -1, 20, PINION_X)
    for x, y in HOLES:
        solid -= cylinder(4.5, -1, FLANGE + 1, x, y)
    frames = {"face": seat()} | {f"hole_{i}": seat(x, y, FLANGE) for i, (x, y) in enumerate(HOLES, start=1)}
    return Part(solid, (0.42, 0.50, 0.60), ALUMINIUM, 0.3, frames)


def screw() -> Part:
    """Socket head cap screw M8 x 25 (ISO 4762 head: 13 x 8, socket 6); the origin lies under the head."""
    solid = cylinder(6.5, 0, 8, chamfer=0.8) + cylinder(4, -25, 1)
    socket = CrossSection.circle(3 / math.cos(math.pi / 6), 6)
    solid -= extrude(socket, 4, 9)
    return Part(solid, (0.20, 0.20, 0.22), STEEL, 0.8, {"head": seat()})


def plate(words: str) -> Part:
    """Name plate with raised letters; the origin is the middle of its back."""
    solid = extrude(block(56, 22, 2), 0, 0.8)
    start = -(4 * len(words) - 1) / 2
    bars = []
    for k, letter in enumerate(words):
        for row, bits in enumerate(FONT[letter]):
            bars += [
                extrude(CrossSection.square((0.98, 0.98)), 0.7, 1.4).translate((start + 4 * k + column, 1.5 - row, 0))
                for column in range(3)
                if bits & (4 >> column)
            ]
    solid += Manifold.compose(bars).scale((1.4, 1.8, 1.0))
    return Part(solid, (0.86, 0.84, 0.78), ALUMINIUM, 0.5, {"back": seat()})


# Three bits a row, five rows a letter.
FONT = {
    letter: [int(row) for row in rows]
    for letter, rows in {
        "B": "65656", "C": "34443", "D": "65556", "E": "74647", "G": "34553",
        "I": "72227", "R": "65655", "T": "72222", "U": "55557",
    }.items()
}  # fmt: skip


def parts() -> dict[str, Part]:
    """Return every part under the name that the procedure knows."""
    return {
        "housing": housing(),
        "bearing": bearing(),
        **{f"gear_shaft_{ratio}": gear_shaft(ratio) for ratio in TEETH},
        **{f"pinion_{ratio}": pinion(ratio) for ratio in TEETH},
        "gasket": gasket(),
        **{f"cover_{kind}": cover(kind) for kind in TOWER},
        "screw": screw(),
        "plate_en": plate("REDUCER"),
        "plate_de": plate("GETRIEBE"),
    }


def glb(name: str, part: Part) -> bytes:
    """Return a part as GLB: metres, z up, one mesh node with the part's name, one empty node for each frame."""
    mesh = part.solid.to_mesh()
    vertices = np.round(np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3] * 1e-3, 7)
    material = trimesh.visual.material.PBRMaterial(
        name=name, baseColorFactor=[*part.colour, 1.0], metallicFactor=part.metallic, roughnessFactor=0.5
    )
    body = trimesh.Trimesh(
        vertices, np.asarray(mesh.tri_verts), visual=trimesh.visual.TextureVisuals(material=material), process=False
    )
    scene = trimesh.Scene(base_frame="world")
    scene.add_geometry(body, node_name=name, geom_name=name)
    for frame, matrix in part.frames.items():
        in_metres = matrix.copy()
        in_metres[:3, 3] *= 1e-3
        scene.graph.update(frame_from="world", frame_to=frame, matrix=in_metres)

    def sign(tree: dict[str, Any]) -> None:
        tree["asset"]["generator"] = "cad.py"
        # The library adds a root node, which would read as one more frame, and leaves the order of the others open.
        tree["nodes"] = sorted((n for n in tree["nodes"] if "children" not in n), key=lambda n: str(n["name"]))
        tree["scenes"] = [{"nodes": list(range(len(tree["nodes"])))}]

    return bytes(trimesh.exchange.gltf.export_glb(scene, include_normals=False, tree_postprocessor=sign))


def main() -> None:
    """Write every part, and print the masses that the procedure states."""
    parser = argparse.ArgumentParser(description="Write the gear reducer's GLB files.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    out: Path = parser.parse_args().out
    for name, part in parts().items():
        data = glb(name, part)
        (out / f"{name}.glb").write_bytes(data)
        print(f"{name:16} {part.mass_kg:6.3f} kg  {len(data) / 1000:5.1f} kB")


if __name__ == "__main__":
    main()
