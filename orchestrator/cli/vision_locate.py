"""`tandem vision locate`: where parts lie in a depth picture from files."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from rich.table import Table

from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Fingers, Hold, Kind, LocateRequest, Space

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.core.locating import Located
    from orchestrator.core.ports import Shot

console = Terminal(soft_wrap=True)
EDGE_RAD = math.radians(25)  # edges of the mesh that are drawn: where its surface turns by more than this
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0))


def register(app: typer.Typer) -> None:
    """Add the command to a group of commands."""
    app.command("locate")(locate)


def locate(
    depth: Path = typer.Option(..., help="The depth picture: PNG or TIFF (16 bit), NPZ, NPY; or a cloud: PLY, PCD."),
    camera: str = typer.Option(
        ..., help="Its camera: JSON, YAML (camera_to_world, 4 x 4), K as text; of BOP's scene_camera.json add #IMAGE."
    ),
    model: Path = typer.Option(..., help="The part's mesh: GLB, PLY, OBJ, STL."),
    unit: str | None = typer.Option(None, help="The meshes' unit: m, cm, mm or inch; metres unless told."),
    depth_scale: float | None = typer.Option(None, help="Millimetres of one unit of the depth picture."),
    symmetry_z: int = typer.Option(-1, help="Order of symmetry about the part's z; 0 any angle, -1 from the mesh."),
    box: str = typer.Option("", help="Where to look, in the world: x,y,z of one corner and of the opposite one, in m."),
    noise_mm: float | None = typer.Option(None, min=0.0, help="Depth noise at 1 m, one sigma; else measured."),
    look_alike: list[Path] = typer.Option([], help="Another part that may lie there, in the model's unit; repeatable."),
    grasps: bool = typer.Option(True, help="Try a gripper across the middle of the part's upper side."),
    most: int = typer.Option(10, min=1, max=100, help="How many parts to report at most."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table."),
    out: Path | None = typer.Option(None, help="Write the picture with the parts drawn into it (PNG)."),
) -> None:
    """Say where parts of a model lie in a depth picture: poses in the world, and whether a gripper gets there."""
    from orchestrator.adapters.vision.shot_file import noise_of, read_shot

    shot = read_shot(depth, camera, depth_scale=depth_scale).shot
    meshes = [_mesh(path, unit, shot) for path in (model, *look_alike)]
    holds = _holds(meshes[0]) if grasps else ()
    request = LocateRequest(
        effect="file",
        part=Kind(model.stem, "0.glb", None if symmetry_z < 0 else symmetry_z),
        space=_space(box),
        look_alikes=tuple(Kind(path.stem, f"{k}.glb") for k, path in enumerate(look_alike, start=1)),
        holds=holds,
        gripper=Fingers() if holds else None,
        most=most,
    )
    noise_m = noise_of(shot.depth_m) if noise_mm is None else noise_mm / 1000
    found = asyncio.run(_located(request, shot, meshes, noise_m))
    if out is not None:
        _draw(shot, found, meshes[0], out)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=1))
    else:
        _print(found, out)
        if noise_mm is None:
            said = f"Noise {noise_m * 1000:.2f} mm at 1 m, measured in this picture (--noise-mm says otherwise)."
            console.print(said, highlight=False)
    if not found.found:
        raise typer.Exit(3)


async def _located(request: LocateRequest, shot: Shot, meshes: list[Any], noise_m: float) -> Located:
    import tempfile

    from orchestrator.adapters.vision.settings import PATIENT_S, VisionSettings
    from orchestrator.adapters.vision_open3d import VisionOpen3D

    with tempfile.TemporaryDirectory() as folder:
        for k, mesh in enumerate(meshes):
            mesh.export(Path(folder) / f"{k}.glb")
        vision = VisionOpen3D(Path(folder), settings=VisionSettings(noise_m=noise_m, seconds=PATIENT_S))
        try:
            return await vision.locate(request, shot)
        finally:
            await vision.close()


def _print(found: Located, out: Path | None) -> None:
    table = Table("", "x y z, mm", "rotation vector, °", "score", "in view", "± mm", "lies", "gripper")
    for k, each in enumerate(found.found, start=1):
        held = "; ".join(f"{hold.name}: {hold.blocked or 'free'}" for hold in each.holds)
        table.add_row(
            str(k),
            " ".join(f"{v * 1000:.1f}" for v in each.pose.p),
            " ".join(f"{math.degrees(v):.1f}" for v in _turn(each.pose)),
            f"{each.score:.2f}",
            f"{each.visible:.0%}",
            f"{max(each.uncertainty_m) * 1000:.2f}",
            each.lies + (f" ({each.doubt})" if each.doubt else ""),
            held,
        )
    if found.found:
        console.print(table)
    console.print(found.reason or f"{len(found.found)} found.", highlight=False)
    if out is not None:
        console.print(f"Drawn into {out}.", highlight=False)


def _turn(pose: Pose) -> tuple[float, float, float]:
    w, x, y, z = pose.q if pose.q[0] >= 0 else tuple(-v for v in pose.q)
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 0.0 if sine < 1e-12 else 2 * math.atan2(sine, w) / sine
    return (x * scale, y * scale, z * scale)


# ---- files -----------------------------------------------------------------------------------------------------


def _mesh(path: Path, unit: str | None, shot: Shot) -> Any:
    import trimesh

    from orchestrator.adapters.vision.sources import read_model

    seen = shot.depth_m[shot.depth_m > 0]
    mesh = read_model(path, unit=unit, distance_m=float(np.median(seen)) if seen.size else None)
    return trimesh.Trimesh(mesh.vertices, mesh.faces)  # corners that meet are merged: outlines need it


def _holds(mesh: Any) -> tuple[Hold, ...]:
    """Return grasps across the middle of a mesh from above, as parts get by default."""
    from orchestrator.engine.mesh import MeshFacts

    low, high = (tuple(float(v) for v in corner) for corner in mesh.bounds)
    facts = MeshFacts("", low, high)  # type: ignore[arg-type] # three numbers each
    return tuple(Hold(name, grasp.pose, grasp.opening_m) for name, grasp in facts.grasps().items())


def _space(box: str) -> Space | None:
    if not box:
        return None
    try:
        numbers = [float(v) for v in box.split(",")]
        low, high = np.array(numbers[:3]), np.array(numbers[3:])
        sides = high - low
        if len(numbers) != 6 or (sides <= 0).any():
            raise ValueError
    except ValueError as error:
        raise BadInput(f"--box {box} is no box.", remedy="Write six metres: --box=0.2,-0.1,0,0.5,0.1,0.2") from error
    x, y, z = (float(v) for v in (low + high) / 2)
    a, b, c = (float(v) for v in sides)
    return Space(Pose((x, y, z)), (a, b, c))


# ---- picture ---------------------------------------------------------------------------------------------------


def _draw(shot: Shot, found: Located, mesh: Any, out: Path) -> None:
    """Write the depth in grey, near is bright, with each part's edges and its number in a colour."""
    from PIL import Image, ImageDraw

    seen = shot.depth_m > 0
    near, far = np.percentile(shot.depth_m[seen], (2, 98)) if seen.any() else (0.0, 1.0)
    grey = np.where(seen, 60 + 170 * np.clip((far - shot.depth_m) / max(far - near, 1e-6), 0, 1), 0)
    picture = Image.fromarray(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2))
    pen = ImageDraw.Draw(picture)
    sharp = mesh.face_adjacency_edges[mesh.face_adjacency_angles > EDGE_RAD]
    for k, each in enumerate(found.found):
        colour = COLOURS[k % len(COLOURS)]
        pixels = _projected(np.asarray(mesh.vertices), each.pose, shot)
        for a, b in sharp:
            if np.isfinite(pixels[[a, b]]).all():
                pen.line([tuple(pixels[a]), tuple(pixels[b])], fill=colour)
        u, v = np.nanmean(pixels, axis=0)
        pen.text((float(u), float(v)), str(k + 1), fill=colour)
    picture.save(out)


def _projected(points: npt.NDArray[np.float64], pose: Pose, shot: Shot) -> npt.NDArray[np.float64]:
    """Return the pixels (n, 2) of a part's points (n, 3); NaN where one is behind the camera."""
    matrix = (shot.pose.inverse() @ pose).matrix()
    seen = points @ matrix[:3, :3].T + matrix[:3, 3]
    depth = np.where(seen[:, 2] > 0.01, seen[:, 2], np.nan)
    lens = shot.intrinsics
    return np.column_stack([seen[:, 0] / depth * lens.fx + lens.cx, seen[:, 1] / depth * lens.fy + lens.cy])
