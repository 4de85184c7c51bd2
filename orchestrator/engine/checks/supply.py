"""Counts and supply: parts without a bin, bins that the robot can't take from, parts that nothing uses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.engine.checks.subject import Built, Subject


def findings(built: Built) -> Iterator[Finding]:
    """Yield what one variant can't get from the cell's bins."""
    cell = built.subject.cell
    if cell is None:
        return
    need: Counter[str] = Counter()
    for steps in built.placings.values():
        first = steps[0]
        kind = first.result.kind
        if kind is None:
            continue
        spec = built.variant.parts[kind]
        need[kind] += int(first.result.qty) if spec.unit == "pcs" else 0
        if built.printed(first):
            continue
        if not cell.bins_for(kind, "human"):
            yield Finding(
                ("parts", kind),
                f"Cell {cell.name} has no bin with '{kind}'.",
                f"Add it to a bin in the supply of cell {cell.name}.",
            )
        elif _robot_takes(built, first, spec) and not cell.bins_for(kind, "robot"):
            message = f"The robot can't take '{kind}': no bin of cell {cell.name} holds it alone in a grid."
            remedy = "Give it a bin with a grid or a camera that finds it (locate), or leave the step to a person."
            yield Finding(built.path(first), message, remedy)
    for kind, count in need.items():
        room = [cell.supply[name].capacity for name in cell.bins_for(kind, "human")]
        if room and all(size is not None for size in room) and sum(size or 0 for size in room) < count:
            message = f"One unit needs {count} of '{kind}', its bins hold {sum(size or 0 for size in room)}."
            yield Finding(("parts", kind), message, f"Enlarge its bins in cell {cell.name}.", warning=True)


def _robot_takes(built: Built, step: Step, spec: PartSpec) -> bool:
    return step.robot is not None and spec.unit == "pcs" and built.subject.handles_part(step.robot.skill)


def unused(subject: Subject, builds: Sequence[Built], *, complete: bool) -> Iterator[Finding]:
    """Yield parts that no variant uses; nothing where not every variant could be built."""
    if not complete or not builds:
        return
    used = {kind for built in builds for kind in built.variant.parts}
    owners = {step.result.at.owner for built in builds for step in built.variant.steps if step.result.at is not None}
    for key in subject.product.procedure.parts:
        if key not in used and key not in owners:
            yield Finding(("parts", key), f"No step uses part '{key}'.", "Place it, or delete it.", warning=True)
