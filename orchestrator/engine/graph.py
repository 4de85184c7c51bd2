"""The order of steps: who follows whom, with the steps that options leave out taken out."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.procedure import Window
from orchestrator.engine.findings import Finding, hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.core.procedure import AuthoredStep

Edges = dict[str, dict[str, Window]]  # step -> predecessor -> window


@dataclass(frozen=True)
class Order:
    """The steps of one variant: predecessors of each, and one order that keeps to them."""

    before: Edges
    sequence: tuple[str, ...]


def authored_edges(steps: Sequence[AuthoredStep]) -> tuple[Edges, list[Finding]]:
    """Write out who follows whom: without `after` a step follows the one above. Unknown names become findings."""
    ids = {step.id for step in steps}
    edges: Edges = {}
    findings = []
    for index, step in enumerate(steps):
        if step.id in edges:
            findings.append(Finding(("steps", index, "id"), f"Step '{step.id}' is there twice.", "Rename one of them."))
            continue
        if step.after is None:
            edges[step.id] = {steps[index - 1].id: Window()} if index else {}
            continue
        edges[step.id] = {name: window for name, window in step.after.items() if name in ids}
        for name in step.after:
            if name not in ids:
                message = f"There is no step '{name}'."
                findings.append(Finding(("steps", index, "after"), message, hint(name, ids)))
    return edges, findings


def cycles(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Return the cycles, each once, as the steps in the order in which they wait for each other."""
    seen: dict[str, int] = {}  # 1 = on the path, 2 = finished
    found: list[tuple[str, ...]] = []
    for start in edges:
        if start in seen:
            continue
        path, stack = [start], [iter(edges[start])]
        seen[start] = 1
        while stack:
            name = next(stack[-1], None)
            if name is None:
                stack.pop()
                seen[path.pop()] = 2
            elif seen.get(name) == 1:
                found.append(tuple(reversed(path[path.index(name) :])))
            elif name not in seen:
                seen[name] = 1
                path.append(name)
                stack.append(iter(edges[name]))
    return found


def without(edges: Edges, left_out: set[str]) -> Edges:
    """Take steps out; each passes its predecessors on to its successors.

    A cure (`min_s`) before a step that is left out still counts; its open time (`max_s`) went with the step.
    The edges must be free of cycles.
    """
    resolved: Edges = {}

    def passed_on(name: str) -> dict[str, Window]:
        if name not in resolved:
            resolved[name] = {}
            for before, window in edges[name].items():
                if before not in left_out:
                    _join(resolved[name], before, window)
                    continue
                for earlier, cure in passed_on(before).items():
                    _join(resolved[name], earlier, Window(min_s=max(cure.min_s, window.min_s)))
        return resolved[name]

    for name in sequence(edges):  # predecessors first, so that nothing nests deeply
        passed_on(name)
    return {name: resolved[name] for name in edges if name not in left_out}


def _join(into: dict[str, Window], name: str, window: Window) -> None:
    old = into.get(name, window)
    limits = [w.max_s for w in (old, window) if w.max_s is not None]
    into[name] = Window(min_s=max(old.min_s, window.min_s), max_s=min(limits) if limits else None)


def sequence(edges: Edges) -> tuple[str, ...]:
    """Return the steps so that each follows its predecessors, else as authored. Steps on a cycle are left out."""
    place = {name: index for index, name in enumerate(edges)}
    waits = {name: len(before) for name, before in edges.items()}
    followers: dict[str, list[str]] = {name: [] for name in edges}
    for name, before in edges.items():
        for earlier in before:
            followers[earlier].append(name)
    ready = [(place[name], name) for name, count in waits.items() if not count]
    heapq.heapify(ready)
    out = []
    while ready:
        _, name = heapq.heappop(ready)
        out.append(name)
        for follower in followers[name]:
            waits[follower] -= 1
            if not waits[follower]:
                heapq.heappush(ready, (place[follower], follower))
    return tuple(out)


def ancestors(edges: Mapping[str, Iterable[str]], order: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each step all that come before it. `order` must keep to the edges."""
    out: dict[str, frozenset[str]] = {}
    for name in order:
        before = set(edges[name])
        out[name] = frozenset(before.union(*(out[earlier] for earlier in before)))
    return out
