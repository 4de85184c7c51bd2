"""Checks and values: cameras that can't judge, tools out of range, units missing or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding
from orchestrator.engine.values import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import ToolSpec
    from orchestrator.core.variant import Step, ValueSpec
    from orchestrator.engine.checks.subject import Built


def findings(built: Built) -> Iterator[Finding]:
    """Yield what no check can judge in one variant."""
    for steps in built.groups.values():
        for step in steps:
            yield from _camera(built, step)
            yield from _values(built, step)


def _camera(built: Built, step: Step) -> Iterator[Finding]:
    path, cell = built.path(step, "check"), built.subject.cell
    if "camera" not in step.check:
        return
    kind = step.result.kind
    if kind is None:
        message = f"Step '{step.group}' places no part: a camera has nothing to look for."
        yield Finding(path, message, "Use person, or leave check out.")
        return
    spec = built.variant.parts[kind]
    if spec.flexible or spec.unit != "pcs":
        message = f"'{kind}' has no shape of its own: no camera can check its pose."
        yield Finding(path, message, "Use person.")
        return
    if cell is None:
        return
    if not cell.fixed_cameras and step.look is None:
        what = "no camera that stands still" if cell.cameras else "no camera"
        yield Finding(path, f"Cell {cell.name} has {what}.", "Use person, or add a camera to the cell.")
        return


def _values(built: Built, step: Step) -> Iterator[Finding]:
    cell = built.subject.cell
    tool = cell.tools.get(step.tool) if cell is not None and step.tool is not None else None
    for name, spec in step.result.values.items():
        path = built.path(step, "result", "values", name)
        if spec.kind == "number" and not spec.unit:
            remedy = f"End its name in the unit: {name}_mm, {name}_Nm."
            yield Finding(path, f"Value '{name}' has no unit.", remedy, warning=True)
        if tool is not None and step.tool is not None and spec.kind == "number":
            yield from _in_range(path, name, spec, step.tool, tool)


def _in_range(path: tuple[str | int, ...], name: str, spec: ValueSpec, tool: str, has: ToolSpec) -> Iterator[Finding]:
    if name not in has.gives:
        stem = name.rpartition("_")[0]
        other = next((given for given in has.gives if stem and given.rpartition("_")[0] == stem), None)
        if other is not None:
            text = f"Tool '{tool}' gives {other}, not {name}."
            yield Finding(path, text, f"Write the value in {unit_of(other)}, as {other}.")
        return
    low, high = has.gives[name]
    if spec.nominal is not None:
        outside = not low <= spec.nominal <= high
        asked = f"{spec.nominal:g}"
    else:
        outside = (spec.low is not None and spec.low > high) or (spec.high is not None and spec.high < low)
        asked = " to ".join(f"{v:g}" for v in (spec.low, spec.high) if v is not None)
    if outside:
        unit = unit_of(name)
        text = f"{name} {asked} {unit} is outside the range of tool '{tool}': {low:g} to {high:g} {unit}."
        yield Finding(path, text, "Use another tool, or mend the value.")
