"""The most likely pose of a part by all of its pixels, where the quicker fit leaves room for doubt."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import PRIOR_M, known_at, nudged
from orchestrator.adapters.vision.hypotheses import MIXED_SIGMA, mixed, vote
from orchestrator.adapters.vision.outline import grown

if TYPE_CHECKING:
    from orchestrator.adapters.vision.align import Scene
    from orchestrator.adapters.vision.hypotheses import Votes
    from orchestrator.adapters.vision.render import Floats
    from orchestrator.adapters.vision.settings import VisionSettings

FIRST_M = 0.0005  # of the simplex, and of turns at the part's radius
MOST_TRIES = 200
BESIDE_PIXELS = 6  # around the part that count
FINER = 0.75  # of the uncertainty that the quicker fit would claim of the same pixels
ENOUGH = 0.05  # of log likelihood and, in first steps, of pose


def polished(votes: Votes, scene: Scene, settings: VisionSettings) -> Votes:
    """Return a hypothesis at the pose nearby that explains most of what is measured, and how far that is known.

    The likelihood is that of Gaussian noise which errs alike over a grain, with outliers clipped; a pixel beside the
    outline, which a window or beam has mixed, contradicts less. It is rugged, so no derivative is used (J. A. Nelder
    and R. Mead, "A simplex method for function minimization", Computer Journal 7, 1965). `align` looks at a part of
    the pixels and at each through a difference over some pixels, which costs a tenth and finds the place half as well.
    """
    from scipy.optimize import minimize

    solid, start = votes.hypothesis.solid, votes.found.pose
    radius = max(solid.radius, 0.004)
    near = grown((votes.front < scene.back).reshape(scene.shape), BESIDE_PIXELS).ravel()
    chosen = np.flatnonzero(near & scene.usable)
    view = scene.view.only(chosen)
    depth, sigma, back = scene.depth[chosen], scene.sigma[chosen], scene.back[chosen]
    limit = np.where(mixed((votes,), scene, settings)[chosen], MIXED_SIGMA, settings.cut_sigma) ** 2
    axes = [axis for axis in range(6) if axis < 3 or not solid.free_axes[axis - 3]]
    unit = np.array([1.0] * 3 + [1 / radius] * 3)

    def change(x: Floats) -> Floats:
        out = np.zeros(6)
        out[axes] = x * FIRST_M * unit[axes]
        return out

    def unlikely(x: Floats) -> float:
        front = np.minimum(view.depth(solid, nudged(start, solid.centre, change(x))), back)
        off = float(np.minimum(((depth - front) / sigma) ** 2, limit).sum()) / 2 / scene.grain**2
        return off + float(np.square(x * FIRST_M / PRIOR_M).sum()) / 2

    simplex = np.vstack([np.zeros(len(axes)), np.eye(len(axes))])
    best = minimize(
        unlikely,
        simplex[0],
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": MOST_TRIES, "xatol": ENOUGH, "fatol": ENOUGH},
    )
    pose = nudged(start, solid.centre, change(best.x))
    found = known_at(solid, pose, scene)
    found = dataclasses.replace(found, sigma=found.sigma * FINER, covariance=found.covariance * FINER**2)
    return vote(votes.hypothesis, found, scene, settings)
