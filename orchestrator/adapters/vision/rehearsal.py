"""A rehearsal: one check of a made-up picture, so that the first real one finds everything loaded."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision import evidence
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.render import Region, Solids, View
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import CheckRequest, Expected

if TYPE_CHECKING:
    from orchestrator.adapters.vision.settings import VisionSettings

LENS = intrinsics_for(160, 120)
ABOVE = Pose.from_rpy((0.0, 0.0, 0.3), (math.pi, 0.0, 0.0))


def rehearse(settings: VisionSettings) -> None:
    """Judge a displaced box on a plate, which takes the full diagnosis, and keep evidence that is thrown away."""
    import trimesh

    with tempfile.TemporaryDirectory(prefix="tandem-vision-") as name:
        folder = Path(name)
        for mesh, size in (("box.glb", (0.04, 0.03, 0.02)), ("plate.glb", (0.2, 0.2, 0.02))):
            trimesh.creation.box(size).export(folder / mesh)
        solids = Solids(folder, threads=settings.threads)
        box, plate = Expected("box", "box.glb", Pose()), Expected("plate", "plate.glb", Pose((0.0, 0.0, -0.02)))
        whole = Region(0, 0, LENS.width, LENS.height)
        view = View.over(whole, ABOVE, LENS)
        seen = [view.depth(solids.get(thing.mesh), thing.pose.shifted(x=0.002)) for thing in (plate, box)]
        depth = np.minimum(*seen).reshape(LENS.height, LENS.width).astype(np.float32)
        request = CheckRequest("rehearsal", box, (plate,), (0.001,) * 3, (0.05,) * 3)
        crop = Crop("rehearsal", depth, whole, LENS, ABOVE, 0.0)
        judged = judge(request, crop, solids, settings)
        evidence.keep(folder, request, crop, judged, settings, meshes=folder)
