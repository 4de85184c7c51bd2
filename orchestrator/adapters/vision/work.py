"""What runs in the vision process: one worker that keeps meshes and answers one job at a time."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from multiprocessing import parent_process
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.locate import Shapes
from orchestrator.adapters.vision.locate import locate as find
from orchestrator.adapters.vision.render import Solid, Solids, View
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from orchestrator.adapters.vision.judge import Judged
    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.render import Mask
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.geometry import Vector
    from orchestrator.core.locating import Located, LocateRequest
    from orchestrator.core.ports import Check, CheckRequest

Box = tuple["Vector", "Vector"]


class Bench:
    """The state of this process: settings, meshes, where evidence goes."""

    def __init__(self, meshes: Path, evidence_root: Path | None, settings: VisionSettings) -> None:
        self.solids = Solids(meshes, threads=settings.threads)
        self.meshes = meshes
        self.shapes = Shapes(self.solids)
        self.evidence_root = evidence_root
        self.settings = settings


_bench: list[Bench] = []  # one, set when the process starts: jobs are functions, and get nothing else


def serve(pipe: Connection, meshes: Path, evidence_root: Path | None, settings: VisionSettings) -> None:
    """Answer jobs, each `(function, arguments)`, with what they return or raise, until the pipe ends.

    Called once, as the process's whole life. The first answer is unasked: it says that the process is ready.
    """
    start(meshes, evidence_root, settings)
    pipe.send(None)
    while True:
        try:
            job, args = pipe.recv()
        except EOFError:
            return
        try:
            answer = job(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked gets it
            answer = error
        pipe.send(answer)


def start(meshes: Path, evidence_root: Path | None, settings: VisionSettings) -> None:
    """Set the process up, load Open3D and cast a first ray, which is slow. Called once, when the process starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import open3d

    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    open3d.utility.set_max_threads(settings.threads)
    corner = np.eye(3) * 0.1
    Solid(corner, np.array([[0, 1, 2]]), threads=settings.threads).cast(np.zeros(3), np.ones((100, 3)))
    _bench.append(Bench(meshes, evidence_root, settings))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)  # also in the middle of a job


def box_of(mesh: str) -> Box:
    """Return the corners (m) of a mesh's bounding box in its own frame. Raises VisionError."""
    solid = _bench[0].solids.get(mesh)
    low, high = solid.low, solid.high
    return (float(low[0]), float(low[1]), float(low[2])), (float(high[0]), float(high[1]), float(high[2]))


def check(request: CheckRequest, crop: Crop, calibration: str = "") -> Check:
    """Judge one crop and keep its evidence. Raises VisionError."""
    bench = _bench[0]
    settings = bench.settings
    if crop.noise_m is not None:
        settings = dataclasses.replace(settings, noise_m=crop.noise_m)
    judged = judge(request, crop, bench.solids, settings)
    if bench.evidence_root is None:
        return judged.check
    kept = evidence.keep(
        bench.evidence_root,
        request,
        crop,
        judged,
        settings,
        meshes=bench.meshes,
        calibration=calibration,
        found=where_found(request, judged, crop, bench.solids),
    )
    return dataclasses.replace(judged.check, evidence=kept)


def where_found(request: CheckRequest, judged: Judged, crop: Crop, solids: Solids) -> Mask | None:
    """Return the pixels (height, width) of the judged region where the part was found; None where it was not."""
    off, region = judged.check.deviation, judged.region
    if off is None or region is None:
        return None
    angle = float(np.linalg.norm(off.rot_rad))
    x, y, z = (v * (np.sin(angle / 2) / angle if angle > 1e-12 else 0.5) for v in off.rot_rad)
    pose = request.part.pose @ Pose(off.xyz_m, (float(np.cos(angle / 2)), float(x), float(y), float(z)))
    depth = View.over(region, judged.camera, crop.intrinsics).depth(solids.get(request.part.mesh), pose)
    return np.asarray(depth < judged.without_part.ravel()).reshape(judged.depth.shape)


def locate(request: LocateRequest, crop: Crop) -> Located:
    """Find parts in one crop. Raises VisionError."""
    bench = _bench[0]
    settings = bench.settings
    if crop.noise_m is not None:
        settings = dataclasses.replace(settings, noise_m=crop.noise_m)
    return find(request, crop, bench.solids, bench.shapes, settings)
