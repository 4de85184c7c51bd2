"""What most projects do: ICP of the cropped cloud against the whole model, and its fitness over a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import open3d

from orchestrator.core.geometry import Pose, deviation

if TYPE_CHECKING:
    from orchestrator.adapters.vision.render import Solids
    from tests.trials import Trial

FITNESS = 0.9  # share of the cropped cloud with a point of the model within reach
REACH_M = 0.005
CROP_M = 0.003  # beside the model's bounding box
POINTS = 4000


def accepts(trial: Trial, solids: Solids) -> bool:
    """Tell whether plain ICP would pass the part: fitness over the threshold, and the found pose within tolerance."""
    crop, part = trial.crop, trial.asked.part
    region, lens = crop.region, crop.intrinsics
    u = (np.arange(region.left, region.left + region.width) - lens.cx) / lens.fx
    v = (np.arange(region.top, region.top + region.height) - lens.cy) / lens.fy
    z = crop.depth_m
    cloud = np.stack([z * u[None, :], z * v[:, None], z], axis=2)[z > 0].astype(float)
    matrix = (part.pose.inverse() @ crop.pose).matrix()
    cloud = cloud @ matrix[:3, :3].T + matrix[:3, 3]
    solid = solids.get(part.mesh)
    cloud = cloud[((cloud > solid.low - CROP_M) & (cloud < solid.high + CROP_M)).all(axis=1)]
    if len(cloud) < 20:
        return False
    vertices, faces = solid.triangles
    mesh = open3d.geometry.TriangleMesh(
        open3d.utility.Vector3dVector(vertices), open3d.utility.Vector3iVector(faces.astype(np.int32))
    )
    open3d.utility.random.seed(0)
    model = mesh.sample_points_uniformly(POINTS, use_triangle_normal=True)
    source = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(cloud))
    method = open3d.pipelines.registration
    found = method.registration_icp(source, model, REACH_M, np.eye(4), method.TransformationEstimationPointToPlane())
    off = deviation(Pose.from_matrix(np.linalg.inv(found.transformation)), Pose(), part.symmetry_z)
    return found.fitness >= FITNESS and off.within(trial.asked.within_m, trial.asked.within_rad)
