"""Picks and places as whole motion sequences, from what the ledger believes: approach, act and retreat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from orchestrator.core.errors import TandemError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Grip, Mesh, Move, MoveJoints, Scene, SceneObject, Segment
from orchestrator.core.state import ROBOT
from orchestrator.core.world import CELL, GRIPPER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.core.cell import Box as Zone
    from orchestrator.core.locating import Hold
    from orchestrator.core.ports import Joints
    from orchestrator.core.state import State
    from orchestrator.core.variant import Grasp, PartSpec, Target

CLEAR_M = 0.02  # kept above everything that stands around a seat before moving sideways
WIDER_M = 0.008  # how much wider than the part the fingers open, where the stroke allows
STROKE_M = 0.085
ZONE = "zone:"  # how the resource of a zone begins, and the box that keeps the arm out of it
KEEP_OUT = "keep-out zone "  # how the box of a keep-out zone is called, as a refused plan says it
SLOW_M_S = 0.1
LOOSE = "loose"  # the code of what only a camera can find
YAWS = 8  # how many angles are tried for a part that looks the same from all sides


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a part is to be taken from: its mesh origin in the world, and the bin that it lies in ("" elsewhere).

    What a camera has found has `holds`, the free grasps (tool centre point in the world, opening in m), `beside` it
    what else lies there, and `instead` others of its kind that would do as well.
    """

    part: str
    kind: str
    pose: Pose
    bin: str = ""
    holds: tuple[Hold, ...] = ()
    beside: tuple[SceneObject, ...] = ()
    instead: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A sequence with the places where it is cut: segments before `act`, the act itself, the rest."""

    segments: tuple[Segment, ...]
    act: int
    part: str
    kind: str
    held: Pose  # the part's mesh origin in the TCP's frame
    drop_m: float = 0.0  # from above the seat down to it


class Handling:
    """Builds sequences for one unit's parts in one state of the cell.

    `kinds` are those that bins may hold though no unit in work has them: the arm must not pass through them either.
    """

    def __init__(
        self, state: State, unit: str, tcp: Pose, home: Joints, kinds: Mapping[str, PartSpec] = MappingProxyType({})
    ) -> None:
        self._state = state
        self._unit = unit
        self._tcp = tcp
        self._home = home
        self._kinds = kinds

    # ---- what is where -----------------------------------------------------------------------------------------

    def find(self, part: str) -> Seen:
        """Return where to take a part from: where the ledger knows it, else the next slot of a bin.

        Raises TandemError (code doubtful, starved, or loose for a bin that a camera must look into) when that is not
        known.
        """
        name = f"{self._unit}/{part}"
        fact = self._state.world.get(name)
        if fact is not None and fact.certainty == "doubtful":
            raise TandemError(
                f"It is doubtful where {part} is.", remedy="Look at it and put it right first.", code="doubtful"
            )
        if fact is not None and fact.certainty == "known":
            pose = self._state.world.pose(name, self._tcp)
            if pose is not None:
                return Seen(part, fact.kind, pose)
        kind = self._kind(part)
        for name_, left in self._bins(kind):
            bin_ = self._state.spec.supply[name_]
            if bin_.grid is None:
                raise TandemError(f"Where {kind} lies in {name_} only a camera can tell.", code=LOOSE)
            return Seen(part, kind, bin_.slot((bin_.capacity or 0) - left), name_)
        raise TandemError(f"No bin for the robot holds a {kind} any more.", remedy="Refill the bin.", code="starved")

    def bins(self, part: str) -> tuple[str, ...]:
        """Return the robot's bins that still hold parts of a kind, in the order in which it takes from them."""
        return tuple(name for name, _ in self._bins(self._kind(part)))

    def kind(self, part: str) -> str:
        """Return the kind of a part of this unit. Raises TandemError (no_part)."""
        return self._kind(part)

    def scene(self, *extra: Seen) -> Scene:
        """Return the planning scene: bins, keep-out zones, zones where people work, known parts, and `extra` parts."""
        objects = [*self._bin_boxes(), *self._zone_boxes(), *self._keep_outs()]
        attached = []
        for fact in self._state.world.facts.values():
            spec = self._spec_of(fact.unit, fact.kind)
            if spec is None or not spec.mesh or fact.certainty == "unknown":
                continue
            pose = self._state.world.pose(fact.part, self._tcp)
            if pose is None:
                continue
            if self._carried(fact.part):
                attached.append(SceneObject(fact.part, Mesh(spec.mesh), self._tcp.inverse() @ pose))
            else:
                objects.append(SceneObject(fact.part, Mesh(spec.mesh), pose))
        objects += self._elsewhere()
        for seen in extra:
            name = f"{self._unit}/{seen.part}"
            spec = self._spec_of(self._unit, seen.kind)
            if spec and spec.mesh and all(thing.id != name for thing in (*objects, *attached)):
                objects.append(SceneObject(name, Mesh(spec.mesh), seen.pose))
            objects += seen.beside
        return Scene(tuple(objects), tuple(attached))

    def seat(self, at: Target, meets: Pose = IDENTITY) -> Pose:
        """Return where a placed part's mesh origin belongs. Raises TandemError while its owner's place is unknown."""
        target = self._state.target_pose(self._unit, at)
        if target is None:
            raise TandemError(f"It is not known where {at} is.", remedy="Look at its owner first.", code="no_owner")
        return target @ meets.inverse()

    def mass_kg(self, part: str) -> float:
        """Return what lifting a part means: itself and all that sits on it, in kg."""
        name = f"{self._unit}/{part}"
        kinds = [self._kind(part), *(fact.kind for fact in self._state.world.on(name))]
        specs = [self._spec_of(self._unit, kind) for kind in kinds]
        return round(sum(spec.mass_kg or 0.0 for spec in specs if spec), 6)

    # ---- sequences ---------------------------------------------------------------------------------------------

    def picks(self, seen: Seen, approach_m: float) -> Iterator[Way]:
        """Yield ways to pick a part, the likeliest first: each grasp, then each angle that its symmetry allows."""
        spec = self._spec_of(self._unit, seen.kind)
        name = f"{self._unit}/{seen.part}"
        if spec is None or not spec.grasps:
            raise TandemError(
                f"{seen.kind} has no grasp.", remedy="Declare one under parts, or let a person do it.", code="no_grasp"
            )
        touching = self._around(name) | {f"bin:{seen.bin}"} | {name}
        lift = max(approach_m, self._rise(name, seen.pose))
        takes = tuple(fact.part for fact in self._state.world.on(name))
        for tcp, opening_m, origin in _grips(spec, seen):
            above = _raised(tcp, max(lift, self._over_loose(seen, tcp)))
            yield Way(
                segments=(
                    Grip(close=False, opening_m=min(STROKE_M, opening_m + WIDER_M)),
                    Move(above),
                    Move(tcp, line=True, speed_m_s=SLOW_M_S, touching=touching),
                    Grip(
                        close=True,
                        opening_m=opening_m,
                        attach=name,
                        takes=takes,
                        mass_kg=self.mass_kg(seen.part),
                    ),
                    Move(above, line=True, speed_m_s=SLOW_M_S, touching=touching),
                ),
                act=3,
                part=seen.part,
                kind=seen.kind,
                held=tcp.inverse() @ origin,
            )

    def places(self, part: str, seat: Pose, owner: str | None, held: Pose, approach_m: float) -> Iterator[Way]:
        """Yield ways to put a held part on its seat and go home, one for each angle that its symmetry allows."""
        kind = self._kind(part)
        spec = self._spec_of(self._unit, kind)
        name = f"{self._unit}/{part}"
        base = f"{self._unit}/{owner}" if owner else ""
        touching = self._around(base) | {name} | {fact.part for fact in self._state.world.on(name)}
        lift = max(approach_m, self._rise(base, seat) if base else 0.0)
        for turn in _turns(spec.symmetry_z if spec else None):
            tcp = seat @ Pose.from_rpy((0, 0, 0), (0, 0, turn)) @ held.inverse()
            above = _raised(tcp, lift)
            yield Way(
                segments=(
                    Move(above),
                    Move(tcp, line=True, speed_m_s=SLOW_M_S, touching=touching),
                    Grip(close=False, opening_m=STROKE_M if spec is None else _released(spec)),
                    Move(above, line=True, speed_m_s=SLOW_M_S, touching=touching),
                    MoveJoints(self._home),
                ),
                act=2,
                part=part,
                kind=kind,
                held=held,
                drop_m=lift,
            )

    def away(self, lift_m: float, *extra: Seen) -> tuple[Segment, ...]:
        """Return a careful way out: straight up from where the arm is, a held part out of the bin that it stands in.

        `extra` parts may be between the fingers.
        """
        touching = frozenset(self._state.world.facts) | {f"bin:{name}" for name in self._state.spec.supply}
        touching |= {f"{self._unit}/{seen.part}" for seen in extra}
        held = self._state.world.held()
        spec = self._spec_of(held.unit, held.kind) if held is not None else None
        if spec is not None:
            lift_m = max(lift_m, spec.high_m[2] - spec.low_m[2] + CLEAR_M)
        up = Move(_raised(self._tcp, lift_m), line=True, speed_m_s=SLOW_M_S / 2, touching=touching)
        return (up,)

    # ---- small things ------------------------------------------------------------------------------------------

    def _kind(self, part: str) -> str:
        fact = self._state.world.get(f"{self._unit}/{part}")
        if fact is not None:
            return fact.kind
        for step in self._state.variant_of(self._unit).steps:
            if step.result.part == part and step.result.kind:
                return step.result.kind
        raise TandemError(f"There is no part {part} in unit {self._unit}.", remedy="See the procedure.", code="no_part")

    def _spec_of(self, unit: str, kind: str) -> PartSpec | None:
        return self._state.part_spec(unit, kind)

    def _bins(self, kind: str) -> Iterator[tuple[str, int]]:
        for name in self._state.spec.bins_for(kind, "robot"):
            left = self._state.bins.get(name, 0)
            if left > 0:
                yield name, left

    def _bin_boxes(self) -> Iterator[SceneObject]:
        """One box for each of the robot's bins, as high as its parts: the arm keeps out but for straight ways down."""
        for name, bin_ in self._state.spec.supply.items():
            spec = next((s for s in map(self._any_spec, bin_.parts) if s is not None), None)
            if bin_.size_m is not None and spec is not None and self._state.bins.get(name):
                high_m = tallest_m(spec)
                yield SceneObject(f"bin:{name}", Box((*bin_.size_m, high_m)), bin_.at @ Pose((0.0, 0.0, high_m / 2)))
            if bin_.grid is None or bin_.pitch_m is None or spec is None or not self._state.bins.get(name):
                continue
            rows, columns = bin_.grid
            span = [(rows - 1) * bin_.pitch_m[0], (columns - 1) * bin_.pitch_m[1], 0.0]
            low = [spec.low_m[i] + min(0.0, span[i]) for i in range(3)]
            high = [spec.high_m[i] + max(0.0, span[i]) for i in range(3)]
            centre = bin_.at.shifted(*((a + b) / 2 for a, b in zip(low, high, strict=True)))
            size = (high[0] - low[0], high[1] - low[1], high[2] - low[2])
            yield SceneObject(f"bin:{name}", Box(size), centre)

    def _over_loose(self, seen: Seen, tcp: Pose) -> float:
        """How far to go up (m) until the tool centre point is above everything that may lie in a loose bin."""
        bin_ = self._state.spec.supply.get(seen.bin)
        spec = self._spec_of(self._unit, seen.kind)
        if bin_ is None or bin_.size_m is None or spec is None:
            return 0.0
        return bin_.at.p[2] + tallest_m(spec) + CLEAR_M - tcp.p[2]

    def _elsewhere(self) -> Iterator[SceneObject]:
        """What may stand at another frame of the cell than the ledger has it, and what sits on it: there as well."""
        world = self._state.world
        for fact in world.facts.values():
            if fact.perhaps is None:
                continue
            for each in (fact, *world.on(fact.part)):
                spec, pose = self._spec_of(each.unit, each.kind), world.pose(each.part)
                if spec is not None and spec.mesh and pose is not None:
                    there = fact.perhaps.pose @ fact.pose.inverse() @ pose
                    yield SceneObject(f"{each.part} at {fact.perhaps.frame}", Mesh(spec.mesh), there)

    def _zone_boxes(self) -> Iterator[SceneObject]:
        """One box for each zone in which a person works: the arm stays out of it, also on its way past."""
        for name in sorted(peopled(self._state)):
            zone = self._state.spec.zones.get(name.removeprefix(ZONE))
            if zone is not None:
                yield _block(name, zone)

    def _keep_outs(self) -> Iterator[SceneObject]:
        """One box for each keep-out zone of the cell file."""
        for name, zone in self._state.spec.keep_out.items():
            yield _block(f"{KEEP_OUT}{name}", zone)

    def _any_spec(self, kind: str) -> PartSpec | None:
        in_work = (s for u in self._state.units if (s := self._spec_of(u, kind)) is not None)
        return next(in_work, self._kinds.get(kind))

    def _carried(self, part: str) -> bool:
        fact = self._state.world.get(part)
        while fact is not None:
            if fact.holder == GRIPPER:
                return True
            fact = self._state.world.get(fact.holder)
        return False

    def _around(self, part: str) -> frozenset[str]:
        """Everything of the assembly that a part stands in: its base and all that sits on it."""
        fact = self._state.world.get(part)
        if fact is None:
            return frozenset()
        while fact.holder != CELL and (carrier := self._state.world.get(fact.holder)) is not None:
            fact = carrier
        return frozenset({fact.part, *(other.part for other in self._state.world.on(fact.part))})

    def _rise(self, part: str, seat: Pose) -> float:
        """How far to go up from a seat (m) until the assembly around it is cleared."""
        top = seat.p[2]
        for name in self._around(part):
            fact = self._state.world.get(name)
            pose = self._state.world.pose(name, self._tcp)
            spec = self._spec_of(self._unit, fact.kind) if fact else None
            if pose is not None and spec is not None:
                top = max(top, pose.p[2] + max(abs(spec.high_m[2]), abs(spec.low_m[2])))
        return top - seat.p[2] + CLEAR_M


