"""`tandem vision check`: one pose check on files of any maker."""

from __future__ import annotations

import asyncio
import json
import math
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, VisionError
from orchestrator.core.ports import CheckRequest, Expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.adapters.vision.mesh_file import ReadMesh
    from orchestrator.adapters.vision.shot_file import ShotFile
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Check

NEAREST_M, FARTHEST_M = 0.05, 30.0
COLOURS = {"ok": "green", "cannot_see": "yellow"}
AXES = "xyz"

console = Terminal(soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the command to `tandem vision`."""
    app.command("check")(check)


def check(
    depth: Path = typer.Option(..., help="The depth picture: PNG or TIFF (16 bit), NPZ, NPY; or a cloud: PLY, PCD."),
    camera: str = typer.Option(..., help="Its camera: JSON, YAML, K as text; of BOP's scene_camera.json add #IMAGE."),
    model: Path = typer.Option(..., help="The part's mesh: GLB, PLY, OBJ, STL."),
    pose: str = typer.Option(..., help="Where it should be: a file, scene_gt.json#IMAGE/ITEM, or 'x y z rx ry rz'."),
    within_mm: float = typer.Option(1.0, min=0.001, help="Tolerance along each axis, mm."),
    within_deg: float = typer.Option(2.0, min=0.001, max=180.0, help="Tolerance about each axis, degrees."),
    unit: str | None = typer.Option(None, help="The meshes' unit: m, cm, mm or inch; metres unless told."),
    depth_scale: float | None = typer.Option(None, help="Millimetres of one unit of the depth picture."),
    around: list[str] = typer.Option([], help="What else stands there, MODEL@POSE; several may be given."),
    look_alike: list[Path] = typer.Option([], help="A mesh that may stand there by mistake; several may be given."),
    symmetry: str | None = typer.Option(None, help="Of the part about its z: none, any, or how many times."),
    noise_mm: float | None = typer.Option(None, min=0.0, help="Depth noise at 1 m, one sigma; else measured."),
    rectified: bool = typer.Option(False, "--rectified", help="The picture is rectified, its camera's file is not."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    out: Path | None = typer.Option(None, help="Keep evidence in this folder: pictures, numbers, meshes in m."),
) -> None:
    """Say whether a part in a depth picture sits at its pose: ok, displaced, missing, flipped, wrong, cannot_see."""
    from orchestrator.adapters.vision.shot_file import read_shot

    loaded = read_shot(depth, camera, depth_scale=depth_scale, rectified=rectified)
    with _folder(out) as folder:
        scene = _Scene(folder, loaded, unit)
        part = scene.part(model, pose, symmetry)
        request = CheckRequest(
            effect="files",
            part=part,
            around=tuple(scene.neighbour(text) for text in around),
            within_m=(within_mm / 1000,) * 3,
            within_rad=(math.radians(within_deg),) * 3,
            look_alikes=tuple(scene.add(path, part.pose) for path in look_alike),
        )
        noise_m = scene.noise(noise_mm)
        answer = asyncio.run(_judged(folder, request, loaded, noise_m, evidence=out is not None))
    notes = scene.notes
    if as_json:
        console.print_json(json.dumps(_record(answer, notes, out)))
    else:
        _tell(answer, request, notes, out)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Yield the folder for meshes in metres: kept below `out`, else for this run only."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="tandem-") as scratch:
            yield Path(scratch)
        return
    folder = out / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"'{out}' can't be written to: {error.strerror}.", remedy="Give another folder.") from error
    yield folder


@dataclass
class _Scene:
    """What the files say, on its way into a request; meshes are written in metres below `folder`."""

    folder: Path
    loaded: ShotFile
    unit: str | None
    notes: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.notes += self.loaded.notes
        if not self.loaded.posed:
            self.notes.append("the camera's pose is not given: poses are in the camera's frame")

    def part(self, model: Path, pose: str, symmetry: str | None) -> Expected:
        """Read the part that is asked about."""
        from orchestrator.adapters.vision.symmetry_file import symmetry_of

        place, mesh = self._read(model, pose)
        if symmetry is None:
            order, source = symmetry_of(model, _number(model), mesh)
            said = "no symmetry" if order is None else "round" if order == 0 else f"symmetry of order {order}"
            self.notes.append(f"{said} about z, {source}")
        else:
            order = _order(symmetry)
        return self._kept(model, mesh, place, order)

    def neighbour(self, text: str) -> Expected:
        """Read MODEL@POSE."""
        name, at, pose = text.rpartition("@")
        if not at:
            raise BadInput(f"'{text}' says no pose.", remedy="Write MODEL@POSE: table.glb@'0 0 500 0 0 0'.")
        place, mesh = self._read(Path(name), pose)
        return self._kept(Path(name), mesh, place, None)

    def add(self, model: Path, pose: Pose) -> Expected:
        """Read a look-alike, which would stand where the part should."""
        return self._kept(model, self._mesh(model, pose), pose, None)

    def noise(self, told_mm: float | None) -> float:
        """Return the depth noise at 1 m, in m."""
        from orchestrator.adapters.vision.shot_file import noise_of

        if told_mm is not None:
            return told_mm / 1000
        found = noise_of(self.loaded.shot.depth_m)
        self.notes.append(f"noise {found * 1000:.2f} mm at 1 m, measured in this picture (--noise-mm says otherwise)")
        return found

    def _read(self, model: Path, pose: str) -> tuple[Pose, ReadMesh]:
        from orchestrator.adapters.vision.data_file import existing
        from orchestrator.adapters.vision.pose_file import pose_of

        existing(model)
        camera = self.loaded.shot.pose
        found = pose_of(pose, camera=camera, image=self.loaded.image, object_id=_number(model))
        self.notes += found.notes
        return found.pose, self._mesh(model, found.pose)

    def _mesh(self, model: Path, pose: Pose) -> ReadMesh:
        from orchestrator.adapters.vision.shot_file import ahead_m
        from orchestrator.adapters.vision.sources import read_model

        distance_m = ahead_m(pose, self.loaded.shot.pose)
        if not NEAREST_M <= distance_m <= FARTHEST_M:
            where = f"{abs(distance_m):.3g} m {'in front of' if distance_m > 0 else 'behind'} the camera"
            raise BadInput(
                f"The pose puts {model.name} {where}.",
                remedy="Matrices are in metres, typed poses in mm; both in the world that the camera's file speaks of.",
            )
        mesh = read_model(model, unit=self.unit, distance_m=distance_m)
        self.notes += [f"{model.name}: {note}" for note in mesh.notes]
        return mesh

    def _kept(self, model: Path, mesh: ReadMesh, pose: Pose, order: int | None) -> Expected:
        import trimesh

        name, count = model.stem, 2
        while name in self.names:
            name, count = f"{model.stem}#{count}", count + 1
        self.names.add(name)
        file = f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.ply"
        trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(self.folder / file)
        return Expected(name, file, pose, order)


def _number(model: Path) -> int | None:
    """Return BOP's object id: 5 of obj_000005.ply."""
    found = re.fullmatch(r"obj_(\d+)", model.stem)
    return int(found[1]) if found else None


def _order(symmetry: str) -> int | None:
    if symmetry in {"none", "any"}:
        return None if symmetry == "none" else 0
    if symmetry.isdigit() and 2 <= int(symmetry) <= 360:
        return int(symmetry)
    raise BadInput(f"'{symmetry}' is no symmetry.", remedy="Say none, any, or how many turns bring it onto itself: 6.")


async def _judged(folder: Path, request: CheckRequest, loaded: ShotFile, noise_m: float, *, evidence: bool) -> Check:
    from orchestrator.adapters.vision.settings import PATIENT_S, VisionSettings
    from orchestrator.adapters.vision_open3d import VisionOpen3D

    shot = loaded.shot
    settings, kept = VisionSettings(seconds=PATIENT_S), folder.parent if evidence else None
    vision = VisionOpen3D(folder, evidence=kept, noise_m={shot.camera: noise_m}, settings=settings)
    try:
        return await vision.check(request, shot)
    except VisionError as error:
        if error.code == "closed":
            raise KeyboardInterrupt from error
        raise
    finally:
        await vision.close()


def _record(answer: Check, notes: list[str], out: Path | None) -> dict[str, Any]:
    off = answer.deviation
    return {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "deviation_mm": [round(v * 1000, 4) for v in off.xyz_m] if off else None,
        "deviation_deg": [round(math.degrees(v), 4) for v in off.rot_rad] if off else None,
        "uncertainty_mm": [round(v * 1000, 4) for v in answer.uncertainty_m],
        "visible": answer.visible,
        "wrong_part": answer.wrong_part,
        "scores": dict(answer.scores),
        "evidence": str(out / answer.evidence) if out is not None and answer.evidence else "",
        "notes": notes,
    }


def _tell(answer: Check, request: CheckRequest, notes: list[str], out: Path | None) -> None:
    colour = COLOURS.get(answer.verdict, "red")
    console.print(f"{request.part.id}: [bold {colour}]{answer.verdict}[/]", highlight=False)
    lines = [answer.reason] if answer.reason else []
    if answer.deviation is not None:
        for axis, name in enumerate(AXES):
            off, sigma = answer.deviation.xyz_m[axis] * 1000, answer.uncertainty_m[axis] * 1000
            turn = math.degrees(answer.deviation.rot_rad[axis])
            lines.append(
                f"{name}: {off:+.2f} ± {sigma:.2f} mm (allowed {request.within_m[axis] * 1000:g}),"
                f" turned {turn:+.2f}° (allowed {math.degrees(request.within_rad[axis]):g})"
            )
    lines.append(f"visible: {answer.visible:.0%}")
    if answer.scores:
        lines.append("scores: " + ", ".join(f"{name} {score:+.3f}" for name, score in answer.scores.items()))
    if out is not None and answer.evidence:
        lines.append(f"evidence: {out / answer.evidence}")
    lines += [f"note: {note}" for note in notes]
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False)
