"""A cell and what stands in it as a world for Gazebo: an SDF file and the meshes that it names.

Format: SDFormat 1.9, sdformat.org/spec, which Gazebo Fortress and newer read. What parts, bins and fixtures are comes
from the simulated world, so that Gazebo's cell is the embedded one. The arm is not in it: it is spawned from its URDF.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree as ET

import numpy as np

from orchestrator.adapters.sim.depth import MODELS
from orchestrator.adapters.sim.hands import TRAY
from orchestrator.adapters.sim.physics_model import PLATE_M
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from orchestrator.adapters.sim.meshes import Triangles
    from orchestrator.adapters.sim.world import Body, World
    from orchestrator.core.cell import BinSpec, CameraSpec, CellSpec
    from orchestrator.core.ports import Mesh

    Floats = npt.NDArray[np.float64]

NOTE = " Made by Tandem from the cell file and the products' meshes: change those. "
Gazebo = Literal["gz", "ign"]
NAMES: Mapping[Gazebo, tuple[str, str]] = {  # what its systems' files and classes begin with
    "gz": ("gz-sim", "gz::sim"),  # Garden and newer
    "ign": ("ignition-gazebo", "ignition::gazebo"),  # Fortress
}
SYSTEMS = {"physics": "Physics", "user-commands": "UserCommands", "scene-broadcaster": "SceneBroadcaster"}
SEES = ("sensors", "Sensors", {"render_engine": "ogre2"})
Aside = Literal["parts", "cameras"]
ASIDE: tuple[Aside, ...] = ("parts", "cameras")  # what can be left out
STEP_S = 0.001  # of physics where parts touch each other
FREE_STEP_S = 0.004  # where nothing does: time passes at less cost
TABLE_M = 4.0  # an edge of what is drawn of the table, which has no end
RATE_HZ = 10.0  # of a camera's pictures
DENSITY_KG_M3 = 1000.0  # of parts whose mass nobody says, as under the embedded cell's physics
RIM_M = 0.005  # how far a tray reaches beyond the parts on it
GAP_M = 0.0005  # between a rack's bars and what hangs between them, on either side
THIN_M = 0.001  # a tray or a rack that is lower is none
UPRIGHT = 0.9999  # cosine of a bin's z to the vertical: parts in one that leans have nothing to lie on, and stand still
DULL, STEEL, WOOD = (0.35, 0.1, 0.9), (0.55, 0.6, 0.5), (0.45, 0.0, 1.0)  # grey, metalness, roughness: each 0 to 1
NOTHING = 1e-14  # what is left of rounding
OPTICAL = Pose.from_matrix(  # Gazebo's camera looks along x with z up, in an optical frame: along z with y down
    np.array([[0.0, -1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
)


@dataclass(frozen=True, slots=True)
class GazeboWorld:
    """The text of an SDF file, and the files of meshes (binary STL, metres) by their path from it."""

    sdf: str
    meshes: Mapping[str, bytes] = field(default_factory=dict)


def gazebo_world(
    spec: CellSpec,
    world: World,
    masses: Mapping[str, float] | None = None,
    *,
    still: bool = False,
    without: Collection[Aside] = (),
    gazebo: Gazebo = "gz",
) -> GazeboWorld:
    """Return a cell as `world` has it: table, fixtures, trays and racks, the cameras that stand still, and every part.

    `masses` gives kinds of parts their mass, kg. Parts fall and can be taken unless they are to stand `still`. People's
    places, zones, boards and what lies loose for people are not drawn. `without` leaves parts or cameras out; `gazebo`
    says by which names its systems go.
    """
    root = ET.Element("sdf", version="1.9")
    tree = ET.SubElement(root, "world", name=spec.name)
    _surroundings(tree, gazebo, sees="cameras" not in without, step_s=FREE_STEP_S if "parts" in without else STEP_S)
    for name, at in spec.fixtures.items():
        x, y = PLATE_M
        box = Box((2 * x, 2 * y, at.p[2]))
        _solid(_model(tree, f"fixture_{name}", at.shifted(z=-at.p[2] / 2)), box, "top", IDENTITY, STEEL)
    for name, bin_ in spec.supply.items():
        boxes = _holder(world, name, bin_) if _upright(bin_) else []
        model = _model(tree, f"bin_{name}", bin_.at) if boxes else None
        for number, (box, at) in enumerate(boxes):
            assert model is not None
            _solid(model, box, f"bar_{number}", at, DULL)
    for name, camera in spec.fixed_cameras.items() if "cameras" not in without else ():
        _camera(_model(tree, f"camera_{name}", camera.at @ OPTICAL), name, camera)
    leaning = {name for name, bin_ in spec.supply.items() if not _upright(bin_)}
    meshes: dict[str, bytes] = {}
    visible = world.visible() if "parts" not in without else {}
    for body, pose in ((world.body(name), pose) for name, pose in visible.items()):
        bolted = still or body.kind == TRAY or body.source in leaning
        model = _model(tree, body.id.replace("~", "_").replace(" ", "_"), pose, still=bolted)
        _part(model, world, body, (masses or {}).get(body.kind), meshes)
    aside = [name for name, camera in spec.cameras.items() if not camera.fixed]
    root.insert(0, ET.Comment(NOTE + (f"On the arm, and not here: {', '.join(aside)}. " if aside else "")))
    ET.indent(root)
    return GazeboWorld('<?xml version="1.0"?>\n' + ET.tostring(root, encoding="unicode") + "\n", meshes)


# ---- what is around -------------------------------------------------------------------------------------------------


def _surroundings(tree: ET.Element, gazebo: Gazebo, *, sees: bool, step_s: float) -> None:
    physics = ET.SubElement(tree, "physics", name="step", type="ignored")
    _say(physics, max_step_size=step_s, real_time_factor=1.0)
    file, kinds = NAMES[gazebo]
    systems: list[tuple[str, str, dict[str, str]]] = [(name, kind, {}) for name, kind in SYSTEMS.items()]
    for name, kind, said in [*systems, SEES] if sees else systems:
        plugin = ET.SubElement(tree, "plugin", filename=f"{file}-{name}-system", name=f"{kinds}::systems::{kind}")
        _say(plugin, **said)
    _say(tree, gravity=(0.0, 0.0, -9.81))
    light = ET.SubElement(tree, "light", name="lamps", type="directional")
    _say(light, cast_shadows="true", diffuse=(0.8, 0.8, 0.8, 1.0), specular=(0.2, 0.2, 0.2, 1.0))
    _pose(light, Pose((0.0, 0.0, 3.0)))
    _say(light, direction=(-0.3, 0.2, -1.0))
    link = _model(tree, "table", IDENTITY)
    for use in ("collision", "visual"):
        element = ET.SubElement(link, use, name=f"top_{use}")
        plane = ET.SubElement(ET.SubElement(element, "geometry"), "plane")
        _say(plane, normal=(0.0, 0.0, 1.0), size=(TABLE_M, TABLE_M))
        if use == "visual":
            _finish(element, WOOD)


def _upright(bin_: BinSpec) -> bool:
    return bin_.at.z_axis[2] > UPRIGHT


def _holder(world: World, name: str, bin_: BinSpec) -> list[tuple[Box, Pose]]:
    """Return what carries the parts of a grid, as boxes with their poses in the bin's frame; nothing for other bins.

    A tray reaches from the table to the parts' undersides. What hangs (its origin is not its underside) hangs by what
    is above its origin, on bars beside and between the columns.
    """
    body = next((body for body in world if body.source == name), None)
    if body is None or bin_.grid is None or bin_.pitch_m is None:
        return []
    mesh = world.meshes.get(body.shape)
    (x0, y0, z0), (x1, y1, _) = mesh.bounds.tolist()
    (rows, columns), (row_m, column_m) = bin_.grid, bin_.pitch_m
    hangs, table = z0 < -THIN_M, -bin_.at.p[2]
    top = 0.0 if hangs else z0
    if top - table < THIN_M:
        return []
    long = (rows - 1) * row_m + x1 - x0 + 2 * RIM_M
    middle = ((rows - 1) * row_m + x1 + x0) / 2
    low, high = y0 - RIM_M, (columns - 1) * column_m + y1 + RIM_M
    edges = [low, high]
    if hangs:
        half = float(np.abs(mesh.vertices[mesh.vertices[:, 2] < -THIN_M][:, 1]).max()) + GAP_M
        edges[1:1] = [k * column_m + side * half for k in range(columns) for side in (-1, 1)]
    return [
        (Box((long, right - left, top - table)), Pose((middle, (left + right) / 2, (top + table) / 2)))
        for left, right in zip(edges[::2], edges[1::2], strict=True)
        if right - left > THIN_M
    ]


def _camera(link: ET.Element, name: str, camera: CameraSpec) -> None:
    """Add a colour and depth camera. Pictures have no noise: the embedded cell's cameras are the ones that err."""
    sensor = ET.SubElement(link, "sensor", name=name, type="rgbd_camera")
    _say(sensor, topic=f"cameras/{name}", update_rate=RATE_HZ, always_on="true")
    lens = ET.SubElement(sensor, "camera", name=name)
    _say(lens, horizontal_fov=math.radians(camera.view_deg))
    width, height = camera.size_px
    _say(ET.SubElement(lens, "image"), width=width, height=height, format="R8G8B8")
    noise = MODELS[camera.model]
    _say(ET.SubElement(lens, "clip"), near=max(noise.nearest_m, 0.01), far=min(noise.farthest_m, 100.0))


