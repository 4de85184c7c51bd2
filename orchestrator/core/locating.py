"""Where parts lie before a pick: what is asked of vision, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.ports import Expected


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of part to look for; `symmetry_z` as in `Expected`."""

    id: str
    mesh: str
    symmetry_z: int | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """A box in the world: the pose of its middle and its edge lengths (m) along its own axes."""

    pose: Pose
    size_m: Vector


@dataclass(frozen=True, slots=True)
class Fingers:
    """A parallel gripper's outside, in the frame of its tool centre point: z along the approach, fingers close along y.

    The point lies midway between the pads, `tip_m` short of the finger tips; behind the fingers is the palm. Edges
    (x, y, z) are full lengths in m. Open for a pick the gap is the grasp's opening and `wider_m`, at most `stroke_m`.
    """

    stroke_m: float = 0.085
    palm_m: Vector = (0.060, 0.105, 0.085)
    finger_m: Vector = (0.020, 0.010, 0.045)
    tip_m: float = 0.003
    wider_m: float = 0.008


@dataclass(frozen=True, slots=True)
class Hold:
    """A way to hold a part: the tool centre point in the part's frame when asked, in the world when answered.

    `blocked` says in words what the gripper would meet on its way there; "" where the way is free.
    """

    name: str
    pose: Pose
    opening_m: float
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class LocateRequest:
    """Where does a part lie, so that it can be picked?

    Looked for is `part` inside `space` (None: all that the picture shows of what lies on the floor). `floor` is a frame
    in the plane that the parts lie on, z up out of it (None: it is found). `around` is what else is known to be there:
    a tray's walls, a fixture. `look_alikes` may lie there as well, and must not be taken for the part. `holds` are
    tried with `gripper`; without one none is judged. `approach_m` is how far back along its z the gripper comes from.
    """

    effect: str
    part: Kind
    space: Space | None = None
    floor: Pose | None = None
    around: tuple[Expected, ...] = ()
    look_alikes: tuple[Kind, ...] = ()
    holds: tuple[Hold, ...] = ()
    gripper: Fingers | None = None
    approach_m: float = 0.08
    most: int = 10


@dataclass(frozen=True, slots=True)
class Location:
    """One part that was found, its pose in the world.

    `score` is the net share of votes, -1 to 1, of pixels that tell it from an empty floor; `visible` the share of its
    side facing the camera that is in view. `uncertainty_m` and `uncertainty_rad` are one sigma per axis of the part.
    `lies` names the side that it rests on (upright, upside down, on its +x side, ..., or leaning). `alike` are other
    poses that explain the picture as well, and `doubt` says so in words; both are empty where the pose is sure.
    """

    pose: Pose
    score: float
    visible: float
    uncertainty_m: Vector
    uncertainty_rad: Vector
    lies: str
    holds: tuple[Hold, ...] = ()
    alike: tuple[Pose, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """What was found, the surest with a free hold first; `others` are look-alikes seen, with their poses.

    `reason` says in words why nothing was found, or what lies there that was not recognised; "" where there is no more
    to say. `floor` is the plane that the parts were taken to lie on; None where there was none.
    """

    found: tuple[Location, ...] = ()
    reason: str = ""
    others: tuple[Expected, ...] = ()
    floor: Pose | None = None
    shot_stamp: float = 0.0
