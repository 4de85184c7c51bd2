"""Hand-eye calibration: a camera on the flange that looks at a board, or one in the cell at a board on the flange."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.fit import apart, board_in_camera, project, refine, rms, spread
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection
    from orchestrator.core.ports import Intrinsics

    Floats = npt.NDArray[np.float64]

LEAST_PICTURES = 6
LEAST_TURN_DEG = 15.0
LEAST_SPAN = 0.15  # how much of the turning is about a second axis
MOST_RMS_PX = 1.0


@dataclass(frozen=True, slots=True)
class HandEye:
    """The camera's pose in the flange's frame (on the flange) or in the world; the board's in the other of both.

    `off_mm`, `off_deg` are the rms of how far the board seems from its one place over the pictures; `sigma_mm` and
    `sigma_deg` one sigma of the camera's pose.
    """

    camera: Pose
    board: Pose
    rms_px: float
    each_px: tuple[float, ...]
    off_mm: float
    off_deg: float
    sigma_mm: float
    sigma_deg: float


def find_hand_eye(views: Sequence[tuple[Pose, Detection]], lens: Intrinsics, *, on_flange: bool) -> HandEye:
    """Find where the camera sits from pictures and the flange's pose (world) at each of them.

    A first solution by F. C. Park and B. J. Martin, "Robot sensor calibration: solving AX = XB on the Euclidean
    group", 1994; then camera and board together by least squares over all corners.

    Raises:
        VisionError: too few pictures, poses that don't turn enough, or too large a residual.
    """
    if len(views) < LEAST_PICTURES:
        raise VisionError(
            f"{len(views)} pictures are too few for hand and eye: {LEAST_PICTURES} at least.",
            remedy="Take more, with the flange turned otherwise at each.",
            code="too_few",
        )
    chain = [(flange.inverse() if on_flange else flange).matrix() for flange, _ in views]
    _check_turns(chain)
    seen = [view for _, view in views]
    boards = [board_in_camera(view, lens)[0].matrix() for view in seen]
    (camera, board), left = _fit(chain, boards, seen, lens)
    total = rms(np.concatenate(left))
    if total > MOST_RMS_PX:
        raise VisionError(
            f"The corners lie {total:.2f} px beside the arm's poses; at most {MOST_RMS_PX:g} is a calibration.",
            remedy="Did the board or the camera slip? Is the lens calibrated, the robot's base where the cell says?",
            code="residual",
        )
    without = []
    for i in range(len(views)):
        keep = [j for j in range(len(views)) if j != i]
        few = [chain[j] for j in keep], [boards[j] for j in keep], [seen[j] for j in keep]
        without.append(Pose.from_matrix(_fit(*few, lens, (camera, board))[0][0]))
    pose, target = Pose.from_matrix(camera), Pose.from_matrix(board)
    off = [apart(target, Pose.from_matrix(np.linalg.inv(g) @ camera @ b)) for g, b in zip(chain, boards, strict=True)]
    off_mm, off_deg = np.sqrt(np.mean(np.square(off), axis=0))
    sigma_mm, sigma_deg = spread(without, pose)
    return HandEye(
        pose, target, total, tuple(rms(part) for part in left), float(off_mm), float(off_deg), sigma_mm, sigma_deg
    )


def _check_turns(chain: Sequence[Floats]) -> None:
    """Raise VisionError where the poses turn too little, or all about one axis."""
    from scipy.spatial.transform import Rotation

    turns = np.array(
        [Rotation.from_matrix(a[:3, :3] @ b[:3, :3].T).as_rotvec() for a, b in itertools.combinations(chain, 2)]
    )
    most = float(np.degrees(np.linalg.norm(turns, axis=1).max()))
    if most < LEAST_TURN_DEG:
        raise VisionError(
            f"The flange turned by {most:.0f}° at most: that can't tell the camera's place.",
            remedy="Turn it by 20 to 40° between pictures, about different axes.",
            code="no_turn",
        )
    sizes = np.linalg.svd(turns, compute_uv=False)
    if sizes[1] < LEAST_SPAN * sizes[0]:
        raise VisionError(
            "The flange turned about one axis alone: the camera's place along it can't be told.",
            remedy="Tilt it to the front and to the side as well, by 20° or more.",
            code="one_axis",
        )


def _fit(
    chain: Sequence[Floats],
    boards: Sequence[Floats],
    seen: Sequence[Detection],
    lens: Intrinsics,
    guess: tuple[Floats, Floats] | None = None,
) -> tuple[tuple[Floats, Floats], list[Floats]]:
    """Return camera X and board Z with boards = X^-1 chain Z, and what is left of each picture's corners."""
    camera, board = guess or _park(chain, boards)

    def residuals(poses: list[Floats]) -> Floats:
        inverse = np.linalg.inv(poses[0])
        parts = [
            (project(view.points, inverse @ link @ poses[1], lens) - view.pixels).ravel()
            for link, view in zip(chain, seen, strict=True)
        ]
        return np.concatenate(parts)

    (camera, board), left = refine([camera, board], residuals)
    return (camera, board), np.split(left, np.cumsum([2 * len(view.ids) for view in seen])[:-1])


def _park(chain: Sequence[Floats], boards: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Solve A X = X B over all pairs of pictures: the rotation by logarithms, then the shift by least squares."""
    from scipy.linalg import sqrtm
    from scipy.spatial.transform import Rotation

    pairs = [
        (chain[i] @ np.linalg.inv(chain[j]), boards[i] @ np.linalg.inv(boards[j]))
        for i, j in itertools.combinations(range(len(chain)), 2)
    ]
    turned = [
        (Rotation.from_matrix(a[:3, :3]).as_rotvec(), Rotation.from_matrix(b[:3, :3]).as_rotvec()) for a, b in pairs
    ]
    m = np.sum([np.outer(beta, alpha) for alpha, beta in turned], axis=0)
    turn = np.real(np.linalg.inv(sqrtm(m.T @ m)) @ m.T)
    lines = np.concatenate([a[:3, :3] - np.eye(3) for a, _ in pairs])
    right = np.concatenate([turn @ b[:3, 3] - a[:3, 3] for a, b in pairs])
    camera = np.eye(4)
    camera[:3, :3], camera[:3, 3] = turn, np.linalg.lstsq(lines, right, rcond=None)[0]
    return camera, np.linalg.inv(chain[0]) @ camera @ boards[0]
