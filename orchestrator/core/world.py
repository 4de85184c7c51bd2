"""The ledger of part instances: where each is believed to be, and why.

A holder is `gripper`, `place:<name>`, `cell` (then `frame` names the cell's frame), another part instance, or `lost`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.core.geometry import IDENTITY, Pose, Vector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.events import PartMoved

Source = Literal["nominal", "commanded", "measured"]
Certainty = Literal["known", "doubtful", "unknown"]
GRIPPER = "gripper"
CELL = "cell"
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Seat:
    """A frame of the cell at which a part may stand, with the part's pose there (in the world)."""

    frame: str
    pose: Pose


@dataclass(frozen=True, slots=True)
class Sighting:
    """Which camera measured a place, and what that left unknown: one sigma per axis, m and rad.

    The same camera sees the same place again as far off as before, whatever its `calibration` (its id) is off by, as
    long as it is taken to stand where it was (`camera_at`, in the world).
    """

    camera: str
    calibration: str
    camera_at: Pose
    sigma_m: Vector
    sigma_rad: Vector


@dataclass(frozen=True, slots=True)
class Fact:
    """What is believed of one part instance. `pose` is in the holder's frame, `t` (s, UTC) the last contact.

    `perhaps` is where it may stand instead: where somebody, or the gripper, took it from in the cell. `sighting` is
    how its pose was measured, where a look at it says as far off as the camera then was.
    """

    part: str
    kind: str
    holder: str
    frame: str
    pose: Pose
    source: Source
    certainty: Certainty
    t: float
    perhaps: Seat | None = None
    sighting: Sighting | None = None

    @property
    def unit(self) -> str:
        """The unit that this part belongs to."""
        return self.part.split("/", 1)[0]

    @property
    def frames(self) -> tuple[str, ...]:
        """The frames at which it stands, or may stand."""
        return (self.frame,) if self.perhaps is None else (self.frame, self.perhaps.frame)


@dataclass(frozen=True, slots=True)
class World:
    """All facts, by part instance."""

    facts: Mapping[str, Fact]

    def get(self, part: str) -> Fact | None:
        """Return the fact of a part instance, if it has entered the cell."""
        return self.facts.get(part)

    def pose(self, part: str, tcp: Pose | None = None) -> Pose | None:
        """Return where a part is in the cell's world; None where that is not known.

        `tcp` is the pose of the tool centre point, for what the gripper holds.
        """
        out = IDENTITY
        for fact in self.chain(part):
            if fact.certainty == "unknown":
                return None
            out = fact.pose @ out
            if fact.holder == CELL:
                return out
            if fact.holder == GRIPPER:
                return tcp @ out if tcp else None
        return None

    def chain(self, part: str) -> Iterator[Fact]:
        """Yield the fact of a part, of what it sits on, and so on down; nothing twice."""
        passed: set[str] = set()
        fact = self.facts.get(part)
        while fact is not None and fact.part not in passed:
            passed.add(fact.part)
            yield fact
            fact = self.facts.get(fact.holder)

    def seat(self, part: str) -> Seat | None:
        """Return where in the cell a part stands, on whatever it sits; None where it is nowhere or that is unknown."""
        pose, below = self.pose(part), [*self.chain(part)]
        if pose is None or below[-1].holder != CELL:
            return None
        return Seat(below[-1].frame, pose.rounded())

    def held(self) -> Fact | None:
        """Return what the gripper is believed to hold."""
        return next((fact for fact in self.facts.values() if fact.holder == GRIPPER), None)

    def on(self, part: str) -> Iterator[Fact]:
        """Yield everything that sits on a part, directly or not: it moves with it."""
        passed, below = {part}, [part]
        while below:
            carrier = below.pop(0)
            for fact in self.facts.values():
                if fact.holder == carrier and fact.part not in passed:
                    passed.add(fact.part)
                    below.append(fact.part)
                    yield fact

    def at_frame(self, frame: str) -> Iterator[Fact]:
        """Yield what sits at a frame of the cell, or may do so."""
        return (fact for fact in self.facts.values() if fact.holder == CELL and frame in fact.frames)

    def last_contact(self, part: str) -> float:
        """Return when this part or anything that it sits on was last touched (s, UTC)."""
        return max((fact.t for fact in self.chain(part)), default=0.0)

    def moved(self, event: PartMoved, t: float) -> World:
        """Return the ledger after a part was moved or seen. A look is no contact: it keeps the older stamp."""
        old = self.facts.get(event.part)
        if event.what == "consumed":
            return World({key: fact for key, fact in self.facts.items() if key != event.part})
        seen = event.what == "seen"
        came = self.seat(event.part) if event.what == "grasped" else None
        if event.holder in {GRIPPER, LOST} and came is None and old is not None and old.holder == GRIPPER:
            came = old.perhaps  # what slips out of the gripper may stand where it was taken from
        fact = Fact(
            part=event.part,
            kind=event.kind,
            holder=event.holder,
            frame=event.frame,
            pose=event.pose or (old.pose if old and seen else IDENTITY),
            source=event.source,
            certainty=event.certainty,
            t=old.t if old and seen else t,
            perhaps=event.perhaps or came,
            sighting=event.sighting,
        )
        return World({**self.facts, event.part: fact})

    def without_unit(self, unit: str) -> World:
        """Return the ledger without the parts of a unit that was carried out; what the gripper still holds stays."""
        return World({key: fact for key, fact in self.facts.items() if fact.unit != unit or fact.holder == GRIPPER})

    def left_lying(self, unit: str) -> World:
        """Return the ledger after a unit was given up: its parts that stand in the cell or hang in the gripper stay."""
        stays = {key for key in self.facts if [*self.chain(key)][-1].holder in {CELL, GRIPPER}}
        return World({key: fact for key, fact in self.facts.items() if fact.unit != unit or key in stays})
