"""The shelf of authored files: products to build, words to show, meshes to serve, the cell to build in."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.core.cell import CellSpec
from orchestrator.core.errors import AuthoringError, BadInput, NotFound, Problem, known
from orchestrator.engine import words as wording
from orchestrator.engine.checks import check_cells, check_product
from orchestrator.engine.checks.actors import unknown_skills
from orchestrator.engine.compile import compile_variant, forbidden
from orchestrator.engine.mesh import MeshShelf
from orchestrator.engine.placeholders import as_text
from orchestrator.engine.product import Product, read_product
from orchestrator.engine.reading import read_model
from orchestrator.engine.yaml_source import read_source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from orchestrator.core.instruction import Words
    from orchestrator.core.procedure import Procedure
    from orchestrator.core.variant import PartSpec, Step, Variant
    from orchestrator.engine.checks.tried import Tried
    from orchestrator.engine.registry import Skill

Reader = Callable[["Step", str, str], "Words"]  # step, language, serial number
SHOWN = frozenset(
    {".glb", ".svg", ".png", ".jpg", ".jpeg", ".webp", ".mp4", ".webm", ".vtt"}
)  # what a screen may ask for


class Library:
    """Authored files, read when first needed and again when they have changed.

    Args:
        instructions: the folder that holds one folder a product.
        cell: the file of the cell that orders are built in; without it nothing of a cell is resolved or checked.
        skills: the names of the skills that there are, a `Registry` for those at the moment; empty where they are not
            to be checked.

    Raises:
        AuthoringError: the cell's file has mistakes.
    """

    def __init__(self, instructions: Path, cell: Path | None = None, skills: Collection[str] = ()) -> None:
        self._root = instructions
        self._skills = skills
        self._meshes = MeshShelf()
        self._kept: dict[str, tuple[tuple[tuple[str, int, int], ...], Product]] = {}
        self.cell: CellSpec | None = read_cell(cell) if cell is not None else None

    def products(self) -> tuple[str, ...]:
        """Return the names of the products, sorted."""
        return product_names(self._root)

    def names(self) -> dict[str, dict[str, str]]:
        """Return what people read for what the files name, by language: the cell's before the products'.

        A product that can't be read names nothing.
        """
        out: dict[str, dict[str, str]] = {}
        for product in self.products():
            with suppress(AuthoringError, NotFound):
                out = {**self._product(product).procedure.names, **out}
        return {**out, **(self.cell.names if self.cell is not None else {})}

    def procedure(self, product: str) -> Procedure:
        """Return a product's procedure as authored.

        Raises:
            NotFound: there is no such product.
            AuthoringError: its procedure can't be read.
        """
        return self._product(product).procedure

    def kinds(self, product: str) -> dict[str, PartSpec]:
        """Return every kind of part that a product knows, in all its variants.

        Raises:
            NotFound: there is no such product.
            AuthoringError: its procedure can't be read.
        """
        return dict(self._product(product).parts)

    def variant(self, product: str, options: Mapping[str, Any]) -> Variant:
        """Compile a product with its options. Texts are taken for the values that they spell (`"48"` for 48).

        Raises:
            NotFound: there is no such product.
            BadInput: an option is missing, unknown or has no such value, or the combination is not sold.
            AuthoringError: the procedure has mistakes in this variant.
        """
        found = self._product(product)
        chosen = _choose(found, options)
        rule = _forbidden(found, chosen)
        if rule is not None:
            listed = ", ".join(f"{name} {as_text(value)}" for name, value in chosen.items())
            raise BadInput(
                f"{product} is not sold with {listed}.", remedy=f"Choose otherwise: never {rule}.", code="not_sold"
            )
        compiled = compile_variant(found, chosen, self.cell)
        findings = list(compiled.findings)
        if self._skills:
            findings += unknown_skills(found, self._skills)
        problems = [found.source.problem(f.path, f.message, f.remedy, warning=f.warning) for f in findings]
        problems += [p for p in found.problems if p.file == found.source.file]
        steps = compiled.variant.steps if compiled.variant is not None else ()
        shown = {step.human.show for step in steps if step.human is not None}
        problems += [p for name, broken in found.unread.items() if name in shown for p in broken]
        mistakes = list(dict.fromkeys(p for p in problems if p.severity == "error"))
        if compiled.variant is None or mistakes:
            raise AuthoringError(mistakes or [found.source.problem((), f"{product} has no steps with these options.")])
        return compiled.variant

    def words(self, product: str, step: Step, language: str, serial: str = "") -> Words:
        """Return what a reader sees of a step; `$serial` stays in the words where no serial number is given.

        Raises:
            NotFound: there never was such a product.
            AuthoringError: its procedure could never be read.
        """
        return self.reader(product)(step, language, serial)

    def reader(self, product: str) -> Reader:
        """Return who gives the words of a product's steps as the files stand now: they are looked at once, here.

        A unit that is being built keeps its words while its product is being edited: where the files can't be read
        any more, those that were read last count.

        Raises:
            NotFound: there never was such a product.
            AuthoringError: its procedure could never be read.
        """
        try:
            found = self._product(product)
        except (AuthoringError, NotFound):
            if product not in self._kept:
                raise
            found = self._kept[product][1]
        names = {**(self.cell.names if self.cell is not None else {}), **found.procedure.names}
        return partial(_words, found, names)

    def mesh(self, path: str) -> Path:
        """Return the file of a mesh, picture, film or captions by its path below instructions/.

        Raises:
            NotFound: nothing lies there, or the path leads out.
        """
        root = self._root.resolve()
        file = (root / path).resolve()
        if not file.is_relative_to(root) or file.suffix.lower() not in SHOWN or not file.is_file():
            raise NotFound(
                f"There is no mesh, picture or film '{path}'.", remedy="Paths are counted from instructions/."
            )
        return file

    def _product(self, name: str) -> Product:
        if name != os.path.basename(name) or not (self._root / name / "procedure.yaml").is_file():  # noqa: PTH119 - a name, no path
            raise known("product", name, self.products())
        stamp = _stamp(self._root, name)
        if name in self._kept and self._kept[name][0] == stamp:
            return self._kept[name][1]
        product, problems = read_product(self._root, name, self._meshes)
        if product is None:
            raise AuthoringError(problems)
        self._kept[name] = (stamp, product)
        return product


def _words(found: Product, names: wording.Names, step: Step, language: str, serial: str) -> Words:
    show = step.human.show if step.human is not None else None
    file = found.instructions.get(show) if show else None
    if file is None or not file.instruction.blocks:
        return wording.derive(step, found.parts, language, names)
    return wording.filled(file, step, found.parts, language, serial, names)


def check(
    instructions: Path,
    cells: Path | None = None,
    skills: Mapping[str, set[str]] | None = None,
    *,
    today: dt.date | None = None,
    programs: Mapping[str, Skill] | None = None,
    tried: Mapping[str, Tried] | None = None,
) -> list[Problem]:
    """Cross-check every authored file; return what is wrong, by file and line. Never raises for a mistake.

    A product is checked against each cell and judged by the one that suits it best. `cells` is one file or a folder
    of them; `skills` maps each skill to its parameters, None leaves skills unchecked; `programs` are the skills
    themselves, for what they need and leave; `tried` says by cell what its cameras were taught and studied with.
    `today` (default: this day, UTC) is what tools are due against.
    """
    shelf = MeshShelf()
    problems: list[Problem] = []
    found_cells = []
    for path in cell_files(cells):
        source = read_source(path)
        cell, mistakes = read_model(source, CellSpec, {"name": path.stem, "sha256": source.sha256})
        problems += mistakes
        if cell is not None:
            found_cells.append((source, cell))
    names = product_names(instructions)
    if not names:
        remedy = "Name the folder that holds one folder a product, each with a procedure.yaml."
        problems.append(Problem(instructions.as_posix(), 0, "There is no product here.", remedy))
    products = []
    for name in names:
        product, mistakes_in_file = read_product(instructions, name, shelf)
        problems += mistakes_in_file
        if product is not None:
            products.append(product)
            problems += check_product(product, found_cells, skills, instructions, programs, tried)
    kinds = {kind for product in products for kind in product.parts}
    problems += check_cells(
        found_cells, kinds if len(products) == len(names) else None, today or dt.datetime.now(dt.UTC).date()
    )
    return sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.severity, p.message))


def read_cell(path: Path) -> CellSpec:
    """Read one cell file; AuthoringError where it has mistakes."""
    source = read_source(path)
    cell, problems = read_model(source, CellSpec, {"name": path.stem, "sha256": source.sha256})
    if cell is None or problems:
        raise AuthoringError(problems)
    return cell


def cell_files(cells: Path | None) -> list[Path]:
    """Return the cell files at a path: those in the folder, or the file itself, there or not."""
    if cells is None:
        return []
    return sorted(cells.glob("*.yaml")) if cells.is_dir() else [cells]


def product_names(root: Path) -> tuple[str, ...]:
    """Return the products below a folder: each folder with a procedure."""
    return tuple(sorted(path.parent.name for path in root.glob("*/procedure.yaml")))


def _stamp(root: Path, product: str) -> tuple[tuple[str, int, int], ...]:
    """Return names, times and sizes of all files that a product is read from."""
    stats = []
    for folder in (root / product, root / "common"):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                stats += [(entry.name, entry.stat()) for entry in entries]
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))


def _choose(product: Product, options: Mapping[str, Any]) -> dict[str, Any]:
    authored = product.procedure.options
    for name in options:
        if name not in authored:
            raise BadInput(known("option", name, authored).message, remedy=known("option", name, authored).remedy)
    chosen: dict[str, Any] = {}
    for name, values in authored.items():
        listed = ", ".join(as_text(value) for value in values)
        if name not in options:
            raise BadInput(f"Option '{name}' is missing.", remedy=f"Choose one of: {listed}.")
        match = [value for value in values if as_text(value) == as_text(options[name])]
        if not match:
            raise BadInput(f"Option '{name}' can't be '{options[name]}'.", remedy=f"Choose one of: {listed}.")
        chosen[name] = match[0]
    return chosen


def _forbidden(product: Product, options: Mapping[str, Any]) -> str | None:
    try:
        return forbidden(product, options)
    except BadInput as error:
        raise AuthoringError([product.source.problem(("never",), error.message, error.remedy)]) from error
