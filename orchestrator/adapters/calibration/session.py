"""A calibration under way: pictures are added one by one, then solved; what comes of it is kept when it is accepted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.adapters.calibration.blur import MOST_BLUR_PX, blur_px
from orchestrator.adapters.calibration.detect import detect
from orchestrator.adapters.calibration.extrinsics import find_pose
from orchestrator.adapters.calibration.fit import board_in_camera
from orchestrator.adapters.calibration.hand_eye import find_hand_eye
from orchestrator.adapters.calibration.intrinsics import covered, find_intrinsics
from orchestrator.core.calibration import Calibration
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection
    from orchestrator.core.calibration import BoardSpec, Method
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Intrinsics


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the board in one picture, and the share of the picture that all of them cover."""

    corners: int
    of: int
    far_m: float
    tilt_deg: float
    rms_px: float
    covered: float

    def __str__(self) -> str:
        """Say it in a line."""
        share = f", {self.covered:.0%} of the picture covered"
        return f"{self.corners} of {self.of} corners, {self.far_m * 1000:.0f} mm away, {self.rms_px:.2f} px{share}"


@dataclass
class Session:
    """Pictures of one board by one camera. `lens` and `pose` are what is believed until something better is found."""

    camera: str
    on_flange: bool
    board: BoardSpec
    lens: Intrinsics
    pose: Pose
    parts: tuple[Method, ...] = ()  # what has been measured before
    views: list[Detection] = field(default_factory=list)
    places: list[Pose] = field(default_factory=list)  # of the board (extrinsics) or the flange (hand-eye), world

    def add(self, picture: npt.NDArray[np.uint8] | None, place: Pose | None = None) -> Seen:
        """Take a picture in and return what was seen in it. Raises what `see` raises."""
        found = self.see(picture)
        seen, rms_px = board_in_camera(found, self.lens)
        self.views.append(found)
        if place is not None:
            self.places.append(place)
        tilt_deg = math.degrees(math.acos(min(1.0, abs(float(seen.matrix()[2, 2])))))
        return Seen(len(found.ids), self.board.corners, seen.p[2], tilt_deg, rms_px, covered(self.views))

    def see(self, picture: npt.NDArray[np.uint8] | None) -> Detection:
        """Return the board in a picture. Raises VisionError: no_picture, no_board, size, blurred."""
        if picture is None:
            raise VisionError(
                f"The camera {self.camera} gives depth alone.", remedy="Use its grey picture.", code="no_picture"
            )
        found = detect(self.board, picture)
        lens = self.lens
        if found.size_px != (lens.width, lens.height):
            raise VisionError(
                f"The picture is {found.size_px} px large, the camera's are {(lens.width, lens.height)}.",
                remedy="Set the camera's size_px in the cell file.",
                code="size",
            )
        smeared_px = blur_px(picture, found)
        if smeared_px > MOST_BLUR_PX:
            raise VisionError(
                f"The picture is blurred: edges are smeared by {smeared_px:.1f} px, at most {MOST_BLUR_PX:g} will do.",
                remedy="Hold the board still, give more light, and see to the camera's focus.",
                code="blurred",
            )
        return found

    def drop(self, index: int) -> None:
        """Leave a picture out, and the place that came with it."""
        if self.places:
            del self.places[index]
        del self.views[index]

    def solve(self, method: Method, *, t: float, by: str) -> Calibration:
        """Return what the pictures tell. Raises VisionError where they can't, with what to do."""
        made = Calibration(
            camera=self.camera,
            parts=tuple(dict.fromkeys((*self.parts, method))),
            intrinsics=self.lens,
            pose=self.pose,
            pictures=len(self.views),
            board=self.board,
            made_t=t,
            by=by,
        )
        if method == "intrinsics":
            lens = find_intrinsics(self.views)
            left = {
                "rms_px": lens.rms_px,
                "worst_px": max(lens.each_px),
                "covered": lens.covered,
                "focal_sigma": lens.sigma_focal,
                "centre_sigma_px": lens.sigma_centre_px,
                "bend_px": lens.bend_px,
            }
            return made.model_copy(update={"intrinsics": lens.intrinsics, "residuals": _rounded(left)})
        if method == "extrinsics":
            found = find_pose(list(zip(self.views, self.places, strict=True)), self.lens)
            left = {"rms_px": found.rms_px, "worst_px": max(found.each_px)}
            sigma_mm, sigma_deg, pose = found.sigma_mm, found.sigma_deg, found.pose
        else:
            views = list(zip(self.places, self.views, strict=True))
            eye = find_hand_eye(views, self.lens, on_flange=self.on_flange)
            left = {"rms_px": eye.rms_px, "worst_px": max(eye.each_px), "off_mm": eye.off_mm, "off_deg": eye.off_deg}
            sigma_mm, sigma_deg, pose = eye.sigma_mm, eye.sigma_deg, eye.camera
        return made.model_copy(
            update={
                "pose": pose,
                "residuals": _rounded(left),
                "uncertainty_mm": round(sigma_mm, 4),
                "uncertainty_deg": round(sigma_deg, 5),
            }
        )


def _rounded(residuals: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in residuals.items()}
