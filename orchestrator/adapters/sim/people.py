"""What people's hands do to the true world when they say that they did something. For the embedded cell only.

A real cell has real hands. Here somebody must move the simulated parts that a person at a screen, or the simulated
worker, says to have moved; the ledger is never read for more than where that person was told to put them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.sim.hands import TRAY
from orchestrator.adapters.sim.scatter import scattered
from orchestrator.adapters.sim.world import HANDS
from orchestrator.core import events as ev
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, Mesh
from orchestrator.core.world import GRIPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.adapters.sim.hands import SimHands, Slip
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.cell import BinSpec, CellSpec
    from orchestrator.core.events import Event
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec
    from orchestrator.core.world import Fact
    from orchestrator.engine.bus import Fresh

LOOSE = 71  # apart from all else that a seed decides: how loose parts come to lie
REACH_M = 0.06  # a body of the right kind within this of where it is believed to be is the one that is meant
UNKNOWN_SHAPE = Box((0.03, 0.03, 0.01))


class SimPeople:
    """Follows the bus and moves true parts.

    `slip` is asked at each placement and says what goes wrong; `witness` sees each batch before any hand moves.

    `hands_over` tells of a skill whether it gives its part to the person, who then takes it when they confirm.
    """

    def __init__(
        self,
        world: World,
        hands: SimHands,
        kinds: Mapping[str, PartSpec],
        hands_over: Callable[[str], bool] = lambda _skill: True,
        seed: int = 1,
    ) -> None:
        self._world = world
        self._hands = hands
        self._kinds = kinds
        self._hands_over = hands_over
        self._random = np.random.default_rng((seed, LOOSE))
        self.slip: Callable[[str, str], Slip | None] = lambda _unit, _step: None
        self.witness: Callable[[State, State, Sequence[Fresh]], None] = lambda _before, _after, _events: None

    def stock(self, state: State) -> None:
        """Put into an empty world what the ledger of a cell that starts believes: filled bins, parts in work."""
        shapes: dict[str, Box | Mesh] = {}
        for name in state.spec.supply:
            self._fill(state.spec, name, state.bins.get(name, 0), shapes)
        depth = {fact.part: _depth(state, fact.part) for fact in state.world.facts.values()}
        for part in sorted(depth, key=lambda name: (depth[name], name)):
            pose, fact = state.world.pose(part), state.world.facts[part]
            if pose is not None:
                shape = _shape(state.part_spec(fact.unit, fact.kind) or self._kinds.get(fact.kind))
                self._world.settle(self._world.add(fact.kind, shape, pose), pose)

    def take_up(self, state: State, last: Sequence[Event] = ()) -> None:
        """Do what people had said to have done when the orchestrator died, before anybody was told.

        What they have in hand goes where they said to have put it; what units left that were finished with the very
        `last` events of the journal is carried out.
        """
        for body in self._world:
            if body.parent != HANDS:
                continue
            for fact in state.world.facts.values():
                pose = state.world.pose(fact.part) if fact.kind == body.kind and not self._held(state, fact) else None
                if pose is not None and not self._there(body.kind, pose):
                    self._hands.place(body.kind, self._seat(state, fact.part) or pose)
                    break
        self._carry_out(state, last)

    def _held(self, state: State, fact: Fact) -> bool:
        carriers = [fact, *state.world.chain(fact.holder)]
        return any(each.holder == GRIPPER for each in carriers)

    def _there(self, kind: str, pose: Pose) -> bool:
        """Whether a body of a kind stands about where one is believed to be."""
        near = (where for body, where in self._world.visible().items() if self._world.body(body).kind == kind)
        return any(math.dist(where.p, pose.p) < REACH_M for where in near)

    def _carry_out(self, state: State, last: Sequence[Event]) -> None:
        """Carry out what is left of units whose end was the last that the orchestrator wrote before it died.

        Nobody was told, and their parts are still there. Whatever else stands where the ledger knows of nothing stays,
        for looks must find it, and frames that a unit in work has as its nest are left alone.
        """
        busy = {frame for unit in state.units.values() for frame in unit.nests.values()}
        known = [pose.p for fact in state.world.facts.values() if (pose := state.world.pose(fact.part)) is not None]
        for name in sorted(_of_finished(state, last) - busy):
            frame = state.spec.frames.get(name)
            if frame is None or any(math.dist(frame.p, p) < REACH_M for p in known):
                continue
            for body in self._world:
                if not body.parent and not body.source and math.dist(body.pose.p, frame.p) < REACH_M:
                    self._world.remove(body.id)

    def observe(self, before: State, after: State, events: Sequence[Fresh]) -> None:
        """Follow a committed batch; for the bus."""
        self.witness(before, after, events)
        by_hand = False
        step = ""
        for item in events:
            event = item.event
            if isinstance(event, ev.PartMoved):
                self._moved(before, after, event, step if by_hand else None)
            elif isinstance(event, ev.BinRefilled):
                self._refilled(after, event)
            elif isinstance(event, ev.UnitEnded) and event.state == "done":  # carried out, as its last step says
                self._left(before, event.unit)
            elif isinstance(event, ev.StepConfirmed):
                self._pulled(after, event)
            elif isinstance(event, ev.StepFailed):  # whoever pulled at its part lets go
                self._hands.let_go()
            by_hand = isinstance(event, ev.StepConfirmed)
            step = event.step if isinstance(event, ev.StepConfirmed) else ""

    def _moved(self, before: State, after: State, event: ev.PartMoved, step: str | None) -> None:
        if event.what == "consumed":
            self._taken_away(before, event)
        elif event.what == "placed":
            was = before.world.get(event.part)
            handed = was is not None and was.holder.startswith("place:")
            if step is not None or handed:
                self._placed(before, after, event, step or "")

    def _pulled(self, after: State, event: ev.StepConfirmed) -> None:
        """Who confirms a step whose part the robot holds out pulls at it: the gripper feels that, and opens."""
        held, found = after.world.held(), after.step(event.unit, event.step)
        if held is None or found is None or held.part != f"{event.unit}/{found[0].result.part}":
            return
        work = found[0].robot
        if work is not None and self._hands_over(work.skill):
            self._hands.pull()

    def _placed(self, before: State, after: State, event: ev.PartMoved, step: str) -> None:
        target = self._seat(after, event.part)
        spec = after.variant_of(event.unit).parts.get(event.kind) if event.unit in after.units else None
        if target is None or spec is None or not spec.mesh:
            return
        self._hands.place(
            event.kind,
            target,
            shape=Mesh(spec.mesh),
            expected_from=before.world.pose(event.part),
            slip=self.slip(event.unit, step),
            bin_name=event.bin,
        )

    def _seat(self, state: State, part: str) -> Pose | None:
        """Return where hands put a part: into the seat as it truly is, though its owner may have been knocked."""
        believed, fact = state.world.pose(part), state.world.get(part)
        owner = state.world.get(fact.holder) if fact is not None else None
        base = state.world.pose(owner.part) if owner is not None else None
        if believed is None or owner is None or base is None:
            return believed
        near = [
            (math.dist(pose.p, base.p), body)
            for body, pose in self._world.visible().items()
            if self._world.body(body).kind == owner.kind and not self._world.body(body).source
        ]
        distance, body = min(near, default=(math.inf, ""))
        return self._world.pose(body) @ base.inverse() @ believed if distance < REACH_M else believed

    def _taken_away(self, before: State, event: ev.PartMoved) -> None:
        was = before.world.get(event.part)
        if was is not None and was.holder == GRIPPER:
            held = self._hands.take_from_gripper()
            if held is not None:
                self._world.remove(held)
            return
        self._remove(event.kind, before.world.pose(event.part))

    def _left(self, before: State, unit: str) -> None:
        for fact in before.world.facts.values():
            if fact.unit == unit and fact.holder != GRIPPER:
                self._remove(fact.kind, before.world.pose(fact.part))

    def _refilled(self, state: State, event: ev.BinRefilled) -> None:
        for body in self._world:
            if body.source == event.bin:
                self._world.remove(body.id)
        self._fill(state.spec, event.bin, event.count, {})

    def _fill(self, spec: CellSpec, name: str, count: int, shapes: dict[str, Box | Mesh]) -> None:
        bin_ = spec.supply[name]
        if bin_.grid is None and bin_.size_m is None:
            return
        kind = bin_.parts[0]
        shape = shapes.setdefault(kind, _shape(self._kinds.get(kind)))
        if bin_.size_m is not None:
            self._tip_out(name, bin_, kind, shape, count)
            return
        capacity = bin_.capacity or 0
        self._world.fill(name, [(kind, shape, bin_.slot(i)) for i in range(capacity - count, capacity)])

    def _tip_out(self, name: str, bin_: BinSpec, kind: str, shape: Box | Mesh, count: int) -> None:
        """Put parts anyhow into a bin without slots, and under them the plate that they lie on."""
        assert bin_.size_m is not None
        mesh = self._world.meshes.get(shape)
        high_m = bin_.at.p[2]
        plate = f"floor of {name}"
        if high_m > 0 and not any(body.source == plate for body in self._world):
            self._world.add(TRAY, Box((*bin_.size_m, high_m)), bin_.at @ Pose((0.0, 0.0, -high_m / 2)), source=plate)
        for pose in scattered(mesh, count, bin_.at, bin_.size_m, self._random):
            self._world.add(kind, shape, pose, source=name, slot=False)

    def _remove(self, kind: str, pose: Pose | None) -> None:
        if pose is None:
            return
        near = [
            (math.dist(self._world.pose(body.id).p, pose.p), body.id)
            for body in self._world
            if body.kind == kind and not body.source and body.id in self._world.visible()
        ]
        distance, body_id = min(near, default=(math.inf, ""))
        if distance < REACH_M:
            self._world.remove(body_id)


def _of_finished(state: State, last: Sequence[Event]) -> set[str]:
    """The frames of the cell at which units stood or put something that some events end as done."""
    out: set[str] = set()
    for event in last:
        if not isinstance(event, ev.UnitEnded) or event.state != "done":
            continue
        nests = {str(role): str(frame) for role, frame in event.record.get("nests", {}).items()}
        order = state.orders.get(event.order)
        targets = [step.result.at for step in order.variant.steps] if order is not None else []
        own = {target.frame for target in targets if target is not None and target.owner is None}
        out |= {nests.get(name, name) for name in own} | set(nests.values())
    return out


def _shape(spec: PartSpec | None) -> Box | Mesh:
    return Mesh(spec.mesh) if spec is not None and spec.mesh else UNKNOWN_SHAPE


def _depth(state: State, part: str) -> int:
    depth, fact = 0, state.world.get(part)
    while fact is not None:
        depth, fact = depth + 1, state.world.get(fact.holder)
    return depth
