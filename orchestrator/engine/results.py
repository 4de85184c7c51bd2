"""A step's result with its target resolved: which part instance, which frame, which limits."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import IDENTITY, Pose, Vector
from orchestrator.core.parts import as_number
from orchestrator.core.variant import Result, Target
from orchestrator.engine.draft import kind_of
from orchestrator.engine.findings import Findings, hint
from orchestrator.engine.placeholders import Unfilled
from orchestrator.engine.values import value_spec

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec
    from orchestrator.engine.draft import Draft
    from orchestrator.engine.product import Product
    from orchestrator.engine.references import References
    from orchestrator.engine.yaml_source import Path


class Results:
    """Resolves results of one variant.

    Args:
        seats: kind and frame of every place at a part that something is placed at.
    """

    def __init__(
        self,
        product: Product,
        cell: CellSpec | None,
        references: References,
        seats: set[tuple[str, str]],
        findings: Findings,
    ) -> None:
        self._product = product
        self._cell = cell
        self._references = references
        self._seats = seats
        self._findings = findings

    def of(self, draft: Draft) -> Result:
        """Return the result of a step instance."""
        authored, defaults = draft.step.result, self._product.procedure.defaults
        path: Path = (*draft.path, "result")
        target = self._target(draft)
        mm = self._numbers((*path, "within_mm"), authored.within_mm or defaults.within_mm, draft)
        deg = self._numbers((*path, "within_deg"), authored.within_deg or defaults.within_deg, draft)
        values = {}
        for name, value in authored.values.items():
            try:
                values[name] = value_spec(name, value, draft.given)
            except Unfilled as error:
                self._findings.unfilled((*path, "values", name), error, draft.given)
            except BadInput as error:
                self._findings.add((*path, "values", name), error.message, error.remedy)
        (qty,) = self._numbers((*path, "qty"), (1.0 if authored.qty is None else authored.qty,), draft)
        placed = draft.part is not None
        return Result(
            part=self._references.of(draft.id) if placed else None,
            kind=draft.kind if placed else None,
            qty=qty,
            at=target if authored.at is not None else None,
            along=target if authored.along is not None else None,
            meets=self._meets(draft, target),
            within_m=_vector([round(v / 1000, 9) for v in mm]),
            within_rad=_vector([round(math.radians(v), 9) for v in deg]),
            values=values,
        )

    def _numbers(self, path: Path, items: tuple[float | str, ...], draft: Draft) -> list[float]:
        out = []
        for item in items:
            filled = item if isinstance(item, float) else self._findings.fill(path, item, draft.given)
            try:
                out.append(1.0 if filled is None else as_number(filled))
            except ValueError:
                text = f"{item} gives '{filled}' where a number is needed."
                self._findings.add(path, text, "Mend the option or each.")
                out.append(1.0)
        return out

    def _target(self, draft: Draft) -> Target | None:
        path: Path = (*draft.path, "result", "at" if draft.step.result.at is not None else "along")
        return self.target(path, draft.owner, draft.frame) if draft.place else None

    def target(self, path: Path, owner: str | None, frame: str) -> Target:
        """Return which frame an author means, of the cell or of an owner; what is wrong with it is a finding."""
        if owner is None:
            self._cell_frame(path, frame)
            return Target(frame=frame)
        kind = kind_of(owner)
        if kind not in self._product.parts:
            text = f"There is no part '{kind}' to be at."
            self._findings.add(path, text, hint(kind, self._product.parts))
            return Target(owner=owner, frame=frame)
        found = self._references.owners(owner)
        if not found:
            text = f"No step places '{owner}' in this unit, so nothing can be done at it."
            self._findings.add(path, text, "Place it in an earlier step.")
        elif len(found) > 1:
            remedy = f"Name the one meant: part: {kind}.name, at: {kind}.name/{frame}."
            self._findings.add(path, f"'{owner}/{frame}' may mean {', '.join(found)}.", remedy)
        self._part_frame(path, kind, frame)
        return Target(owner=found[0] if found else owner, frame=frame)

    def _cell_frame(self, path: Path, frame: str) -> None:
        if self._cell is None or frame in (names := self._cell.places_named()):
            return
        if frame in self._product.parts:
            self._findings.add(path, f"'{frame}' is a part, not a frame.", f"Write {frame}/ and one of its frames.")
            return
        self._findings.add(path, f"Cell {self._cell.name} has no frame or nest '{frame}'.", hint(frame, names))

    def _part_frame(self, path: Path, kind: str, frame: str) -> None:
        """Report a frame that a part lacks: its mesh is there to tell, or its own pattern ends before."""
        frames, authored = self._product.parts[kind].frames, self._product.procedure.parts[kind].frames
        if frame in frames:
            return
        prefix = re.sub(r"_\d+$", "", frame)
        beyond = prefix != frame and prefix in authored
        if kind in self._product.meshes or beyond:
            self._findings.add(path, f"Part '{kind}' has no frame '{frame}'.", hint(frame, frames))

    def _meets(self, draft: Draft, target: Target | None) -> Pose:
        """Return the frame of the placed part that meets the target: its origin, unless a mate names another.

        A mate that other parts are placed at is a seat, not what meets. Of several the one named as the target's
        frame counts.
        """
        if draft.part is None or draft.kind is None or target is None:
            return IDENTITY
        spec = self._product.parts[draft.kind]
        own = [name for name in spec.mates if name in spec.frames and (draft.kind, name) not in self._seats]
        named = [name for name in own if name == target.frame] or own
        if len(named) > 1 and target.owner is not None:
            text = f"'{draft.kind}' has several mates that could meet {target}: {', '.join(named)}."
            self._findings.add((*draft.path, "result"), text, f"Name the mate that meets it '{target.frame}'.")
        return spec.frames[named[0]] if len(named) == 1 else IDENTITY


def _vector(values: list[float]) -> Vector:
    x, y, z = values
    return (x, y, z)
