"""What the checks look at: one product in one cell, and each of its variants."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from orchestrator.engine import graph
from orchestrator.engine.checks.tried import NOTHING, Tried

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.ports import Expected
    from orchestrator.core.variant import Step, Variant
    from orchestrator.engine.compile import Compilation
    from orchestrator.engine.foresight import Sight
    from orchestrator.engine.product import Product
    from orchestrator.engine.registry import Skill

    Things = tuple[Expected, ...]
    # camera, part, around, datum, look-alikes, and which datum parts that camera has measured
    Foreseen = tuple[str, Expected, Things, Things, Things, frozenset[str]]


@dataclass(frozen=True)
class Subject:
    """One product, the cell that it is built in, the skills that there are; None where they are not to be checked.

    `programs` are the skills themselves, with what they need and leave; empty where only their parameters are known.
    `tried` is what was taught to the cell's cameras and studied with them.
    """

    product: Product
    cell: CellSpec | None
    skills: Mapping[str, set[str]] | None
    root: Path
    programs: Mapping[str, Skill] = field(default_factory=dict)
    tried: Tried = NOTHING
    foreseen: dict[Foreseen, Sight | None] = field(default_factory=dict, compare=False)  # views that variants share

    @cached_property
    def positions(self) -> dict[str, int]:
        """The place of each authored step in its file."""
        return {step.id: index for index, step in enumerate(self.product.procedure.steps)}

    def handles_part(self, skill: str) -> bool:
        """Whether a skill takes the part in the gripper: its parameters say so."""
        return self.skills is not None and "part" in self.skills.get(skill, set())


@dataclass(frozen=True)
class Built:
    """One variant with the order of its steps."""

    subject: Subject
    compilation: Compilation
    variant: Variant

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """For each authored step all that surely come before it."""
        return graph.ancestors(self.compilation.edges, self.compilation.sequence)

    @cached_property
    def groups(self) -> dict[str, list[Step]]:
        """Step instances by authored step."""
        out: dict[str, list[Step]] = {}
        for step in self.variant.steps:
            out.setdefault(step.group, []).append(step)
        return out

    @cached_property
    def final(self) -> tuple[str, ...]:
        """The authored steps that can't be undone, in their order."""
        return tuple(group for group in self.compilation.sequence if self.groups[group][0].undo is False)

    @cached_property
    def placings(self) -> dict[str, list[Step]]:
        """For each part reference the steps that place it, in their order."""
        out: dict[str, list[Step]] = {}
        for group in self.compilation.sequence:
            for step in self.groups.get(group, ()):
                if step.result.part is not None and step.per == "unit":
                    out.setdefault(step.result.part, []).append(step)
        return out

    @cached_property
    def leaving(self) -> tuple[Step | None, Step | None]:
        """The step that brings the unit into its nest, and the one that takes it out again."""
        for steps in self.placings.values():
            inside = next((step for step in steps if self.in_nest(step)), None)
            if inside is not None:
                later = steps[steps.index(inside) + 1 :]
                return inside, next((s for s in later if s.result.at is not None and not self.in_nest(s)), None)
        return None, None

    def in_nest(self, step: Step) -> bool:
        """Whether a step places its part in a nest."""
        at = step.result.at
        if at is None or at.owner is not None:
            return False
        return self.subject.cell.is_nest(at.frame) if self.subject.cell is not None else at.frame == "nest"

    def printed(self, step: Step) -> bool:
        """Whether a step's part comes out of a printer at its target: from no bin, and into no gripper."""
        at, cell = step.result.at, self.subject.cell
        return cell is not None and at is not None and at.owner is None and cell.prints(step.result.kind, at.frame)

    def before(self, earlier: Step, later: Step) -> bool:
        """Whether one instance surely ends before another starts."""
        if earlier.group == later.group:
            return earlier.k < later.k
        return earlier.group in self.ancestors[later.group]

    def path(self, step: Step, *more: str | int) -> tuple[str | int, ...]:
        """Where a step stands in the procedure's file."""
        return ("steps", self.subject.positions[step.group], *more)
