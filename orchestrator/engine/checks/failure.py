"""Failure: rework that leads forwards or across what can't be undone, ladders without an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide.progress import GOES_ON, INTERRUPTED
from orchestrator.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.variant import Rung, Step
    from orchestrator.engine.checks.subject import Built

ENDS = ("ask", "scrap", "skip")


def findings(built: Built) -> Iterator[Finding]:
    """Yield what is wrong with one variant's answers to failures."""
    for steps in built.groups.values():
        step = steps[0]
        own = built.subject.product.procedure.steps[built.subject.positions[step.group]].on_fail is not None
        path = built.path(step, "on_fail") if own else ("defaults", "on_fail")
        for code, ladder in step.on_fail.items():
            yield from _ladder(built, step, ladder, path, own=own)
            if code == INTERRUPTED and ladder[0].do in GOES_ON:
                message = f"'{step.group}' answers interrupted with {ladder[0].do}: that is never done without a look."
                remedy = "Take it out: the camera looks by itself, and where none can, a person is asked."
                yield Finding(path, message, remedy, warning=True)


def _ladder(
    built: Built, step: Step, ladder: tuple[Rung, ...], path: tuple[str | int, ...], *, own: bool
) -> Iterator[Finding]:
    if ladder[-1].do not in ENDS:
        message = f"The ladder ends with {ladder[-1].do}: nobody knows what comes after that."
        yield Finding(path, message, "End it with ask or scrap.")
    for rung in ladder:
        if rung.do == "skip" and step.critical:
            message = f"Step '{step.group}' is critical and can't be skipped."
            yield Finding(path, message, "Take skip out of on_fail, or critical out of the step.")
        if rung.do == "retry" and own and step.result.kind and built.variant.parts[step.result.kind].once:
            kind = step.result.kind
            message = f"'{kind}' can be used once, but a retry of '{step.group}' would use it again."
            yield Finding(path, message, f"Write {{rework: {step.group}}}: it takes a new one.", warning=True)
        if rung.do == "rework" and rung.step is not None:
            yield from _rework(built, step, rung.step, path)


def _rework(built: Built, step: Step, target: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    group = built.variant.by_id[target].group
    if group != step.group and group not in built.ancestors[step.group]:
        message = f"'{step.group}' can't rework '{group}': that step does not come before it."
        yield Finding(path, message, "Rework a step that it builds on.")
        return
    stuck = [
        name
        for name in built.final
        if (name == group or group in built.ancestors[name])
        and (name == step.group or name in built.ancestors[step.group])
    ]
    if stuck:
        message = f"Rework of '{group}' would undo '{stuck[0]}', which can't be undone (undo: false)."
        yield Finding(path, message, f"Rework a step after {stuck[0]}, or scrap.")
