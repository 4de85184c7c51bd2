"""Trials of the judgement: seeded scenes whose truth is known, judged in this process, and what came of each."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import open3d

from orchestrator.adapters.sim.depth import STEREO, STRUCTURED_LIGHT, DepthNoise
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Region, Solids, region_of
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Check, CheckRequest, Expected, Intrinsics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from tests.trial_parts import Assembly

    Image = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

Case = Literal["ok", "occluded", "moved", "turned", "missing", "wrong", "flipped", "hidden"]
CASES: tuple[Case, ...] = (
    *("ok",) * 5, *("occluded",) * 3, *("moved",) * 3, *("turned",) * 2, "missing", "missing", "wrong", "wrong",
    "flipped", "flipped", "hidden",
)  # fmt: skip
BAD: tuple[Case, ...] = ("moved", "turned", "missing", "wrong", "flipped")
MOVED_M, TURNED_RAD = 0.003, math.radians(5)
CALIBRATION_M, CALIBRATION_RAD = 0.0003, math.radians(0.05)
TELLING_SIGMA = 2.5  # of the camera's noise, by which a pixel tells a part from its look-alike
TELLING_M = 0.0015  # depths of part and look-alike that differ by more tell them apart
WAYS = 30  # to lay something over a part that are tried
TABLE_Z = 0.0
BASE_M, BASE_RAD = (0.005,) * 3, (math.radians(5),) * 3  # within which what carries the part is to stand
WIDE = intrinsics_for(1280, 720)


@dataclass(frozen=True, slots=True)
class Kind:
    """A camera and what is asked of it: its noise, how far away it hangs (m), the tolerances (m, rad)."""

    name: str
    noise: DepthNoise
    nearest_m: float
    farthest_m: float
    within_m: float
    within_rad: float


STEREO_KIND = Kind("stereo", STEREO, 0.42, 0.65, 0.002, math.radians(4))
LIGHT_KIND = Kind("structured light", STRUCTURED_LIGHT, 0.5, 1.0, 0.001, math.radians(3))


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One scene: what is asked, the picture, and the truth (None where the part isn't there).

    `telling` is, of a part in clear view, in how many pixels a perfect picture from the camera's true place differs
    from that of its look-alike in the same pose by more than the camera's noise (`TELLING_SIGMA`); None else. `first`
    is a picture by the same camera of what carries the part, from before the part was put there; None once it counts.
    """

    assembly: Assembly
    kind: Kind
    case: Case
    asked: CheckRequest
    crop: Crop
    first: Crop | None
    truth: Pose | None
    seed: int
    telling: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A trial and what was said about it, with the processor time that it took."""

    trial: Trial
    check: Check
    took_s: float


class Stage:
    """Makes trials of meshes, under one lens; `calibration` is a factor on the usual errors of a camera's pose."""

    def __init__(self, solids: Solids, *, lens: Intrinsics = WIDE, calibration: float = 1.0) -> None:
        self.solids = solids
        self.lens = lens
        self.calibration = calibration

    def trial(self, assembly: Assembly, kind: Kind, case: Case, seed: int, *, datum: bool = True) -> Trial:
        """Return the trial that a seed stands for."""
        random = np.random.default_rng((seed, sum(map(ord, assembly.part + kind.name))))
        base = Expected("base", f"{assembly.base}.glb", _flat(random))
        part = Expected("part", f"{assembly.part}.glb", base.pose @ assembly.seat, assembly.symmetry_z)
        other = Expected("other", f"{assembly.look_alike}.glb", part.pose, assembly.symmetry_z)
        asked = CheckRequest(
            effect="trial",
            part=part,
            around=(base,),
            within_m=(kind.within_m,) * 3,
            within_rad=(math.radians(assembly.within_deg) if assembly.within_deg else kind.within_rad,) * 3,
            look_alikes=(other,),
            datum=(base,) if datum else (),
        )
        camera = _hung(part.pose, random, kind)
        where = self._where(assembly, part, case, random)
        shown = [base]
        if case != "missing":
            shown.append(dataclasses.replace(other if case == "wrong" else part, pose=where))
        true = camera @ _error(random, self.calibration)
        region = self._region((part, base), camera)
        depth, cosine = self._seen(shown, region, true)
        if case in {"occluded", "hidden"}:
            only, _ = self._seen([shown[1]], region, true, table=False)
            on = (only > 0) & (only <= depth + 1e-5)
            alike, _ = self._seen([base, dataclasses.replace(other, pose=where)], region, true)
            apart = np.abs(alike - depth) > TELLING_M
            share = random.uniform(0.3, 0.5) if case == "occluded" else random.uniform(0.92, 1.0)
            under = _under(on, share, random)
            for _ in range(WAYS if case == "occluded" else 0):
                if (apart & ~under).sum() >= apart.sum() / 2:
                    break  # else nobody could tell it from its look-alike, and cannot_see would be right
                under = _under(on, share, random)
            depth[under] = float(depth[on].min()) - random.uniform(0.04, 0.15)
            cosine[under] = 1.0
        telling = None
        if case == "ok":
            alike, _ = self._seen([base, dataclasses.replace(other, pose=where)], region, true)
            telling = int((np.abs(alike - depth) > TELLING_SIGMA * kind.noise.sigma_m * depth**2).sum())
        crop = Crop("top", kind.noise.spoil(depth, cosine, random), region, self.lens, camera, 1.0, kind.noise.sigma_m)
        bare, cosine = self._seen([base], region, true)
        before = kind.noise.spoil(bare, cosine, np.random.default_rng((seed, 1)))
        first = dataclasses.replace(crop, depth_m=before)
        there = case not in {"missing", "wrong", "flipped"}
        return Trial(assembly, kind, case, asked, crop, first, where if there else None, seed, telling)

    def _where(self, assembly: Assembly, part: Expected, case: Case, random: np.random.Generator) -> Pose:
        """Return where the thing in the part's place truly is."""
        solid = self.solids.get(part.mesh)
        if case == "flipped":
            height = float(solid.low[2] + solid.high[2])
            part = dataclasses.replace(part, pose=part.pose @ Pose((0, 0, height), (0.0, 1.0, 0.0, 0.0)))
        moves = [move for move in assembly.moves if (move in {"lift", "slide"}) == (case == "moved")]
        if case not in {"moved", "turned"} or not moves:
            xyz = random.normal(0, 0.0001, 3)
            angles = random.normal(0, math.radians(0.15), 3)
            if assembly.symmetry_z == 0:
                angles[2] = random.uniform(-math.pi, math.pi)
            return _about(part.pose, solid.centre, xyz, angles)
        move, way = moves[int(random.integers(len(moves)))], random.uniform(0, math.tau)
        if move == "lift":
            return part.pose @ Pose((0.0, 0.0, MOVED_M))
        if move == "slide":
            return part.pose @ Pose((MOVED_M * math.cos(way), MOVED_M * math.sin(way), 0.0))
        if move == "yaw":
            return _about(part.pose, solid.centre, (0, 0, 0), (0, 0, TURNED_RAD * random.choice((-1, 1))))
        turn = _about(part.pose, solid.centre, (0, 0, 0), (TURNED_RAD * math.cos(way), TURNED_RAD * math.sin(way), 0))
        rise = math.sin(TURNED_RAD) * float(max(solid.high[:2] - solid.low[:2])) / 2  # its lower edge stays on its seat
        return Pose((turn.p[0], turn.p[1], turn.p[2] + rise), turn.q)

    def _region(self, things: Iterable[Expected], camera: Pose) -> Region:
        boxes = []
        for thing in things:
            box = region_of(self.solids.get(thing.mesh).corners, thing.pose, camera, self.lens, 0.03)
            assert box is not None
            boxes.append(box.inside(self.lens))
        left, top = min(b.left for b in boxes), min(b.top for b in boxes)
        right, bottom = max(b.left + b.width for b in boxes), max(b.top + b.height for b in boxes)
        return Region(left, top, right - left, bottom - top)

    def _seen(
        self, things: Sequence[Expected], region: Region, camera: Pose, *, table: bool = True
    ) -> tuple[Image, Image]:
        """Return true depth and viewing cosine, ray-cast apart from the code under test."""
        scene = open3d.t.geometry.RaycastingScene(nthreads=1)
        into = camera.inverse()
        meshes = [(self.solids.get(thing.mesh).triangles, into @ thing.pose) for thing in things]
        if table:
            square = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], dtype=float)
            meshes.append(((square, np.array([(0, 1, 2), (0, 2, 3)])), into @ Pose((0.45, 0.0, TABLE_Z))))
        for (vertices, faces), pose in meshes:
            matrix = pose.matrix()
            points = vertices @ matrix[:3, :3].T + matrix[:3, 3]
            scene.add_triangles(
                open3d.core.Tensor(points.astype(np.float32)), open3d.core.Tensor(faces.astype(np.uint32))
            )
        rays = np.zeros((region.height, region.width, 6), dtype=np.float32)
        rays[..., 3] = (np.arange(region.left, region.left + region.width) - self.lens.cx) / self.lens.fx
        rays[..., 4] = ((np.arange(region.top, region.top + region.height) - self.lens.cy) / self.lens.fy)[:, None]
        rays[..., 5] = 1.0
        hit = scene.cast_rays(open3d.core.Tensor(rays), nthreads=1)
        depth, normals = hit["t_hit"].numpy(), hit["primitive_normals"].numpy()
        directions = rays[..., 3:] / np.linalg.norm(rays[..., 3:], axis=2, keepdims=True)
        cosine = np.abs((normals * directions).sum(axis=2))
        return np.where(np.isfinite(depth), depth, 0).astype(np.float32), cosine.astype(np.float32)


