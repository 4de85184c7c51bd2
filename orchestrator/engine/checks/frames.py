"""Frames: owners not there yet, seats taken twice or forgotten, axes that point in, meshes in another unit."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built

LARGEST_M = 2.0  # of a part on a bench; more is a mesh in millimetres
_NUMBERED = re.compile(r"(.+)_(\d+)")


def findings(built: Built) -> Iterator[Finding]:
    """Yield what is wrong with one variant's frames."""
    yield from _owners(built)
    yield from _taken_twice(built)
    yield from _forgotten(built)
    yield from _axes(built)
    yield from _meshes(built)


def _owners(built: Built) -> Iterator[Finding]:
    said: dict[str, set[str]] = {}  # what follows from a mistake in an earlier step is not said again
    for group in built.compilation.sequence:
        for step in built.groups[group]:
            target = step.result.at or step.result.along
            if target is not None and target.owner is not None:
                found = list(_there_before(built, step, target.owner, f"'{target}' needs '{target.owner}'"))
                if not said.get(target.owner, set()) & built.ancestors[group]:
                    yield from found
                if found:
                    said.setdefault(target.owner, set()).add(group)
            if step.result.part is not None and step.per == "unit":
                placings = built.placings[step.result.part]
                if placings[0].id != step.id:
                    text = f"'{step.result.part}' is moved on here"
                    yield from _there_before(built, step, step.result.part, text)


def _there_before(built: Built, step: Step, part: str, why: str) -> Iterator[Finding]:
    placings = built.placings.get(part, [])
    if placings and not any(built.before(other, step) for other in placings):
        first = next((other for other in placings if other.id != step.id), placings[0])
        yield Finding(
            built.path(step),
            f"{why}, but '{step.group}' does not wait for '{first.group}', which places it.",
            f"Add {first.group} to the after of {step.group}.",
        )


def _taken_twice(built: Built) -> Iterator[Finding]:
    seats: dict[str, Step] = {}
    for part, steps in built.placings.items():
        last = steps[-1]
        target = last.result.at
        kind = last.result.kind
        if target is None or target.owner is None or kind is None or built.variant.parts[kind].unit != "pcs":
            continue
        owner = built.placings.get(target.owner, [last])[0].result.kind
        if owner is not None and _container(built, owner, str(target)):
            continue
        other = seats.setdefault(str(target), last)
        if other is not last:
            remedy = f"Place it on {other.result.part}, if that is what carries it, or at a frame of its own."
            text = f"'{target}' already holds '{other.result.part}' from '{other.group}', so '{part}' can't sit there."
            yield Finding(built.path(last, "result", "at"), text, remedy, warning=True)


def _container(built: Built, owner: str, target: str) -> bool:
    """Whether a frame takes many: its owner is flexible, or something was counted into it."""
    here = [s for steps in built.placings.values() for s in steps if str(s.result.at) == target]
    return built.variant.parts[owner].flexible or any(step.result.qty > 1 for step in here)


def _forgotten(built: Built) -> Iterator[Finding]:
    """Report holes of a pattern that stay empty, and filled ones that a repeated measurement leaves out."""
    filled: dict[tuple[str, str], dict[int, Step]] = {}
    measured: dict[tuple[str, str, str], dict[int, Step]] = {}
    for step in built.variant.steps:
        target = step.result.at
        match = _NUMBERED.fullmatch(target.frame) if target is not None and target.owner is not None else None
        if match is None or target is None or target.owner is None:
            continue
        if step.result.part is not None:
            filled.setdefault((target.owner, match[1]), {})[int(match[2])] = step
        elif step.n > 1:
            measured.setdefault((step.group, target.owner, match[1]), {})[int(match[2])] = step
    for (owner, prefix), used in filled.items():
        kind = built.placings[owner][0].result.kind if owner in built.placings else None
        known = built.variant.parts[kind].frames if kind is not None else {}
        numbers = {int(m[2]) for name in known if (m := _NUMBERED.fullmatch(name)) and m[1] == prefix}
        missing = sorted(numbers - set(used))
        if missing and len(used) > 1:
            step = next(iter(used.values()))
            listed = ", ".join(f"{prefix}_{number}" for number in missing)
            yield Finding(built.path(step), f"{owner}: {listed} stays empty.", "Add it to each.", warning=True)
        for (group, other, pattern), done in measured.items():
            left_out = sorted(set(used) - set(done))
            if (other, pattern) == (owner, prefix) and left_out:
                step = next(iter(done.values()))
                listed = ", ".join(f"{prefix}_{number}" for number in left_out)
                yield Finding(
                    built.path(step), f"'{group}' leaves out {owner}/{listed}.", "Add it to each.", warning=True
                )


def _axes(built: Built) -> Iterator[Finding]:
    for step in built.variant.steps:
        target = step.result.at
        if target is None or target.owner is None or step.result.part is None or target.owner not in built.placings:
            continue
        kind = built.placings[target.owner][0].result.kind
        facts = built.subject.product.meshes.get(kind or "")
        if facts is None or kind is None or target.frame not in built.variant.parts[kind].frames:
            continue
        frame = built.variant.parts[kind].frames[target.frame]
        z = frame.z_axis
        inward, outward = facts.hits(frame.p, z), facts.hits(frame.p, (-z[0], -z[1], -z[2]))
        if inward is not None and outward is None:
            message = f"Frame '{target.frame}' of '{kind}' points into the part: z must point out of the seat."
            yield Finding(("parts", kind), message, "Turn the frame about its x by 180°.", warning=True)


def _meshes(built: Built) -> Iterator[Finding]:
    for kind in built.variant.parts:
        facts = built.subject.product.meshes.get(kind)
        if facts is None:
            continue
        largest = max(facts.size_m)
        if largest > LARGEST_M:
            text = f"The mesh of '{kind}' is {largest:.3g} m large: it looks like millimetres."
            yield Finding(("parts", kind), text, "Export it in metres.", warning=True)
        seats = _seats(built, kind)
        if len(seats) > 1 and all(
            math.isclose(built.variant.parts[kind].frames[s].z_axis[1], 1, abs_tol=1e-3) for s in seats
        ):
            text = f"All seats of '{kind}' point along y: the mesh looks y up."
            yield Finding(("parts", kind), text, "Export it z up.", warning=True)


def _seats(built: Built, kind: str) -> set[str]:
    targets = [step.result.at for step in built.variant.steps if step.result.part is not None]
    owned = {ref for ref, steps in built.placings.items() if steps[0].result.kind == kind}
    return {t.frame for t in targets if t is not None and t.owner in owned} & set(built.variant.parts[kind].frames)
