"""Compares what the ledger claims with where things truly are. It tells nobody in the cell; it is the referee."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.meshes import moved
from orchestrator.core import events as ev
from orchestrator.core.geometry import deviation
from orchestrator.core.ports import Mesh
from orchestrator.core.state import ROBOT
from orchestrator.core.world import CELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.geometry import Pose
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step
    from orchestrator.core.world import Fact
    from orchestrator.engine.bus import Fresh

MARGIN_M = 0.0005  # what a camera may err beside a result's tolerance
MARGIN_RAD = math.radians(1.0)
SAME_M = 0.06  # a true body further from a claim than this is another one


@dataclass(frozen=True, slots=True)
class Wrong:
    """A claim of the ledger that is not true: what it says, and where the part really is (mm away; None: nowhere)."""

    unit: str
    part: str
    step: str
    when: str
    away_mm: float | None
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        where = "is not there" if self.away_mm is None else f"is {self.away_mm:.1f} mm away or turned"
        return f"{self.part} {where} {self.when}, though {self.step} is done by {', '.join(self.evidence)}"


class Audit:
    """Follows the bus of an embedded cell. `wrong` are known claims on a measurement that the world contradicts.

    Claims are judged when they are made, before their carrier is moved on, and when the unit is done. Those that rest
    on a person's word, as where parts are on what a person carries out, stand apart in `on_a_word`: the record says so.
    """

    def __init__(self, world: World) -> None:
        self.wrong: list[Wrong] = []
        self.on_a_word: list[Wrong] = []
        self.claims = 0
        self._world = world
        self._evidence: dict[tuple[str, str], ev.StepDone] = {}
        self._carried: set[str] = set()  # parts that a person has begun to move on, with what stands on them

    def observe(self, before: State, after: State, events: Sequence[Fresh]) -> None:
        """Follow a committed batch; for the bus, ahead of whoever changes the true world."""
        for item in events:
            event = item.event
            if isinstance(event, ev.StepDone):
                self._evidence[event.unit, event.step] = event
                state = after if event.unit in after.units else before
                step = state.variant_of(event.unit).by_id[event.step]
                if "camera" in event.evidence:
                    self._carried.discard(f"{event.unit}/{step.result.part}")
                if "camera" in event.evidence:
                    self._judge(state, event.unit, step, f"when {step.id} was done")
            elif isinstance(event, ev.StepStarted):
                part = before.variant_of(event.unit).by_id[event.step].result.part
                if any(before.world.on(f"{event.unit}/{part}")):
                    self._judge_unit(before, event.unit, f"when {event.step} began")
                    self._carried |= {f"{event.unit}/{part}"} if ROBOT not in event.actors else set()
            elif isinstance(event, ev.StepFailed | ev.StepUndone) and event.unit in before.units:
                self._carried.discard(f"{event.unit}/{before.variant_of(event.unit).by_id[event.step].result.part}")
            elif isinstance(event, ev.UnitEnded) and event.state == "done":
                self._judge_unit(before, event.unit, "when the unit was done")

    def finish(self, state: State) -> None:
        """Judge the units that are still in work."""
        for unit in state.units:
            self._judge_unit(state, unit, "at the end")

    def _judge_unit(self, state: State, unit: str, when: str) -> None:
        last: dict[str, Step] = {}
        for step in state.variant_of(unit).steps:
            if step.result.part and (unit, step.id) in self._evidence and self._done(state, unit, step):
                last[step.result.part] = step  # the one that says where it is now: steps stand in their order
        for step in last.values():
            self._judge(state, unit, step, when)

    def _done(self, state: State, unit: str, step: Step) -> bool:
        return unit in state.units and state.units[unit].steps[step.id].status == "done"

    def _judge(self, state: State, unit: str, step: Step, when: str) -> None:
        said = self._evidence[unit, step.id]
        fact = state.world.get(f"{unit}/{step.result.part}")
        spec = state.part_spec(unit, fact.kind) if fact is not None else None
        if said.waived or fact is None or fact.certainty != "known" or spec is None or not spec.mesh:
            return
        claimed = state.world.pose(fact.part)
        if claimed is None:  # in the gripper, or in somebody's hands
            return
        self.claims += 1
        true = self._true(state, fact, claimed, Mesh(spec.mesh))
        if true is not None:
            off = deviation(true, claimed, symmetry_z=spec.symmetry_z)
            reach = tuple(v + MARGIN_M for v in step.result.within_m)
            turn = tuple(v + MARGIN_RAD for v in step.result.within_rad)
            if off.within(reach, turn):  # type: ignore[arg-type] # three in, three out
                return
            if self._coincide(fact, true, claimed, max(reach)):
                return
        found = Wrong(
            unit,
            fact.part,
            step.id,
            when,
            None if true is None else round(1000 * math.dist(true.p, claimed.p), 2),
            said.evidence,
        )
        seen = "camera" in said.evidence and all(
            below.part not in self._carried for below in state.world.chain(fact.part)
        )
        kept = self.wrong if seen else self.on_a_word
        if not any((old.part, old.step) == (found.part, found.step) for old in kept):
            kept.append(found)

    def _true(self, state: State, fact: Fact, claimed: Pose, shape: Mesh) -> Pose | None:
        """Return where the part that is meant truly is, as seen from its base; None when it is nowhere near.

        A part on another is judged where that one truly is: of one that was knocked only itself is wrong.
        """
        base = state.world.get(fact.holder) if fact.holder != CELL else None
        if base is not None:
            holder, spec = state.world.pose(base.part), state.part_spec(base.unit, base.kind)
            truly = self._nearest(holder, Mesh(spec.mesh)) if holder and spec and spec.mesh else None
            if truly is not None and holder is not None:
                found = self._nearest(truly @ holder.inverse() @ claimed, shape)
                return holder @ truly.inverse() @ found if found is not None else None
        return self._nearest(claimed, shape)

    def _coincide(self, fact: Fact, true: Pose, claimed: Pose, within_m: float) -> bool:
        """Whether a part turned over looks just as it should: every corner of its surface meets a corner."""
        from scipy.spatial import cKDTree

        body = next((body for body in self._world if body.kind == fact.kind), None)
        if body is None:
            return False
        corners = self._world.triangles(body.id).vertices
        apart, _ = cKDTree(moved(corners, claimed)).query(moved(corners, true))
        return float(apart.max()) <= within_m

    def _nearest(self, pose: Pose, shape: Mesh) -> Pose | None:
        near = [
            (math.dist(true.p, pose.p), body)
            for body, true in self._world.visible().items()
            if self._world.body(body).shape == shape
        ]
        distance, body = min(near, default=(math.inf, ""))
        return self._world.pose(body) if distance < SAME_M else None
