"""Runs every check over every variant that is sold, and says each mistake once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput, Problem
from orchestrator.engine.checks import (
    actors,
    boards,
    devices,
    evidence,
    eyesight,
    failure,
    frames,
    looks,
    options,
    order,
    promises,
    registration,
    supply,
    trays,
    wording,
)
from orchestrator.engine.checks.keep_out import kept_out
from orchestrator.engine.checks.pretended import pretended
from orchestrator.engine.checks.subject import Built, Subject
from orchestrator.engine.checks.supervised import supervised_only
from orchestrator.engine.checks.tried import NOTHING
from orchestrator.engine.compile import compile_variant, forbidden
from orchestrator.engine.findings import hint
from orchestrator.engine.placeholders import as_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from orchestrator.core.cell import CellSpec
    from orchestrator.engine.checks.tried import Tried
    from orchestrator.engine.findings import Finding
    from orchestrator.engine.product import Product
    from orchestrator.engine.registry import Skill
    from orchestrator.engine.yaml_source import Source

MOST_STEPS = 3_000  # compiled in one check: all variants of a usual product, a spread of them for a huge one
MOST_COMBINATIONS = 20_000

ON_VARIANTS = (order, frames, supply, evidence, eyesight, looks, actors, promises, failure)


def check_product(
    product: Product,
    cells: Sequence[tuple[Source, CellSpec]],
    skills: Mapping[str, set[str]] | None,
    root: Path,
    programs: Mapping[str, Skill] | None = None,
    tried: Mapping[str, Tried] | None = None,
) -> list[Problem]:
    """Return what is wrong with a product, judged in the cell that suits it best.

    `tried` says by cell what was taught to its cameras and studied with them.
    """
    sold, problems = _sold(product)
    stages: list[CellSpec | None] = [cell for _, cell in cells]
    subjects = [
        Subject(product, cell, skills, root, programs or {}, (tried or {}).get(cell.name if cell else "", NOTHING))
        for cell in stages or [None]
    ]
    judged = [_in_cell(subject, sold) for subject in subjects]
    best = min(judged, key=lambda found: sum(problem.severity == "error" for problem in found))
    return [*product.problems, *problems, *best]


def check_cells(
    cells: Iterable[tuple[Source, CellSpec]], kinds: Collection[str] | None, today: dt.date
) -> list[Problem]:
    """Return what contradicts itself within a cell file, and what is overdue `today`.

    `kinds` are the parts of all products, None where unknown.
    """
    problems = []
    for source, cell in cells:
        for name, spec in cell.supply.items():
            for kind in spec.parts:
                if kinds and kind not in kinds:
                    path, text = ("supply", name, "parts"), f"Bin '{name}' holds '{kind}', which no product uses."
                    problems.append(source.problem(path, text, hint(kind, kinds), warning=True))
        for name in cell.adapters.camera_sim:
            if name not in cell.cameras:
                path, text = ("adapters", "camera_sim", name), f"There is no camera '{name}' to be wrong."
                problems.append(source.problem(path, text, hint(name, cell.cameras)))
        for name, tool in cell.tools.items():
            if tool.overdue(today):
                text = f"Tool '{name}' was due for calibration on {tool.due}: its steps won't start."
                remedy = "Have it calibrated, then write the next date."
                problems.append(source.problem(("tools", name, "due"), text, remedy, warning=True))
        problems += boards.problems(source, cell)
        problems += registration.problems(source, cell)
        problems += trays.problems(source, cell)
        problems += devices.problems(source, cell, kinds)
        problems += [*kept_out(source, cell), *supervised_only(source, cell), *pretended(source, cell)]
        for role, names in cell.nests.items():
            problems += [
                source.problem(("nests", role), f"Nest '{role}' names no frame '{name}'.", "Add it to frames.")
                for name in names
                if name not in cell.frames
            ]
            if role in cell.frames:
                text = f"'{role}' is a frame and a nest's role."
                problems.append(source.problem(("nests", role), text, "Rename one of them."))
    return problems


def _sold(product: Product) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the combinations to compile, and what is wrong with `never`."""
    sold, problems = [], []
    for combination in itertools.islice(product.combinations(), MOST_COMBINATIONS):
        try:
            if forbidden(product, combination) is None:
                sold.append(combination)
        except BadInput as error:
            problems.append(product.source.problem(("never",), error.message, error.remedy))
    if not sold and not problems:
        message = "never forbids every combination."
        problems.append(product.source.problem(("never",), message, "Leave at least one to sell."))
    most = max(1, MOST_STEPS // sum(len(step.each) for step in product.procedure.steps))
    if len(sold) <= most:
        return sold, problems
    chosen: dict[int, dict[str, Any]] = {}
    for name, values in product.procedure.options.items():
        for value in values:
            index = next((i for i, c in enumerate(sold) if c[name] == value), None)
            if index is not None:
                chosen[index] = sold[index]
    for index in range(0, len(sold), max(1, len(sold) // most)):
        chosen.setdefault(index, sold[index])
    return list(chosen.values()), problems


def _in_cell(subject: Subject, sold: list[dict[str, Any]]) -> list[Problem]:
    product = subject.product
    compilations = [compile_variant(product, combination, subject.cell) for combination in sold]
    builds = [Built(subject, c, c.variant) for c in compilations if c.variant is not None]
    where: dict[Finding | Problem, list[dict[str, Any]]] = {}
    for compilation in compilations:
        for finding in dict.fromkeys(compilation.findings):
            where.setdefault(finding, []).append(compilation.options)
    for built in builds:
        found = dict.fromkeys(finding for module in ON_VARIANTS for finding in module.findings(built))
        for finding in found:
            where.setdefault(finding, []).append(built.compilation.options)
    problems = [
        product.source.problem(
            finding.path,
            finding.message + _with(seen, sold),
            finding.remedy,
            warning=finding.warning,
        )
        for finding, seen in where.items()
        if not isinstance(finding, Problem)
    ]
    once = [
        *options.findings(subject, builds),
        *supply.unused(subject, builds, complete=len(builds) == len(sold)),
        *actors.unknown_skills(product, subject.skills),
        *actors.unknown_parameters(product, subject.skills),
    ]
    problems += [product.source.problem(f.path, f.message, f.remedy, warning=f.warning) for f in once]
    problems += wording.problems(subject)
    return problems


def _with(seen: list[dict[str, Any]], sold: list[dict[str, Any]]) -> str:
    """Say in which variants a mistake shows, where it is not in all: by the options that those have in common."""
    if len(seen) == len(sold):
        return ""
    first = seen[0]
    common = [(name, value) for name, value in first.items() if all(other[name] == value for other in seen)]
    several = (few for count in range(1, len(common) + 1) for few in itertools.combinations(common, count))
    # the fewest options that tell these variants from the rest
    told = next(
        (few for few in several if all(c in seen for c in sold if dict(few).items() <= c.items())), first.items()
    )
    return f" (With {', '.join(f'{name} {as_text(value)}' for name, value in told)}.)"
