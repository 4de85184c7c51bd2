"""What runs in the vision process: one worker that keeps meshes and answers one job at a time."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import threading
from contextlib import suppress
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import Judged, judge
from orchestrator.adapters.vision.locate import Shapes
from orchestrator.adapters.vision.locate import locate as find
from orchestrator.adapters.vision.rehearsal import rehearse
from orchestrator.adapters.vision.render import Solids, View
from orchestrator.core.ports import Check

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.render import Mask
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.geometry import Vector
    from orchestrator.core.locating import Located, LocateRequest
    from orchestrator.core.ports import CheckRequest

Box = tuple["Vector", "Vector"]
MOST_MB = 3000.0  # that one job may bring the process to; large meshes and whole pictures take some hundred

UNKEPT = "What it rests on could not be kept: "
OOM_SCORE = Path("/proc/self/oom_score_adj")  # of -1000 to 1000: out of memory, Linux ends this process before the cell


class Bench:
    """The state of this process: settings, meshes, where evidence goes."""

    def __init__(self, meshes: Path, evidence_root: Path | None, settings: VisionSettings) -> None:
        self.solids = Solids(meshes, threads=settings.threads)
        self.meshes = meshes
        self.shapes = Shapes(self.solids)
        self.evidence_root = evidence_root
        self.settings = settings


_bench: list[Bench] = []  # one, set when the process starts: jobs are functions, and get nothing else


def serve(
    pipe: Connection, meshes: Path, evidence_root: Path | None, settings: VisionSettings, most_mb: float = MOST_MB
) -> None:
    """Answer jobs, each `(function, arguments)`, with what they return or raise, until the pipe ends.

    Called once, as the process's whole life. The first answer is unasked: it says that the process is ready.
    """
    start(meshes, evidence_root, settings)
    _limit_memory(most_mb)
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
    """Set the process up, load Open3D and rehearse a check, which is slow. Called once, when the process starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError):  # not Linux
        OOM_SCORE.write_text("800", encoding="ascii")
    import open3d

    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    open3d.utility.set_max_threads(settings.threads)
    rehearse(settings)
    _bench.append(Bench(meshes, evidence_root, settings))


def _limit_memory(most_mb: float) -> None:
    """Make allocations fail that would take this process's data beyond a limit; what is only reserved is none."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = int(most_mb * 1024**2)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


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
    return _kept(request, crop, judge(request, crop, _bench[0].solids, _settings(crop)), calibration)


def keep_unjudged(request: CheckRequest, crop: Crop, reason: str, calibration: str = "") -> Check:
    """Keep the evidence of a picture that no verdict came of: it may be what ended the process before this one."""
    unjudged = Judged(Check("cannot_see", reason=reason, shot_stamp=crop.stamp))
    return _kept(request, crop, unjudged, calibration)


def _settings(crop: Crop) -> VisionSettings:
    settings = _bench[0].settings
    return settings if crop.noise_m is None else dataclasses.replace(settings, noise_m=crop.noise_m)


def _kept(request: CheckRequest, crop: Crop, judged: Judged, calibration: str) -> Check:
    bench = _bench[0]
    if bench.evidence_root is None:
        return judged.check
    try:
        kept = evidence.keep(
            bench.evidence_root,
            request,
            crop,
            judged,
            _settings(crop),
            meshes=bench.meshes,
            calibration=calibration,
            found=where_found(request, judged, crop, bench.solids),
        )
    except OSError as error:  # a full disk takes the proof, not the verdict
        why = f"{UNKEPT}{error.strerror or error}."
        return dataclasses.replace(judged.check, reason=f"{judged.check.reason} {why}".strip())
    return dataclasses.replace(judged.check, evidence=kept)


def where_found(request: CheckRequest, judged: Judged, crop: Crop, solids: Solids) -> Mask | None:
    """Return the pixels (height, width) of the judged region where the part was found; None where it was not."""
    off, region = judged.check.deviation, judged.region
    if off is None or region is None:
        return None
    pose = request.target @ off.pose
    depth = View.over(region, judged.camera, crop.intrinsics).depth(solids.get(request.part.mesh), pose)
    return np.asarray(depth < judged.without_part.ravel()).reshape(judged.depth.shape)


def locate(request: LocateRequest, crop: Crop) -> Located:
    """Find parts in one crop. Raises VisionError."""
    bench = _bench[0]
    return find(request, crop, bench.solids, bench.shapes, _settings(crop))
