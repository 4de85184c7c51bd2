"""Looks: where a check looks from, in the cell that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.camera import aside
from orchestrator.engine.findings import Finding, hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.geometry import Pose
    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built


def findings(built: Built) -> Iterator[Finding]:
    """Yield the looks of one variant that can't be taken."""
    for steps in built.groups.values():
        for step in steps:
            if step.look is not None:
                yield from _look(built, step, step.look.camera)


def _look(built: Built, step: Step, name: str) -> Iterator[Finding]:
    path, cell = built.path(step, "look"), built.subject.cell
    if "camera" not in step.check:
        message = f"Step '{step.group}' says where to look from, but no camera checks it."
        yield Finding(path, message, "Add camera to check, or leave look out.")
        return
    if cell is None:
        return
    camera = cell.cameras.get(name)
    if camera is None:
        yield Finding(path, f"Cell {cell.name} has no camera '{name}'.", hint(name, cell.cameras))
    elif not camera.fixed:
        yield from _from_the_arm(path, cell, step, name)
    elif step.look is not None and step.look.stand is not None:
        message = f"Camera '{name}' of cell {cell.name} stands still: nothing brings it to {step.look.stand}."
        yield Finding(path, message, f"Write look: {name}.")
    else:
        for frame, pose in _places(cell, step):
            if aside(camera.intrinsics, camera.at, pose.p)[0]:
                message = f"Camera '{name}' of cell {cell.name} has {frame} not in its picture."
                yield Finding(path, message, "Name another camera, or turn this one.")


def _from_the_arm(path: tuple[str | int, ...], cell: CellSpec, step: Step, name: str) -> Iterator[Finding]:
    """Yield what is wrong with a look that the arm brings its camera to."""
    if step.look is not None and step.look.stand is None:
        message = f"Camera '{name}' sits on the flange: where to bring it is not said."
        yield Finding(
            path, message, f"Write look: {{camera: {name}, from: frame}}, a frame where the tool centre point stands."
        )
    stand = step.look.stand if step.look is not None else None
    if stand is not None and stand.owner is None and stand.frame not in (names := cell.places_named()):
        message = f"Cell {cell.name} has no frame '{stand.frame}': the arm looks from there only where it was taught."
        yield Finding(path, message, hint(stand.frame, names), warning=True)
    if step.carry is not None:
        message = f"The arm can't bring camera '{name}' to what it carries on to {step.carry}."
        yield Finding(path, message, "Leave out look, or carry.")


def _places(cell: CellSpec, step: Step) -> list[tuple[str, Pose]]:
    """Return the frames of the cell at which a step's result may be; none where it sits on a part."""
    at = step.result.at
    if at is None or at.owner is not None:
        return []
    names = cell.nests.get(at.frame, (at.frame,))
    return [(name, cell.frames[name]) for name in names if name in cell.frames]