def run(trial: Trial, solids: Solids, settings: VisionSettings | None = None) -> Outcome:
    """Judge a trial in this process, as `carried` asks it; times are those of the part's check alone."""
    settings = dataclasses.replace(settings or VisionSettings(), noise_m=trial.kind.noise.sigma_m)
    trial = carried(trial, solids, settings)
    began = time.process_time()
    check = judge(trial.asked, trial.crop, solids, settings).check
    return Outcome(trial, check, time.process_time() - began)


def carried(trial: Trial, solids: Solids, settings: VisionSettings | None = None) -> Trial:
    """Return a trial with its datum where its camera has seen that before, as the ledger of a cell has it.

    All else, the truth too, moves along, so deviations stay what they are. Where that first check doesn't end ok, the
    world counts as it is calibrated: a person would have to say that the datum is in its place.
    """
    asked = trial.asked
    if not asked.datum or trial.first is None:
        return trial
    settings = dataclasses.replace(settings or VisionSettings(), noise_m=trial.kind.noise.sigma_m)
    (base,) = asked.datum
    alone = dataclasses.replace(
        asked, part=base, around=(), look_alikes=(), datum=(), within_m=BASE_M, within_rad=BASE_RAD
    )
    seen = judge(alone, trial.first, solids, settings).check
    if seen.verdict != "ok" or seen.deviation is None:
        return dataclasses.replace(trial, asked=dataclasses.replace(asked, datum=()), first=None)
    pose = base.pose @ seen.deviation.pose
    moved = pose @ base.pose.inverse()
    base = dataclasses.replace(base, pose=pose, sigma=(*seen.uncertainty_m, *seen.uncertainty_rad))
    asked = dataclasses.replace(
        asked,
        part=_along(moved, asked.part),
        look_alikes=tuple(_along(moved, other) for other in asked.look_alikes),
        around=(base,),
        datum=(base,),
    )
    truth = moved @ trial.truth if trial.truth is not None else None
    return dataclasses.replace(trial, asked=asked, truth=truth, first=None)