def peopled(state: State) -> frozenset[str]:
    """Return the zones, as resources, that the arm stays out of, also on its way past.

    In those people alone are at work (not where the arm looks at what they did), or may still be: nobody has said that
    they are clear since a step there was taken out of somebody's hands.
    """
    at_work = frozenset(
        resource
        for _, _, current in state.busy()
        if current.actors and ROBOT not in current.actors and current.ride != "under_way"
        for resource in current.resources
        if resource.startswith(ZONE)
    )
    return at_work.union(*state.unclear.values())


def _block(name: str, zone: Zone) -> SceneObject:
    x, y, z = (b - a for a, b in zip(zone.low, zone.high, strict=True))
    centre = tuple((a + b) / 2 for a, b in zip(zone.low, zone.high, strict=True))
    return SceneObject(name, Box((x, y, z)), Pose(centre))  # type: ignore[arg-type] # three in, three out


def tallest_m(spec: PartSpec) -> float:
    """Return how high (m) a part can stand, however it lies."""
    return max(high - low for low, high in zip(spec.low_m, spec.high_m, strict=True))


def _grips(spec: PartSpec, seen: Seen) -> Iterator[tuple[Pose, float, Pose]]:
    """Yield ways to hold a part: tool centre point (world), opening (m), and the part's origin as that grasp has it.

    A part that a camera found may look the same another way up or round: its origin is what the grasp was meant for.
    The fingers are alike, so each of its holds may be turned over.
    """
    if not seen.holds:
        for grasp, turn in _options(spec):
            yield seen.pose @ Pose.from_rpy((0, 0, 0), (0, 0, turn)) @ grasp.pose, grasp.opening_m, seen.pose
        return
    for hold in seen.holds:
        origin = hold.pose @ spec.grasps[hold.name].pose.inverse()
        for turn in (0.0, math.pi):
            yield (hold.pose @ Pose.from_rpy((0, 0, 0), (0, 0, turn))).rounded(), hold.opening_m, origin


def _options(spec: PartSpec) -> Iterator[tuple[Grasp, float]]:
    for turn in _turns(spec.symmetry_z):
        for grasp in spec.grasps.values():
            yield grasp, turn


def _turns(symmetry_z: int | None) -> tuple[float, ...]:
    if symmetry_z is None:
        return (0.0,)
    count = symmetry_z or YAWS
    return tuple(math.tau * k / count for k in range(count))


def _raised(pose: Pose, by_m: float) -> Pose:
    return Pose((pose.p[0], pose.p[1], pose.p[2] + by_m), pose.q)


def _released(spec: PartSpec) -> float:
    widest = max((grasp.opening_m for grasp in spec.grasps.values()), default=STROKE_M)
    return min(STROKE_M, widest + WIDER_M)