# ---- parts ----------------------------------------------------------------------------------------------------------


def _part(link: ET.Element, world: World, body: Body, mass_kg: float | None, meshes: dict[str, bytes]) -> None:
    surface = world.meshes.get(body.shape)
    _inertial(link, surface, mass_kg)
    paint = max(surface.painted, key=lambda painted: painted[1])[0]
    finish = (paint.luminance, paint.metallic, paint.roughness)
    if isinstance(body.shape, Box):
        _solid(link, body.shape, "body", IDENTITY, finish)
        return
    path = _file(body.shape)
    if path not in meshes:
        meshes[path] = _stl(surface)
    for use in ("collision", "visual"):
        element = ET.SubElement(link, use, name=f"body_{use}")
        _say(ET.SubElement(ET.SubElement(element, "geometry"), "mesh"), uri=path)
        if use == "visual":
            _finish(element, finish)


def _file(mesh: Mesh) -> str:
    """Return the path of a mesh's STL file from the SDF file."""
    return f"meshes/{mesh.path.rsplit('.', 1)[0]}.stl"


def _stl(surface: Triangles) -> bytes:
    import trimesh

    made: Any = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    return bytes(made.export(file_type="stl"))


def _inertial(link: ET.Element, surface: Triangles, mass_kg: float | None) -> None:
    """Say mass and inertia of a solid of one density; of its hull, where its surface encloses nothing."""
    import trimesh

    solid: Any = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    if not solid.volume > 0.0:
        solid = solid.convex_hull
    mass = mass_kg if mass_kg is not None else DENSITY_KG_M3 * float(solid.volume)
    inertia: Floats = np.asarray(solid.moment_inertia) * mass / float(solid.volume)
    element = ET.SubElement(link, "inertial")
    _say(element, mass=mass)
    x, y, z = (float(v) for v in solid.center_mass)
    _pose(element, Pose((x, y, z)))
    names = {"ixx": (0, 0), "ixy": (0, 1), "ixz": (0, 2), "iyy": (1, 1), "iyz": (1, 2), "izz": (2, 2)}
    _say(ET.SubElement(element, "inertia"), **{name: float(inertia[at]) for name, at in names.items()})