def _along(moved: Pose, thing: Expected) -> Expected:
    return dataclasses.replace(thing, pose=moved @ thing.pose)


def _flat(random: np.random.Generator) -> Pose:
    x, y = random.uniform(-0.05, 0.05, 2)
    return Pose.from_rpy((0.45 + x, y, TABLE_Z), (0, 0, random.uniform(-math.pi, math.pi)))


def _hung(at: Pose, random: np.random.Generator, kind: Kind) -> Pose:
    """Return a camera that looks at a point beside the part, up to 35 degrees off the vertical."""
    aim = np.asarray(at.p) + random.uniform(-0.03, 0.03, 3)
    tilt, way, roll = random.uniform(0, math.radians(35)), random.uniform(0, math.tau), random.uniform(0, math.tau)
    away = random.uniform(kind.nearest_m, kind.farthest_m)
    look = Pose.from_rpy((0, 0, 0), (math.pi, 0, 0)) @ Pose.from_rpy((0, 0, 0), (0, 0, roll))
    turn = Pose(
        (0, 0, 0), (math.cos(tilt / 2), math.sin(tilt / 2) * math.cos(way), math.sin(tilt / 2) * math.sin(way), 0)
    )
    camera = turn @ look
    x, y, z = (float(a - away * b) for a, b in zip(aim, camera.z_axis, strict=True))
    return Pose((x, y, z), camera.q)


def _error(random: np.random.Generator, scale: float) -> Pose:
    """Return how far a camera is from its calibration: 0.3 mm and 0.05 degrees, one sigma per axis."""
    xyz, rpy = random.normal(0, CALIBRATION_M, 3) * scale, random.normal(0, CALIBRATION_RAD, 3) * scale
    return Pose.from_rpy(xyz.tolist(), rpy.tolist())


def _about(pose: Pose, centre: Iterable[float], xyz: Iterable[float], angles: Iterable[float]) -> Pose:
    """Return a pose shifted along and turned about its own axes, about a point of the part."""
    cx, cy, cz = (float(v) for v in centre)
    x, y, z = (float(v) for v in xyz)
    turn = Pose.from_rpy((0, 0, 0), [float(v) for v in angles])
    return pose @ Pose((cx + x, cy + y, cz + z)) @ turn @ Pose((-cx, -cy, -cz))


def _under(on: Mask, share: float, random: np.random.Generator) -> Mask:
    """Return the pixels under something that reaches over a share of a part's pixels, from one side."""
    rows, columns = np.nonzero(on)
    way = random.uniform(0, math.tau)
    along = columns * math.cos(way) + rows * math.sin(way)
    edge = float(np.quantile(along, share))
    v, u = np.indices(on.shape)
    across = u * math.cos(way) + v * math.sin(way)
    return np.asarray((across < edge) & (across > edge - 1.2 * (edge - float(along.min())) - 10))


def trials(stage: Stage, assemblies: Sequence[Assembly], kind: Kind, count: int, *, first: int = 0) -> Iterator[Trial]:
    """Yield trials: assemblies in turns, cases in turns of another length, seeds counted up."""
    for k in range(count):
        assembly = assemblies[k % len(assemblies)]
        case = CASES[(k // len(assemblies) + 7 * (k % len(assemblies))) % len(CASES)]
        if case == "flipped" and not assembly.flips:
            case = "wrong"
        if case == "turned" and set(assembly.moves) <= {"lift", "slide"}:
            case = "moved"
        yield stage.trial(assembly, kind, case, first + k)
