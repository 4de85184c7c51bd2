"""Repeated shots of units, by a camera of the embedded cell or from saved evidence: what gauge studies are made of."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.camera_sim import SimCamera
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import BESIDE_M, Region, Solids, region_of
from orchestrator.core.errors import BadInput, VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Mesh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy.typing as npt

    from orchestrator.adapters.camera_sim import CameraSetup
    from orchestrator.adapters.vision.evidence import Evidence
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.ports import Check, CheckRequest, Expected, Shot

PATIENCE = 4  # times as many pictures as wanted are taken at most, where some give no deviation
SCATTER = 3.0  # units are placed with a sigma of their tolerance over this, as a process that just holds it does


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Measured deviations (units, shots, 6) of one camera, of the units named.

    Per shot x, y, z (m) and about x, y, z (rad) in the result's frame.

    `claimed_m` is the mean of the uncertainties that the judge gave, per axis; `distance_m` from lens to part; `lost`
    how many pictures gave no deviation and were taken again.
    """

    camera: str
    units: tuple[str, ...]
    values: npt.NDArray[np.float64]
    claimed_m: tuple[float, float, float]
    distance_m: float
    lost: int = 0


def shoot_units(
    setup: CameraSetup,
    request: CheckRequest,
    root: Path,
    settings: VisionSettings,
    *,
    units: int,
    shots: int,
    seed: int,
    scatter: float = 1 / SCATTER,
) -> Series:
    """Take pictures of simulated units, each placed a little otherwise, and measure them. The same seed, the same.

    `root` is the folder that mesh paths are below; units scatter by the share `scatter` of the tolerance, one sigma
    per axis.

    Raises:
        VisionError: next to no picture gives a deviation (no_pose), or a mesh is missing.
    """
    solids, meshes = Solids(root, threads=settings.threads), MeshStore(root)
    settings = dataclasses.replace(settings, noise_m=setup.noise.sigma_m)
    random = np.random.default_rng(seed)
    margin_m = BESIDE_M if request.datum else settings.margin_m  # as much as a check cuts out
    rows: dict[str, list[tuple[float, ...]]] = {}
    claimed, lost = [], 0
    reason: VisionError | None = None
    for unit in range(units):
        world = World(meshes)
        for thing in request.around:
            world.add(thing.id, Mesh(thing.mesh), thing.pose)
        world.add(request.part.id, Mesh(request.part.mesh), _placed(request, random, scatter))
        camera = SimCamera(setup, world, WallClock(), robot=None, seed=seed + 1000 * unit)
        row: list[tuple[float, ...]] = []
        for _ in range(PATIENCE * shots):
            shot = asyncio.run(camera.shoot())
            check = judge(request, cut(shot, request.part, solids, margin_m), solids, settings).check
            try:
                row.append(_measured(check, setup.name))
            except VisionError as error:
                lost, reason = lost + 1, error
                continue
            claimed.append(check.uncertainty_m)
            if len(row) == shots:
                rows[f"unit {unit + 1}"] = row
                break
    if len(rows) < 2:
        assert reason is not None  # a picture without a pose is all that ends a unit early
        raise reason
    x, y, z = (float(v) for v in np.mean(claimed, axis=0))
    away = math.dist(setup.pose.p, request.part.pose.p)
    values = np.asarray(list(rows.values()), dtype=np.float64)
    return Series(setup.name, tuple(rows), values, (x, y, z), away, lost)


async def judged_shots(
    setup: CameraSetup, request: CheckRequest, root: Path, settings: VisionSettings, *, shots: int, seed: int
) -> list[Check]:
    """Return what the judge says of simulated pictures of a unit that stands exactly as asked for."""
    solids, meshes = Solids(root), MeshStore(root)
    settings = dataclasses.replace(settings, noise_m=setup.noise.sigma_m)
    world = World(meshes)
    for thing in (*request.around, request.part):
        world.add(thing.id, Mesh(thing.mesh), thing.pose)
    camera = SimCamera(setup, world, WallClock(), robot=None, seed=seed)
    out = []
    for _ in range(shots):
        crop = cut(await camera.shoot(), request.part, solids, BESIDE_M if request.datum else settings.margin_m)
        out.append(judge(request, crop, solids, settings).check)
    return out