# ---- elements -------------------------------------------------------------------------------------------------------


def _model(tree: ET.Element, name: str, at: Pose, *, still: bool = True) -> ET.Element:
    """Add a model of one link and return that."""
    model = ET.SubElement(tree, "model", name=name)
    _say(model, static="true" if still else "false")
    _pose(model, at)
    return ET.SubElement(model, "link", name="link")


def _solid(link: ET.Element, box: Box, name: str, at: Pose, finish: tuple[float, float, float]) -> None:
    for use in ("collision", "visual"):
        element = ET.SubElement(link, use, name=f"{name}_{use}")
        _pose(element, at)
        _say(ET.SubElement(ET.SubElement(element, "geometry"), "box"), size=box.size_m)
        if use == "visual":
            _finish(element, finish)


def _finish(visual: ET.Element, finish: tuple[float, float, float]) -> None:
    grey, metalness, roughness = finish
    shade = math.sqrt(min(max(grey, 0.0), 1.0))  # luminance is linear, a colour in SDF is not
    material = ET.SubElement(visual, "material")
    _say(material, ambient=(shade, shade, shade, 1.0), diffuse=(shade, shade, shade, 1.0))
    metal = ET.SubElement(ET.SubElement(material, "pbr"), "metal")
    _say(metal, metalness=metalness, roughness=roughness)


def _pose(element: ET.Element, at: Pose) -> None:
    if at == IDENTITY:
        return
    norm = math.hypot(*at.q)  # records keep six decimals
    w, x, y, z = (value / norm for value in at.q)
    _text(ET.SubElement(element, "pose", rotation_format="quat_xyzw"), (*at.p, x, y, z, w))


def _say(element: ET.Element, **said: Any) -> None:
    for name, value in said.items():
        _text(ET.SubElement(element, name), value)


def _text(element: ET.Element, value: Any) -> None:
    values = value if isinstance(value, tuple | list) else (value,)
    element.text = " ".join(v if isinstance(v, str) else f"{0.0 if abs(v) < NOTHING else v:.9g}" for v in values)
