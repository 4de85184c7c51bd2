"""The numbers that judge a depth image, in one frozen record that evidence repeats."""

from __future__ import annotations

from dataclasses import dataclass

PATIENT_S = 300.0  # of commands that somebody waits for: pictures of whole rooms, scanned models, busy machines


@dataclass(frozen=True, slots=True)
class VisionSettings:
    """Noise of the camera and thresholds of the verdicts; lengths in metres.

    Depth noise is modelled as `noise_m * z**2` (z in metres), one sigma per pixel, as triangulating cameras have it.
    """

    noise_m: float = 0.00014  # structured light; a stereo camera has about 0.0025
    slack_m: float = 0.00010  # of meshes and neighbours' poses, added to the noise in quadrature
    guard: float = 1.65  # sigmas between a tolerance and what is called inside or outside it: 95 % one-sided
    extrinsic_m: float = 0.0003  # how far a calibrated camera may be off at its boards, and so at the parts, one sigma
    extrinsic_rad: float = 0.0009
    datum_limit_m: float = 0.005  # a datum that is seen farther off than this is not believed
    datum_limit_rad: float = 0.035
    floor_pixels: float = 0.05  # least uncertainty claimed across the view, as a share of a grain of pixels
    floor_m: float = 0.00003  # least uncertainty claimed for a position, per axis
    floor_rad: float = 0.0003  # least uncertainty claimed for an angle, per axis
    inflate: float = 1.0  # of the fit's standard deviation ...
    inflate_grain: float = 0.3  # ... and by so much more for each pixel of grain above one
    margin_m: float = 0.016  # how far beside its place a part is looked for
    headroom_m: float = 0.03  # what is nearer to the camera than the part's space by more than this hides it
    cut_sigma: float = 4.0  # a pixel off by more fits no longer
    least_pixels: int = 20  # of the part in view, and of difference between two hypotheses
    least_visible: float = 0.3  # share of what the neighbours leave free of the part that must be seen
    least_shown: float = 0.1  # share of the part itself that must be seen, whatever its neighbours leave free
    least_support: float = 0.55  # net share of votes that a hypothesis needs to be believed
    sure_support: float = 0.75  # net share of votes with which the nominal part needs no full diagnosis
    least_unexplained: float = 0.02  # share of pixels off the outlines that must contradict a fit to make it doubtful
    seconds: float = 20.0  # wall time after which a check counts as hung and its process is ended
    threads: int = 1  # of Open3D; more gained little on regions of this size and would starve the event loop