def from_evidence(shots: Iterable[tuple[Evidence, Check]]) -> dict[str, Series]:
    """Sort judged shots by camera and part instance; each camera keeps as many shots of each as the rarest has.

    Raises:
        BadInput: no camera has two shots of two instances.
    """
    found: dict[str, dict[str, list[tuple[Evidence, Check]]]] = {}
    for evidence, check in shots:
        found.setdefault(evidence.crop.camera, {}).setdefault(evidence.request.part.id, []).append((evidence, check))
    out = {}
    for camera, parts in found.items():
        several = {part: seen for part, seen in parts.items() if len(seen) > 1}
        if len(several) < 2:
            continue
        least = min(map(len, several.values()))
        rows = [[_measured(check, camera) for _, check in seen[:least]] for seen in several.values()]
        checks = [check for seen in several.values() for _, check in seen[:least]]
        x, y, z = (float(v) for v in np.mean([check.uncertainty_m for check in checks], axis=0))
        first = next(iter(several.values()))[0][0]
        away = math.dist(first.crop.pose.p, first.request.part.pose.p)
        out[camera] = Series(camera, tuple(several), np.asarray(rows, dtype=np.float64), (x, y, z), away)
    if not out:
        raise BadInput(
            "A gauge study needs two units at least, and two shots of each by one camera.",
            remedy="Take more shots, or leave the records out to have the embedded cell's camera take them.",
        )
    return out


def together(series: Mapping[str, Series]) -> npt.NDArray[np.float64]:
    """Return (units, cameras, shots, 6): the units that every camera measured, as many shots as all of them have.

    Raises:
        BadInput: there are no two such units.
    """
    everywhere = [unit for unit in next(iter(series.values())).units if all(unit in s.units for s in series.values())]
    if len(everywhere) < 2:
        raise BadInput(
            f"{' and '.join(series)} have no two units in common that both measured.",
            remedy="Take more units, or study one camera alone.",
        )
    shots = min(one.values.shape[1] for one in series.values())
    rows = [one.values[[one.units.index(unit) for unit in everywhere], :shots] for one in series.values()]
    return np.stack(rows, axis=1)


def cut(shot: Shot, part: Expected, solids: Solids, margin_m: float) -> Crop:
    """Return the pixels of a shot around a part."""
    region = region_of(solids.get(part.mesh).corners, part.pose, shot.pose, shot.intrinsics, margin_m)
    inside = region.inside(shot.intrinsics) if region is not None else Region(0, 0, 0, 0)
    rows = slice(inside.top, inside.top + inside.height)
    columns = slice(inside.left, inside.left + inside.width)
    depth = np.ascontiguousarray(shot.depth_m[rows, columns], dtype=np.float32)
    return Crop(shot.camera, depth, inside, shot.intrinsics, shot.pose, shot.stamp)


def _placed(request: CheckRequest, random: np.random.Generator, scatter: float) -> Pose:
    off = random.standard_normal(6) * scatter * np.array([*request.within_m, *request.within_rad])
    if request.part.symmetry_z == 0:
        off[5] = 0.0
    return request.part.pose @ Pose.from_rpy([float(v) for v in off[:3]], [float(v) for v in off[3:]])


def _measured(check: Check, camera: str) -> tuple[float, ...]:
    if check.deviation is None:
        raise VisionError(
            f"A shot of {camera} gives no deviation ({check.verdict}): {check.reason}",
            remedy="A gauge study needs shots that can be measured: give the camera a clear view.",
            code="no_pose",
        )
    return (*check.deviation.xyz_m, *check.deviation.rot_rad)
