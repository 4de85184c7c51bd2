"""Order and time: branches that nothing joins, units that never leave, windows that can't be kept, times missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built

LONG_CURE_S = 120  # from here on a cure in the nest costs more than a walk with the unit


def findings(built: Built) -> Iterator[Finding]:
    """Yield what is wrong with one variant's order and times."""
    yield from _joined(built)
    yield from _windows(built)
    yield from _times(built)


def _joined(built: Built) -> Iterator[Finding]:
    loaded, left = built.leaving
    followed = {before for edges in built.compilation.edges.values() for before in edges}
    ends = [steps[0] for group, steps in built.groups.items() if group not in followed and steps[0].per == "unit"]
    if left is not None:
        for step in ends:
            if step.group != left.group and left.group not in built.ancestors[step.group]:
                yield Finding(
                    built.path(step),
                    f"Nothing waits for '{step.group}': the unit leaves with '{left.group}' without it.",
                    f"Add {step.group} to the after of {left.group}, or of a step before it.",
                )
        return
    if loaded is not None:
        remedy = f"Add a last step that places {loaded.result.part} outside."
        yield Finding(built.path(loaded), "The unit never leaves its nest.", remedy, warning=True)
    if len(ends) > 1:
        names = ", ".join(step.group for step in ends)
        message = f"The steps end in {len(ends)} branches that nothing joins: {names}."
        yield Finding(built.path(ends[0]), message, "Let a last step wait for all of them.", warning=True)


def _windows(built: Built) -> Iterator[Finding]:
    _, left = built.leaving
    for group, edges in built.compilation.edges.items():
        step = built.groups[group][0]
        for before, window in edges.items():
            path = built.path(step, "after", before)
            if window.max_s is not None:
                work = _work_between(built, before, group)
                if work > window.max_s:
                    limit = f"'{group}' must start {window.max_s:g} s after '{before}'"
                    remedy = "Allow more, or move steps out from between."
                    yield Finding(path, f"{limit}, but the work between takes {work:g} s.", remedy)
            stays = left is not None and (group == left.group or group in built.ancestors[left.group])
            if window.min_s >= LONG_CURE_S and stays and left is not None:
                message = f"The unit keeps its nest while it waits {window.min_s:g} s before '{group}'."
                remedy = f"Where it may cure outside, wait in a step after {left.group}."
                yield Finding(path, message, remedy, warning=True)


def _work_between(built: Built, first: str, last: str) -> float:
    """Return the longest chain of least times (s) strictly between two steps."""
    longest: dict[str, float] = {first: 0.0}
    for name in built.compilation.sequence:
        if name == first or first not in built.ancestors[name]:
            continue
        before = max(longest[b] for b in built.compilation.edges[name] if b in longest)
        if name == last:
            return before
        longest[name] = before + sum(min(step.time_s.values(), default=0.0) for step in built.groups[name])
    return 0.0


def _times(built: Built) -> Iterator[Finding]:
    for steps in built.groups.values():
        step = steps[0]
        missing = _without_time(step)
        if missing:
            message = f"Step '{step.group}' has no time_s for the {' and the '.join(missing)}."
            yield Finding(built.path(step), message, "Give the seconds of one instance.", warning=True)


def _without_time(step: Step) -> list[str]:
    works = (("robot", step.robot is not None and "robot" not in step.time_s),)
    people = (("human", step.human is not None and "human" not in step.time_s),)
    return [name for name, lacking in (*works, *people) if lacking]
